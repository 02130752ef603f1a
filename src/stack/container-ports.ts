/** Ports inside a HAProxy container that are published. The host's ports are the stack's own. */
export const CONTAINER_PORTS = {
  http: 8080,
  https: 8443,
  runtime: 9999,
  runtimeTls: 9998,
  stats: 8404,
} as const;
/** Where the balancers of a stack exchange their stick tables: on the stack's network, and behind that door on loopback. */
export const PEER_PORTS = { network: 10000, loopback: 10001 } as const;
