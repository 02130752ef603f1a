import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseCheckValues } from "../../../src/haproxy/runtime/check-values.ts";
import { parsePeers } from "../../../src/haproxy/runtime/peers.ts";
import { parseProcessInfo } from "../../../src/haproxy/runtime/process-info.ts";
import { ReplySplitter } from "../../../src/haproxy/runtime/replies.ts";
import { RuntimeError } from "../../../src/haproxy/runtime/runtime-error.ts";
import { parseCertificateReply } from "../../../src/haproxy/runtime/served-certificate.ts";
import { parseServerStats, parseServersConn, parseServersState } from "../../../src/haproxy/runtime/state.ts";
import { parseStickEntry } from "../../../src/haproxy/runtime/stick-table.ts";
import { judge } from "../../../src/haproxy/runtime/verdict.ts";
import { RECORDED } from "../haproxy/runtime/recorded.ts";
import { FUZZ, FUZZ_TIMEOUT_MS } from "./fuzz-runs.ts";
import { garbage, tampered, UNPRINTABLE } from "./garbage.ts";

const MAX_MESSAGE_CHARS = 8_000;

const INFO = "Name: HAProxy\nVersion: 3.2.26-1\nPid: 10\nUptime_sec: 65\nDroppedLogs: 0\n";
const PROCESSES =
  "#<PID> <type> <reloads> <uptime> <version>\n1 master 3 [failed: 1] 0d00h05m01s 3.2.26-1\n# workers\n10 worker 0 0d 3.2\n# old workers\n8 worker 1 0d 3.2\n";

const isWholeNumber = (value: unknown): boolean => Number.isSafeInteger(value);
const isText = (value: unknown): boolean => typeof value === "string";
const isWord = (value: unknown): boolean => typeof value === "string" && /^[!-~]+$/.test(value);
const isPrintable = (value: unknown): boolean => typeof value === "string" && /^[ -~]*$/.test(value);
const isTruth = (value: unknown): boolean => typeof value === "boolean";

const STICK_ENTRY = "0x7f1e69b1bb90: key=a\\ b\\x1F use=0 exp=1799995 shard=0 server_id=3 server_key=s3";
const PEERS = `0x7f58b5fe9000: [19/Feb/1970:17:02:26] id=balancers disabled=0 flags=0x28900001 resync_timeout=1s task_calls=893
  0x7f58b766a5c0: id=haproxy3(remote,active) addr=172.29.98.4:10000 app_state=STOPPED learn_state=NOTASSIGNED last_status=NONE last_hdshk=<NEVER>
        reconnect=4s heartbeat=2s confirm=0 tx_hbt=1 rx_hbt=1 no_hbt=0 new_conn=1 proto_err=0 coll=0
  0x7f58b766a440: id=haproxy2(local,inactive) addr=127.0.0.1:10001 app_state=STOPPED learn_state=NOTASSIGNED last_status=NONE last_hdshk=<NEVER>
`;
const CERTIFICATE = `Filename: /usr/local/etc/haproxy/https.pem
Status: Used
Serial: 0F8461EFC36280105A68479BE076699571FA116F
notBefore: Nov 24 12:05:24 2026 GMT
notAfter: Jan 23 12:05:24 2027 GMT
Subject Alternative Name: DNS:localhost
SHA1 FingerPrint: 642D3C063F9F71103F96328F60F89BC3D132C5E1
Subject: /O=Balancer self-signed/CN=one
Issuer: /O=Balancer self-signed/CN=one
`;

type Shape = Readonly<Record<string, (value: unknown) => boolean>>;
const SERVER: Shape = {
  name: isWord,
  id: isWholeNumber,
  address: isWord,
  port: isWholeNumber,
  adminState: (value) => value === "ready" || value === "drain" || value === "maint",
  isUp: isTruth,
  weight: isWholeNumber,
  isChecked: isTruth,
  isMendable: isTruth,
  hasPassed: isTruth,
};
const STATS: Shape = {
  name: isText,
  status: isText,
  checkStatus: isText,
  checkDescription: isText,
  checkCode: (value) => value === undefined || isWholeNumber(value),
  checkDurationMs: (value) => value === undefined || isWholeNumber(value),
  cookie: isText,
  currentSessions: isWholeNumber,
  totalSessions: isWholeNumber,
};
const PROCESS: Shape = {
  version: isWord,
  pid: isWholeNumber,
  uptimeSeconds: isWholeNumber,
  reloads: isWholeNumber,
  failedReloads: isWholeNumber,
  droppedLogLines: isWholeNumber,
  oldWorkers: isWholeNumber,
};

const expectShape = (shape: Shape, value: object): void => {
  expect(Object.entries(value).filter(([name, field]) => shape[name]?.(field) !== true)).toEqual([]);
  expect(Object.keys(value)).toEqual(Object.keys(shape));
};

const STICK: Shape = {
  key: isPrintable,
  server: (value) => value === undefined || isWord(value),
  serverId: isWholeNumber,
  expiresMs: isWholeNumber,
};
const SERVED: Shape = {
  fingerprint: (value) => typeof value === "string" && /^[0-9A-F]{40}$/.test(value),
  subject: (value) => typeof value === "string" && /^.+$/.test(value),
  expires: (value) => value instanceof Date && !Number.isNaN(value.getTime()),
};
const PEER: Shape = {
  name: isWord,
  address: isWord,
  isConnected: isTruth,
  lastStatus: isWord,
  untaught: isWholeNumber,
  isInLesson: isTruth,
};

interface Parser {
  readonly what: string;
  /** Answers of HAProxy; two where two are read together. */
  readonly good: readonly string[];
  /** Reads the answers, and fails the test where what comes out is not of the right shape. */
  readonly read: (...answers: string[]) => void;
}

const PARSERS: readonly Parser[] = [
  {
    what: "show servers state",
    good: [RECORDED.serversState],
    read: (text = "") => {
      for (const server of parseServersState(text)) expectShape(SERVER, server);
    },
  },
  {
    what: "show stat",
    good: [RECORDED.stat],
    read: (text = "") => {
      for (const server of parseServerStats(text)) expectShape(STATS, server);
    },
  },
  {
    what: "show servers conn",
    good: [RECORDED.serversConn],
    read: (text = "") => {
      for (const [name, used] of parseServersConn(text))
        expect([isWord(name), isWholeNumber(used)]).toEqual([true, true]);
    },
  },
  {
    what: "show map",
    good: ["0x7fa09cd44f40 s1 /x,y?a=%20\n0x7fa09d0780e0 try-s12 /twin\n"],
    read: (text = "") => {
      for (const [name, path] of parseCheckValues(text))
        expect([isWord(name), isWord(path)]).toEqual([true, true]);
    },
  },
  {
    what: "show peers",
    good: [PEERS],
    read: (text = "") => {
      for (const peer of parsePeers(text)) expectShape(PEER, peer);
    },
  },
  {
    what: "show table",
    good: [STICK_ENTRY],
    read: (text = "") => expectShape(STICK, parseStickEntry(text)),
  },
  {
    what: "show ssl cert",
    good: [CERTIFICATE],
    read: (text = "") => {
      const served = parseCertificateReply(text);
      if (served !== undefined) expectShape(SERVED, served);
    },
  },
  {
    what: "show info and show proc",
    good: [INFO, PROCESSES],
    read: (info = "", processes = "") => expectShape(PROCESS, parseProcessInfo(info, processes)),
  },
];

/**
 * Whether the answers were read; anything but a value of the right shape and a well-behaved RuntimeError
 * fails the test.
 */
function isRead({ read }: Parser, answers: readonly string[]): boolean {
  try {
    read(...answers);
    return true;
  } catch (error) {
    if (!(error instanceof RuntimeError)) throw error;
    expect(error.kind).toBe("malformed");
    expect(error.message.length).toBeLessThanOrEqual(MAX_MESSAGE_CHARS);
    expect(error.message).not.toMatch(UNPRINTABLE);
    return false;
  }
}

/** What may come instead of an answer, for each of the answers. */
const answersLike = (good: readonly string[]): fc.Arbitrary<string[]> =>
  fc.tuple(
    ...good.map((text) => {
      const lines = text.split("\n");
      const shuffled = fc.array(fc.constantFrom(...lines), { maxLength: 12 }).map((some) => some.join("\n"));
      const cutOff = fc.nat(text.length).map((end) => text.slice(0, end));
      const otherWords = fc
        .array(fc.oneof(fc.constantFrom(...text.split(/[\s,]/)), garbage), { maxLength: 60 })
        .chain((words) =>
          fc
            .constantFrom(" ", ",", "\n")
            .map((separator) => `${lines.slice(0, 2).join("\n")}\n${words.join(separator)}`),
        );
      return fc.oneof(
        { weight: 8, arbitrary: tampered(fc.oneof(fc.constant(text), shuffled, cutOff)) },
        { weight: 2, arbitrary: otherWords },
        { weight: 2, arbitrary: garbage },
        { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 5_000 }) },
      );
    }),
  );

describe.each(PARSERS)("the answer of $what", (parser) => {
  test(
    "is read, or refused with what came, whatever came",
    () => {
      const outcomes = { read: 0, refused: 0 };
      fc.assert(
        fc.property(answersLike(parser.good), (answers) => {
          outcomes[isRead(parser, answers) ? "read" : "refused"] += 1;
        }),
        FUZZ,
      );
      // the cases are of both kinds
      expect(Math.min(outcomes.read, outcomes.refused)).toBeGreaterThan(10);
    },
    FUZZ_TIMEOUT_MS,
  );

  test.each([
    ["quotes", '"'.repeat(200_001)],
    ["commas and quotes", ',"'.repeat(100_001)],
    ["spaces", " ".repeat(200_000)],
    ["lines", "\n".repeat(200_000)],
    ["control characters", "\x1b".repeat(200_000)],
  ])("takes no time when it is nothing but %s", (_what, text) => {
    const start = performance.now();
    isRead(parser, Array(parser.good.length).fill(text));
    isRead(
      parser,
      parser.good.map((good) => good.split("\n").slice(0, 2).join("\n") + text),
    );
    expect(performance.now() - start).toBeLessThan(2_000);
  });
});

test(
  "any stream is cut into replies that are none longer than the limit, and nothing of it is lost",
  () => {
    const limit = 60;
    const pieces = fc.array(fc.oneof(garbage, fc.constantFrom("\n", "\n\n", "x\n\n")), { maxLength: 12 });
    fc.assert(
      fc.property(pieces, (stream) => {
        const splitter = new ReplySplitter(limit);
        const replies: string[] = [];
        try {
          for (const piece of stream) replies.push(...splitter.push(piece));
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
          expect(stream.join("").length).toBeGreaterThan(limit);
          return;
        }
        for (const reply of replies)
          expect([reply.length <= limit, reply.includes("\n\n")]).toEqual([true, false]);
        expect(replies.map((reply) => (reply === "" ? "\n" : `${reply}\n\n`)).join("") + splitter.rest).toBe(
          stream.join(""),
        );
      }),
      FUZZ,
    );
  },
  FUZZ_TIMEOUT_MS,
);

test(
  "any answer to a user's line is judged, and no word is told that HAProxy did not say",
  () => {
    const answers = fc.oneof(
      garbage,
      tampered(fc.constant("[3]: Unknown command: 'x'\n  help\n\n[6]: New server registered.\n\n\n")),
    );
    fc.assert(
      fc.property(answers, (answer) => {
        const { output, refusals } = judge(answer);
        const lines = new Set(answer.split("\n").flatMap((line) => [line, line.replace(/^\[[0-7]\]: /, "")]));
        expect(
          [output, ...refusals].flatMap((text) => text.split("\n")).filter((line) => !lines.has(line)),
        ).toEqual([]);
      }),
      FUZZ,
    );
  },
  FUZZ_TIMEOUT_MS,
);

test(
  "an error about an answer is of bounded length, and holds nothing that a terminal obeys",
  () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(garbage, fc.string({ unit: "binary", maxLength: 20_000 })), { maxLength: 4 }),
        (texts) => {
          const { message } = new RuntimeError("refused", texts.join("\n"));
          expect(message.length).toBeLessThanOrEqual(MAX_MESSAGE_CHARS);
          expect(message.replaceAll(/[\n\t]/g, "")).not.toMatch(UNPRINTABLE);
        },
      ),
      FUZZ,
    );
  },
  FUZZ_TIMEOUT_MS,
);
