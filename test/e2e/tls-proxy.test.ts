import { once } from "node:events";
import { request } from "node:http";
import { createServer, type Server } from "node:https";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Authority } from "../harness/authority.ts";
import { exampleConfig } from "../harness/example.ts";
import { get } from "../harness/load.ts";
import { docker } from "../harness/running-stack.ts";
import { shell } from "../harness/shell.ts";
import { EchoSocket } from "../harness/sockets.ts";
import { TestStack } from "../harness/stack.ts";
import { placeOf } from "../harness/stack-places.ts";
import { until } from "../harness/until.ts";

const NAME = "e2e-tls-proxy";
const { prefix } = placeOf(NAME);
/** Every client has one of these behind the proxy. */
const CLIENT = "X-Test-Client";

let stack: TestStack;
let proxy: Server;
let url: string;
let ca: string;

/** At the test's place, with so few requests a client that a test can send them. */
const EXAMPLE = exampleConfig("tls-proxy", (text) =>
  text.replaceAll("172.28.34", prefix).replace("100/10s", "10/10m"),
);

/** Ends TLS as nginx does, WebSockets included: it says who the client is, and how it came. */
function endTls({ certificate, key }: { certificate: string; key: string }, port: number): Server {
  return createServer({ cert: certificate, key }, (incoming, response) => {
    const { [CLIENT.toLowerCase()]: client, ...headers } = incoming.headers;
    const said = { "X-Forwarded-For": `6.6.6.6, ${client}`, "X-Forwarded-Proto": "https" };
    const { method, url: path } = incoming;
    const outgoing = request({ port, method, path, headers: { ...headers, ...said } }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    incoming.pipe(outgoing);
  });
}

beforeAll(async () => {
  const authority = await Authority.create();
  ca = authority.certificate;
  stack = await TestStack.create({ name: NAME, config: EXAMPLE });
  proxy = endTls(await authority.issue(), stack.ports.http);
  await once(proxy.listen(0, "127.0.0.1"), "listening");
  const address = proxy.address();
  url = `https://localhost:${typeof address === "object" ? address?.port : ""}`;
  await stack.up();
});
afterAll(async () => {
  proxy?.close();
  await stack?.dispose();
});

const ask = (path: string, client: string) => get(`${url}${path}`, { [CLIENT]: client }, false, ca);

const forwarded = (body: string): unknown => {
  const { "X-Forwarded-For": addresses, "X-Forwarded-Proto": protocol } = JSON.parse(body);
  return [addresses, protocol];
};

test("the example's app hears of a client behind the proxy, and that it came by https", async () => {
  const { status, body } = await ask("/headers", "203.0.113.7");
  expect(status).toBe(200);
  expect(forwarded(body)).toEqual([[`6.6.6.6, 203.0.113.7, ${stack.gateway}`], ["https"]]);
  await until(async () => {
    const log = await docker.getContainer(stack.haproxyName).logs({ stdout: true, stderr: false });
    return /"client": "203\.0\.113\.7",[^\n]*"path": "\/headers"/.test(log.toString("utf8"));
  });
});

test("a guest who asks for too much is refused, and others behind the same proxy are not", async () => {
  const statuses = [];
  for (let sent = 0; sent < 11; sent++) statuses.push((await ask("/", "203.0.113.8")).status);
  expect(statuses).toEqual([...Array(10).fill(200), 429]);
  expect((await ask("/", "203.0.113.9")).status).toBe(200);
});

test("who comes past the proxy is not believed", async () => {
  const said = "-H 'X-Forwarded-For: 203.0.113.8' -H 'X-Forwarded-Proto: https'";
  const body = await shell(`${NAME}-podinfo1`, `curl -s ${said} http://${prefix}.2:8080/headers`);
  expect(forwarded(body)).toEqual([[`${prefix}.11`], ["http"]]);
});

test("a change is told by its key, and applied by a reload", async () => {
  const before = await stack.haproxyIdentity();
  const socket = await EchoSocket.open(stack.url, "stays");
  stack.configure({ trustedProxies: ["198.51.100.0/24"], "timeouts.server": "61s" });
  const { output } = await stack.command("plan");
  expect(output).toContain(
    `reload: timeouts.server 1m → 61s, trustedProxies ${prefix}.1, 198.51.100.0/24, 2001:db8:cd::/48 → 198.51.100.0/24`,
  );
  await stack.up();
  const { body } = await ask("/headers", "203.0.113.10");
  expect(forwarded(body)).toEqual([[stack.gateway], ["http"]]);
  const after = await stack.haproxyIdentity();
  expect([after.id, after.pid === before.pid]).toEqual([before.id, false]);
  expect(socket.wasClosed).toBe(false);
  socket.end();
});
