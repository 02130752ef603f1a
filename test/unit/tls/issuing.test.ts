import { createPrivateKey, X509Certificate } from "node:crypto";
import { describe, expect, test } from "vitest";
import { runtimeCredentials } from "../../../src/pulumi/provider/issued-certificates.ts";
import { parseCertificate } from "../../../src/tls/certificate.ts";
import { createMutualTls } from "../../../src/tls/issuing.ts";

const SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
const CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";
const { server, client } = await createMutualTls("demo", new Date());
const authority = new X509Certificate(client.ca);

describe("mutual TLS", () => {
  test.each([
    {
      side: "server",
      certificate: server,
      key: server.slice(server.indexOf("-----BEGIN PRIVATE")),
      subject: "CN=runtime.balancer",
      usage: SERVER_AUTH,
    },
    { side: "client", ...client, subject: "CN=balancer", usage: CLIENT_AUTH },
  ])(
    "has a certificate for the $side that is good for nothing else",
    ({ certificate, key, subject, usage }) => {
      const leaf = new X509Certificate(certificate);
      expect(leaf.subject).toBe(subject);
      expect(leaf.ca).toBe(false);
      expect(leaf.keyUsage).toEqual([usage]);
      expect(leaf.checkPrivateKey(createPrivateKey(key))).toBe(true);
      expect(leaf.checkIssued(authority)).toBe(true);
      expect(leaf.verify(authority.publicKey)).toBe(true);
    },
  );

  test("has an authority of the stack's own, whose key is kept by nobody", () => {
    expect(authority.ca).toBe(true);
    expect(authority.subject).toBe("O=Balancer\nCN=demo runtime API");
    const keys = [server.slice(server.indexOf("-----BEGIN PRIVATE")), client.key];
    expect(keys.some((key) => authority.checkPrivateKey(createPrivateKey(key)))).toBe(false);
    expect(server.match(/PRIVATE KEY-----/g)).toHaveLength(2);
  });

  test("has a server's file that HAProxy can use", () => {
    expect(parseCertificate(server).pem.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
  });
});

test("the runtime API's credentials stay until another rotation is asked for", async () => {
  const first = { stack: "demo", rotation: "1" };
  const { outputs } = await runtimeCredentials.create(first, () => {});
  const state = { ...first, ...outputs };
  expect(runtimeCredentials.differs(state, first)).toBe(false);
  expect(runtimeCredentials.differs(state, { ...first, rotation: "2" })).toBe(true);
  expect((await runtimeCredentials.update(first, state, () => {})).key).not.toBe(state.key);
  expect((new Date(state.expires).getTime() - Date.now()) / 86_400_000).toBeCloseTo(730, 1);
});
