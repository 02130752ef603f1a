import { type Family, FORBIDDEN, get, HIDDEN, LENGTH, list, request, starting } from "./texts.ts";

const KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
const upgrade = (...values: readonly string[]): string[] => [
  ...values.map((value) => `Upgrade: ${value}`),
  "Connection: Upgrade",
];

/** Tunnels, other protocols, and what is said about the connection. */
export const PROTOCOLS: readonly Family[] = [
  {
    what: "a method that no app shall see",
    isRefused: true,
    texts: [
      ...list(
        "CONNECT a.test:80 | CONNECT a.test | CONNECT {path} | CONNECT http://a.test/ | CONNECT 127.0.0.1:9999 | CONNECT * | TRACE {path}",
      ).map((start) => starting(`${start} HTTP/1.1`)),
      starting("TRACE {path} HTTP/1.0"),
      request("CONNECT a.test:80 HTTP/1.1", [], FORBIDDEN),
      request("TRACE {path} HTTP/1.1", [LENGTH], HIDDEN),
    ],
  },
  {
    what: "HTTP/2 in clear",
    isRefused: true,
    texts: [
      ...["", "\0\0\0\x04\0\0\0\0\0", HIDDEN].map((more) => `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${more}`),
      ...["PRI * HTTP/2.0", "PRI * HTTP/1.1"].map(starting),
    ],
  },
  {
    what: "an upgrade to HTTP/2 or to anything but a WebSocket, which is left out",
    isRefused: false,
    texts: [
      [...upgrade("h2c"), "HTTP2-Settings: AAMAAABkAAQAAP__", "Connection: HTTP2-Settings"],
      [...upgrade("foo, h2c"), "HTTP2-Settings: AAMAAABkAAQAAP__", "Connection: HTTP2-Settings"],
      ...["h2c", "H2C", "h2", "TLS/1.0", "HTTP/2.0", "IRC/6.9, RTA/x11", "", "websocketx"].map((value) =>
        upgrade(value),
      ),
      ...["websocket, h2c", "h2c, websocket", "foo, websocket"].map((value) => [...upgrade(value), KEY]),
      [...upgrade("websocket", "h2c"), KEY],
      ["Upgrade: h2c"],
      ["Connection: Upgrade"],
      ["Upgrade: websocket"],
    ].map((lines) => get(...lines)),
  },
  {
    what: "a WebSocket without a key",
    isRefused: true,
    texts: [
      [],
      ["Sec-WebSocket-Version: 13"],
      ["Sec-WebSocket-Key: x", "Sec-WebSocket-Version: 13"],
      ["Sec-WebSocket-Key:"],
    ].map((lines) => get(...upgrade("websocket"), ...lines)),
  },
  {
    what: "a WebSocket that the app declines, with a request right behind it",
    isRefused: false,
    texts: [
      [...upgrade("websocket"), KEY, "Sec-WebSocket-Version: 777"],
      [...upgrade("websocket"), KEY, "Sec-WebSocket-Version: 13"],
      ["Upgrade: WebSocket", "Connection: keep-alive, upgrade", KEY, "Sec-WebSocket-Version: 13"],
    ].map((lines) => get(...lines) + FORBIDDEN),
  },
  {
    what: "a Connection that names what others need",
    isRefused: false,
    texts: [
      ...list(
        "close, X-Forwarded-For | X-Forwarded-For, X-Session-ID | Host | Content-Length | Transfer-Encoding, close | keep-alive, Cookie",
      ),
      ...[",,", "close,,,X", "\x01", "upgrade, X-Forwarded-For"],
    ].map((value) => get("X-Session-ID: x", `Connection: ${value}`)),
  },
  {
    what: "another protocol, or nothing",
    isRefused: true,
    texts: [
      "\x16\x03\x01\0\xa5\x01\0\0\xa1\x03\x03",
      "SSH-2.0-x\r\n\r\n",
      `PROXY TCP4 6.6.6.6 6.6.6.6 1 2\r\n${get()}`,
      `\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x06\x06\x06\x06\x06\x06\x06\x06\0\x01\0\x02${get()}`,
      "show info\n",
      "@master reload\n",
      "<policy-file-request/>\0",
      "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
      "*1\r\n$4\r\nPING\r\n",
      "\r\n\r\n",
      "\n",
      "\0",
    ],
  },
];
