/** A HAProxy container as it is on the engine. */
export interface ObservedBalancer {
  readonly image: string;
  readonly isRunning: boolean;
  readonly isReadOnly: boolean;
  /** None where the container has none. */
  readonly memoryMb: number | undefined;
  readonly files: number | undefined;
  readonly logDriver: string;
  /** Host ports by container port, as `address:port`. */
  readonly published: ReadonlyMap<number, string>;
  /** Its haproxy.cfg; undefined when there is none. */
  readonly configText: string | undefined;
  /** Names its certificate's file; undefined when there is none. */
  readonly certificateDigest: string | undefined;
  /** The word that its keys of the runtime API by TLS belong to; undefined when it has none. */
  readonly runtimeTlsRotation: string | undefined;
}

/** An app container as it is on the engine. */
export interface ObservedApp {
  /** What it was made from; `unknown` when no label tells. */
  readonly definition: string;
  /** Which Pulumi state it was made for. */
  readonly state: string;
  readonly isRunning: boolean;
}
