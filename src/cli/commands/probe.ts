import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { access, readFile, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { unlessDown } from "../../haproxy/runtime/running-state.ts";
import { isConsistent } from "../../probe/checks.ts";
import {
  checkComparable,
  formatMapping,
  MOST_SEED,
  MOST_SESSIONS,
  parseMapping,
} from "../../probe/mapping.ts";
import { type ProbeOptions, probe } from "../../probe/probe-run.ts";
import { formatText } from "../../probe/text-report.ts";
import { IS_CHECKOUT } from "../../stack/checkout.ts";
import type { StackOutputs } from "../../stack/outputs.ts";
import { parseSessionKey } from "../../stack/session-key.ts";
import { messageOf } from "../../stack/settled.ts";
import { type Caller, print } from "../caller.ts";
import { type AppOptions, createAppCommand, wholeNumber } from "../command-line.ts";
import { readApp } from "../running-app.ts";
import { haproxiesOf, ofBalancers } from "../stack-outputs.ts";

const MOST_CLIENTS = 1_000;

type Told =
  | "stack"
  | "word"
  | "mode"
  | "sessionKey"
  | "sessionCookie"
  | "balancers"
  | "proxyProtocol"
  | "servers"
  | "earlier";

interface Options extends Omit<ProbeOptions, Told>, Pick<AppOptions, "stack" | "app"> {
  readonly balancer: number;
  readonly allBalancers?: boolean;
  readonly save?: string;
  readonly compare?: string;
  readonly html?: string;
  readonly json?: boolean;
}

const UPDATE = IS_CHECKOUT ? "npm start" : "pulumi up";

export const buildProbe = (caller: Caller): Command =>
  createAppCommand(
    "probe",
    "Proves where sessions land: sends session ids through HAProxy twice; exit code 1 when one strays",
  )
    .option("--sessions <n>", "session ids", wholeNumber(1, MOST_SESSIONS), 10_000)
    .option("--seed <n>", "the same seed makes the same ids", wholeNumber(0, MOST_SEED), 1)
    .option("--path <path>", "what is requested", path, "/")
    .option("--balancer <n>", "which of the stack's balancers to go through", wholeNumber(1, 99), 1)
    .addOption(
      new Option(
        "--all-balancers",
        "go through all of them; each session has to land on the same server",
      ).conflicts("balancer"),
    )
    .option("--cookie-clients <n>", "clients that keep their cookie", wholeNumber(0, MOST_CLIENTS), 100)
    .option("--websockets <n>", "sessions that open a WebSocket too", wholeNumber(0, MOST_CLIENTS), 100)
    .option("--websocket-path <path>", "a WebSocket that sends back what it is sent", path, "/ws/echo")
    .option("--save <file>", "keep where each session landed")
    .option(
      "--compare <file>",
      "show what has moved since; exit code 1 when the change of servers does not explain it",
    )
    .option("--html <file>", "write a page with pictures")
    .option("--json", "print JSON")
    .action((options: Options) => run(caller, options));

async function run(caller: Caller, options: Options): Promise<void> {
  const { seed, sessions, save, compare, html } = options;
  const earlier =
    compare === undefined
      ? undefined
      : await about(compare, async () => parseMapping(await readFile(compare, "utf8")));
  for (const file of [save, html])
    if (file !== undefined) await about(file, () => access(dirname(resolve(file)), constants.W_OK));
  const { name, title, outputs } = await readApp(caller, options);
  const { urls, httpsUrls = urls, servers, mode, sessionCookie, proxyProtocol = false } = outputs;
  const sessionKey = parseSessionKey(outputs.sessionKey);
  if (sessionKey === undefined) throw new Error(`${title} tells no session.key; update it: ${UPDATE}`);
  if (compare !== undefined && earlier !== undefined)
    await about(compare, () => checkComparable(earlier, { stack: name, mode, seed, sessions }));
  const balancer = options.allBalancers ? undefined : options.balancer;
  const { result, mapping } = await withWord(outputs, balancer, (word) =>
    probe({
      ...options,
      ...{ stack: name, mode, sessionKey, sessionCookie, proxyProtocol },
      ...(word !== undefined && { word }),
      balancers: ofBalancers(httpsUrls, balancer),
      servers: servers.map(({ name }) => name),
      earlier,
    }),
  );
  caller.exitCode = isConsistent(result) ? 0 : 1;
  print(
    caller,
    options.json
      ? JSON.stringify({ isConsistent: isConsistent(result), ...result }, undefined, 2)
      : formatText(result),
  );
  if (html !== undefined) {
    const { formatPage } = await import("../../probe/page.ts"); // the charts take a while to load
    await writeFile(html, formatPage(result));
  }
  if (save === undefined) return;
  if (result.differences.count > 0)
    throw new Error(`${save} is not written: not every session has one server`);
  await writeFile(save, formatMapping(mapping));
}

/**
 * Tells balancers on machines of a Swarm a word for the time of a probe: who comes from elsewhere is not
 * known to them by his address. On one engine there is no word.
 */
async function withWord<T>(
  outputs: StackOutputs,
  balancer: number | undefined,
  run: (word: string | undefined) => Promise<T>,
): Promise<T> {
  if (outputs.swarm === undefined) return run(undefined);
  const word = randomUUID();
  const haproxies = haproxiesOf(outputs, balancer);
  try {
    await Promise.all(haproxies.map((haproxy) => haproxy.runSteps([haproxy.steps.addProbe(word)])));
    return await run(word);
  } finally {
    await Promise.all(
      haproxies.map(async (haproxy) => {
        await unlessDown(() => haproxy.runSteps([haproxy.steps.deleteProbe(word)]));
        haproxy.redial();
      }),
    );
  }
}

/** Names the file in what goes wrong with it. */
async function about<T>(file: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new Error(`${file}: ${messageOf(cause)}`, { cause });
  }
}

function path(text: string): string {
  if (/^\/[!-~]{0,1023}$/.test(text)) return text;
  throw new InvalidArgumentError("Allowed: a path that begins with /, of visible ASCII characters.");
}
