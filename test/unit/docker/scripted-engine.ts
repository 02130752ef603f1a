import { once } from "node:events";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import Docker from "dockerode";

/** A Docker engine that gives prepared replies. */
export interface ScriptedEngine extends AsyncDisposable {
  readonly docker: Docker;
  /** What it was asked, in order: `GET /images/x/json`, with the body where there is one. */
  readonly asked: readonly string[];
}

/**
 * Starts an engine that answers each path with what is given for it, as JSON, and any other with 404.
 * @param replies by path without its query
 */
export async function scriptedEngine(replies: Readonly<Record<string, unknown>>): Promise<ScriptedEngine> {
  const asked: string[] = [];
  const server = createServer(async (request, response) => {
    const { method, url = "" } = request;
    const path = decodeURIComponent(url.replace(/\?.*/, ""));
    asked.push(`${method} ${path} ${await text(request)}`.trim());
    const isThere = Object.hasOwn(replies, path);
    response.writeHead(isThere ? 200 : 404, { "Content-Type": "application/json" });
    response.end(JSON.stringify(isThere ? replies[path] : { message: `no such thing: ${path}` }));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  return {
    docker: new Docker({ protocol: "http", host: "127.0.0.1", port }),
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
