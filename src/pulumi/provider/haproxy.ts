import type { AppHost } from "../../docker/app-host.ts";
import { whyNotRunning } from "../../docker/containers.ts";
import { EngineError } from "../../docker/engine-error.ts";
import { Haproxy } from "../../haproxy/runtime/client.ts";
import { readState } from "../../haproxy/runtime/running-state.ts";
import { NotUpError, RuntimeError } from "../../haproxy/runtime/runtime-error.ts";
import type { FindHopeless, Target } from "../../haproxy/servers/target.ts";
import { poll, systemClock } from "../../stack/clock.ts";
import { type Credentials, endpointAt } from "../../stack/endpoint.ts";
import { settle } from "../../stack/settled.ts";
import { BACKEND } from "../../stack/topology.ts";
import type { HaproxyAddress } from "../inputs.ts";
import { engineOf } from "./host-of.ts";

/** A HAProxy container that can be talked to. */
export interface ReachableHaproxy extends Omit<HaproxyAddress, "endpoint"> {
  readonly haproxy: Haproxy;
}

/** Adds to an address what it takes to talk to it. */
export const haproxyAt = <T extends HaproxyAddress>(
  address: T,
  credentials: Credentials | undefined,
): Omit<T, "endpoint"> & ReachableHaproxy => ({ ...address, haproxy: clientOf(address, credentials) });

const clients = new Map<string, Haproxy>();

/**
 * All resources of an update share one connection to a HAProxy: it takes ten, and the eleventh that is held
 * open would keep the next one waiting until it gives up.
 */
function clientOf({ endpoint }: HaproxyAddress, credentials: Credentials | undefined): Haproxy {
  const key = JSON.stringify([endpoint, credentials]);
  const client = clients.get(key) ?? new Haproxy(endpointAt(endpoint, credentials), BACKEND);
  clients.set(key, client);
  return client;
}

const REACHABLE_TIMEOUT_MS = 20_000;
/** A container gets this time to listen, as it may be between two restarts. Then its fate is looked up. */
const PATIENCE_MS = 1_000;
const POLL_MS = 50;

/**
 * Waits until a HAProxy that was just started answers.
 * @throws {EngineError} with the last words of a container that has ended
 * @throws {RuntimeError} when it does not answer within 20 s
 */
export async function waitReachable(reached: ReachableHaproxy): Promise<void> {
  const { haproxy, haproxyContainer } = reached;
  const startMs = systemClock.now();
  const look = async (): Promise<RuntimeError | undefined> => {
    try {
      await readState(haproxy);
      return undefined;
    } catch (error) {
      if (!(error instanceof RuntimeError)) throw error;
      const isPatient = systemClock.now() - startMs <= PATIENCE_MS;
      const why = isPatient ? undefined : await whyNotRunning(await engineOf(reached), haproxyContainer);
      if (why !== undefined) throw new EngineError(why, { cause: error });
      return error;
    }
  };
  const until = (error: RuntimeError | undefined): boolean => error === undefined;
  const error = await poll(look, { until, everyMs: POLL_MS, timeoutMs: REACHABLE_TIMEOUT_MS });
  if (error !== undefined) throw error;
}

/** What is known of the containers that are waited for. */
type Known = Pick<Target, "findHopeless" | "findAddresses">;

/**
 * Does not wait for servers whose containers keep ending, and adds to the error about servers that are not up
 * what their containers printed last.
 */
export async function withContainerLogs<T>(host: AppHost, run: (known: Known) => Promise<T>): Promise<T> {
  const look = host.watchEnds();
  let hopeless: ReadonlyMap<string, string> = new Map();
  const findHopeless: FindHopeless = async (names) => {
    hopeless = await look(names);
    return hopeless;
  };
  try {
    return await run({ findHopeless, findAddresses: host.findAddresses });
  } catch (error) {
    if (!(error instanceof NotUpError)) throw error;
    const told = error.containerNames.slice(0, 3).map(async (name) => {
      const why = await host.whyNotRunning(name, { keepsEnding: hopeless.has(name) });
      return why ?? `container ${name} printed last: ${await host.lastLines(name)}`;
    });
    const { done: lines } = await settle(told);
    throw new NotUpError([error.message, ...lines].join("\n"), error.containerNames);
  }
}

const removed = new Set<string>();

/** Notes that this update removes a HAProxy container, so that nobody waits for sessions that end with it. */
export const markRemoved = (haproxyContainer: string): void => void removed.add(haproxyContainer);

/** Whether this update removes a HAProxy container. */
export const isRemoved = (haproxyContainer: string): boolean => removed.has(haproxyContainer);
