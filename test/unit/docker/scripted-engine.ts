import { once } from "node:events";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import Docker from "dockerode";

/** A Docker engine that gives prepared replies. */
export interface ScriptedEngine extends AsyncDisposable {
  readonly docker: Docker;
  /** As in DOCKER_HOST. */
  readonly host: string;
  /** What it was asked, in order: `GET /images/x/json`, with the body where there is one. */
  readonly asked: readonly string[];
  /** Queries of the pulls that it was asked for, and the logins that came with them. */
  readonly pulls: readonly { readonly query: Record<string, string>; readonly login: unknown }[];
}

/**
 * Starts an engine that answers each path with what is given for it, as JSON, and any other with 404.
 * @param replies by path without its query
 */
export async function scriptedEngine(replies: Readonly<Record<string, unknown>>): Promise<ScriptedEngine> {
  const asked: string[] = [];
  const pulls: { query: Record<string, string>; login: unknown }[] = [];
  const server = createServer(async (request, response) => {
    const { method, url = "" } = request;
    const path = decodeURIComponent(url.replace(/\?.*/, ""));
    asked.push(`${method} ${path} ${await text(request)}`.trim());
    if (path === "/images/create") {
      const query = Object.fromEntries(new URL(url, "http://engine").searchParams);
      const login = request.headers["x-registry-auth"];
      const read = (header: string) => JSON.parse(Buffer.from(header, "base64url").toString());
      pulls.push({ query, login: typeof login === "string" ? read(login) : undefined });
    }
    const isThere = Object.hasOwn(replies, path);
    response.writeHead(isThere ? 200 : 404, { "Content-Type": "application/json" });
    response.end(`${JSON.stringify(isThere ? replies[path] : { message: `no such thing: ${path}` })}\n`);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  return {
    host: `tcp://127.0.0.1:${port}`,
    docker: new Docker({ protocol: "http", host: "127.0.0.1", port }),
    asked,
    pulls,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
