import { readFileSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { join } from "node:path";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CERTIFICATE_PATH } from "../../src/haproxy/container.ts";
import { changeRunningCertificate } from "../../src/haproxy/runtime/served-certificate.ts";
import { parseCertificate } from "../../src/tls/certificate.ts";
import { Authority, type Issued } from "../harness/authority.ts";
import { get, Load } from "../harness/load.ts";
import { sendRaw } from "../harness/raw-requests.ts";
import { docker } from "../harness/running-stack.ts";
import { shell } from "../harness/shell.ts";
import { EchoSocket } from "../harness/sockets.ts";
import { TestStack } from "../harness/stack.ts";
import { until } from "../harness/until.ts";

const ALL = [1, 2] as const;

let stack: TestStack;
let ca: string;
let first: Issued;
let second: Issued;
let file: string;

beforeAll(async () => {
  const authority = await Authority.create();
  ca = authority.certificate;
  [first, second] = await Promise.all([authority.issue(), authority.issue({ rsaBits: 2048 })]);
  stack = await TestStack.create({ name: "e2e-tls", config: { count: 2, balancers: 2 } });
  file = join(stack.folder, "site.pem");
  writeFileSync(file, first.pem);
  await stack.up({ "tls.certificate": file });
});
afterAll(() => stack?.dispose());

/** Shakes hands with the n-th balancer, and tells what came out. Rejects when either side refuses. */
function shakeHands(
  n: number,
  options: ConnectionOptions = {},
): Promise<{ fingerprint: string; protocol: string | null; cipher: string }> {
  return new Promise((resolve, reject) => {
    const socket: TLSSocket = connect(
      { host: "127.0.0.1", port: stack.ports.https + n - 1, ca, ...options },
      () => {
        const { fingerprint } = socket.getPeerCertificate();
        resolve({
          fingerprint: fingerprint.replaceAll(":", ""),
          protocol: socket.getProtocol(),
          cipher: socket.getCipher().name,
        });
        socket.destroy();
      },
    );
    socket.on("error", reject);
  });
}

/** One request over HTTP/2. */
async function getOverHttp2(url: string, headers: Readonly<Record<string, string>> = {}) {
  const session = connectHttp2(url, { ca });
  try {
    return await new Promise<{
      status: unknown;
      cookie: string | undefined;
      alpn: string | undefined;
      body: string;
    }>((resolve, reject) => {
      const stream = session.request({ ":path": "/", ...headers });
      let [status, cookie, body]: [unknown, string | undefined, string] = [undefined, undefined, ""];
      stream.on("response", (response) => {
        status = response[":status"];
        cookie = response["set-cookie"]?.[0];
      });
      stream.setEncoding("utf8").on("data", (chunk: string) => {
        body += chunk;
      });
      stream.on("end", () => resolve({ status, cookie, body, alpn: session.alpnProtocol }));
      session.on("error", reject);
      stream.on("error", reject);
    });
  } finally {
    session.close();
  }
}

const fingerprintOf = ({ pem }: Issued): string => parseCertificate(pem).fingerprint;
const pids = () => Promise.all(ALL.map(async (n) => (await stack.haproxyIdentity(n)).pid));

describe("HTTPS", () => {
  test("is served by every balancer, over HTTP/1.1 and HTTP/2", async () => {
    expect(await stack.outputs()).toMatchObject({
      httpsUrls: ALL.map((n) => stack.httpsUrlOf(n)),
      urls: ALL.map((n) => stack.urlOf(n)),
    });
    for (const n of ALL) {
      expect((await get(stack.httpsUrlOf(n), {}, false, ca)).status).toBe(200);
      expect(await getOverHttp2(stack.httpsUrlOf(n))).toMatchObject({ status: 200, alpn: "h2" });
      expect((await shakeHands(n)).fingerprint).toBe(fingerprintOf(first));
    }
  });

  test("keeps an HTTP/2 client at its server by a cookie that only travels over TLS", async () => {
    const { cookie, body } = await getOverHttp2(stack.httpsUrlOf(1));
    expect(cookie).toMatch(/^SRV_e2e-tls=s[12]; path=\/; HttpOnly; Secure; SameSite=Lax$/);
    const host = (text: string) => /"hostname": "(\w+)"/.exec(text)?.[1];
    expect(host(body)).toMatch(/\w+/);
    for (const n of ALL) {
      const again = await getOverHttp2(stack.httpsUrlOf(n), { cookie: cookie?.split(";")[0] ?? "" });
      expect(again.cookie).toBeUndefined();
      expect(host(again.body)).toBe(host(body));
    }
  });

  test("speaks TLS 1.2 with forward secrecy and TLS 1.3, and nothing older", async () => {
    expect(await shakeHands(1)).toMatchObject({ protocol: "TLSv1.3" });
    const old = await shakeHands(1, { maxVersion: "TLSv1.2" });
    expect(old).toMatchObject({
      protocol: "TLSv1.2",
      cipher: expect.stringMatching(/^ECDHE-.*(GCM|POLY1305)/),
    });
    await expect(
      shakeHands(1, { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "ALL:@SECLEVEL=0" }),
    ).rejects.toThrow(/protocol version|alert/);
    await expect(
      shakeHands(1, { maxVersion: "TLSv1.2", ciphers: "AES128-SHA:AES128-GCM-SHA256" }),
    ).rejects.toThrow(/handshake failure/);
  });

  test("tells the app which protocol the client used, whatever the client says", async () => {
    expect(
      (await get(`${stack.httpsUrlOf(1)}/headers`, { "X-Forwarded-Proto": "http" }, false, ca)).body,
    ).toMatch(/"X-Forwarded-Proto": \[\s*"https"\s*\]/);
    expect((await get(`${stack.url}/headers`, { "X-Forwarded-Proto": "https" })).body).toMatch(
      /"X-Forwarded-Proto": \[\s*"http"\s*\]/,
    );
  });

  test("carries WebSockets", async () => {
    const socket = await EchoSocket.open(stack.httpsUrlOf(2), "wss", ca);
    await until(async () => socket.echoes > 2);
    socket.end();
  });

  test("is told in the access log", async () => {
    const log = await docker.getContainer(stack.haproxyName).logs({ stdout: true, stderr: false });
    expect(log.toString()).toContain('"tls": "TLSv1.3"');
  });

  test("turns plain text away", async () => {
    const answer = await sendRaw(
      "127.0.0.1",
      stack.ports.https,
      Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
    );
    expect(answer).not.toContain("HTTP/");
  });
});

describe("the private key", () => {
  const secret = () => /PRIVATE KEY-----\n(.+)/.exec(parseCertificate(first.pem).pem)?.[1] ?? "";

  test("is in no file of Pulumi's state, in no output and in no container's settings", async () => {
    expect(secret()).toMatch(/^[A-Za-z0-9+/]{64}$/);
    const files = stack.stateFiles().filter((path) => path !== file);
    expect(files.length).toBeGreaterThan(2);
    for (const path of files) expect(readFileSync(path, "utf8").includes(secret()), path).toBe(false);
    expect(JSON.stringify(await stack.outputs())).not.toMatch(/PRIVATE KEY/);
    for (const { Id } of await docker.listContainers({
      filters: { label: [`balancer.stack=${stack.name}`] },
    })) {
      expect(JSON.stringify(await docker.getContainer(Id).inspect())).not.toContain(secret());
    }
  });

  test("can be read in the container by HAProxy's user and root, and by nobody else", async () => {
    expect(await shell(stack.haproxyName, `cat ${CERTIFICATE_PATH}`, "haproxy")).toContain("PRIVATE KEY");
    expect(await shell(stack.haproxyName, `cat ${CERTIFICATE_PATH}`, "nobody")).toMatch(/Permission denied/);
  });
});

describe("a new certificate", () => {
  test("is announced by preview, and served without a reload and without a failed request", async () => {
    writeFileSync(file, second.pem);
    const expected = new Date(Date.now() + 100 * 24 * 3_600_000).toISOString().slice(0, 7);
    expect((await stack.preview()).output).toMatch(
      new RegExp(`certificate: changed through the runtime API, expires ${expected}`),
    );
    const before = await pids();
    const socket = await EchoSocket.open(stack.httpsUrlOf(1), "stays", ca);
    const load = new Load(
      ALL.map((n) => stack.httpsUrlOf(n)),
      { ca, clients: 8 },
    );
    await stack.up();
    await load.settle();
    const { failures, failedOver } = await load.stop();
    expect(failures).toEqual([]);
    expect(failedOver).toBe(0);
    expect(await pids()).toEqual(before);
    for (const n of ALL) expect((await shakeHands(n)).fingerprint).toBe(fingerprintOf(second));
    const { echoes } = socket;
    await until(async () => socket.echoes > echoes + 2);
    expect(socket.wasClosed).toBe(false);
    socket.end();
  });

  test("is there after a restart", async () => {
    await docker.getContainer(stack.haproxyName).restart({ t: 1 });
    await until(async () => (await shakeHands(1)).fingerprint === fingerprintOf(second));
  });

  test("that somebody set by hand is replaced by the declared one", async () => {
    await changeRunningCertificate(stack.haproxyOf(2), CERTIFICATE_PATH, parseCertificate(first.pem).pem);
    expect((await shakeHands(2)).fingerprint).toBe(fingerprintOf(first));
    const { output } = await stack.command("plan");
    expect(output).toMatch(
      /^certificate: changed through the runtime API, expires [\d-]+ \(e2e-tls-haproxy2\)$/m,
    );
    expect(await stack.up()).toMatch(/~ 1 updated\s+\d+ unchanged/);
    expect((await shakeHands(2)).fingerprint).toBe(fingerprintOf(second));
  });

  test("that cannot be used is refused before anything is touched, without a word of the key", async () => {
    writeFileSync(file, second.certificate + first.key);
    const { exitCode, output } = await stack.command("plan");
    expect(exitCode).toBe(1);
    expect(output).toMatch(
      /tls\.certificate: ".*site\.pem" is refused; .*the private key is not that of the first certificate/,
    );
    expect(output).not.toContain(first.key.split("\n")[1]);
    writeFileSync(file, second.pem);
    expect((await shakeHands(1)).fingerprint).toBe(fingerprintOf(second));
  });
});

describe("redirects", () => {
  const redirectOf = (n: number, path: string, headers: Readonly<Record<string, string>>) =>
    new Promise<{ status: number | undefined; location: string | undefined }>((resolve, reject) => {
      const outgoing = request(
        `${stack.urlOf(n)}${path}`,
        { headers, agent: false, method: "POST" },
        (response) => {
          resolve({ status: response.statusCode, location: response.headers.location });
          response.resume();
        },
      );
      outgoing.on("error", reject);
      outgoing.end();
    });

  test("lead from every balancer's HTTP port to its own HTTPS port", async () => {
    expect(await stack.up({ "tls.redirect": true })).toContain("reload: config");
    for (const n of ALL) {
      const origin = (host: string) => `https://${host}:${stack.ports.https + n - 1}`;
      expect(await redirectOf(n, "/a/b?c=d", {})).toEqual({
        status: 308,
        location: `${origin("127.0.0.1")}/a/b?c=d`,
      });
      expect(await redirectOf(n, "/", { Host: "www.example.com" })).toEqual({
        status: 308,
        location: `${origin("www.example.com")}/`,
      });
      expect(await redirectOf(n, "/", { Host: "[::1]:80" })).toEqual({
        status: 308,
        location: `${origin("[::1]")}/`,
      });
      expect(
        await sendRaw("127.0.0.1", stack.ports.http + n - 1, Buffer.from("GET / HTTP/1.0\r\n\r\n")),
      ).toMatch(/^HTTP\/1\.1 400 /);
    }
    expect((await get(stack.httpsUrlOf(1), {}, false, ca)).status).toBe(200);
  });

  test("do not keep the probe from finding the servers, by the balancers' HTTPS ports", async () => {
    const { exitCode, output } = await stack.command(
      "probe",
      "--all-balancers",
      "--sessions",
      "300",
      "--cookie-clients",
      "10",
      "--websockets",
      "10",
    );
    expect(output).toContain(
      `300 sessions of seed 1 through ${ALL.map((n) => stack.httpsUrlOf(n)).join(", ")}`,
    );
    expect(output).toContain("cookies: 10 clients");
    expect(output).toContain("WebSockets: 10, each on the server of its session");
    expect(exitCode).toBe(0);
  });
});

describe("a self-signed certificate", () => {
  test("takes the place of the file's at run time, and stays the same between updates", async () => {
    const before = await pids();
    expect(await stack.up({ "tls.certificate": undefined, "tls.selfSigned": true })).toContain(
      "certificate: changed through the runtime API",
    );
    expect(await pids()).toEqual(before);
    const { fingerprint } = await shakeHands(1, { rejectUnauthorized: false });
    expect(fingerprint).not.toBe(fingerprintOf(second));
    expect((await shakeHands(2, { rejectUnauthorized: false })).fingerprint).toBe(fingerprint);
    const own = await shell(stack.haproxyName, `cat ${CERTIFICATE_PATH}`);
    expect((await shakeHands(1, { ca: own, servername: "localhost" })).fingerprint).toBe(fingerprint);
    const secret = /PRIVATE KEY-----\s+([A-Za-z0-9+/=]+)/.exec(own)?.[1] ?? "";
    expect(secret.length).toBe(64);
    for (const path of stack.stateFiles())
      expect(readFileSync(path, "utf8").includes(secret), path).toBe(false);
    expect(await stack.up()).toMatch(/\d+ unchanged\s+Duration/);
    expect((await shakeHands(1, { rejectUnauthorized: false })).fingerprint).toBe(fingerprint);
  });
});

describe("without TLS", () => {
  test("the HTTPS port is gone, and the key with it", async () => {
    await stack.up({ "tls.selfSigned": undefined, "tls.redirect": undefined, balancers: 1 });
    await expect(shakeHands(1)).rejects.toThrow(/ECONNREFUSED/);
    expect(await shell(stack.haproxyName, "ls /usr/local/etc/haproxy")).toBe("haproxy.cfg");
    expect((await stack.outputs()).httpsUrls).toBeUndefined();
    expect((await get(stack.url)).cookie).toMatch(/^SRV_e2e-tls=s[12]$/);
  });
});
