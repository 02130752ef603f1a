import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { PROJECT } from "../../harness/pulumi.ts";

let checkout: string;

/** Nothing but the launcher, a package.json, and the folder that tells a checkout from a package. */
beforeEach(() => {
  checkout = mkdtempSync(join(tmpdir(), "balancer-preflight-"));
  mkdirSync(join(checkout, "src"));
  cpSync(join(PROJECT, "bin"), join(checkout, "bin"), { recursive: true });
});
afterEach(() => rmSync(checkout, { recursive: true }));

function launch(packageJson: object, ...args: readonly string[]) {
  writeFileSync(join(checkout, "package.json"), JSON.stringify({ type: "module", ...packageJson }));
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: checkout, encoding: "utf8" });
  return { status, stdout, stderr };
}

const dependencies = { commander: "14.0.3" };
const NODE = process.versions.node;

test.each([
  ["bin/balancer.js", "status"],
  ["--import", "./bin/preflight.js", "bench/main.ts"],
])("%s %s tells in a line that the set-up is missing", (...args) => {
  expect(launch({ engines: { node: ">=22.18" }, dependencies }, ...args)).toEqual({
    status: 1,
    stdout: "",
    stderr: "error: npm packages of this checkout are missing; run: npm run setup\n",
  });
});

test("an older Node is named as well", () => {
  expect(launch({ engines: { node: ">=99.5" }, dependencies }, "bin/balancer.js", "status")).toEqual({
    status: 1,
    stdout: "",
    stderr:
      `error: Balancer needs Node 99.5 or newer, and this is Node ${NODE}; ` +
      "npm packages of this checkout are missing; run: npm run setup\n",
  });
});

test.each([NODE, NODE.replace(/\.\d+$/, ""), NODE.replace(/\..*/, ""), "0.99"])(
  "a Node as new as %s, with its packages, is let through",
  (node) => {
    mkdirSync(join(checkout, "node_modules/commander"), { recursive: true });
    expect(launch({ engines: { node: `>=${node}` }, dependencies }, "bin/preflight.js")).toEqual({
      status: 0,
      stdout: "",
      stderr: "",
    });
  },
);

test("a package is not looked at for its packages, and an older Node is named", () => {
  rmSync(join(checkout, "src"), { recursive: true });
  expect(launch({ engines: { node: ">=22.18" }, dependencies }, "bin/preflight.js")).toEqual({
    status: 0,
    stdout: "",
    stderr: "",
  });
  expect(launch({ engines: { node: ">=99.5" }, dependencies }, "bin/balancer.js", "status")).toEqual({
    status: 1,
    stdout: "",
    stderr: `error: Balancer needs Node 99.5 or newer, and this is Node ${NODE}; install a newer one\n`,
  });
});
