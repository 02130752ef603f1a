import { describe, expect, test } from "vitest";
import packageJson from "../../../package.json" with { type: "json" };
import { COMMAND_NAMES, run } from "../../../src/cli/main.ts";
import { CapturedCaller } from "../../harness/captured-caller.ts";
import type { ProgramRun } from "../../harness/started-program.ts";

async function called(...args: readonly string[]): Promise<ProgramRun & { readonly returned: number }> {
  const caller = new CapturedCaller();
  const returned = await run(args, caller);
  if (caller.run.exitCode !== returned) throw new Error("the caller was told another exit code");
  return { ...caller.run, returned };
}

describe.each(COMMAND_NAMES)("the command %s", (name) => {
  test("tells its options with --help", async () => {
    const { returned, stdout, stderr, output } = await called(name, "--help");
    expect({ returned, stderr }).toEqual({ returned: 0, stderr: "" });
    expect(stdout).toMatch(/^Usage: npm run [a-z]+ -- \[options\]/);
    expect(output).not.toContain("\u001b");
  });

  test("refuses an option that it does not have", async () => {
    const { returned, stdout, stderr, output } = await called(name, "--bogus");
    expect({ returned, stdout }).toEqual({ returned: 1, stdout: "" });
    expect(stderr).toContain("error: unknown option '--bogus'");
    expect(output).not.toContain("\u001b");
  });

  test("is what npm runs", () => {
    const scripts = Object.values(packageJson.scripts);
    expect(scripts.some((line) => line.endsWith(`node bin/balancer.js ${name}`))).toBe(true);
  });
});

describe("without the name of a command", () => {
  test.each([[[]], [["--help"]]])("%j lists them all", async (args) => {
    const { returned, stdout, stderr } = await called(...args);
    expect({ returned, stderr }).toEqual({ returned: 0, stderr: "" });
    for (const name of COMMAND_NAMES) expect(stdout).toMatch(new RegExp(`^  ${name} +[A-Z]`, "m"));
  });

  test.each(["bogus", "constructor", "status "])(
    "%j is refused, with those that are allowed",
    async (name) => {
      const { returned, stdout, stderr } = await called(name);
      expect({ returned, stdout }).toEqual({ returned: 1, stdout: "" });
      expect(stderr).toBe(
        `error: unknown command ${JSON.stringify(name)}; allowed: ${COMMAND_NAMES.join(", ")}\n`,
      );
    },
  );
});

test("probe --help tells of all that it can do", async () => {
  const { stdout } = await called("probe", "--help");
  const options = ["--stack", "--sessions", "--seed", "--save", "--compare", "--html", "--all-balancers"];
  for (const option of options) expect(stdout).toContain(option);
});
