import { afterEach, expect, test, vi } from "vitest";
import { dockerHost } from "../../../../src/docker/docker-host.ts";
import { NotUpError } from "../../../../src/haproxy/runtime/runtime-error.ts";
import type { FindHopeless } from "../../../../src/haproxy/servers/target.ts";
import { withContainerLogs } from "../../../../src/pulumi/provider/haproxy.ts";
import { scriptedEngine } from "../../docker/scripted-engine.ts";

afterEach(() => void vi.unstubAllEnvs());

const container = (Restarting: boolean) => ({
  RestartCount: 3,
  State: {
    ...{ Running: true, Paused: false, Restarting, Status: Restarting ? "restarting" : "running" },
    ...{ ExitCode: 3, StartedAt: "2026-11-26T10:00:00Z", FinishedAt: "2026-11-26T10:00:01Z" },
    Error: "no database",
  },
});

test("one that keeps ending is told as such, though it runs at the last look", async () => {
  const replies: Record<string, unknown> = { "/_ping": "OK" };
  await using engine = await scriptedEngine(replies);
  vi.stubEnv("DOCKER_HOST", engine.host);
  const run = async ({ findHopeless }: { findHopeless?: FindHopeless | undefined }) => {
    replies["/containers/x/json"] = container(true);
    expect(await findHopeless?.(["x"])).toEqual(
      new Map([["x", "its container has ended 3 times, with exit code 3"]]),
    );
    replies["/containers/x/json"] = container(false);
    throw new NotUpError("not up, and not waited for: x", ["x"]);
  };
  await expect(withContainerLogs(dockerHost(engine.docker), run)).rejects.toThrow(
    /^not up, and not waited for: x\ncontainer x keeps ending: no database$/,
  );
});
