import { isHaproxyAtLeast } from "../haproxy-image.ts";
import {
  CHUNKS,
  chunked,
  type Family,
  FORBIDDEN,
  get,
  HIDDEN,
  LENGTH,
  list,
  NO_CHUNK,
  post,
  request,
} from "./texts.ts";

const IS_AT_LEAST_3_4 = isHaproxyAtLeast("3.4");

const numbered = (count: number): string =>
  Array.from({ length: count }, (_, index) => `X-${index}: x`).join("\r\n");

/** Where a body begins and ends. */
export const FRAMING: readonly Family[] = [
  {
    what: "a Content-Length that is no number, or beyond what apps count with",
    isRefused: true,
    texts: [
      ...list(
        '+{length} | -{length} | -0 | 0x{length} | 1 {length} | {length}; | {length}a | a | 1e1 | {length}.0 | .5 | 1_0 | "{length}"',
      ),
      ...list(
        `, | {length}, | ,{length} | 9223372036854775808 | 18446744073709551616 | 18446744073709551657 | ${"9".repeat(40)}`,
      ),
      ...["", " ", "\xd9\xa5", "{length}\0", "\x0b{length}", "{length}\x0c", "\xa0{length}"],
    ].map((value) => post(HIDDEN, `Content-Length: ${value}`)),
  },
  {
    what: "Content-Lengths that differ",
    isRefused: true,
    texts: [
      ...[
        ["Content-Length: 0", LENGTH],
        [LENGTH, "Content-Length: 0"],
        [LENGTH, "content-length: 1"],
        ["Content-Length: 1", "X: x", LENGTH],
      ],
      ...[
        ["Content-Length: {length}, 0"],
        ["Content-Length: 0, {length}"],
        [LENGTH, "Content-Length: -1"],
        [LENGTH, "Content-Length: x"],
      ],
      [LENGTH, "Content-Length:"],
    ].map((lines) => post(HIDDEN, ...lines)),
  },
  {
    what: "a Content-Length spelled more than once, or with something around it",
    isRefused: false,
    texts: [
      [LENGTH, LENGTH],
      ["Content-Length: {length}, {length}"],
      ["Content-Length: 000{length}"],
      ["Content-Length:\t{length}\t"],
    ].map((lines) => post(HIDDEN, ...lines)),
  },
  {
    what: "both a Content-Length and chunks",
    isRefused: false,
    texts: [
      ...[
        [LENGTH, CHUNKS],
        [CHUNKS, LENGTH],
        ["Content-Length: 6", CHUNKS],
        ["Content-Length: 5", "transfer-encoding: CHUNKED"],
      ],
      ...[
        [LENGTH, LENGTH, CHUNKS],
        [LENGTH, "Transfer-Encoding:\tchunked\t"],
        ["Content-Length: 0", CHUNKS],
      ],
    ]
      .map((lines) => post(NO_CHUNK, ...lines))
      .concat(
        ["4", "0", "10"].map((length) =>
          post(`5\r\nhello\r\n${NO_CHUNK}`, `Content-Length: ${length}`, CHUNKS),
        ),
      ),
  },
  {
    what: "a Transfer-Encoding in disguise",
    isRefused: true,
    texts: [
      ...list(
        'xchunked | chunkedx | chunked, identity | identity, chunked | chunked, chunked | chunked;q=1 | "chunked" | chunked, | ,chunked',
      ),
      ...[
        "gzip",
        "identity",
        "chunked chunked",
        "",
        " ",
        "chunked\x0b",
        "\x0bchunked",
        "chunked\0",
        "\0chunked",
        "chun\xe2\x84\xaaed",
      ],
      ...["identity", "chunked", "x"].map((other) => `chunked\r\nTransfer-Encoding: ${other}`),
      `identity\r\n${CHUNKS}`,
    ]
      .map((value) => `Transfer-Encoding: ${value}`)
      .concat(["\t", "\0", "\x0b", "\r", " "].map((char) => `Transfer-Encoding${char}: chunked`))
      .concat(
        [" ", "\t", "\r", ":", "X: x\r", "\0: x\r\n"].map((before) => `${before}Transfer-Encoding: chunked`),
      )
      .concat("Transfer Encoding: chunked")
      .map((line) => post(NO_CHUNK, LENGTH, line)),
  },
  {
    what: "a header that is spelled like Transfer-Encoding, and is another",
    isRefused: false,
    texts: [
      "Transfer_Encoding: chunked",
      "Transfer-Encodin: chunked",
      "Transfer-Encoding-: chunked",
      "X: x\r\n Transfer-Encoding: chunked",
    ].map((line) => post(NO_CHUNK, LENGTH, line)),
  },
  {
    what: "a body in HTTP/1.0 that not everybody expects there",
    isRefused: true,
    texts: [
      ...[[CHUNKS], [LENGTH, CHUNKS], [CHUNKS, "Connection: keep-alive"]].map((lines) =>
        request("POST {path} HTTP/1.0", lines, NO_CHUNK),
      ),
      ...["GET", "HEAD", "DELETE"].map((method) =>
        request(`${method} {path} HTTP/1.0`, [LENGTH, "Connection: keep-alive"], HIDDEN),
      ),
    ],
  },
  {
    what: "a chunk whose size is no number, or beyond what can be",
    isRefused: true,
    texts: [
      ...list(
        'g | -1 | +5 | 0x5 | \\x5 | 5.0 | 5, | 5 5 | 5x;a=b | "5" | fffffffffffffffff | 10000000000000005 | ffffffffffffffff',
      ),
      ...[
        "8000000000000000",
        "7fffffffffffffff",
        "",
        " ",
        "\t5",
        "\x005",
        "5\0",
        "5\x0b",
        "\xd9\xa5",
        "5\r5",
      ],
    ].map((size) => chunked(`${size}\r\nhello\r\n${NO_CHUNK}`)),
  },
  {
    what: "chunks whose lines do not end as they must",
    isRefused: true,
    texts: [
      ...["5\n", "5\r", "5\n\r", "5\r\r\n", "5;a\nb\r\n", "5;a\rb\r\n", '5;a="\r\n"\r\n'].map(
        (size) => `${size}hello\r\n0\r\n\r\n`,
      ),
      ...["\n", "", "\r", "xx", ", world\r\n", "\r\r\n"].map((end) => `5\r\nhello${end}0\r\n\r\n`),
      ...["0\n\r\n", "0\r\r\n\r\n", "0\r\n\r", "0\r\n \r\n"].map((last) => `5\r\nhello\r\n${last}`),
    ].map((body) => chunked(body + HIDDEN)),
  },
  {
    what: "a chunk size with zeros before it, or more behind it",
    isRefused: false,
    texts: ["005", "0000000000000005", "5;a=b", '5;a="b"', "5 ", "5\t;a"].map((size) =>
      chunked(`${size}\r\nhello\r\n0\r\n\r\n`),
    ),
  },
  {
    what: "trailers that would be headers",
    isRefused: false,
    texts: ["Content-Length: 60", CHUNKS, "Host: b.test", "X-Forwarded-For: 6.6.6.6", "X-Session-ID: x"].map(
      (trailer) => chunked(`5\r\nhello\r\n0\r\n${trailer}\r\n\r\n`),
    ),
  },
  {
    what: "trailers that are malformed, or too many",
    isRefused: true,
    texts: ["X : x", ": x", "X", "X\0: x", "X: \0", "X: x\r", numbered(150)].map((trailer) =>
      chunked(`5\r\nhello\r\n0\r\n${trailer}\r\n\r\n`),
    ),
  },
  {
    what: "a NUL behind a chunk size",
    isRefused: IS_AT_LEAST_3_4,
    texts: [chunked("5;a\0b\r\nhello\r\n0\r\n\r\n")],
  },
  {
    what: "a chunk size without end",
    isRefused: true,
    isRefusedLate: IS_AT_LEAST_3_4,
    texts: [
      chunked(`5;${"a".repeat(20_000)}\r\nhello\r\n0\r\n\r\n`),
      chunked(`${"0".repeat(20_000)}5\r\nhello\r\n0\r\n\r\n`),
    ],
  },
  {
    what: "an Expect",
    isRefused: false,
    texts: [
      ...["100-continue", "100-Continue, 100-continue", "200-ok", ""].map((value) =>
        post(HIDDEN, LENGTH, `Expect: ${value}`),
      ),
      post("5\r\nhello\r\n0\r\n\r\n", CHUNKS, "Expect: 100-continue"),
      get("Expect: 100-continue"),
      get("Expect: x\ty"),
    ],
  },
  {
    what: "a request with something behind it that is none",
    isRefused: false,
    texts: [
      ...[
        "\0",
        "\0\0\0\0\r\n\r\n",
        "x\r\n\r\n",
        "{smuggled}\r\n\r\n",
        "GET {smuggled}\r\n\r\n",
        "GET {smuggled} HTTP/1.1",
        " \r\n\r\n",
        "\r\r\n",
      ],
      ...[
        "\x16\x03\x01\0\x05\x01\0\0\x01",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "0\r\n\r\n",
        `G(T${HIDDEN.slice(3)}`,
        FORBIDDEN,
      ],
    ].map((garbage) => get() + garbage),
  },
];
