import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { expect, test } from "vitest";
import { FrontDoor } from "../../../src/probe/front-door.ts";

/** Asks something that answers HTTP and is no balancer. */
async function ask(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(answer);
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  const door = new FrontDoor(
    `http://127.0.0.1:${address !== null && typeof address === "object" ? address.port : 0}`,
    "/some/path",
  );
  try {
    return await door.get({ headers: { "X-Session-ID": "abc" }, query: { sid: "a b" } });
  } finally {
    await door.close();
    server.close();
  }
}

test("an answer tells the server, and the cookies that it sets", async () => {
  const seen: unknown[] = [];
  const answer = await ask(({ url, headers }, response) => {
    seen.push(url, headers["x-session-id"], headers["x-balancer-probe"]);
    response
      .writeHead(404, { "X-Balancer-Server": "s2", "Set-Cookie": ["SRV=s2; path=/", "a=b"] })
      .end("x".repeat(1_000_000));
  });
  expect(answer).toEqual({ server: "s2", cookies: ["SRV=s2; path=/", "a=b"] });
  expect(seen).toEqual(["/some/path?sid=a+b", "abc", "1"]);
});

test.each([
  {
    what: "that names no server",
    status: 200,
    headers: {},
    message: /:\d+\/some\/path answers 200 without naming a server; .* X-Balancer-Server$/,
  },
  {
    what: "of HAProxy's own",
    status: 400,
    headers: { "X-Balancer-Server": "<NOSRV>" },
    message: /answers 400 without naming a server/,
  },
  {
    what: "that no server gave",
    status: 503,
    headers: { "X-Balancer-Server": "<NOSRV>" },
    message: /answers 503, from no server; see npm run status$/,
  },
  {
    what: "of a server that fails",
    status: 500,
    headers: { "X-Balancer-Server": "s1" },
    message: /answers 500, from s1; see npm run status$/,
  },
])("an answer $what is an error", async ({ status, headers, message }) => {
  await expect(ask((_, response) => response.writeHead(status, headers).end())).rejects.toThrow(message);
});

test("no answer is an error that says why", async () => {
  await expect(ask((_, response) => response.destroy())).rejects.toThrow(
    /^the balancer at http:\/\/127\.0\.0\.1:\d+ cannot be reached: /,
  );
});
