import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer, type Server as HttpServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { join } from "node:path";
import { createServer as createTlsServer, type Server as TlsServer } from "node:tls";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { Authority } from "../harness/authority.ts";
import { DockerFolder } from "../harness/docker-folder.ts";
import { TestStack } from "../harness/stack.ts";
import { startProgram } from "../harness/started-program.ts";

/** The engine of all tests, which has other addresses here. */
const SOCKET = (process.env.DOCKER_HOST ?? "unix:///var/run/docker.sock").replace(/^unix:\/\//, "");
const PEMS = ["ca", "cert", "key"] as const;

let stack: TestStack;
let folder: DockerFolder;
let tlsDoor: TlsServer;
let otherEngine: HttpServer;

/** Has the docker command look for an engine as a user has it; undefined where the user says nothing. */
function dockerEnvironment(env: { readonly DOCKER_HOST?: string; readonly DOCKER_CONTEXT?: string }): void {
  for (const name of ["DOCKER_HOST", "DOCKER_CONTEXT"] as const) vi.stubEnv(name, env[name]);
  for (const [name, value] of Object.entries(folder.env)) vi.stubEnv(name, value);
}

async function runDocker(...args: readonly string[]): Promise<void> {
  const { exitCode, output } = await startProgram("docker", args, { cwd: folder.path, env: process.env })
    .ended;
  expect(exitCode, output).toBe(0);
}

/** Lets in who has a certificate of the authority, to the engine of all tests. */
async function startTlsDoor(): Promise<TlsServer> {
  const authority = await Authority.create();
  const { certificate: cert, key } = await authority.issue();
  const ca = authority.certificate;
  for (const [name, pem] of Object.entries({ ca, cert, key })) folder.write(`${name}.pem`, pem);
  const door = createTlsServer({ ca, cert, key, requestCert: true, rejectUnauthorized: true }, (client) => {
    const engine = connect(SOCKET);
    client.on("error", () => engine.destroy()).on("close", () => engine.destroy());
    engine.on("error", () => client.destroy());
    client.pipe(engine).pipe(client);
  });
  await once(door.listen(0, "127.0.0.1"), "listening");
  return door;
}

const portOf = (server: TlsServer): number => {
  const address: AddressInfo | string | null = server.address();
  return typeof address === "object" ? (address?.port ?? 0) : 0;
};

beforeAll(async () => {
  folder = new DockerFolder();
  tlsDoor = await startTlsDoor();
  otherEngine = createHttpServer(({ url = "" }, response) => {
    const isKnown = /\/(_ping|info)$/.test(url);
    response.writeHead(isKnown ? 200 : 404, { "Content-Type": "application/json", "Api-Version": "1.41" });
    response.end(JSON.stringify({ ID: "another", message: "not here" }));
  });
  await once(otherEngine.listen(join(folder.path, "other.sock")), "listening");
  dockerEnvironment({});
  const pems = PEMS.map((name) => `${name}=${join(folder.path, name)}.pem`).join();
  await runDocker("context", "create", "door", "--docker", `host=tcp://127.0.0.1:${portOf(tlsDoor)},${pems}`);
  await runDocker("context", "create", "other", "--docker", `host=unix://${folder.path}/other.sock`);
  await runDocker("context", "use", "door");
  stack = await TestStack.create({ name: "e2e-contexts", config: { count: 2 } });
});
afterEach(() => void vi.unstubAllEnvs());
afterAll(async () => {
  await stack?.dispose();
  tlsDoor?.close();
  otherEngine?.closeAllConnections();
  otherEngine?.close();
  folder?.[Symbol.dispose]();
});

test("the engine of the current context, by TLS, is that of all parts", async () => {
  dockerEnvironment({});
  await stack.up();
  expect((await stack.command("status")).exitCode).toBe(0);
  expect((await stack.command("plan")).output.trim()).toBe("nothing to change");
  expect((await stack.command("logs", "--no-follow")).output).toContain(`${stack.name}-podinfo2 |`);
});

test("another engine is refused, and nothing is taken for gone or made there", async () => {
  dockerEnvironment({ DOCKER_CONTEXT: "other" });
  const told =
    `this stack is on the Docker engine at tcp://127.0.0.1:${portOf(tlsDoor)}, ` +
    `not on the one at unix://${folder.path}/other.sock (Docker context other)`;
  for (const words of [["up"], ["up", "--refresh=false"], ["destroy"]]) {
    const run = await stack.pulumi(...words, "--yes", "--skip-preview", "--stack", stack.name);
    expect(run.exitCode).not.toBe(0);
    expect(run.output).toContain(told);
  }
  expect((await stack.resources()).length).toBeGreaterThan(3);
  dockerEnvironment({ DOCKER_CONTEXT: "door" });
  expect(await stack.up()).toMatch(/Resources:\n +\d+ unchanged\n/);
});

test("by ssh, few programs serve all requests, and DOCKER_HOST comes before a context", async () => {
  const calls = join(folder.path, "calls");
  writeFileSync(calls, "");
  const dial = `echo . >> ${calls}; exec docker --host unix://${SOCKET} system dial-stdio`;
  folder.write("bin/ssh", `#!/bin/sh\n[ "$1" = -G ] && exec echo hostname 127.0.0.1\n${dial}\n`, 0o700);
  dockerEnvironment({ DOCKER_HOST: "ssh://ada@localhost", DOCKER_CONTEXT: "other" });
  await stack.up({ count: 5 });
  expect(await stack.areAllUp()).toBe(true);
  expect((await stack.command("status")).exitCode).toBe(0);
  // three processes of the update and the command, each with no more than it may have at a time
  expect(readFileSync(calls, "utf8").trim().split("\n").length).toBeLessThan(30);
  await stack.destroy();
  expect(await stack.resources()).toEqual([]);
});
