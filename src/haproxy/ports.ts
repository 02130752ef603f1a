/** Ports inside a HAProxy container. The host's ports are the stack's own. */
export const CONTAINER_PORTS = { http: 8080, runtime: 9999, stats: 8404 } as const;
