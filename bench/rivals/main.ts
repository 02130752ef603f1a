import { printTable, printTargets } from "../report.ts";
import { interleave, median, type Rounds, ratioOf, ratioTo } from "../samples.ts";
import { BalancerRival } from "./balancer.ts";
import { ComposeRival } from "./compose.ts";
import { HAPROXY_BY_DNS, TRAEFIK } from "./front-doors.ts";
import { KamalProxyRival } from "./kamal-proxy.ts";
import { CHANGES, type Cost, measureChanges, SOCKETS } from "./measure.ts";
import { isBuilt } from "./program.ts";
import { type Rival, SECONDS } from "./rival.ts";
import { benchRollouts } from "./rollouts.ts";

/** Changes of Balancer next to those of what else runs copies of a container behind one address. */
export async function benchRivals(rounds: Rounds): Promise<void> {
  const rivals = findRivals();
  const samples = await interleave(
    rivals.map((rival) => () => measureChanges(rival, rounds.signal)),
    rounds,
  );
  console.log("");
  for (const { name, how } of rivals) console.log(`${name}: ${how}`);
  const table = (title: string, cell: (costs: readonly Cost[]) => string): void =>
    printTable(
      title,
      ["name", ...CHANGES.map(({ what }) => what)],
      rivals.map(({ name }, index) => [
        name,
        ...CHANGES.map((_, change) => cell(costsOf(samples[index] ?? [], change))),
      ]),
    );
  const seconds = (costs: readonly Cost[]): string => (median(costs.map(({ ms }) => ms)) / 1_000).toFixed(1);
  table(`Seconds from the command to its end, medians of ${rounds.count} rounds`, seconds);
  table("Requests that failed, of those sent", (costs) => `${sum(costs, "failed")} of ${sum(costs, "sent")}`);
  table("WebSockets closed", (costs) => `${sum(costs, "closed")} of ${SOCKETS * costs.length}`);
  printComparison(samples[0] ?? [], samples[1] ?? []);
  await benchRollouts(rounds);
}

/** Balancer and compose are measured on every run, the others where `tools/rivals.sh` could build them. */
function findRivals(): Rival[] {
  if (!isBuilt("docker-compose")) throw new Error("there is no docker-compose: run bash tools/rivals.sh");
  const rivals: Rival[] = [
    new BalancerRival(),
    new ComposeRival(HAPROXY_BY_DNS, "recreate"),
    new ComposeRival(HAPROXY_BY_DNS, "double"),
  ];
  if (isBuilt("traefik")) rivals.push(new ComposeRival(TRAEFIK, "double"));
  if (isBuilt("kamal-proxy")) rivals.push(new KamalProxyRival());
  return rivals;
}

function printComparison(balancer: readonly Cost[][], compose: readonly Cost[][]): void {
  const up = [msOf(balancer, 0), msOf(compose, 0)] as const;
  const twiceAndDrain = up[1].map((ms) => 2 * ms + 1_000 * SECONDS.drain);
  printTargets([
    { text: "3 → 6, Balancer / compose", ratio: ratioOf(...up), limit: { kind: "at most", value: 2 } },
    {
      text: "6 → 2, Balancer / (twice compose's 3 → 6 and one drainTimeout)",
      ratio: ratioOf(msOf(balancer, 1), twiceAndDrain),
      limit: { kind: "at most", value: 1 },
    },
    {
      text: "a bad version, Balancer / (readyTimeout and 5 s)",
      ratio: ratioTo(msOf(balancer, 3), 1_000 * (SECONDS.ready + 5)),
      limit: { kind: "at most", value: 1 },
    },
  ]);
}

const costsOf = (rounds: readonly Cost[][], change: number): Cost[] =>
  rounds.flatMap((costs) => costs[change] ?? []);

const msOf = (rounds: readonly Cost[][], change: number): number[] =>
  costsOf(rounds, change).map(({ ms }) => ms);

const sum = (costs: readonly Cost[], key: "sent" | "failed" | "closed"): number =>
  costs.reduce((total, cost) => total + cost[key], 0);
