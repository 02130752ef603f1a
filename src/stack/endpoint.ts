/** Where a runtime API answers: a balancer's published TCP port, plain or by mutual TLS, or HAProxy's own unix socket. */
export type EndpointAddress =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "tls"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };

/** What proves a client of the runtime API and its server to each other, in PEM. */
export interface Credentials {
  /** Certificate of the authority that both certificates come from. */
  readonly ca: string;
  readonly certificate: string;
  /** A secret. */
  readonly key: string;
}

/** A runtime API that can be talked to. */
export type Endpoint =
  | Exclude<EndpointAddress, { readonly kind: "tls" }>
  | (Extract<EndpointAddress, { readonly kind: "tls" }> & { readonly credentials: Credentials });

/**
 * Adds to an address what it takes to talk to it.
 * @throws {RangeError} when that is not there
 */
export function endpointAt(address: EndpointAddress, credentials: Credentials | undefined): Endpoint {
  if (address.kind !== "tls") return address;
  if (credentials === undefined)
    throw new RangeError(`there are no credentials for the runtime API at ${formatEndpoint(address)}`);
  return { ...address, credentials };
}

/** As users write it. */
export function formatEndpoint(endpoint: EndpointAddress): string {
  switch (endpoint.kind) {
    case "tcp":
    case "tls":
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
export function parseEndpoint(text: string, kind: "tcp" | "tls" = "tcp"): EndpointAddress {
  const [, host, port] = /^([^:\s]+):(\d{1,5})$/.exec(text) ?? [];
  if (host === undefined || port === undefined)
    throw new RangeError(`${JSON.stringify(text)} is not host:port`);
  return { kind, host, port: Number(port) };
}
