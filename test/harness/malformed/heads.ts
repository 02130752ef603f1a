import { type Family, get, hosted, list, starting } from "./texts.ts";

const numbered = (count: number): string[] => Array.from({ length: count }, (_, index) => `X-${index}: x`);

/** The request line and the headers. */
export const HEADS: readonly Family[] = [
  {
    what: "no version, or one that is none",
    isRefused: true,
    texts: [
      ...["GET {path}\r\n", "GET {path}\r\n\r\n", "GET {path}\n", "GET {path} \r\n\r\n"],
      ...list(
        "HTTP/0.9 | HTTP/3 | HTTP/1 | HTTP/1. | HTTP/.1 | HTTP/1.10 | HTTP/01.1 | HTTP/1.01 | HTTP/11.1 | HTTP/1,1 | HTTP/1.x | HTTP/-1.1",
      )
        .concat(
          list(
            "HTTP 1.1 | HTTP/ 1.1 | HTTP /1.1 | http/1.1 | Http/1.1 | XTTP/1.1 | RTSP/1.0 | HTTPS/1.1 | HTTP/1.1 x",
          ),
        )
        .map((version) => starting(`GET {path} ${version}`)),
    ],
  },
  {
    what: "a version of another HTTP, or parts of a request line with a tab between them, which is put right",
    isRefused: false,
    texts: [
      "GET {path} HTTP/2.0",
      "GET {path} HTTP/9.9",
      "GET\t{path} HTTP/1.1",
      "GET {path}\tHTTP/1.1",
      "GET   {path}   HTTP/1.1",
    ].map(starting),
  },
  {
    what: "a request line whose parts cannot be told apart",
    isRefused: true,
    texts: [
      ...["\x0b", "\0", "\r", "\xa0", ""].map((char) => `GET${char}{path} HTTP/1.1`),
      ...list("GET {path}HTTP/1.1 | GET {path} x HTTP/1.1 | {path} HTTP/1.1 | HTTP/1.1 | GET"),
      ...[" GET {path} HTTP/1.1", "\tGET {path} HTTP/1.1", "GET  HTTP/1.1", "GET\r\n {path} HTTP/1.1"],
      ...["GET {path} HTTP/1.1\rX: x", "GET {path} HTTP/1.1\0"],
    ].map(starting),
  },
  {
    what: "a method that is no token",
    isRefused: true,
    texts: [...'\0\x7f\xc9(":/@,;[\\=?<{}'].map((char) => starting(`G${char}T {path} HTTP/1.1`)),
  },
  {
    what: "a target that is none",
    isRefused: true,
    texts: [
      ...["\0", "\x01", "\x1f", "\x7f", "\x80", "\xc3\xa4", "#a"].map((end) => `{path}${end}`),
      ...list(
        "# | request | a.test:80 | * | *{path} | a.test{path} | ?{path} | ://a.test{path} | http:{path} | http:// | http:///{path}",
      ),
      "\xff",
    ].map((target) => starting(`GET ${target} HTTP/1.1`)),
  },
  {
    what: "an absolute target of another host",
    isRefused: true,
    texts: [
      ...list(
        "http://b.test{path} | http://b.test:80{path} | http://a.test:81{path} | http://a.test@b.test{path} | http://a.test.{path}",
      ),
      ...list(
        "HTTP://b.test{path} | https://b.test{path} | ftp://b.test{path} | http://a.test,b.test{path} | http://[::1]{path}",
      ),
    ].map((target) => starting(`GET ${target} HTTP/1.1`)),
  },
  {
    what: "an absolute target of the same host",
    isRefused: false,
    texts: ["http://a.test{path}", "http://a.test:80{path}", "HTTP://A.TEST{path}"].map((target) =>
      starting(`GET ${target} HTTP/1.1`),
    ),
  },
  {
    what: "no host, or more than one",
    isRefused: true,
    texts: [
      "GET {path} HTTP/1.1\r\n\r\n",
      ...["Host:", "Host: ", "X: x"].map(hosted),
      ...["Host: b.test", "host: b.test", "Host: a.test:81", "Host: ", "Host: a.test, b.test"].map((line) =>
        get(line),
      ),
    ],
  },
  {
    what: "a host that is none",
    isRefused: true,
    texts: [
      ...list(
        'a.test, b.test | a.test b.test | a.test/x | x@a.test | a.test: | a.test:x | a.test:999999 | a.test# | a.test?x | a.test\\x | "a"',
      ),
      ...list("a.test:80:80 | [::1 | ::1 | <a> | a.test%00 | a.test;x | $a"),
      ...["a\0b", "\x01", "\xe4", "a\x7f"],
    ]
      .map((host) => hosted(`Host: ${host}`))
      .concat("GET {path} HTTP/1.0\r\nHost: <a>\r\n\r\n"),
  },
  {
    what: "a host in one of the ways that there are",
    isRefused: false,
    texts: list("a.test:8080 | A.TEST | a_b.test | 127.0.0.1:1 | [::1] | [::1]:8080 | a.test.").map((host) =>
      hosted(`Host: ${host}`),
    ),
  },
  {
    what: "a header whose name is no token",
    isRefused: true,
    texts: [...list('X : x | : x | : | X | x x: x | (X): x | "X": x | [X]: x | {X}: x'), "\x01X: x"]
      .concat([..."\t\x0b\0\x7f\xe4\r@,/=;\\"].map((char) => `X${char}: x`))
      .map((header) => get(header)),
  },
  {
    what: "a header whose name is a token that some programs take for another",
    isRefused: false,
    texts: list(
      "X_Forwarded_For: 6.6.6.6 | X.Forwarded.For: 6.6.6.6 | Content_Length: 60 | X!: x | X~: x | X'#$%&*+^`: x",
    ).map((header) => get(header)),
  },
  {
    what: "a header whose value is none",
    isRefused: true,
    texts: ["X: \0", "X: x\0x", "X: x\rx", "X: x\r", "X: \r \r\n", "X: x\rContent-Length: 60"].map((header) =>
      get(header),
    ),
  },
  {
    what: "folded headers",
    isRefused: false,
    texts: [
      "X: x\r\n y",
      "X: x\r\n\ty",
      "X: x\r\n  \r\n y",
      "X:\r\n x",
      "X: x\n y",
      "X: x\r\n Content-Length: 60",
      "Cookie: a=b\r\n SRV=s1",
    ].map((header) => get(header)),
  },
  {
    what: "lines that end with LF alone, or empty ones before the first",
    isRefused: false,
    texts: [
      get().replaceAll("\r\n", "\n"),
      get("X: x").replace("X: x\r\n", "X: x\n"),
      get("X: x\nY: y"),
      ...["\n", "\r\n\r\n"].map((before) => before + get()),
    ],
  },
  {
    what: "lines that end with something else",
    isRefused: true,
    texts: [
      ...["\r", "\n\r", "\r\r\n", "\0", "\x0b", "\x85"].map((end) => get().replaceAll("\r\n", end)),
      ...["\r", "\0"].map((before) => before + get()),
    ],
  },
  {
    what: "more than HAProxy holds",
    isRefused: true,
    texts: [
      ...[
        `GET {path}?${"a".repeat(17_000)} HTTP/1.1`,
        `GET ${"/".repeat(70_000)} HTTP/1.1`,
        `${"G".repeat(17_000)} {path} HTTP/1.1`,
      ].map(starting),
      ...[
        `X: ${"x".repeat(17_000)}`,
        `${"X".repeat(17_000)}: x`,
        `Cookie: ${"a=b; ".repeat(20_000)}`,
        `X: x${"\r\n x".repeat(5_000)}`,
      ].map((line) => get(line)),
      ...[101, 150, 5_000].map((count) => get(...numbered(count))),
      `${"\r\n".repeat(20_000)}GET {path}`,
    ],
  },
];
