import { describe, expect, test } from "vitest";
import { parseCertificateReply } from "../../../../src/haproxy/runtime/served-certificate.ts";

/** HAProxy 3.2.26's answer to `show ssl cert /usr/local/etc/haproxy/https.pem`. */
const REPLY = `Filename: /usr/local/etc/haproxy/https.pem
Crt filename: /usr/local/etc/haproxy/https.pem
Key filename: /usr/local/etc/haproxy/https.pem
OCSP filename: /usr/local/etc/haproxy/https.pem.ocsp
SCTL filename: /usr/local/etc/haproxy/https.pem.sctl
Status: Used
Serial: 0F8461EFC36280105A68479BE076699571FA116F
notBefore: Nov 24 12:05:24 2026 GMT
notAfter: Jan 23 12:05:24 2027 GMT
Subject Alternative Name: DNS:localhost
Algorithm: RSA2048
SHA1 FingerPrint: 642D3C063F9F71103F96328F60F89BC3D132C5E1
Subject: /CN=one
Issuer: /CN=two
Chain Subject: /CN=two
Chain Issuer: /CN=two
OCSP Response Key: 

`;

describe("the certificate that HAProxy serves", () => {
  test("is read from its answer", () => {
    expect(parseCertificateReply(REPLY)).toEqual({
      fingerprint: "642D3C063F9F71103F96328F60F89BC3D132C5E1",
      subject: "/CN=one",
      expires: new Date("2027-01-23T12:05:24Z"),
    });
  });

  test("is none where HAProxy has loaded none from the file", () => {
    expect(
      parseCertificateReply("Can't display the certificate: Not found or the certificate is a bundle!\n\n"),
    ).toBeUndefined();
  });

  test.each([
    ["nothing", ""],
    ["a refusal", "Permission denied\n\n"],
    ["an answer without a fingerprint", REPLY.replace(/SHA1.+\n/, "")],
    ["an answer with half a fingerprint", REPLY.replace("642D3C063F9F", "")],
    ["an answer without a date", REPLY.replace(/notAfter: .+/, "notAfter: soon")],
  ])("is not read from %s", (_what, reply) => {
    expect(() => parseCertificateReply(reply)).toThrow(
      expect.objectContaining({ name: "RuntimeError", kind: "malformed" }),
    );
  });
});
