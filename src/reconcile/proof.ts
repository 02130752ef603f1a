import { setTimeout as sleep } from "node:timers/promises";
import { readServers, readStats } from "../runtime/client.ts";
import type { Endpoint } from "../runtime/endpoint.ts";
import { NotUpError } from "../runtime/error.ts";
import type { RunningServer } from "../runtime/state.ts";
import { BACKEND, type Server } from "../topology.ts";

const POLL_MS = 50;

/**
 * Waits until HAProxy reports every one of the servers up, by a check that passed.
 * @throws {NotUpError} naming those that are not, with HAProxy's words
 */
export async function proveUp(endpoint: Endpoint, servers: readonly Server[], readyTimeoutMs: number): Promise<void> {
  const deadline = Date.now() + readyTimeoutMs;
  // While a check runs HAProxy reports no result, so a pass that was seen once counts for as long as the server stays up.
  const passed = new Set<string>();
  for (;;) {
    const running = new Map((await readServers(endpoint, BACKEND)).map((server) => [server.name, server]));
    const missing = servers.filter(({ name }) => !isProved(running.get(name), passed));
    if (missing.length === 0) return;
    if (Date.now() >= deadline) throw await describeDown(endpoint, missing, readyTimeoutMs);
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

async function describeDown(endpoint: Endpoint, missing: readonly Server[], readyTimeoutMs: number): Promise<NotUpError> {
  const stats = new Map((await readStats(endpoint, BACKEND)).map((server) => [server.name, server]));
  const lines = missing.map(({ name, address, port, containerName }) => {
    const known = stats.get(name);
    const words =
      known === undefined ? "not in HAProxy" : [known.status, known.checkStatus, known.checkDescription].filter((word) => word !== "").join(" ");
    return `${name} (${containerName}, ${address}:${port}): ${words}`;
  });
  return new NotUpError(
    `not up within ${readyTimeoutMs / 1000} s (readyTimeout): ${lines.join("; ")}`,
    missing.map(({ containerName }) => containerName),
  );
}
