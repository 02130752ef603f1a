import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { PROJECT } from "../../harness/pulumi.ts";

/** Runs a program as Pulumi does, and returns what it prints. */
async function run(program: string): Promise<string> {
  const parameters = ["--import=./bin/preload.js", "--input-type=module", "--eval", program];
  const { stdout } = await promisify(execFile)("node", parameters, { cwd: PROJECT });
  return stdout.trim();
}

/** Packages of which some module was read. */
const READ = `
  import { createRequire } from "node:module";
  const { cache } = createRequire(import.meta.url);
  const read = (part) => Object.keys(cache).some((file) => file.includes("/node_modules/" + part + "/"));
`;

test("the program and the provider read nothing for what they do not use", async () => {
  const printed = await run(`
    ${READ}
    await import("./src/pulumi/balanced-app.ts");
    await import("./src/pulumi/provider/serve.ts");
    const parts = ["@pulumi/pulumi", "dockerode", "docker-modem", "@pulumi/pulumi/automation"];
    const late = ["typescript", "@npmcli/arborist", "ssh2", "tar-fs", "@grpc/proto-loader", "protobufjs"];
    console.log([...parts, ...late].filter(read).join(" "));
    process.exit();
  `);
  expect(printed).toBe("@pulumi/pulumi dockerode docker-modem");
});

test("Pulumi's start attaches no debugger", async () => {
  const start = join(PROJECT, "node_modules/@pulumi/pulumi/cmd/run/index.js");
  const [, request] = /require\("([^"]*v8Hooks)"\)/.exec(readFileSync(start, "utf8")) ?? [];
  const printed = await run(`
    import { createRequire } from "node:module";
    const require = createRequire(${JSON.stringify(start)});
    await require(${JSON.stringify(request)}).isInitializedAsync();
    console.log(Object.keys(require.cache).filter((file) => file.includes("v8Hooks")).length);
  `);
  expect(printed).toBe("0");
});

test("what is asked for is read", async () => {
  const printed = await run(`
    ${READ}
    import * as pulumi from "@pulumi/pulumi";
    console.log("LocalWorkspace" in pulumi.automation, typeof pulumi.automation.LocalWorkspace.create);
    const answer = 42;
    const { text } = await pulumi.runtime.serializeFunction(() => answer);
    console.log(text.includes("42"), read("typescript"));
    const Docker = (await import("dockerode")).default;
    const engine = new Docker({ protocol: "ssh", host: "127.0.0.1", port: 1, username: "nobody" });
    console.log(await engine.ping().catch((error) => error.code), read("ssh2"));
    process.exit();
  `);
  expect(printed).toBe("true function\ntrue true\nECONNREFUSED true");
});
