// Runs in a container, as the app of a stack: see recording-app.ts. It answers any request, and prints each
// byte that it gets.
import { createServer } from "node:net";

const HEX_CHARS_A_LINE = 2000;

let connections = 0;
createServer((socket) => {
  connections += 1;
  const connection = connections;
  let pending = "";
  socket.on("error", () => {}); // what came before is printed
  socket.on("data", (chunk) => {
    for (const hex of chunk.toString("hex").match(new RegExp(`.{1,${HEX_CHARS_A_LINE}}`, "g")) ?? [])
      console.log(`${connection} ${hex}`);
    pending += chunk.toString("latin1");
    for (let length = requestLength(pending); length !== undefined; length = requestLength(pending)) {
      pending = pending.slice(length);
      socket.write("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n");
    }
  });
}).listen(9898);

/** How long the first request is; undefined when it has not come whole. */
function requestLength(text: string): number | undefined {
  const head = text.indexOf("\r\n\r\n") + 4;
  if (head === 3) return undefined;
  const length = Number(/^content-length: (\d+)/im.exec(text.slice(0, head))?.[1] ?? 0);
  const isChunked = /^transfer-encoding: chunked/im.test(text.slice(0, head));
  const end = isChunked ? chunksEnd(text, head) : head + length;
  return end !== undefined && end <= text.length ? end : undefined;
}

/** Where chunks end that begin at a place, their trailers included. */
function chunksEnd(text: string, start: number): number | undefined {
  for (let at = start; ; ) {
    const lineEnd = text.indexOf("\r\n", at);
    if (lineEnd === -1) return undefined;
    const size = Number.parseInt(text.slice(at, lineEnd), 16);
    if (Number.isNaN(size)) return undefined;
    if (size === 0)
      return text.startsWith("\r\n", lineEnd + 2) ? lineEnd + 4 : after(text, "\r\n\r\n", lineEnd);
    at = lineEnd + 2 + size + 2;
  }
}

function after(text: string, mark: string, from: number): number | undefined {
  const at = text.indexOf(mark, from);
  return at === -1 ? undefined : at + mark.length;
}
