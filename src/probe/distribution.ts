import type { Frozen } from "../stack/schema.ts";

/** The spread of sessions over servers. */
export type Distribution = Frozen<ReturnType<typeof distribute>>;

/** Server by session id. */
export type Homes = ReadonlyMap<string, string>;

/**
 * Counts sessions by server.
 * @param servers All servers, also those without a session.
 */
export function distribute(homes: Homes, servers: readonly string[]) {
  const counts = new Map(servers.map((server) => [server, 0]));
  for (const server of homes.values()) counts.set(server, (counts.get(server) ?? 0) + 1);
  const mean = homes.size / counts.size;
  return {
    servers: [...counts].map(([server, sessions]) => ({
      server,
      sessions,
      /** Share of all sessions, 0 to 1. */
      share: sessions / homes.size,
      /** Deviation from an even distribution: 5 is 5 % more sessions than the mean. */
      deviationPercent: (sessions / mean - 1) * 100,
    })),
    /** The fullest server's sessions over the mean: 1 is even. */
    imbalance: Math.max(...counts.values()) / mean,
  };
}

/** Lists the declared servers and the ones that answered all the same, in the order of their numbers. */
export const allServers = (declared: readonly string[], homes: Homes): string[] =>
  [...new Set([...declared, ...homes.values()])].sort((a, b) => NUMERIC.compare(a, b));

const NUMERIC = new Intl.Collator("en", { numeric: true });
