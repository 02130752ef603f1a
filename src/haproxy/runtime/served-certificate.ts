import type { Pem } from "../../tls/certificate.ts";
import type { Haproxy } from "./client.ts";
import { COMMANDS } from "./command.ts";
import { malformed } from "./runtime-error.ts";

/** A certificate as the running HAProxy serves it. */
export type RunningCertificate = Readonly<NonNullable<ReturnType<typeof parseCertificateReply>>>;

/**
 * Reads the certificate that HAProxy has loaded from a file; undefined when it has none from there.
 * @throws {RuntimeError}
 */
export const readRunningCertificate = async (haproxy: Haproxy, file: string) =>
  parseCertificateReply(await haproxy.ask(COMMANDS.showCertificate(file)));

/**
 * Reads the answer to `show ssl cert FILE`; undefined when HAProxy knows no such file.
 * @throws {RuntimeError} of kind `malformed`
 */
export function parseCertificateReply(reply: string) {
  if (/^Can't display the certificate: Not found/.test(reply)) return undefined;
  const field = (name: string): string | undefined => new RegExp(`^${name}: (.+)$`, "m").exec(reply)?.[1];
  const fingerprint = /^[0-9A-F]{40}$/.exec(field("SHA1 FingerPrint") ?? "")?.[0];
  const [subject, expires] = [field("Subject"), new Date(field("notAfter") ?? "")];
  if (fingerprint === undefined || subject === undefined || Number.isNaN(expires.getTime())) {
    throw malformed("show ssl cert", reply);
  }
  return {
    /** SHA-1 of the leaf: hex in upper case. */
    fingerprint,
    /** The leaf's, as in `/O=Example/CN=www.example.com`. */
    subject,
    expires,
  };
}

/**
 * Changes the certificate that HAProxy serves in place of a file's, without a reload: new connections get it,
 * those that are open go on.
 * @throws {RuntimeError} of kind `refused` with HAProxy's words; the certificate is the old one then
 */
export async function changeRunningCertificate(haproxy: Haproxy, file: string, pem: Pem): Promise<void> {
  await haproxy.runAlone({
    command: COMMANDS.setCertificate(file, pem),
    accepts: /^Transaction (created|updated) for certificate /m,
    what: "to set the certificate",
  });
  try {
    await haproxy.runAlone({
      command: COMMANDS.commitCertificate(file),
      accepts: /^Success!$/m,
      what: "to commit the certificate",
    });
  } catch (error) {
    // HAProxy allows one open transaction, so ours is aborted.
    await haproxy.ask(COMMANDS.abortCertificate(file));
    throw error;
  }
}
