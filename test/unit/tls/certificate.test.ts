import { createPrivateKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { MAX_PEM_CHARS } from "../../../src/stack/buffer-limits.ts";
import {
  CertificateError,
  checkDates,
  digestOf,
  expiresSoon,
  isPem,
  parseCertificate,
} from "../../../src/tls/certificate.ts";
import { createSelfSigned } from "../../../src/tls/issuing.ts";
import { Authority, type Issued } from "../../harness/authority.ts";

const NOW = new Date();
let authority: Authority;
let good: Issued;
let other: Issued;

beforeAll(async () => {
  authority = await Authority.create();
  [good, other] = await Promise.all([authority.issue(), authority.issue()]);
});

/** What a PEM file is refused with. */
function refusal(text: string): string {
  try {
    checkDates(parseCertificate(text), [], NOW);
  } catch (error) {
    if (error instanceof CertificateError) return error.message;
    throw error;
  }
  throw new Error("the certificate is accepted");
}

describe("a PEM file", () => {
  test("is read in any order, and everything else in it is left out", () => {
    const { pem, digest } = parseCertificate(good.pem);
    const key = `\ufeffBag Attributes: x\r\n${good.key.replaceAll("\n", "\r\n")}`;
    const parameters = "-----BEGIN EC PARAMETERS-----\nBggq\n-----END EC PARAMETERS-----";
    const messy = `${key}\nhello <<\n\n${parameters}\n${good.certificate}\n; quit\n`;
    expect(parseCertificate(messy).pem).toBe(pem);
    expect(digest).toBe(digestOf(pem));
    expect(pem).toMatch(/^-----BEGIN CERTIFICATE-----\n[\s\S]+-----END PRIVATE KEY-----\n$/);
    expect(isPem(pem)).toBe(true);
  });

  test("may have a chain", () => {
    const { pem, fingerprint } = parseCertificate(good.certificate + authority.certificate + good.key);
    expect(pem.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
    expect(fingerprint).toBe(parseCertificate(good.pem).fingerprint);
    expect(fingerprint).toMatch(/^[0-9A-F]{40}$/);
  });

  test("may have its key in an older form", async () => {
    const { certificate, key, pem } = await authority.issue({ rsaBits: 2048 });
    const traditional = String(createPrivateKey(key).export({ type: "pkcs1", format: "pem" }));
    expect(traditional).toContain("BEGIN RSA PRIVATE KEY");
    expect(parseCertificate(certificate + traditional)).toEqual(parseCertificate(pem));
  });
});

describe("a PEM file is refused", () => {
  test.each<[string, () => string | Promise<string>, RegExp]>([
    ["when it is empty", () => "", /^it has no certificate$/],
    ["when it is something else", () => "MIIB", /^it has no certificate$/],
    ["without a key", () => good.certificate, /^it has no private key$/],
    ["without a certificate", () => good.key, /^it has no certificate$/],
    [
      "with the key of another",
      () => good.certificate + other.key,
      /^the private key is not that of the first certificate$/,
    ],
    ["with two keys", () => good.pem + other.key, /^it has more than one private key$/],
    [
      "with a broken certificate",
      () => good.pem.replace(/[A-Z]{3}/g, "AAA"),
      /^(one of its certificates cannot be read|it has no certificate)$/,
    ],
    [
      "with a broken key",
      () => good.certificate + good.key.replace(/\nM.{20}/, "\nMAAA"),
      /^its private key cannot be read$/,
    ],
    [
      "with a key that has a passphrase",
      () => good.certificate + encrypted(),
      /^its private key has a passphrase/,
    ],
    [
      "with a chain in the wrong order",
      () => good.certificate + other.certificate + good.key,
      /^certificate 1 is not issued by certificate 2/,
    ],
    [
      "when it has expired",
      async () => (await authority.issue({ fromDay: -9, toDay: -1 })).pem,
      /^a certificate in it has expired on \d{4}-\d\d-\d\d$/,
    ],
    [
      "before its time",
      async () => (await authority.issue({ fromDay: 1 })).pem,
      /^a certificate in it is not valid before \d{4}-\d\d-\d\d$/,
    ],
    [
      "with a weak key",
      async () => (await authority.issue({ rsaBits: 1024 })).pem,
      /^its RSA key has 1024 bits; allowed are 2048 and more$/,
    ],
    [
      "when it is longer than HAProxy reads at run time",
      async () => good.certificate + (await chainOf(authority, 40)) + good.key,
      /^it has \d{5} characters, and at most 16000 are allowed/,
    ],
  ])("%s", async (_what, text, message) => {
    expect(refusal(await text())).toMatch(message);
  });

  test("without a word of what is in it, whatever it is", () => {
    const mixed = fc.array(
      fc.oneof(
        fc.constantFrom(good.certificate, good.key, other.key, "-----BEGIN PRIVATE KEY-----\n"),
        fc.string(),
      ),
      {
        maxLength: 5,
      },
    );
    fc.assert(
      fc.property(mixed, (parts) => {
        const text = parts.join("");
        try {
          expect(isPem(parseCertificate(text).pem)).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(CertificateError);
          for (const { key } of [good, other]) expect(String(error)).not.toContain(key.split("\n")[1]);
        }
      }),
    );
  });
});

const encrypted = (): string => {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return String(privateKey.export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" }));
};

/** A root is issued by itself, so it may follow itself. */
const chainOf = async ({ certificate }: Authority, length: number): Promise<string> =>
  certificate.repeat(length);

describe("what reaches a runtime command", () => {
  test.each([
    ["an empty line", (pem: string) => pem.replace("\n-----END", "\n\n-----END")],
    ["a command", (pem: string) => `${pem}show info\n`],
    [
      "a line without base64",
      (pem: string) => pem.replace("CERTIFICATE-----\n", "CERTIFICATE-----\n;quit\n"),
    ],
    ["no end", (pem: string) => pem.trimEnd()],
    ["another kind of block", (pem: string) => pem.replaceAll("PRIVATE KEY", "SECRET")],
    ["a carriage return", (pem: string) => pem.replaceAll("\n", "\r\n")],
    ["too much", (pem: string) => pem.repeat(Math.ceil(MAX_PEM_CHARS / pem.length))],
    ["nothing", () => ""],
  ])("is no PEM with %s", (_what, change) => {
    expect(isPem(change(parseCertificate(good.pem).pem))).toBe(false);
  });
});

test("a certificate that has expired is kept where all balancers have it, and goes to no other", async () => {
  const expired = parseCertificate((await authority.issue({ fromDay: -9, toDay: -1 })).pem);
  const { digest } = expired;
  expect(() => checkDates(expired, [digest, digest], NOW)).not.toThrow();
  for (const installed of [[], [undefined], ["another"], [digest, "another"], [digest, undefined]]) {
    expect(() => checkDates(expired, installed, NOW)).toThrow(CertificateError);
  }
});

test("a chain is valid as long as all of it", async () => {
  const leaf = await authority.issue({ toDay: 2000 }); // its issuer ends after 1,000 days
  const [alone, chain] = [leaf.pem, leaf.certificate + authority.certificate + leaf.key].map(
    parseCertificate,
  );
  expect((Number(alone?.expires) - Number(chain?.expires)) / 86_400_000).toBeCloseTo(1000, 1);
  expect(chain?.validFrom).toEqual(alone?.validFrom);
});

test("a certificate expires soon when 30 days are left", () => {
  const day = 24 * 3_600_000;
  expect(expiresSoon(new Date(NOW.getTime() + 31 * day), NOW)).toBe(false);
  expect(expiresSoon(new Date(NOW.getTime() + 29 * day), NOW)).toBe(true);
});

test("a self-signed certificate is one that a server can use, for its names and a year", async () => {
  const pem = await createSelfSigned("demo", ["localhost", "127.0.0.1"], NOW);
  const { expires } = parseCertificate(pem);
  expect((expires.getTime() - NOW.getTime()) / 86_400_000).toBeCloseTo(365, 1);
  const { subject, subjectAltName, ca } = new X509Certificate(pem);
  expect({ subject, subjectAltName, ca }).toEqual({
    subject: "O=Balancer self-signed\nCN=demo",
    subjectAltName: "DNS:localhost, IP Address:127.0.0.1",
    ca: false,
  });
});
