import type { Mapping } from "../../../src/probe/mapping.ts";
import { sessionIds } from "../../../src/probe/session-ids.ts";

/** A mapping in hash mode that has one session after the other on these servers. */
export function mappingOf(
  servers: readonly string[],
  homes: readonly string[],
  changes: Partial<Mapping> = {},
): Mapping {
  const ids = sessionIds(1, homes.length);
  return {
    stack: "hash",
    mode: "hash",
    seed: 1,
    sessions: homes.length,
    createdAt: "2026-11-24T11:57:50.970Z",
    servers,
    homes: new Map(homes.map((server, index) => [ids[index] ?? "", server])),
    ...changes,
  };
}
