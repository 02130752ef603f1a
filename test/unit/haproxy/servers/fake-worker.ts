import { CHECK_VARIABLE, REVISION_VARIABLE } from "../../../../src/haproxy/container.ts";
import { checkText } from "../../../../src/haproxy/runtime/check-values.ts";
import type { Clock } from "../../../../src/stack/clock.ts";
import type { HealthCheck } from "../../../../src/stack/health-check.ts";
import { BACKEND, type Server } from "../../../../src/stack/topology.ts";
import { RECORDED } from "../runtime/recorded.ts";
import { asAdded, type ModelServer } from "./haproxy-model.ts";

/** A server as a worker has it, and what its checks find. */
export interface LiveServer extends ModelServer {
  /** From when on checks pass. */
  readonly passesFromMs: number;
  /** Until when HAProxy takes it for up without a check. */
  readonly trustedUntilMs: number;
  readonly sessions: number;
}

/** A config file as the worker has loaded it, without its servers. */
export interface LoadedConfig {
  readonly revision: string;
  readonly check: HealthCheck;
}

/** What the apps do. */
export interface Apps {
  /** How long one takes from its start until it is well; those that are not named are well at once. */
  readonly startsInMs: ReadonlyMap<string, number>;
  /** The HTTP status for a path and the server's name, where it is no good one; 0 for no answer in time. */
  readonly refuses: (urlPath: string, server: string) => number | undefined;
}

const VERBS = [
  ...["set server", "add server", "del server", "enable health", "disable health"],
  ...["shutdown sessions server", "wait 50ms srv-removable"],
];
const MAP = /^(show|add|del) map virt@ready ?(\S*) ?(.*)$/;
const CHANGE = new RegExp(`^(${VERBS.join("|")}) ${BACKEND}/(\\S+) ?(.*)$`);
const MAINT = 1;
const DRAIN = 8;
/** Of a slot: disabled in the file, for as long as the worker lives, and without an address. */
const LASTING = 4 | 32;
const NO_ADDRESS = 32;
const FIRST_CHECK_MS = 100;
const CHECKED = 6;

/** A worker process of HAProxy: what it has, and what it answers. The rules were seen on HAProxy 3.2.26. */
export class FakeWorker {
  readonly pid: number;
  readonly config: LoadedConfig;
  readonly servers: Map<string, LiveServer>;
  readonly checks = new Map<string, string>();
  readonly #clock: Clock;
  readonly #apps: Apps;

  constructor(pid: number, config: LoadedConfig, clock: Clock, apps: Apps) {
    this.pid = pid;
    this.config = config;
    this.servers = new Map();
    this.#clock = clock;
    this.#apps = apps;
  }

  /** Takes servers from the config file, for up until a check fails. */
  load(servers: readonly Server[]): void {
    const checkedMs = this.#clock.now() + FIRST_CHECK_MS;
    for (const server of servers) {
      const passesFromMs = checkedMs + (this.#apps.startsInMs.get(server.name) ?? 0);
      this.servers.set(server.name, {
        ...asAdded(server),
        passesFromMs,
        trustedUntilMs: checkedMs,
        sessions: 0,
      });
    }
  }

  set(name: string, change: Partial<LiveServer>): void {
    const server = this.servers.get(name);
    if (server !== undefined) this.servers.set(name, { ...server, ...change });
  }

  /** Carries out one command. */
  answer(command: string): string {
    if (command.startsWith("show servers state")) return this.#state();
    if (command.startsWith("show servers conn")) return this.#connections();
    if (command.startsWith("show stat")) return this.#stats();
    if (command === `show env ${REVISION_VARIABLE}`) return `${REVISION_VARIABLE}=${this.config.revision}`;
    if (command === `show env ${CHECK_VARIABLE}`) return `${CHECK_VARIABLE}=${checkText(this.config.check)}`;
    const [isMap, how = "", key = "", value = ""] = MAP.exec(command) ?? [];
    if (isMap !== undefined) return this.#map(how, key, value.replaceAll("\\", ""));
    const [, verb = "", name = "", rest = ""] = CHANGE.exec(command) ?? [];
    return this.#change(verb, name, rest);
  }

  #map(how: string, key: string, value: string): string {
    if (how === "show") return Array.from(this.checks, ([name, check]) => `0x7f ${name} ${check}`).join("\n");
    if (how === "add") this.checks.set(key, value);
    else if (!this.checks.delete(key)) return "Key not found.";
    return "";
  }

  /** What the app answers to a check, where that is no good status. */
  #refusal(name: string): number | undefined {
    return this.#apps.refuses(
      (this.checks.get(name) ?? this.config.check.path).split("|")[0] ?? "",
      name.replace(/^try-/, ""),
    );
  }

  #change(verb: string, name: string, rest: string): string {
    const server = this.servers.get(name);
    if (verb === "add server") return this.#add(name, rest);
    if (server === undefined) return verb.startsWith("wait") ? "Failed." : "No such server.";
    switch (verb) {
      case "set server":
        return this.#set(server, rest);
      case "enable health":
        this.set(name, { checkBits: CHECKED });
        return "";
      case "disable health":
        this.set(name, { checkBits: 2 });
        return "";
      case "shutdown sessions server":
        if (Number.isFinite(server.sessions)) this.set(name, { sessions: 0 });
        return "";
      case "wait 50ms srv-removable":
        return server.sessions > 0 ? "Wait delay expired." : "Done.";
      case "del server":
        if (server.follows !== undefined)
          return "This server cannot be removed at runtime due to other configuration elements.";
        if (server.adminBits !== MAINT) return "Only servers in maintenance mode can be deleted.";
        if (server.sessions > 0) return "Server still has connections attached to it, cannot remove it.";
        this.servers.delete(name);
        return "Server deleted.";
      default:
        return `Unknown command: '${verb}'`;
    }
  }

  #add(name: string, rest: string): string {
    if (this.servers.has(name)) return "Already exists a server with the same name in backend.";
    const [, address = "", port, id, , cookie, weight] =
      /^([\d.]+):(\d+) id (\d+)(?: backup)?( cookie (\S+))? weight (\d+) check .* init-state down$/.exec(
        rest,
      ) ?? [];
    if ([...this.servers.values()].some((server) => server.id === Number(id)))
      return `'id' : custom id ${id} already used at (null):0 ('server ${name}').`;
    const server = { name, id: Number(id), address, port: Number(port), cookie, weight: Number(weight) };
    const checks = { checkBits: 2, passesFromMs: this.#nextCheckMs(name), trustedUntilMs: 0 };
    this.servers.set(name, { ...server, ...checks, adminBits: MAINT, sessions: 0 });
    return "New server registered.";
  }

  #set({ name, adminBits, follows }: LiveServer, rest: string): string {
    const [, what, value = "", port] = /^(state|health|weight|addr) (\S+)(?: port (\d+))?$/.exec(rest) ?? [];
    if (what === "state") {
      const bits = { ready: 0, drain: DRAIN, maint: MAINT }[value] ?? Number.NaN;
      this.set(name, { adminBits: follows === undefined ? bits : bits | (adminBits & LASTING) });
      // It trusts a server that leaves maintenance, but not one that was added as down.
      const isTrusted =
        (adminBits & MAINT) !== 0 && bits !== MAINT && this.servers.get(name)?.trustedUntilMs !== 0;
      if (isTrusted) this.set(name, { trustedUntilMs: this.#nextCheckMs(name) });
    } else if (what === "health" && value === "up") {
      this.set(name, { trustedUntilMs: Number.POSITIVE_INFINITY });
    } else if (what === "health") {
      this.set(name, { trustedUntilMs: 0, passesFromMs: this.#nextCheckMs(name) });
    } else if (what === "weight") this.set(name, { weight: Number(value) });
    else if (what === "addr") {
      this.set(name, { address: value, port: Number(port) });
      return `IP changed from 'x' to '${value}' by 'stats socket command'`;
    }
    return "";
  }

  #nextCheckMs = (name: string): number =>
    this.#clock.now() + FIRST_CHECK_MS + (this.#apps.startsInMs.get(name) ?? 0);

  #isUp({ name, adminBits, checkBits, passesFromMs, trustedUntilMs }: LiveServer): boolean {
    const now = this.#clock.now();
    const passes = now >= passesFromMs && this.#refusal(name) === undefined;
    if ((adminBits & NO_ADDRESS) !== 0) return false;
    return (adminBits & MAINT) === 0 && (checkBits !== CHECKED || now < trustedUntilMs || passes);
  }

  #state(): string {
    const head = RECORDED.serversState.split("\n").slice(0, 2);
    const lines = Array.from(this.servers.values(), (server) => {
      const { name, id, address, port, weight, adminBits, checkBits, passesFromMs, follows = "-" } = server;
      const passes = this.#clock.now() >= passesFromMs && this.#refusal(name) === undefined;
      const [op, result] = [this.#isUp(server) ? 2 : 0, passes ? 3 : 2];
      const start = `5 ${BACKEND} ${id} ${name} ${address} ${op} ${adminBits} ${weight} ${weight} 1`;
      return `${start} 15 ${result} 2 ${checkBits} 0 0 1 ${follows} ${port} - 0 0 - - 0`;
    });
    return [...head, ...lines].join("\n");
  }

  #connections(): string {
    const [head = ""] = RECORDED.serversConn.split("\n");
    const lines = Array.from(this.servers.values(), ({ name, id, address, port, sessions }) => {
      const used = Number.isFinite(sessions) ? sessions : 1;
      return `webservers/${name} 5/${id} ${address} ${port} - 5000 ${used} 9 9 0 0 -1 0 0 0`;
    });
    return [head, ...lines].join("\n");
  }

  #stats(): string {
    const [head = ""] = RECORDED.stat.split("\n");
    const lines = Array.from(this.servers.values(), (server) => {
      const isUp = this.#isUp(server);
      const refusal = this.#clock.now() < server.passesFromMs ? undefined : this.#refusal(server.name);
      const code = isUp ? 200 : refusal;
      const words = new Map<string, string | number>([
        ["pxname", "webservers"],
        ["svname", server.name],
        ["status", statusOf(server, isUp)],
        ...checkWords(isUp, code),
        ["cookie", server.cookie ?? ""],
      ]);
      const numbers = new Set(["scur", "stot"]);
      return head
        .slice(2)
        .split(",")
        .map((column) => words.get(column) ?? (numbers.has(column) ? 0 : ""))
        .join(",");
    });
    return [head, ...lines].join("\n");
  }
}

function statusOf({ adminBits }: LiveServer, isUp: boolean): string {
  if ((adminBits & MAINT) !== 0) return "MAINT";
  return (adminBits & NO_ADDRESS) !== 0 ? "MAINT (resolution)" : isUp ? "UP" : "DOWN";
}

const checkWords = (isUp: boolean, code: number | undefined) =>
  [
    ["check_status", isUp ? "L7OK" : code === 0 ? "L7TOUT" : "L7STS"],
    ["check_code", code || ""],
    ["check_desc", isUp ? "Layer7 check passed" : code === 0 ? "Layer7 timeout" : "Layer7 wrong status"],
  ] as const;
