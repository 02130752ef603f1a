import type { SessionKey } from "../stack/session-key.ts";
import type { Homes } from "./distribution.ts";
import { type FrontDoor, forEach } from "./front-door.ts";

/** What a request has that names its session. */
export function namingSession({ kind, name }: SessionKey, id: string) {
  const headers = { header: { [name]: id }, cookie: { Cookie: `${name}=${id}` }, query: {} };
  const query = { header: {}, cookie: {}, query: { [name]: id } };
  return { headers: headers[kind], query: query[kind] };
}

/** A session that another server answered than the first time. */
export interface Difference {
  readonly session: string;
  readonly first: string;
  readonly later: string;
  /** URL of the balancer that chose the other server. */
  readonly through: string;
}

/** Sends one request of every session through a balancer, and tells which server answered each. */
export async function sendSessions(
  door: FrontDoor,
  sessions: readonly string[],
  sessionKey: SessionKey,
  tick: () => void,
) {
  // The map has the order of the sessions, not that of the answers.
  const homes = new Map(sessions.map((session) => [session, ""]));
  await forEach(sessions, async (session) => {
    const { server } = await door.get(namingSession(sessionKey, session));
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
