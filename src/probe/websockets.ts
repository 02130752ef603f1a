import { on, once } from "node:events";
import type { IncomingMessage } from "node:http";
import WebSocket from "ws";
import type { Frozen } from "../stack/schema.ts";
import type { SessionKey } from "../stack/session-key.ts";
import { messageOf } from "../stack/settled.ts";
import type { Homes } from "./distribution.ts";
import { findingsOf } from "./findings.ts";
import { ANY_CERTIFICATE, forEach, probeHeaders, serverIn, TIMEOUT_MS } from "./front-door.ts";
import { connectByProxyProtocol } from "./proxy-protocol.ts";
import { type Difference, namingSession } from "./sent-sessions.ts";

const MOST_BYTES = 65_536;

/** Result of the WebSockets, which name sessions that requests named before. */
export type WebSockets = Frozen<Awaited<ReturnType<typeof openWebSockets>>>;

/** What a balancer wants to hear of its clients. */
interface Door {
  readonly sessionKey: SessionKey;
  /** Whether it expects the PROXY protocol. */
  readonly proxyProtocol: boolean;
  /** The probe's, where it knows one. */
  readonly word: string;
}

/**
 * Opens a WebSocket for each session, and has a message echoed through it.
 * @param homes Servers that answered the sessions' requests.
 * @param urlFor Spreads WebSockets over balancers by a number that goes up.
 */
export async function openWebSockets(
  homes: Homes,
  urlFor: (turn: number) => URL,
  door: Door,
  tick: () => void,
) {
  const changes: Difference[] = [];
  const failures: string[] = [];
  await forEach([...homes], async ([session, first], turn) => {
    const url = urlFor(turn);
    try {
      const later = await echo(url, session, door);
      if (later !== first) changes.push({ session, first, later, through: url.origin });
    } catch (error) {
      failures.push(`session ${session}, ${url}: ${messageOf(error)}`);
    }
    tick();
  });
  return {
    sockets: homes.size,
    /** WebSockets that another server answered than the session's requests. */
    changes: findingsOf(changes),
    /** Says of each WebSocket that did not open or sent nothing back why. */
    failures: findingsOf(failures),
  };
}

/** Sends a message, waits until it comes back in a message of the server's, and returns the server's name. */
async function echo(url: URL, session: string, { sessionKey, proxyProtocol, word }: Door): Promise<string> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const { headers, query } = namingSession(sessionKey, session);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  const socket = new WebSocket(url, {
    ...ANY_CERTIFICATE,
    ...(proxyProtocol && { createConnection: () => connectByProxyProtocol(placeOf(url), TIMEOUT_MS) }),
    headers: { ...probeHeaders(word), ...headers },
    maxPayload: MOST_BYTES,
  });
  socket.on("error", () => {}); // a socket that is ended while it opens reports that later
  let server: string | undefined;
  socket.once("upgrade", ({ headers }: IncomingMessage) => {
    server = serverIn(headers);
  });
  try {
    await once(socket, "open", { signal });
    if (server === undefined) throw new Error("opened without naming a server");
    const messages = on(socket, "message", { signal, close: ["close"] });
    const sent = `probe of ${session}`;
    socket.send(sent);
    for await (const [message] of messages) {
      if (String(message).includes(sent)) return server;
    }
    throw new Error("closed before the message came back");
  } catch (error) {
    throw signal.aborted ? new Error(`no answer within ${TIMEOUT_MS / 1000} s`, { cause: error }) : error;
  } finally {
    socket.terminate();
  }
}

/** HTTP's names of what a WebSocket's URL says. */
const placeOf = ({ protocol, hostname, port }: URL) => ({
  protocol: protocol.replace("ws", "http"),
  hostname,
  port,
});
