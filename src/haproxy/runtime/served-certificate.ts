import { type Endpoint, formatEndpoint } from "../../stack/endpoint.ts";
import type { Pem } from "../../tls/certificate.ts";
import { COMMANDS } from "./command.ts";
import { runRaw } from "./connection.ts";
import { malformed, RuntimeError } from "./runtime-error.ts";

/** A certificate as the running HAProxy serves it. */
export interface RunningCertificate {
  /** SHA-1 of the leaf: hex in upper case. */
  readonly fingerprint: string;
  /** The leaf's, as in `/O=Example/CN=www.example.com`. */
  readonly subject: string;
  readonly expires: Date;
}

/**
 * Reads the certificate that HAProxy has loaded from a file; undefined when it has none from there.
 * @throws {RuntimeError}
 */
export async function readRunningCertificate(
  endpoint: Endpoint,
  file: string,
): Promise<RunningCertificate | undefined> {
  return parseCertificateReply(await runRaw(endpoint, COMMANDS.showCertificate(file)));
}

/**
 * Reads the answer to `show ssl cert FILE`; undefined when HAProxy knows no such file.
 * @throws {RuntimeError} of kind `malformed`
 */
export function parseCertificateReply(reply: string): RunningCertificate | undefined {
  if (/^Can't display the certificate: Not found/.test(reply)) return undefined;
  const field = (name: string): string | undefined => new RegExp(`^${name}: (.+)$`, "m").exec(reply)?.[1];
  const fingerprint = /^[0-9A-F]{40}$/.exec(field("SHA1 FingerPrint") ?? "")?.[0];
  const [subject, expires] = [field("Subject"), new Date(field("notAfter") ?? "")];
  if (fingerprint === undefined || subject === undefined || Number.isNaN(expires.getTime())) {
    throw malformed("show ssl cert", reply);
  }
  return { fingerprint, subject, expires };
}

/**
 * Changes the certificate that HAProxy serves in place of a file's, without a reload: new connections get it, those that
 * are open go on.
 * @throws {RuntimeError} of kind `refused` with HAProxy's words; the certificate is the old one then
 */
export async function changeRunningCertificate(endpoint: Endpoint, file: string, pem: Pem): Promise<void> {
  refuseUnless(
    endpoint,
    "set",
    /^Transaction (created|updated) for certificate /m,
    await runRaw(endpoint, COMMANDS.setCertificate(file, pem)),
  );
  try {
    refuseUnless(endpoint, "commit", /^Success!$/m, await runRaw(endpoint, COMMANDS.commitCertificate(file)));
  } catch (error) {
    await runRaw(endpoint, COMMANDS.abortCertificate(file)); // one that is left would keep others from being changed
    throw error;
  }
}

function refuseUnless(endpoint: Endpoint, verb: string, success: RegExp, answer: string): void {
  if (success.test(answer)) return;
  const words = answer.trim().replaceAll(/\s*\n\s*/g, " ");
  throw new RuntimeError(
    "refused",
    `HAProxy at ${formatEndpoint(endpoint)} refused to ${verb} the certificate: ${words || "(no answer)"}`,
  );
}
