import type { Homes } from "./distribution.ts";
import { type FrontDoor, forEach } from "./front-door.ts";

/** A client names its session to HAProxy in this header. */
export const SESSION_HEADER = "X-Session-ID";

/** A session that another server answered than the first time. */
export interface Difference {
  readonly session: string;
  readonly first: string;
  readonly later: string;
  /** URL of the balancer that chose the other server. */
  readonly through: string;
}

/** Sends one request of every session through a balancer, and tells which server answered each. */
export async function sendSessions(door: FrontDoor, sessions: readonly string[], tick: () => void) {
  // The map has the order of the sessions, not that of the answers.
  const homes = new Map(sessions.map((session) => [session, ""]));
  await forEach(sessions, async (session) => {
    const { server } = await door.get({ [SESSION_HEADER]: session });
    homes.set(session, server);
    tick();
  });
  return homes;
}

/** Finds the sessions that another server answered than before. */
export const findDifferences = (homes: Homes, laterHomes: Homes, through: string): Difference[] =>
  [...homes].flatMap(([session, first]) => {
    const later = laterHomes.get(session);
    return later === undefined || later === first ? [] : [{ session, first, later, through }];
  });
