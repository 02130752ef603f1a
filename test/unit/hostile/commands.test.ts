import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { COMMANDS, type Command, command, serverPath } from "../../../src/runtime/command.ts";
import { RuntimeError } from "../../../src/runtime/error.ts";
import { FUZZ, FUZZ_TIMEOUT_MS } from "./fuzz-runs.ts";
import { nearly, UNPRINTABLE } from "./garbage.ts";

/** One line, one command: no character of it begins, ends or escapes anything for HAProxy. */
const ONE_COMMAND = /^(?!.*<<)[ -:<-[\]-~]+$/;
const NAME = /^[A-Za-z0-9_.:-]+$/;

const name = nearly("webservers", "s1", "BALANCER_REVISION", "be_1");
const text = nearly("show info", "172.28.10.14:9898 id 4 weight 100", "@master reload");
const ip = nearly("172.28.10.14", "0.0.0.0", "255.255.255.255");
const file = nearly("/usr/local/etc/haproxy/https.pem", "/a");
const number = fc.oneof(fc.integer({ min: -2, max: 300 }), fc.integer(), fc.double(), fc.constantFrom(0, 256, 257, 65_535, 65_536, 1e21, -0));
const state = fc.constantFrom("ready", "drain", "maint");

interface Built {
  /** For the report of a case that fails. */
  readonly given: unknown;
  readonly build: () => Command;
  readonly expected: string | undefined;
}

/**
 * Each command with arguments of every kind: how it is built, and what it is when HAProxy is to read the arguments as they
 * were given; undefined where they cannot be read so.
 */
const BUILDERS: readonly { what: string; built: fc.Arbitrary<Built> }[] = [
  { what: "a line", built: text.map((line) => ({ given: line, build: () => command(line), expected: ONE_COMMAND.test(line) ? line : undefined })) },
  ...(["showServersState", "showServersConn", "showServerStats", "showEnv", "showTable"] as const).map((which) => ({
    what: which,
    built: name.map((given) => ({
      given,
      build: () => COMMANDS[which](given),
      expected: NAME.test(given) ? COMMANDS[which]("x").replace(" x", ` ${given}`) : undefined,
    })),
  })),
  ...(["deleteServer", "enableHealth", "setHealthDown", "shutdownSessions"] as const).map((which) => ({
    what: which,
    built: fc.tuple(name, name).map(([backend, server]) => ({
      given: [backend, server],
      build: () => COMMANDS[which](serverPath(backend, server)),
      expected: areNames(backend, server) ? COMMANDS[which](serverPath("x", "y")).replace("x/y", `${backend}/${server}`) : undefined,
    })),
  })),
  ...(["showCertificate", "commitCertificate", "abortCertificate"] as const).map((which) => ({
    what: which,
    built: file.map((given) => ({
      given,
      build: () => COMMANDS[which](given),
      expected: /^(\/[A-Za-z0-9._-]+)+$/.test(given) ? COMMANDS[which]("/x").replace("/x", given) : undefined,
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
      expected: areNames(server) && (args === "" || ONE_COMMAND.test(args)) ? `add server webservers/${server} ${args} init-state down` : undefined,
    })),
  },
  {
    what: "showServersConnOf",
    built: fc.tuple(number, name).map(([pid, backend]) => ({
      given: [pid, backend],
      build: () => COMMANDS.showServersConnOf(pid, backend),
      expected: isWithin(pid, 2 ** 22) && areNames(backend) ? `@!${pid} show servers conn ${backend}` : undefined,
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
      expected: areNames(server) && isWithin(weight, 256) ? `set server webservers/${server} weight ${weight}` : undefined,
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
      expected: areNames(server) && isWithin(delayMs, 86_400_000) ? `wait ${delayMs}ms srv-removable webservers/${server}` : undefined,
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
            const error = refusalOf(build);
            expect(error.kind).toBe("refused");
            expect(error.message.length).toBeLessThanOrEqual(8_000);
            expect(error.message).not.toMatch(UNPRINTABLE);
          } else {
            outcomes.built += 1;
            const line = build();
            expect(line).toBe(expected);
            // a session id alone may hold characters that are escaped
            expect(line.replaceAll(/\\[^\0\r\n]/g, "").replaceAll(/[\u{80}-\u{10ffff}]/gu, "")).toMatch(ONE_COMMAND);
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

/** What a command is refused with. Fails when it is built, or anything but a RuntimeError is thrown. */
function refusalOf(build: () => Command): RuntimeError {
  try {
    build();
  } catch (error) {
    if (error instanceof RuntimeError) return error;
    throw error;
  }
  throw new Error("the command is built");
}
