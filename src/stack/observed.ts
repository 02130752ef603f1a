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

/** What somebody did to a container that is declared, in words: `memory 256m → 512m`. */
export interface ObservedDrift {
  /** An update takes it back while the container runs. */
  readonly inPlace: readonly string[];
  /** It takes another container. */
  readonly lasting: readonly string[];
}

/** An app container as the engine reports it. */
export interface ObservedApp {
  /** Names what it was made from. It is `unknown` if no label tells. */
  readonly definition: string;
  /** What it was made from, by config key. */
  readonly madeFrom?: MadeFrom;
  /** Docker's id of its image, as short as its commands print it. */
  readonly image?: string;
  readonly isRunning: boolean;
}
