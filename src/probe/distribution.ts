/** A server's part of the sessions. */
export interface ServerShare {
  readonly server: string;
  readonly sessions: number;
  /** Share of all sessions, 0 to 1. */
  readonly share: number;
  /** Deviation from an even distribution: 5 is 5 % more sessions than the mean. */
  readonly deviationPercent: number;
}

/** The spread of sessions over servers. */
export interface Distribution {
  readonly servers: readonly ServerShare[];
  /** The fullest server's sessions over the mean: 1 is even. */
  readonly imbalance: number;
}

/** Server by session id. */
export type Homes = ReadonlyMap<string, string>;

/**
 * Counts sessions by server.
 * @param servers All servers, also those without a session.
 */
export function distribute(homes: Homes, servers: readonly string[]): Distribution {
  const counts = new Map(servers.map((server) => [server, 0]));
  for (const server of homes.values()) counts.set(server, (counts.get(server) ?? 0) + 1);
  const mean = homes.size / counts.size;
  return {
    servers: [...counts].map(([server, sessions]) => ({
      server,
      sessions,
      share: sessions / homes.size,
      deviationPercent: (sessions / mean - 1) * 100,
    })),
    imbalance: Math.max(...counts.values()) / mean,
  };
}

/** Lists the declared servers and the ones that answered all the same, in the order of their numbers. */
export const allServers = (declared: readonly string[], homes: Homes): string[] =>
  [...new Set([...declared, ...homes.values()])].sort((a, b) => NUMERIC.compare(a, b));

const NUMERIC = new Intl.Collator("en", { numeric: true });
