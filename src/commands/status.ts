import { setTimeout as sleep } from "node:timers/promises";
import pc from "picocolors";
import { readServers, readStats } from "../runtime/client.ts";
import { parseEndpoint } from "../runtime/endpoint.ts";
import { readProcessInfo } from "../runtime/process-info.ts";
import { type BalancerStatus, compareServers, isAsDeclared, type ServerStatus } from "../status.ts";
import { BACKEND } from "../topology.ts";
import { createCommand, main } from "./command-line.ts";
import { readOutputs, type StackOutputs } from "./stack-outputs.ts";

const WATCH_MS = 1_000;

const status = createCommand("status", "Servers as the running HAProxy sees them next to what is declared; exit code 1 when they differ")
  .option("--json", "print JSON")
  .option("--watch", "print again every second, until interrupted")
  .action(async ({ stack, json = false, watch = false }: { stack: string; json?: boolean; watch?: boolean }) => {
    for (;;) {
      const balancers = await look(await readOutputs(stack));
      if (watch && process.stdout.isTTY) process.stdout.write("\u001b[2J\u001b[H");
      console.log(json ? JSON.stringify(balancers, undefined, 2) : balancers.map(format).join("\n\n"));
      process.exitCode = isAsDeclared(balancers) ? 0 : 1;
      if (!watch) return;
      await sleep(WATCH_MS);
    }
  });

const look = ({ runtimeEndpoints, servers: declared }: StackOutputs): Promise<BalancerStatus[]> =>
  Promise.all(
    runtimeEndpoints.map(async (address): Promise<BalancerStatus> => {
      const endpoint = parseEndpoint(address);
      try {
        const [running, stats, process] = await Promise.all([
          readServers(endpoint, BACKEND),
          readStats(endpoint, BACKEND),
          readProcessInfo(endpoint),
        ]);
        return { endpoint: address, process, error: undefined, servers: compareServers(declared, running, stats) };
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        return { endpoint: address, process: undefined, error: reason, servers: compareServers(declared, [], []) };
      }
    }),
  );

function format({ endpoint, process, error, servers }: BalancerStatus): string {
  const head =
    process === undefined
      ? pc.red(`HAProxy at ${endpoint}: ${error}`)
      : `HAProxy ${process.version} at ${endpoint}, pid ${process.pid}, up ${process.uptimeSeconds} s, ${process.reloads} reloads, ${process.failedReloads} failed`;
  const rows = servers.map(cells);
  const widths = HEADER.map((name, column) => Math.max(name.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  const lines = servers.map((server, index) => (server.drift === "" ? line : (row: readonly string[]) => pc.yellow(line(row)))(rows[index] ?? []));
  return [head, pc.bold(line(HEADER)), ...lines].join("\n");
}

const HEADER = ["server", "address", "admin", "status", "check", "ms", "weight", "cookie", "sessions", "total", "drift"] as const;

const cells = (server: ServerStatus): string[] => [
  server.name,
  server.address,
  server.adminState ?? "-",
  server.status,
  server.check,
  String(server.checkDurationMs ?? ""),
  String(server.weight ?? ""),
  server.cookie,
  String(server.currentSessions),
  String(server.totalSessions),
  server.drift,
];

await main(status);
