import { z } from "zod";

/** A runtime API answers on a published TCP port, plain or by mutual TLS, or on HAProxy's unix socket. */
export const ENDPOINT_ADDRESS = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("tcp"), host: z.string(), port: z.number() }),
  z.object({ kind: z.literal("tls"), host: z.string(), port: z.number() }),
  z.object({ kind: z.literal("unix"), path: z.string() }),
]);
export type EndpointAddress = Readonly<z.infer<typeof ENDPOINT_ADDRESS>>;

/** A client of the runtime API and its server prove themselves to each other with these PEM texts. */
export const CREDENTIALS = z.object({
  /** Certificate of the authority that issued both certificates. */
  ca: z.string(),
  certificate: z.string(),
  /** A secret. */
  key: z.string(),
});
export type Credentials = Readonly<z.infer<typeof CREDENTIALS>>;

/** The certificate of the runtime API's server has this one name, whatever address it is reached by. */
export const RUNTIME_SERVER_NAME = "runtime.balancer";
/** The runtime API lets in the client whose certificate has this common name. */
export const RUNTIME_CLIENT_NAME = "balancer";

/** An address together with all that a connection to it needs. */
export type Endpoint =
  | Exclude<EndpointAddress, { kind: "tls" }>
  | (Extract<EndpointAddress, { kind: "tls" }> & { readonly credentials: Credentials });

/**
 * Adds the credentials to an address that needs them.
 * @throws {RangeError} The address needs credentials, and there are none.
 */
export function endpointAt(address: EndpointAddress, credentials: Credentials | undefined): Endpoint {
  if (address.kind !== "tls") return address;
  if (credentials === undefined)
    throw new RangeError(`there are no credentials for the runtime API at ${formatEndpoint(address)}`);
  return { ...address, credentials };
}

/** Writes an address as users write it. */
export const formatEndpoint = (endpoint: EndpointAddress): string =>
  endpoint.kind === "unix" ? `unix@${endpoint.path}` : `${endpoint.host}:${endpoint.port}`;

/**
 * Reads `host:port`.
 * @throws {RangeError} The text is anything else.
 */
export function parseEndpoint(text: string, kind: "tcp" | "tls" = "tcp"): EndpointAddress {
  const [, host, port] = /^([^:\s]+):(\d{1,5})$/.exec(text) ?? [];
  if (host === undefined || port === undefined)
    throw new RangeError(`${JSON.stringify(text)} is not host:port`);
  return { kind, host, port: Number(port) };
}
