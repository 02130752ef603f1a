import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import tar from "tar-stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { reload } from "../../src/haproxy/runtime/reload.ts";
import {
  CREDENTIALS,
  type Credentials,
  RUNTIME_CLIENT_NAME,
  RUNTIME_SERVER_NAME,
} from "../../src/stack/endpoint.ts";
import { Authority } from "../harness/authority.ts";
import { sendRaw } from "../harness/raw-requests.ts";
import { docker } from "../harness/running-stack.ts";
import { shell } from "../harness/shell.ts";
import { TestStack } from "../harness/stack.ts";
import { until } from "../harness/until.ts";

const OUTPUTS = z.object({ runtimeTlsEndpoints: z.array(z.string()), runtimeTlsCredentials: CREDENTIALS });

let stack: TestStack;
let credentials: Credentials;

beforeAll(async () => {
  stack = await TestStack.create({
    name: "e2e-runtime-tls",
    config: { count: 2, "runtimeTls.enabled": true },
  });
  await stack.up();
  ({ runtimeTlsCredentials: credentials } = await readSecrets());
});
afterAll(() => stack?.dispose());

const readSecrets = async () =>
  OUTPUTS.parse(
    JSON.parse(
      (await stack.pulumi("stack", "output", "--json", "--show-secrets", "--stack", stack.name)).output,
    ),
  );

/**
 * Sends a command over TLS, and returns what came back until HAProxy closed; an error's words where it did
 * not let us in.
 */
function ask(line: string, options: ConnectionOptions): Promise<string> {
  return new Promise((resolve) => {
    let answer = "";
    const socket: TLSSocket = connect({
      host: "127.0.0.1",
      port: stack.ports.runtimeTls,
      servername: RUNTIME_SERVER_NAME,
      ...options,
    });
    socket.setEncoding("utf8").on("data", (chunk) => {
      answer += chunk;
    });
    socket.on("error", (error) => {
      answer += `error: ${error.message}`;
    });
    socket.on("close", () => resolve(answer));
    socket.write(`${line}\n`);
  });
}

const weightOf = async (name: string) => (await stack.servers()).get(name)?.weight;

describe("the runtime API by mutual TLS", () => {
  test("answers the owner of the client's certificate, whoever else it is told to", async () => {
    const { ca, certificate: cert, key } = credentials;
    expect(await ask("show info", { ca, cert, key })).toMatch(/^Name: HAProxy\n/);
    expect(await ask("@master show proc;quit", { ca, cert, key })).toContain("master");
    expect((await stack.outputs()).runtimeTlsEndpoints).toEqual([`127.0.0.1:${stack.ports.runtimeTls}`]);
  });

  test.each<[string, RegExp, (right: Credentials) => Promise<ConnectionOptions>]>([
    ["without a certificate", /certificate required/, async () => ({})],
    [
      "with one from another authority of the same name",
      /unknown ca|bad certificate|decrypt error/,
      async () => {
        const { certificate: cert, key } = await (await Authority.create(`${stack.name} runtime API`)).issue({
          name: RUNTIME_CLIENT_NAME,
        });
        return { cert, key };
      },
    ],
    [
      "with the server's own, from the right authority",
      /unsupported certificate|^error/,
      async () => serverCredentials(),
    ],
    [
      "with TLS 1.2",
      /protocol version/,
      async ({ certificate: cert, key }) => ({ cert, key, maxVersion: "TLSv1.2" }),
    ],
  ])("refuses a client %s, and runs nothing for it", async (_what, alert, options) => {
    const answer = await ask("set server webservers/s1 weight 7", {
      ca: credentials.ca,
      ...(await options(credentials)),
    });
    expect(answer).toMatch(alert);
    expect(await weightOf("s1")).toBe(100);
  });

  test("refuses plain text, and runs nothing for it", async () => {
    const answer = await sendRaw(
      "127.0.0.1",
      stack.ports.runtimeTls,
      Buffer.from("set server webservers/s1 weight 7\n"),
    );
    expect(answer).not.toMatch(/[a-z]{3}/);
    expect(await weightOf("s1")).toBe(100);
  });

  test("proves the server to its client", async () => {
    const { certificate: cert, key } = credentials;
    const other = await Authority.create();
    expect(await ask("show info", { ca: other.certificate, cert, key })).toMatch(
      /^error: .*(self-signed|unable to (get|verify))/,
    );
  });

  test("keeps its keys out of the state's plain text and the containers' settings", async () => {
    const own = /PRIVATE KEY-----\s+(\S{64})/.exec((await serverCredentials()).key)?.[1] ?? "";
    const client = credentials.key.split("\n")[1] ?? "";
    for (const secret of [own, client]) {
      expect(secret).toHaveLength(64);
      for (const path of stack.stateFiles())
        expect(readFileSync(path, "utf8").includes(secret), path).toBe(false);
      expect(JSON.stringify(await docker.getContainer(stack.haproxyName).inspect())).not.toContain(secret);
    }
    expect((await stack.outputs()).runtimeTlsCredentials).toBe("[secret]");
  });
});

/** The server's certificate and key, as they are in the volume. */
async function serverCredentials(): Promise<{ cert: string; key: string }> {
  const pem = await shell(stack.haproxyName, "cat /usr/local/etc/haproxy/runtime.pem");
  return { cert: pem, key: pem.slice(pem.indexOf("-----BEGIN PRIVATE KEY")) };
}

describe("an update", () => {
  test("scales through it", async () => {
    const before = await stack.haproxyIdentity();
    const runs = async () =>
      Number(
        /^runtime_tls,FRONTEND,(?:[^,]*,){5}(\d+),/m.exec(
          (await stack.command("runtime", "show stat runtime_tls 1 -1")).output,
        )?.[1],
      );
    const connections = await runs();
    expect((await stack.preview()).output).not.toContain("create:");
    expect(await stack.up({ count: 3 })).toContain("runtime: + s3");
    expect(await runs()).toBeGreaterThan(connections + 2);
    expect(await stack.haproxyIdentity()).toEqual(before);
    expect((await stack.command("status")).output).toContain(`at 127.0.0.1:${stack.ports.runtimeTls}, `);
  });

  test("rotates keys and certificates when it is told to, in a new container", async () => {
    const { ca, certificate: cert, key } = credentials;
    stack.configure({ "runtimeTls.rotation": "2" });
    expect((await stack.command("plan")).output).toContain(
      `HAProxy replaced: ${stack.haproxyName}, runtimeTls.rotation 1 → 2`,
    );
    await stack.up();
    expect(await ask("show info", { ca, cert, key })).toMatch(/^error/);
    const fresh = (await readSecrets()).runtimeTlsCredentials;
    expect(await ask("show info", { ca, cert: fresh.certificate, key: fresh.key })).toMatch(/^error/);
    expect(await ask("show info", { ca: fresh.ca, cert: fresh.certificate, key: fresh.key })).toMatch(
      /^Name: HAProxy\n/,
    );
  });
});

describe("a certificate of the right authority", () => {
  test("that has another name lets nobody in", async () => {
    const { runtimeTlsCredentials: fresh } = await readSecrets();
    // Balancer forgot the key of its own, so HAProxy is made to trust another
    const authority = await Authority.create();
    const pack = tar.pack();
    pack.entry({ name: "runtime-ca.pem" }, fresh.ca + authority.certificate);
    pack.finalize();
    await docker
      .getContainer(stack.haproxyName)
      .putArchive(await buffer(pack), { path: "/usr/local/etc/haproxy" });
    await reload(stack.haproxyOf(1));
    const client = async (name: string): Promise<ConnectionOptions> => {
      const { certificate: cert, key } = await authority.issue({ name });
      return { ca: fresh.ca, cert, key };
    };
    await until(async () =>
      /^Name: HAProxy\n/.test(await ask("show info", await client(RUNTIME_CLIENT_NAME))),
    );
    for (const name of ["somebody", `${RUNTIME_CLIENT_NAME}2`, RUNTIME_CLIENT_NAME.toUpperCase()]) {
      expect(await ask("set server webservers/s1 weight 7", await client(name))).not.toMatch(/\n/);
    }
    expect(await weightOf("s1")).toBe(100);
  });
});

test("an operator's openssl gets in with the files of the outputs", async () => {
  const { runtimeTlsCredentials: fresh } = await readSecrets();
  const path = (name: string) => join(stack.folder, name);
  for (const [name, text] of Object.entries(fresh)) writeFileSync(path(name), text, { mode: 0o600 });
  const printed = execFileSync(
    "openssl",
    [
      ...[
        "s_client",
        "-quiet",
        "-ign_eof",
        "-verify_return_error",
        "-connect",
        `127.0.0.1:${stack.ports.runtimeTls}`,
      ],
      ...[
        "-CAfile",
        path("ca"),
        "-cert",
        path("certificate"),
        "-key",
        path("key"),
        "-verify_hostname",
        RUNTIME_SERVER_NAME,
      ],
    ],
    { input: "show info\n", stdio: ["pipe", "pipe", "ignore"] },
  );
  expect(printed.toString()).toContain("Name: HAProxy");
});
