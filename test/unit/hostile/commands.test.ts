import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  COMMANDS,
  type Command,
  command,
  commandLine,
  linesWithSeverity,
  serverPath,
} from "../../../src/haproxy/runtime/command.ts";
import { RuntimeError } from "../../../src/haproxy/runtime/runtime-error.ts";
import type { Pem } from "../../../src/tls/certificate.ts";
import { FUZZ, FUZZ_TIMEOUT_MS } from "./fuzz-runs.ts";
import { garbage, nearly, tampered, UNPRINTABLE } from "./garbage.ts";

/** One line, one command: no character of it begins, ends or escapes anything for HAProxy. */
const ONE_COMMAND = /^(?!.*<<)[ -:<-[\]-~]+$/;
const NAME = /^[A-Za-z0-9_.:-]+$/;
const PATH = /^(\/[A-Za-z0-9._-]+)+$/;

const name = nearly("webservers", "s1", "BALANCER_REVISION", "be_1");
const text = nearly("show info", "172.28.10.14:9898 id 4 weight 100", "@master reload");
const ip = nearly("172.28.10.14", "0.0.0.0", "255.255.255.255");
const file = nearly("/usr/local/etc/haproxy/https.pem", "/a");
const number = fc.oneof(
  fc.integer({ min: -2, max: 300 }),
  fc.integer(),
  fc.double(),
  fc.constantFrom(0, 256, 257, 65_535, 65_536, 1e21, -0),
);
const state = fc.constantFrom("ready", "drain", "maint");

interface Built {
  /** For the report of a case that fails. */
  readonly given: unknown;
  readonly build: () => Command;
  readonly expected: string | undefined;
}

/**
 * Each command with arguments of every kind: how it is built, and what it is when HAProxy is to read the
 * arguments as they were given; undefined where they cannot be read so.
 */
const BUILDERS: readonly { what: string; built: fc.Arbitrary<Built> }[] = [
  {
    what: "a line",
    built: text.map((line) => ({
      given: line,
      build: () => command(line),
      expected: ONE_COMMAND.test(line) ? line : undefined,
    })),
  },
  ...(["showServersState", "showServersConn", "showServerStats", "showEnv", "showTable"] as const).map(
    (which) => ({
      what: which,
      built: name.map((given) => ({
        given,
        build: () => COMMANDS[which](given),
        expected: NAME.test(given) ? COMMANDS[which]("x").replace(" x", ` ${given}`) : undefined,
      })),
    }),
  ),
  ...(
    [
      "deleteServer",
      "enableHealth",
      "disableHealth",
      "setHealthUp",
      "setHealthDown",
      "shutdownSessions",
    ] as const
  ).map((which) => ({
    what: which,
    built: fc.tuple(name, name).map(([backend, server]) => ({
      given: [backend, server],
      build: () => COMMANDS[which](serverPath(backend, server)),
      expected: areNames(backend, server)
        ? COMMANDS[which](serverPath("x", "y")).replace("x/y", `${backend}/${server}`)
        : undefined,
    })),
  })),
  ...(["showCertificate", "commitCertificate", "abortCertificate"] as const).map((which) => ({
    what: which,
    built: file.map((given) => ({
      given,
      build: () => COMMANDS[which](given),
      expected: PATH.test(given) ? COMMANDS[which]("/x").replace("/x", given) : undefined,
    })),
  })),
  {
    what: "a session of a stick table",
    built: fc.tuple(name, text).map(([table, key]) => ({
      given: [table, key],
      build: () => COMMANDS.showTableKey(table, key),
      // every character that could mean something stands behind a backslash
      expected:
        areNames(table) && key !== "" && !/[\0\r\n]/.test(key)
          ? `show table ${table} key ${key.replaceAll(/[\0-\x7f]/g, escapedUnlessPlain)}`
          : undefined,
    })),
  },
  {
    what: "addServer",
    built: fc.tuple(name, text).map(([server, args]) => ({
      given: [server, args],
      build: () => COMMANDS.addServer(serverPath("webservers", server), args),
      expected:
        areNames(server) && (args === "" || ONE_COMMAND.test(args))
          ? `add server webservers/${server} ${args} init-state down`
          : undefined,
    })),
  },
  {
    what: "showServersConnOf",
    built: fc.tuple(number, name).map(([pid, backend]) => ({
      given: [pid, backend],
      build: () => COMMANDS.showServersConnOf(pid, backend),
      expected:
        isWithin(pid, 2 ** 22) && areNames(backend) ? `@!${pid} show servers conn ${backend}` : undefined,
    })),
  },
  {
    what: "setState",
    built: fc.tuple(name, state).map(([server, wanted]) => ({
      given: [server, wanted],
      build: () => COMMANDS.setState(serverPath("webservers", server), wanted),
      expected: areNames(server) ? `set server webservers/${server} state ${wanted}` : undefined,
    })),
  },
  {
    what: "setWeight",
    built: fc.tuple(name, number).map(([server, weight]) => ({
      given: [server, weight],
      build: () => COMMANDS.setWeight(serverPath("webservers", server), weight),
      expected:
        areNames(server) && isWithin(weight, 256)
          ? `set server webservers/${server} weight ${weight}`
          : undefined,
    })),
  },
  {
    what: "setAddress",
    built: fc.tuple(name, ip, number).map(([server, address, port]) => ({
      given: [server, address, port],
      build: () => COMMANDS.setAddress(serverPath("webservers", server), address, port),
      expected:
        areNames(server) &&
        /^\d{1,3}(\.\d{1,3}){3}$/.test(address) &&
        address.split(".").every((part) => Number(part) < 256 && !/^0\d/.test(part)) &&
        isWithin(port, 65_535)
          ? `set server webservers/${server} addr ${address} port ${port}`
          : undefined,
    })),
  },
  {
    what: "waitRemovable",
    built: fc.tuple(name, number).map(([server, delayMs]) => ({
      given: [server, delayMs],
      build: () => COMMANDS.waitRemovable(serverPath("webservers", server), delayMs),
      expected:
        areNames(server) && isWithin(delayMs, 86_400_000)
          ? `wait ${delayMs}ms srv-removable webservers/${server}`
          : undefined,
    })),
  },
];

const escapedUnlessPlain = (char: string): string => (NAME.test(char) ? char : `\\${char}`);

function areNames(...names: readonly string[]): boolean {
  return names.every((each) => NAME.test(each));
}

function isWithin(value: number, most: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= most;
}

describe.each(BUILDERS)("the command of $what", ({ built }) => {
  test(
    "is one command with what was given in its place and nothing else, or none",
    () => {
      const outcomes = { built: 0, refused: 0 };
      fc.assert(
        fc.property(built, ({ build, expected }) => {
          if (expected === undefined) {
            outcomes.refused += 1;
            refusalOf(build);
          } else {
            outcomes.built += 1;
            const line = build();
            expect(line).toBe(expected);
            // a session id alone may hold characters that are escaped
            expect(line.replaceAll(/\\[^\0\r\n]/g, "").replaceAll(/[\u{80}-\u{10ffff}]/gu, "")).toMatch(
              ONE_COMMAND,
            );
          }
        }),
        FUZZ,
      );
      // the cases are of both kinds
      expect(Math.min(outcomes.built, outcomes.refused)).toBeGreaterThan(10);
    },
    FUZZ_TIMEOUT_MS,
  );
});

test(
  "a certificate's command is one with the payload that was given, or none, and a refusal tells nothing of the payload",
  () => {
    const outcomes = { built: 0, refused: 0 };
    fc.assert(
      fc.property(payloadFile, payload, (given, pem) => {
        const build = () => COMMANDS.setCertificate(given, pem as Pem);
        if (PATH.test(given) && isPemAlone(pem)) {
          outcomes.built += 1;
          const sent = `${build()}\n`;
          expect(sent).toBe(`set ssl cert ${given} <<\n${pem}\n`);
          // the empty line that ends the payload is the last
          expect(sent.indexOf("\n\n")).toBe(sent.length - 2);
        } else {
          outcomes.refused += 1;
          expect(refusalOf(build)).not.toContain(SECRET);
        }
      }),
      FUZZ,
    );
    expect(Math.min(outcomes.built, outcomes.refused)).toBeGreaterThan(10);
  },
  FUZZ_TIMEOUT_MS,
);

const SECRET = "MIIBsecret";
const block = (label: string): string =>
  `-----BEGIN ${label}-----\n${SECRET}\n${"A".repeat(64)}\n-----END ${label}-----\n`;
const good = fc.constantFrom(
  block("CERTIFICATE") + block("PRIVATE KEY"),
  block("CERTIFICATE").repeat(2) + block("PRIVATE KEY"),
);
const payload = fc.oneof(good, tampered(good), garbage);
const payloadFile = fc.oneof(fc.constant("/usr/local/etc/haproxy/https.pem"), file);

/** Whether nothing but blocks of base64 is in a text. */
const isPemAlone = (text: string): boolean =>
  text !== "" &&
  text.replaceAll(
    /-----BEGIN (CERTIFICATE|PRIVATE KEY)-----\n(?:[A-Za-z0-9+/=]{1,64}\n)+-----END \1-----\n/g,
    "",
  ) === "";

test(
  "a line of the user's own is sent as it was typed, each command of it to its process, or refused",
  () => {
    const outcomes = { sent: 0, refused: 0 };
    fc.assert(
      fc.property(userLine, (typed) => {
        if (!isWholeLine(typed)) {
          outcomes.refused += 1;
          refusalOf(() => commandLine(typed));
          return;
        }
        outcomes.sent += 1;
        const line = commandLine(typed);
        expect(line).toBe(typed);
        const sent = linesWithSeverity(line).map((each) => each.line);
        for (const each of sent) expect(each).not.toMatch(/\p{Cc}/u);
        if (typed.trimStart().startsWith("@")) expect(untold(typed, sent)).toMatch(PROCESSES);
        else expect(sent).toEqual([`set severity-output number;${typed.trimStart()};quit`]);
      }),
      FUZZ,
    );
    expect(Math.min(outcomes.sent, outcomes.refused)).toBeGreaterThan(10);
  },
  FUZZ_TIMEOUT_MS,
);

const userLine = fc.oneof(
  nearly("show info", "show info; show stat", "echo a\\;b \\\\", "show table webservers key žluť"),
  nearly(
    "@1 show info; show proc",
    "@@1 show info; show stat",
    " @!42 echo a\\;b",
    "@1; show info; @master; show proc",
    "@ show proc",
  ),
);

/** Whether HAProxy reads a text as one line, and no more than that. */
function isWholeLine(typed: string): boolean {
  const words = typed.split(/[\s;]/);
  const backslashes = typed.length - typed.replace(/\\+$/, "").length;
  return (
    typed.trim() !== "" &&
    !/[\p{Cc}\u2028\u2029]/u.test(typed) &&
    !words.some((word) => word.startsWith("<<")) &&
    backslashes % 2 === 0
  );
}

/** What is left of a typed line when each command that is sent is taken out, in its order. */
function untold(typed: string, sent: readonly string[]): string {
  let [left, rest] = ["", typed];
  for (const line of sent) {
    const words = line.replace(/^(@master |@@\S+ set severity-output number;)/, "");
    // A command may have the same characters as the name of a process before it.
    const at = rest.search(new RegExp(`(?<=^|[;\\s])${RegExp.escape(words)}`));
    expect(at).toBeGreaterThanOrEqual(0);
    left += rest.slice(0, at);
    rest = rest.slice(at + words.length);
  }
  return left + rest;
}

/** Names of processes, and what separates commands. */
const PROCESSES = /^(?:\s|;|@(?:\\;|[^\s;])*)*$/;

/**
 * The words that a command is refused with. Fails when it is built, or anything but a RuntimeError that
 * refuses is thrown.
 */
function refusalOf(build: () => unknown): string {
  try {
    build();
  } catch (error) {
    if (!(error instanceof RuntimeError)) throw error;
    expect(error.kind).toBe("refused");
    expect(error.message.length).toBeLessThanOrEqual(8_000);
    expect(error.message).not.toMatch(UNPRINTABLE);
    return error.message;
  }
  throw new Error("the command is built");
}
