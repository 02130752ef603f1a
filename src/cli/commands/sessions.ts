import { pipeline } from "node:stream/promises";
import { type Command, InvalidArgumentError, Option } from "commander";
import { serverOfSession } from "../../haproxy/hash-ring.ts";
import { RuntimeError } from "../../haproxy/runtime/runtime-error.ts";
import { isInRotation } from "../../haproxy/runtime/state.ts";
import { keyOf, readStickySessions, type Session, sessionIdOf } from "../../haproxy/runtime/stick-table.ts";
import { sessionKeyOf } from "../../haproxy/stored-session.ts";
import { callOf } from "../../stack/checkout.ts";
import { formatEndpoint } from "../../stack/endpoint.ts";
import { asciiJson } from "../../terminal/terminal.ts";
import type { Caller } from "../caller.ts";
import { type AppOptions, balancerOption, createAppCommand, wholeNumber } from "../command-line.ts";
import { mergeSessions } from "../merged-sessions.ts";
import { type Balancer, readBalancers } from "../rotation.ts";
import { readApp } from "../running-app.ts";
import { haproxiesOf } from "../stack-outputs.ts";

interface Options extends AppOptions {
  readonly id?: string;
  readonly server?: string;
  readonly limit: number;
  readonly json?: boolean;
}

export const buildSessions = (caller: Caller): Command =>
  createAppCommand("sessions", "Tells which session is on which server")
    .addOption(
      new Option("--id <id>", "only the session with this id")
        .argParser(sessionId)
        .conflicts(["server", "limit"]),
    )
    .option("--server <name>", "only sessions on this server")
    .option("--limit <n>", "how many sessions to list; all are counted", wholeNumber(0, 1_000_000), 100)
    .option("--json", "print JSON")
    .addOption(balancerOption())
    .addHelpText(
      "after",
      `
In hash mode HAProxy remembers no sessions; --id tells where it sends the session with this id.
Balancers share their sessions, so each is listed once; where they have it on different servers, once for \
each server.
A balancer that does not answer is told, and the others are read; the exit code is 1 then.
Ids are printed as HAProxy spells them: a space, "=", "\\" and what is not printable ASCII are escaped by a \
backslash.`,
    )
    .action(async ({ stack, app, balancer, id, server, limit, json = false }: Options) => {
      const { title, outputs } = await readApp(caller, { stack, app });
      if (outputs.mode === "hash" && id === undefined) {
        throw new Error(
          `${title} is in hash mode, where HAProxy remembers no sessions: ` +
            `${callOf("sessions", "--id X")} tells where it sends session X, ` +
            `${callOf("probe")} how sessions spread`,
        );
      }
      const balancers = await readBalancers(caller, haproxiesOf(outputs, balancer));
      const running = balancers.flatMap(({ servers }) => servers).toSorted((a, b) => a.id - b.id);
      const names = [...new Set(running.map(({ name }) => name))];
      if (server !== undefined && !names.includes(server)) {
        const allowed = names.join(", ") || "none, HAProxy has no server";
        throw new Error(`--server: ${JSON.stringify(server)} is refused; allowed: ${allowed}`);
      }
      const sources = balancers.map((each) =>
        outputs.mode === "hash"
          ? computeSession(each, id ?? "")
          : readStickySessions(each.haproxy, each.servers, id === undefined ? id : sessionKeyOf(id)),
      );
      const counts = new Map((server === undefined ? names : [server]).map((name) => [name, 0]));
      const listed = countSessions(mergeSessions(caller, sources), counts, { server, limit });
      const text = json
        ? asJson(listed, counts)
        : id === undefined
          ? asText(listed, counts)
          : asSentences(listed, id);
      await pipeline(text, caller.stdout, { end: false });
    });

function sessionId(text: string): string {
  if (text !== "" && text === text.trim() && !/[\0\r\n]/.test(text) && Buffer.byteLength(text) <= 8_000)
    return text;
  throw new InvalidArgumentError(
    "Allowed: the value of a header, one line of up to 8000 bytes without spaces around it.",
  );
}

/** Where a balancer's hash ring sends a session. */
async function* computeSession({ haproxy, servers }: Balancer, id: string): AsyncGenerator<Session> {
  const server = serverOfSession(servers.filter(isInRotation), sessionKeyOf(id));
  if (server === undefined)
    throw new RuntimeError(
      "refused",
      `HAProxy at ${formatEndpoint(haproxy.endpoint)} has no server that is up and in rotation`,
    );
  yield { key: keyOf(id), server, expiresMs: undefined };
}

/** Hands on the first sessions and counts all. */
async function* countSessions(
  all: AsyncIterable<Session>,
  counts: Map<string, number>,
  { server, limit }: { readonly server: string | undefined; readonly limit: number },
): AsyncGenerator<Session> {
  let listed = 0;
  for await (const session of all) {
    if (server !== undefined && session.server !== server) continue;
    counts.set(session.server, (counts.get(session.server) ?? 0) + 1);
    if (listed < limit) yield session;
    listed += 1;
  }
}

async function* asText(listed: AsyncIterable<Session>, counts: ReadonlyMap<string, number>) {
  const width = Math.max("server".length, ...Array.from(counts.keys(), (name) => name.length));
  const line = (server: string, number: string, rest: string): string =>
    `${server.padEnd(width)}  ${number.padStart(8)}  ${rest}`.trimEnd();
  let rows = 0;
  for await (const session of listed) {
    if (rows === 0) yield `${line("server", "expires", "id")}\n`;
    const expires = session.expiresMs === undefined ? "never" : time(session.expiresMs);
    yield `${line(session.server, expires, session.key)}\n`;
    rows += 1;
  }
  const total = sum(counts);
  yield `${rows === 0 ? "" : "\n"}${line("server", "sessions", "share")}\n`;
  for (const [name, count] of counts)
    yield `${line(name, String(count), total === 0 ? "" : `${((100 * count) / total).toFixed(1)} %`)}\n`;
  yield `${line("total", String(total), rows < total ? `${rows} listed, --limit lists more` : "")}\n`;
}

async function* asSentences(listed: AsyncIterable<Session>, id: string): AsyncGenerator<string> {
  let isKnown = false;
  for await (const { server, expiresMs } of listed) {
    isKnown = true;
    const words =
      expiresMs === undefined
        ? `goes to ${server}, by its hash`
        : `is on ${server}, and forgotten in ${time(expiresMs)} unless it is used`;
    yield `${keyOf(id)} ${words}\n`;
  }
  if (!isKnown) yield `${keyOf(id)} is not known to HAProxy\n`;
}

async function* asJson(listed: AsyncIterable<Session>, counts: ReadonlyMap<string, number>) {
  yield '{"sessions":[';
  let separator = "\n";
  for await (const { key, server, expiresMs = null } of listed) {
    yield `${separator}${asciiJson({ id: sessionIdOf(key) ?? null, key, server, expiresMs })}`;
    separator = ",\n";
  }
  yield `\n],\n"servers":${JSON.stringify(Object.fromEntries(counts))},\n"total":${sum(counts)}}\n`;
}

const time = (ms: number): string =>
  `${Math.floor(ms / 60_000)}m${String(Math.floor((ms % 60_000) / 1000)).padStart(2, "0")}s`;

const sum = (counts: ReadonlyMap<string, number>): number =>
  [...counts.values()].reduce((total, count) => total + count, 0);
