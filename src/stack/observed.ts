import type { MadeFrom } from "./made-from.ts";

/** A HAProxy container as the engine reports it. */
export interface ObservedBalancer {
  readonly isRunning: boolean;
  /** What it was made from, by config key. */
  readonly madeFrom: MadeFrom;
  /** Text of its haproxy.cfg. Undefined if there is none. */
  readonly configText: string | undefined;
  /** Digest of its certificate's file. Undefined if there is none. */
  readonly certificateDigest: string | undefined;
}

/** An app container as the engine reports it. */
export interface ObservedApp {
  /** Names what it was made from. It is `unknown` if no label tells. */
  readonly definition: string;
  readonly isRunning: boolean;
}
