import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { removeNamed } from "../harness/labelled.ts";
import { ProgramFolder } from "../harness/program-folder.ts";
import { PROJECT } from "../harness/pulumi.ts";
import { docker } from "../harness/running-stack.ts";

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

let program: ProgramFolder;

const removeLeftovers = () => removeNamed(docker, { containers: [CONTAINER], networks: [NETWORK] });

const write = (path: string, content: string | object): void =>
  writeFileSync(join(program.folder, path), typeof content === "string" ? content : JSON.stringify(content));

beforeAll(async () => {
  await removeLeftovers();
  program = new ProgramFolder();
  mkdirSync(join(program.folder, "config"));
  symlinkSync(join(PROJECT, "node_modules"), join(program.folder, "node_modules"));
});
afterAll(async () => {
  await removeLeftovers();
  program?.remove();
});

describe.each(PROGRAMS)("a program of somebody else's in $name", ({ main, text, options, tsconfig }) => {
  test("runs as with Pulumi's own host, without any config", async () => {
    const stack = `dev-${PROGRAMS.findIndex((each) => each.text === text)}`;
    write("package.json", { name: "other" });
    write("Pulumi.yaml", { name: "other", main, runtime: { name: "nodejs", options } });
    if (tsconfig) write("config/tsconfig.json", tsconfig);
    write(main, text);
    await program.createStack(stack);
    const up = await program.pulumi("up", "--yes", "--skip-preview", "--stack", stack);
    expect(up.output).toContain(`joined: "${CONTAINER} on ${NETWORK}"`);
    const again = await program.pulumi("preview", "--expect-no-changes", "--stack", stack);
    expect(again.output).toContain("unchanged");
    await program.pulumi("destroy", "--yes", "--skip-preview", "--stack", stack);
    await expect(docker.getContainer(CONTAINER).inspect()).rejects.toThrow("no such container");
  });
});

test("a mistake in a program is told, with its place", async () => {
  write("Pulumi.yaml", { name: "other", main: "index.js", runtime: "nodejs" });
  write("index.js", 'throw new Error("a mistake of its own");\n');
  const { exitCode, output } = await program.tryPulumi("preview", "--stack", "dev-0");
  expect(exitCode).not.toBe(0);
  expect(output).toContain("a mistake of its own");
  expect(output).toMatch(/index\.js:1/);
});
