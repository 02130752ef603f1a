/** On which machine each server runs, by the server's name. A machine without any is there as well. */
export interface Spread {
  /** Names of the machines that can take a server. */
  readonly machines: readonly string[];
  /** Machines of servers by the servers' names; one that is between two machines is left out. */
  readonly places: ReadonlyMap<string, string>;
}

/** How many servers each machine has, by the machine's name, most first. */
export function countServers({ machines, places }: Spread): [string, number][] {
  const counts = new Map(machines.map((name) => [name, 0]));
  for (const machine of places.values()) counts.set(machine, (counts.get(machine) ?? 0) + 1);
  return [...counts].toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
}

/**
 * Chooses servers that have to move for no machine to have two more than another. Those with the highest
 * numbers move, from the machines that have most.
 */
export function findSurplus(spread: Spread): string[] {
  const counts = new Map(countServers(spread));
  const left = [...spread.places];
  const moved: string[] = [];
  for (;;) {
    const free = spread.machines.map((name) => counts.get(name) ?? 0);
    const [most, highest] = [...counts].reduce((a, b) => (b[1] > a[1] ? b : a), ["", 0]);
    const least = spread.machines[free.indexOf(Math.min(...free))];
    if (least === undefined || highest - (counts.get(least) ?? 0) < 2) return moved;
    const index = left.findLastIndex(([, machine]) => machine === most);
    const [server] = left.splice(index, 1);
    if (server === undefined) return moved;
    moved.push(server[0]);
    counts.set(most, highest - 1);
    counts.set(least, (counts.get(least) ?? 0) + 1);
  }
}

/** Says where servers run: `machine1 3, machine2 0`. */
export const describeSpread = (spread: Spread): string =>
  countServers(spread)
    .map(([machine, count]) => `${machine} ${count}`)
    .join(", ");
