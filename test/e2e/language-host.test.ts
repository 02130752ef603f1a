import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EMPTY_PASSPHRASE_SALT, PROJECT, pulumiBinary, pulumiEnvironment } from "../harness/pulumi.ts";
import { docker } from "../harness/running-stack.ts";
import { startProgram } from "../harness/started-program.ts";

// Where Pulumi's release cannot be reached, the set-up builds the part of it that starts Node programs. It takes any
// of them, not Balancer's alone.

const NETWORK = "e2e-language-host";
const CONTAINER = "e2e-language-host-web";

/** No stack of these has config, so each asks for some that is not there. */
const DECLARED = `
const config = new pulumi.Config();
const network = new docker.Network("network", { name: config.get("name") ?? "${NETWORK}" });
const pullTriggers = [config.get("trigger") ?? "none"];
const image = new docker.RemoteImage("image", { name: "nginx:stable", keepLocally: true, pullTriggers });
const container = new docker.Container("web", {
  name: "${CONTAINER}",
  image: image.imageId,
  networksAdvanced: [{ name: network.name }],
});
`;

const PROGRAMS = [
  {
    name: "TypeScript",
    main: "index.ts",
    text: `import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
${DECLARED}
export const joined: pulumi.Output<string> = pulumi.interpolate\`\${container.name} on \${network.name}\`;
`,
  },
  {
    name: "TypeScript with its tsconfig elsewhere",
    main: "index.ts",
    options: { tsconfig: "config/tsconfig.json" },
    tsconfig: { compilerOptions: { module: "nodenext", strict: true, types: [], rootDir: ".." } },
    text: `import docker = require("@pulumi/docker");
import pulumi = require("@pulumi/pulumi");
${DECLARED}
export = { joined: pulumi.interpolate\`\${container.name} on \${network.name}\` };
`,
  },
  {
    name: "JavaScript",
    main: "index.js",
    text: `"use strict";
const docker = require("@pulumi/docker");
const pulumi = require("@pulumi/pulumi");
${DECLARED}
exports.joined = pulumi.interpolate\`\${container.name} on \${network.name}\`;
`,
  },
  {
    name: "JavaScript in modules",
    main: "index.mjs",
    text: `import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
${DECLARED}
export const joined = pulumi.interpolate\`\${container.name} on \${network.name}\`;
`,
  },
];

let folder: string;

const pulumi = (...args: readonly string[]) =>
  startProgram(pulumiBinary(), [...args, "--non-interactive", "--color", "never"], {
    cwd: folder,
    env: pulumiEnvironment(join(folder, "state")),
  }).ended;

const removeLeftovers = async (): Promise<void> => {
  const container = docker.getContainer(CONTAINER);
  await container.remove({ force: true }).catch(() => {});
  const network = docker.getNetwork(NETWORK);
  await network.remove().catch(() => {});
};

beforeAll(async () => {
  await removeLeftovers();
  folder = mkdtempSync(join(tmpdir(), "balancer-e2e-host-"));
  for (const name of ["state", "config"]) mkdirSync(join(folder, name));
  symlinkSync(join(PROJECT, "node_modules"), join(folder, "node_modules"));
});
afterAll(async () => {
  await removeLeftovers();
  rmSync(folder, { recursive: true });
});

describe.each(PROGRAMS)("a program of somebody else's in $name", ({ main, text, options, tsconfig }) => {
  test("runs as with Pulumi's own host, without any config", async () => {
    const stack = `dev-${PROGRAMS.findIndex((program) => program.text === text)}`;
    const project = { name: "other", main, runtime: { name: "nodejs", options } };
    writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "other" }));
    writeFileSync(join(folder, "Pulumi.yaml"), JSON.stringify(project));
    writeFileSync(join(folder, `Pulumi.${stack}.yaml`), `encryptionsalt: ${EMPTY_PASSPHRASE_SALT}\n`);
    if (tsconfig) writeFileSync(join(folder, "config/tsconfig.json"), JSON.stringify(tsconfig));
    writeFileSync(join(folder, main), text);
    expect(await pulumi("stack", "init", stack)).toMatchObject({ exitCode: 0 });
    const up = await pulumi("up", "--yes", "--skip-preview", "--stack", stack);
    expect(up.output).toContain(`joined: "${CONTAINER} on ${NETWORK}"`);
    expect(up.exitCode).toBe(0);
    const again = await pulumi("preview", "--expect-no-changes", "--stack", stack);
    expect(again.output).toContain("unchanged");
    expect(again.exitCode).toBe(0);
    expect(await pulumi("destroy", "--yes", "--skip-preview", "--stack", stack)).toMatchObject({
      exitCode: 0,
    });
    await expect(docker.getContainer(CONTAINER).inspect()).rejects.toThrow("no such container");
  });
});

test("a mistake in a program is told, with its place", async () => {
  writeFileSync(
    join(folder, "Pulumi.yaml"),
    JSON.stringify({ name: "other", main: "index.js", runtime: "nodejs" }),
  );
  writeFileSync(join(folder, "index.js"), 'throw new Error("a mistake of its own");\n');
  const { exitCode, output } = await pulumi("preview", "--stack", "dev-0");
  expect(exitCode).not.toBe(0);
  expect(output).toContain("a mistake of its own");
  expect(output).toMatch(/index\.js:1/);
});
