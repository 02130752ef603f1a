import { expect } from "vitest";
import { Load } from "./load.ts";
import { type Config, docker } from "./running-stack.ts";
import { EchoSocket } from "./sockets.ts";
import type { TestStack } from "./stack.ts";
import type { ProgramRun } from "./started-program.ts";

/** The next update; where Pulumi asks for `pulumi cancel`, that comes first, as its user would do. */
export async function updateAgain(stack: TestStack): Promise<ProgramRun> {
  const run = await stack.tryUp();
  if (!/pulumi cancel/.test(run.output)) return run;
  const { exitCode, output } = await stack.pulumi("cancel", "--yes", "--stack", stack.name);
  expect(exitCode, output).toBe(0);
  return stack.tryUp();
}

/** So many servers are there as declared, and nothing but their containers. */
export async function expectDeclared(stack: TestStack, count: number): Promise<void> {
  const servers = [...(await stack.servers()).values()].sort((a, b) => a.id - b.id);
  expect(servers.map(({ name }) => name)).toEqual(
    Array.from({ length: count }, (_, index) => `s${index + 1}`),
  );
  for (const server of servers)
    expect(server).toMatchObject({ adminState: "ready", isUp: true, isChecked: true });
  const containers = await docker.listContainers({
    all: true,
    filters: { label: [`balancer.stack=${stack.name}`, "balancer.role=app"] },
  });
  expect(containers.map(({ State }) => State)).toEqual(Array.from({ length: count }, () => "running"));
}

type Hold = "by a WebSocket" | "by readiness";

/**
 * Keeps an update that removes or reloads from its end, by what the last server does. Returns how to let go.
 */
async function hold(stack: TestStack, how: Hold): Promise<() => Promise<unknown>> {
  switch (how) {
    case "by a WebSocket": {
      const socket = await openSocketOn(stack, "s5"); // it has drainTimeout
      return async () => socket.end();
    }
    case "by readiness": {
      await setReadiness(stack, "disable"); // the reload is followed by the proof that each server is up
      return () => setReadiness(stack, "enable");
    }
    default:
      return how satisfies never;
  }
}

/** Opens a WebSocket that is on a server. */
export async function openSocketOn(stack: TestStack, server: string): Promise<EchoSocket> {
  for (let tried = 0; tried < 100; tried++) {
    const socket = await EchoSocket.open(stack.url, `held-${tried}`);
    if (socket.server === server) return socket;
    socket.end();
  }
  throw new Error(`none of 100 WebSockets came to ${server}`);
}

/** Lets the app behind s3 fail its checks, or pass them; it serves all the same. */
const setReadiness = (stack: TestStack, state: "enable" | "disable"): Promise<unknown> =>
  fetch(`http://${stack.gateway.replace(/1$/, "13")}:9898/readyz/${state}`, { method: "POST" });

type Interrupt = "SIGINT" | "SIGINT twice" | "SIGKILL";

/** An update that is interrupted, and what is there in the end. */
export interface Interruption {
  readonly what: string;
  readonly changes: Config;
  readonly at: RegExp;
  readonly by: Interrupt;
  /** What would be over too soon is kept from its end. */
  readonly held?: Hold;
  readonly count: number;
}

/**
 * Interrupts an update under load. No request fails, and the next update brings the stack to what is
 * declared.
 */
export async function interruptUnderLoad(
  stack: TestStack,
  { changes, at, by, held, count }: Interruption,
): Promise<void> {
  const letGo = held === undefined ? undefined : await hold(stack, held);
  const load = new Load(stack.url);
  const update = stack.startUp(changes);
  await update.seen(at);
  update.kill(by === "SIGKILL" ? "SIGKILL" : "SIGINT");
  if (by === "SIGINT twice") {
    await update.seen(/\^C received; cancelling/); // two at once may count as one
    update.kill("SIGINT");
  }
  const interrupted = await update.ended;
  await letGo?.();
  if (by !== "SIGINT") expect(interrupted.exitCode, interrupted.output).not.toBe(0); // it was not at its end
  const { exitCode, output } = await updateAgain(stack);
  expect(exitCode, output).toBe(0);
  expect(output).not.toMatch(/error:/);
  await load.settle();
  const { failures } = await load.stop();
  expect(failures).toEqual([]);
  await expectDeclared(stack, count);
}
