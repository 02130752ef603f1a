// A chat by long polling, as socket.io does it where it has no WebSocket. Its rooms are in the memory of the
// process, so every request of a session has to reach the process that opened it.
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";

const WAIT_MS = 20_000;
const sessions = new Map();

const server = createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, "http://app");
  const answer = (status, body, headers = {}) =>
    response.writeHead(status, { "Content-Type": "application/json", ...headers }).end(JSON.stringify(body));
  if (pathname === "/") return answer(200, { sessions: sessions.size });
  if (pathname === "/login") {
    const id = randomUUID();
    sessions.set(id, { messages: [], waiting: undefined });
    return answer(200, { id }, { "Set-Cookie": `APP_SESSION=${id}; Path=/; HttpOnly` });
  }
  const id = searchParams.get("sid") ?? /APP_SESSION=([\w-]+)/.exec(request.headers.cookie ?? "")?.[1];
  if (pathname === "/open") sessions.set(id, { messages: [], waiting: undefined });
  const session = sessions.get(id);
  if (session === undefined) return answer(400, { error: "no such session in this process" });
  if (pathname === "/poll") {
    if (session.messages.length === 0) {
      const { promise, resolve } = Promise.withResolvers();
      session.waiting = resolve;
      const timer = setTimeout(resolve, WAIT_MS);
      await promise;
      clearTimeout(timer);
    }
    return answer(200, session.messages.splice(0));
  }
  if (pathname === "/send") {
    session.messages.push(searchParams.get("text"));
    session.waiting?.();
  }
  return answer(200, {});
});

server.listen(3000);
for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => server.close(() => process.exit(0)));
