import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "commander";
import { connectEngine } from "../../docker/engine.ts";
import { EngineError } from "../../docker/engine-error.ts";
import { observeApps } from "../../docker/found-containers.ts";
import { readHead } from "../../haproxy/file/head.ts";
import type { Haproxy } from "../../haproxy/runtime/client.ts";
import { isInStep, type Peer, readPeers } from "../../haproxy/runtime/peers.ts";
import { type ProcessInfo, readProcessInfo } from "../../haproxy/runtime/process-info.ts";
import { readStateAndStats } from "../../haproxy/runtime/running-state.ts";
import { RuntimeError } from "../../haproxy/runtime/runtime-error.ts";
import {
  type BalancerStatus,
  compareServers,
  isAsDeclared,
  type ServerStatus,
} from "../../preview/server-status.ts";
import { callOf } from "../../stack/checkout.ts";
import { formatEndpoint } from "../../stack/endpoint.ts";
import type { StackOutputs } from "../../stack/outputs.ts";
import { showControls } from "../../stack/safe-text.ts";
import { describeSpread, findSurplus, type Spread } from "../../stack/spread.ts";
import { declaredServers, type Server } from "../../stack/topology.ts";
import { observeServices } from "../../swarm/found-services.ts";
import { findManager } from "../../swarm/managers.ts";
import { findSpread } from "../../swarm/spread-of-tasks.ts";
import { alignColumns, asciiJson, coloursOf, isTerminal } from "../../terminal/terminal.ts";
import { type Caller, print } from "../caller.ts";
import { type AppOptions, balancerOption, createAppCommand, warn } from "../command-line.ts";
import { readApp } from "../running-app.ts";
import { haproxiesOf } from "../stack-outputs.ts";

const WATCH_MS = 1_000;

type Options = AppOptions & { readonly json?: boolean; readonly watch?: boolean };

export const buildStatus = (caller: Caller): Command =>
  createAppCommand("status", "Servers as the running HAProxy sees them next to what is declared")
    .option("--json", "print JSON; with --watch one line each time")
    .option("--watch", "look again every second, until interrupted")
    .addOption(balancerOption())
    .addHelpText(
      "after",
      "\nExit code 1 when they differ, a server is down or HAProxy does not answer; " +
        "with --watch as it was last seen.",
    )
    .action(async (options: Options) => {
      // At once: npm passes an interrupt of the terminal on, so that two come, and the second would kill with
      // another exit code.
      if (options.watch) caller.onInterrupt(() => caller.exit());
      for (;;) {
        const { balancers, spread } = await look(caller, options);
        caller.exitCode = isAsDeclared(balancers) ? 0 : 1;
        show(caller, balancers, spread, options);
        if (!options.watch) return;
        await sleep(WATCH_MS);
      }
    });

interface Seen {
  readonly balancers: readonly BalancerStatus[];
  /** Undefined on one engine, and while no manager tells. */
  readonly spread: Spread | undefined;
}

async function look(caller: Caller, { balancer, watch, ...options }: Options): Promise<Seen> {
  const { name: stack, outputs } = await readApp(caller, options);
  const declared = declaredServers({ stack, mode: outputs.mode }, outputs);
  const revision = readHead(outputs.haproxyConfig)?.revision;
  const { images, spread } = await lookAtApps(
    outputs,
    declared,
    stack,
    (words) => watch || warn(caller, words),
  );
  const apps = { images, machines: spread?.places };
  const look = (haproxy: Haproxy) => lookAt(haproxy, declared, revision, apps);
  return { balancers: await Promise.all(haproxiesOf(outputs, balancer).map(look)), spread };
}

/** What the engine alone, or the Swarm, can tell of the app containers. */
interface Apps {
  /** What they run, by their names. */
  readonly images: ReadonlyMap<string, string>;
  /** On which machines of a Swarm servers are. */
  readonly spread: Spread | undefined;
}

async function lookAtApps(
  { swarm }: StackOutputs,
  declared: readonly Server[],
  stack: string,
  onFailure: (words: string) => unknown,
): Promise<Apps> {
  try {
    const docker = await (swarm === undefined ? connectEngine() : findManager(swarm.managers));
    const apps = await (swarm === undefined ? observeApps(docker, stack) : observeServices(docker, stack));
    const images = new Map([...apps].map(([name, { image }]) => [name, image ?? ""]));
    return { images, spread: swarm && (await findSpread(docker, declared)) };
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    onFailure(`versions of the app are not compared: ${error.message}`);
    return { images: new Map(), spread: undefined };
  }
}

async function lookAt(
  haproxy: Haproxy,
  declared: readonly Server[],
  revision: string | undefined,
  apps: Parameters<typeof compareServers>[4],
): Promise<BalancerStatus> {
  using _ = haproxy;
  const silent = {
    endpoint: formatEndpoint(haproxy.endpoint),
    process: undefined,
    peers: [],
    error: undefined,
    isConfigDeclared: false,
    servers: [],
  };
  try {
    const [{ state, stats }, process, peers] = await Promise.all([
      readStateAndStats(haproxy),
      readProcessInfo(haproxy),
      readPeers(haproxy),
    ]);
    const servers = compareServers(declared, state.servers, stats, state.check, apps);
    return { ...silent, process, peers, isConfigDeclared: state.revision === revision, servers };
  } catch (error) {
    if (!(error instanceof RuntimeError)) throw error;
    return { ...silent, error: error.message };
  }
}

function show(
  caller: Caller,
  balancers: readonly BalancerStatus[],
  spread: Spread | undefined,
  { json, watch }: Options,
): void {
  const colours = coloursOf(caller.stdout);
  const text = json
    ? asciiJson(balancers, watch ? 0 : 2)
    : [...balancers.map((balancer) => format(balancer, colours)), ...spreadIn(spread, colours)].join("\n\n");
  const isRedrawn = watch && !json && isTerminal(caller.stdout);
  print(
    caller,
    isRedrawn ? `${HOME}${text.replaceAll("\n", `${CLEAR_LINE}\n`)}${CLEAR_LINE}\n${CLEAR_BELOW}` : text,
  );
}

/** One line, yellow where a machine has two servers more than another. */
function spreadIn(spread: Spread | undefined, colours: Colours): string[] {
  if (spread === undefined) return [];
  const line = showControls(`servers on machines: ${describeSpread(spread)}`);
  if (findSurplus(spread).length === 0) return [line];
  return [colours.yellow(`${line}; ${callOf("rebalance")} evens it out`)];
}

/** Each look is drawn over the one before, so that nothing flickers. */
const [HOME, CLEAR_LINE, CLEAR_BELOW] = ["\u001b[H", "\u001b[K", "\u001b[J"] as const;

type Colours = ReturnType<typeof coloursOf>;

function format(
  { endpoint, process, peers, error, isConfigDeclared, servers }: BalancerStatus,
  colours: Colours,
): string {
  if (process === undefined) return colours.red(`HAProxy at ${endpoint} does not answer: ${error}`);
  const isOnMachines = servers.some(({ machine }) => machine !== undefined);
  const columns = Object.entries(COLUMNS).filter(([name]) => isOnMachines || name !== "machine");
  const [head = "", ...rows] = alignColumns([
    columns.map(([name]) => name),
    ...servers.map((server) => cells(server, columns)),
  ]);
  const lines = servers.map((server, index) => colourOf(server, colours)(rows[index] ?? ""));
  const config = isConfigDeclared ? [] : [colours.yellow("the config differs from the declared one")];
  return [
    headOf(endpoint, process),
    ...peersOf(peers, colours),
    ...config,
    colours.bold(head),
    ...lines,
  ].join("\n");
}

function headOf(
  endpoint: string,
  { version, pid, uptimeSeconds, reloads, failedReloads, droppedLogLines, oldWorkers }: ProcessInfo,
): string {
  const old = oldWorkers === 0 ? "" : `, ${plural(oldWorkers, "old worker")} with sessions`;
  const dropped = droppedLogLines === 0 ? "" : `, ${plural(droppedLogLines, "log line")} dropped`;
  const life = `up ${uptimeSeconds} s, ${reloads} reloads, ${failedReloads} failed`;
  return `HAProxy ${version} at ${endpoint}, pid ${pid}, ${life}${dropped}${old}`;
}

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

/** One line, yellow while the stick table does not reach all. */
function peersOf(peers: readonly Peer[], colours: Colours): string[] {
  if (peers.length === 0) return [];
  const words = peers
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((peer) => {
      const { name, isConnected, lastStatus, untaught } = peer;
      if (!isConnected) return `${name} not connected (${lastStatus})`;
      if (isInStep(peer)) return `${name} connected`;
      return `${name} connected, still teaching${untaught === 0 ? "" : ` (${untaught} sessions)`}`;
    });
  const line = showControls(`peers: ${words.join(", ")}`);
  return [peers.every(isInStep) ? line : colours.yellow(line)];
}

/** Red for a server that does not serve and should, yellow for one that is not as declared. */
function colourOf({ drift, adminState }: ServerStatus, colours: Colours): (text: string) => string {
  if (adminState === undefined || /\bdown$/.test(drift)) return colours.red;
  return drift === "" ? (text) => text : colours.yellow;
}

const COLUMNS = {
  server: "name",
  address: "address",
  admin: "adminState",
  status: "status",
  check: "check",
  ms: "checkDurationMs",
  weight: "weight",
  cookie: "cookie",
  sessions: "currentSessions",
  total: "totalSessions",
  machine: "machine",
  drift: "drift",
} as const;

type Column = (typeof COLUMNS)[keyof typeof COLUMNS];

const cells = (server: ServerStatus, columns: readonly (readonly [string, Column])[]): string[] => {
  const shown = { ...server, adminState: server.adminState ?? "-" };
  return columns.map(([, key]) => showControls(String(shown[key] ?? "")));
};
