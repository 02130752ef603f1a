import { setTimeout as sleep } from "node:timers/promises";
import type { Server } from "../../stack/topology.ts";
import type { Haproxy } from "../runtime/client.ts";
import { readServers, readStats } from "../runtime/running-state.ts";
import { NotUpError } from "../runtime/runtime-error.ts";
import type { RunningServer } from "../runtime/state.ts";

const POLL_MS = 50;

/**
 * Waits until HAProxy reports every one of the servers up, by a check that passed.
 * @throws {NotUpError} naming those that are not, with HAProxy's words
 */
export async function proveUp(
  haproxy: Haproxy,
  servers: readonly Server[],
  readyTimeoutMs: number,
): Promise<void> {
  const names = servers.map(({ name }) => name);
  const missing = new Set(await waitUp(haproxy, names, readyTimeoutMs));
  if (missing.size === 0) return;
  const down = servers.filter(({ name }) => missing.has(name));
  const words = await describeServers(haproxy, names);
  const lines = down.map(
    ({ name, address, port, containerName }) =>
      `${name} (${containerName}, ${address}:${port}): ${words.get(name)}`,
  );
  throw new NotUpError(
    `not up within ${readyTimeoutMs / 1000} s (readyTimeout): ${lines.join("; ")}`,
    down.map(({ containerName }) => containerName),
  );
}

/** Waits until HAProxy reports servers up, by a check that passed. Returns the names of those that are not in time. */
export async function waitUp(
  haproxy: Haproxy,
  names: readonly string[],
  timeoutMs: number,
): Promise<string[]> {
  const deadline = Date.now() + timeoutMs;
  // While a check runs HAProxy reports no result, so a pass that was seen once counts for as long as the server stays up.
  const passed = new Set<string>();
  for (;;) {
    const running = new Map((await readServers(haproxy)).map((server) => [server.name, server]));
    const missing = names.filter((name) => !isProved(running.get(name), passed));
    if (missing.length === 0 || Date.now() >= deadline) return missing;
    await sleep(POLL_MS);
  }
}

function isProved(server: RunningServer | undefined, passed: Set<string>): boolean {
  if (server === undefined || server.adminState !== "ready" || !server.isChecked || !server.isUp) {
    if (server !== undefined) passed.delete(server.name);
    return false;
  }
  if (server.hasPassed) passed.add(server.name);
  return passed.has(server.name);
}

/** HAProxy's words about servers, by name. */
export async function describeServers(
  haproxy: Haproxy,
  names: readonly string[],
): Promise<Map<string, string>> {
  const stats = new Map((await readStats(haproxy)).map((server) => [server.name, server]));
  return new Map(
    names.map((name) => {
      const known = stats.get(name);
      const words =
        known === undefined ? ["not in HAProxy"] : [known.status, known.checkStatus, known.checkDescription];
      return [name, words.filter((word) => word !== "").join(" ")];
    }),
  );
}
