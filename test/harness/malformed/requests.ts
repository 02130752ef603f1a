import { FRAMING } from "./framing.ts";
import { HEADS } from "./heads.ts";
import { PROTOCOLS } from "./protocols.ts";

/** A request that is malformed, ambiguous or up to something. */
export interface MalformedRequest {
  /** Its family, and its bytes as far as they are short. */
  readonly what: string;
  readonly bytes: Buffer;
  /** Path of the request itself … */
  readonly path: string;
  /** … and of another one that it tries to get past the balancer. */
  readonly smuggledPath: string;
  /**
   * Whether nothing of it may reach an app; what is let through reaches the app as one well-formed request.
   */
  readonly isRefused: boolean;
  /** Whether HAProxy finds out only when the client's time is over, and leaves it to the client to go. */
  readonly isRefusedLate: boolean;
}

/** All requests, each with paths of its own. */
export const MALFORMED_REQUESTS: readonly MalformedRequest[] = [...FRAMING, ...HEADS, ...PROTOCOLS]
  .flatMap(({ texts, ...family }) => texts.map((text) => ({ ...family, text })))
  .map(({ what, isRefused, isRefusedLate = false, text }, number) => {
    const [path, smuggledPath] = [`/request-${number}`, `/smuggled-${number}`];
    const spelled = text.replaceAll("{path}", path).replaceAll("{smuggled}", smuggledPath);
    const length = spelled.length - spelled.indexOf("\r\n\r\n") - 4;
    const bytes = Buffer.from(spelled.replaceAll("{length}", String(length)), "latin1");
    return {
      what: `${what}: ${JSON.stringify(bytes.toString("latin1")).slice(0, 200)}`,
      isRefused,
      isRefusedLate,
      path,
      smuggledPath,
      bytes,
    };
  });
