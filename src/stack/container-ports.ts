/** Ports inside a HAProxy container that Docker publishes. The config says on which ports of the host. */
export const CONTAINER_PORTS = {
  http: 8080,
  https: 8443,
  runtime: 9999,
  runtimeTls: 9998,
  stats: 8404,
} as const;
/** Balancers exchange their stick tables on a port of the stack's network, which leads to one on loopback. */
export const PEER_PORTS = { network: 10000, loopback: 10001 } as const;
