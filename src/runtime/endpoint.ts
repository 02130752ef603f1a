/** Where a runtime API answers: the published TCP port of a balancer, or HAProxy's own unix socket. */
export type Endpoint = { readonly kind: "tcp"; readonly host: string; readonly port: number } | { readonly kind: "unix"; readonly path: string };

/** As users write it. */
export function formatEndpoint(endpoint: Endpoint): string {
  switch (endpoint.kind) {
    case "tcp":
      return `${endpoint.host}:${endpoint.port}`;
    case "unix":
      return `unix@${endpoint.path}`;
    default:
      return endpoint satisfies never;
  }
}

/**
 * Reads `host:port`.
 * @throws {RangeError} when it is anything else
 */
export function parseEndpoint(text: string): Endpoint {
  const [, host, port] = /^([^:\s]+):(\d{1,5})$/.exec(text) ?? [];
  if (host === undefined || port === undefined) throw new RangeError(`${JSON.stringify(text)} is not host:port`);
  return { kind: "tcp", host, port: Number(port) };
}
