import { describe, expect, test } from "vitest";
import {
  type Credentials,
  type EndpointAddress,
  endpointAt,
  formatEndpoint,
  parseEndpoint,
} from "../../../src/stack/endpoint.ts";

const TLS = { kind: "tls", host: "docker.example.com", port: 9443 } as const;
const CREDENTIALS: Credentials = { ca: "ca", certificate: "certificate", key: "key" };

test.each<[EndpointAddress, string]>([
  [{ kind: "tcp", host: "127.0.0.1", port: 9999 }, "127.0.0.1:9999"],
  [TLS, "docker.example.com:9443"],
  [{ kind: "unix", path: "/var/lib/haproxy/admin.sock" }, "unix@/var/lib/haproxy/admin.sock"],
])("an endpoint is told as users write it: %j", (endpoint, text) => {
  expect(formatEndpoint(endpoint)).toBe(text);
});

test("an endpoint is told without its credentials", () => {
  expect(formatEndpoint(endpointAt(TLS, CREDENTIALS))).toBe("docker.example.com:9443");
});

describe("host:port", () => {
  test("is read for either way", () => {
    expect(parseEndpoint("127.0.0.1:9999")).toEqual({ kind: "tcp", host: "127.0.0.1", port: 9999 });
    expect(parseEndpoint("docker.example.com:9443", "tls")).toEqual(TLS);
  });

  test.each(["", "9999", "127.0.0.1", "a:b", "a b:1", "a:1:2", "a:123456"])("is not read from %j", (text) => {
    expect(() => parseEndpoint(text)).toThrow(RangeError);
  });
});

describe("credentials", () => {
  test("are added where they are needed, and only there", () => {
    expect(endpointAt(TLS, CREDENTIALS)).toEqual({ ...TLS, credentials: CREDENTIALS });
    const plain = { kind: "tcp", host: "127.0.0.1", port: 9999 } as const;
    expect(endpointAt(plain, CREDENTIALS)).toEqual(plain);
  });

  test("that are missing are told with the endpoint", () => {
    expect(() => endpointAt(TLS, undefined)).toThrow(
      "there are no credentials for the runtime API at docker.example.com:9443",
    );
  });
});
