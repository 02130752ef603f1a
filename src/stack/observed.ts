/** A HAProxy container as the engine reports it. */
export interface ObservedBalancer {
  readonly image: string;
  readonly isRunning: boolean;
  readonly isReadOnly: boolean;
  /** Undefined if the container has no limit. */
  readonly memoryMb: number | undefined;
  readonly files: number | undefined;
  readonly logDriver: string;
  /** Published `address:port` of the host, by container port. */
  readonly published: ReadonlyMap<number, string>;
  /** Text of its haproxy.cfg. Undefined if there is none. */
  readonly configText: string | undefined;
  /** Digest of its certificate's file. Undefined if there is none. */
  readonly certificateDigest: string | undefined;
  /** The `runtimeTls.rotation` that its keys belong to. Undefined if it has no keys. */
  readonly runtimeTlsRotation: string | undefined;
}

/** An app container as the engine reports it. */
export interface ObservedApp {
  /** Names what it was made from. It is `unknown` if no label tells. */
  readonly definition: string;
  /** Names the Pulumi state that it was made for. */
  readonly state: string;
  readonly isRunning: boolean;
}
