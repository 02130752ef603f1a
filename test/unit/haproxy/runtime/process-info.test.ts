import { describe, expect, test } from "vitest";
import { parseOldWorkers, parseProcessInfo } from "../../../../src/haproxy/runtime/process-info.ts";

const INFO =
  "Name: HAProxy\nVersion: 3.2.26-1\nNbthread: 2\nPid: 10\nUptime: 0d 0h01m05s\nUptime_sec: 65\nStart_time_sec: 1764000000\nDroppedLogs: 7\n\n";

const processes = (reloads: number, failed: number, old = "") =>
  `#<PID>          <type>          <reloads>       <uptime>        <version>      \n` +
  `1               master          ${reloads} [failed: ${failed}]   0d00h05m01s     3.2.26-1       \n` +
  `# workers\n10              worker          0               0d00h01m05s     3.2.26-1       \n${old}\n`;

const OLD =
  "# old workers\n8               worker          1               0d00h05m01s     3.2.26-1       \n";

describe("what a HAProxy tells about itself", () => {
  test.each([
    { what: "never reloaded", text: processes(0, 0), reloads: 0, failedReloads: 0, oldWorkers: 0 },
    {
      what: "reloaded, with an old worker that ends its sessions",
      text: processes(3, 0, OLD),
      reloads: 3,
      failedReloads: 0,
      oldWorkers: 1,
    },
    { what: "that refused a reload", text: processes(4, 1), reloads: 4, failedReloads: 1, oldWorkers: 0 },
  ])("is read from one $what", ({ text, reloads, failedReloads, oldWorkers }) => {
    const worker = { version: "3.2.26-1", pid: 10, uptimeSeconds: 65, droppedLogLines: 7 };
    expect(parseProcessInfo(INFO, text)).toEqual({ ...worker, reloads, failedReloads, oldWorkers });
  });

  test("names the workers of before a reload", () => {
    expect(parseOldWorkers(processes(1, 0))).toEqual([]);
    const two = `${OLD}15              worker          2               0d00h02m01s     3.2.26-1       \n`;
    expect(parseOldWorkers(processes(2, 0, two))).toEqual([8, 15]);
  });

  test.each([
    { what: "an info without a pid", info: "Version: 3.2.26-1\n", text: processes(0, 0) },
    { what: "a refusal of the master", info: INFO, text: "Permission denied\n" },
  ])("is refused when it is $what", ({ info, text }) => {
    expect(() => parseProcessInfo(info, text)).toThrow(
      expect.objectContaining({ name: "RuntimeError", kind: "malformed" }),
    );
  });
});
