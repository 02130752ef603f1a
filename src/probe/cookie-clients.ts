import type { Frozen } from "../stack/schema.ts";
import { findingsOf } from "./findings.ts";
import { type FrontDoor, forEach } from "./front-door.ts";
import type { Difference } from "./sent-sessions.ts";

/** A client sends so many requests with its cookie after the one that set it. */
export const REPEATS = 4;

/** A client that was answered by another server than the one that gave it its cookie. */
export interface CookieChange extends Omit<Difference, "session"> {
  readonly client: number;
}

/** Result of the clients that name no session, and send back the cookie that HAProxy gave them. */
export type CookieClients = Frozen<Awaited<ReturnType<typeof sendCookieClients>>>;

/**
 * Sends requests of clients that keep their cookie. A client that gets no cookie sends a single request,
 * because nothing would tie it to the next.
 * @param doorFor Spreads requests over balancers by a number that goes up.
 * @param cookieName Undefined in hash mode, which sets none.
 */
export async function sendCookieClients(
  clients: number,
  doorFor: (turn: number) => FrontDoor,
  cookieName: string | undefined,
  tick: () => void,
) {
  const changes: CookieChange[] = [];
  let withCookie = 0;
  await forEach([...Array(clients).keys()], async (client) => {
    const { server: first, cookies } = await doorFor(client).get({});
    const cookie = cookies.map((line) => cookieIn(line, cookieName)).find((value) => value !== undefined);
    if (cookie !== undefined) {
      withCookie += 1;
      for (let turn = 1; turn <= REPEATS; turn += 1) {
        const door = doorFor(client + turn);
        const { server: later } = await door.get({ headers: { Cookie: `${cookieName}=${cookie}` } });
        if (later !== first) changes.push({ client, first, later, through: door.url });
      }
    }
    tick();
  });
  return { clients, /** How many of them were given a cookie. */ withCookie, changes: findingsOf(changes) };
}

/** Reads HAProxy's cookie in a `Set-Cookie` line. Undefined if the line removes it, or sets another. */
const cookieIn = (setCookie: string, cookieName = ""): string | undefined =>
  new RegExp(`^${RegExp.escape(cookieName)}=([^;]+)`).exec(setCookie)?.[1];
