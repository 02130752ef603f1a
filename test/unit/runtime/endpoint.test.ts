import { expect, test } from "vitest";
import { type Endpoint, formatEndpoint } from "../../../src/runtime/endpoint.ts";

test.each<[Endpoint, string]>([
  [{ kind: "tcp", host: "127.0.0.1", port: 9999 }, "127.0.0.1:9999"],
  [{ kind: "unix", path: "/var/lib/haproxy/admin.sock" }, "unix@/var/lib/haproxy/admin.sock"],
])("an endpoint is told as users write it: %j", (endpoint, text) => {
  expect(formatEndpoint(endpoint)).toBe(text);
});
