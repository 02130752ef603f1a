import { open } from "node:fs/promises";
import { resolve } from "node:path";
import { projectFolder } from "../stack/checkout.ts";
import { type Certificate, CertificateError, parseCertificate } from "./certificate.ts";

const MAX_FILE_BYTES = 128 * 1024;

/**
 * Reads a PEM file and checks it.
 * @param path An absolute path, or one that starts from the project's folder.
 * @throws {CertificateError} The file cannot be read or used.
 */
export async function readCertificateFile(path: string): Promise<Certificate> {
  return parseCertificate(await readStart(resolve(projectFolder(), path)));
}

async function readStart(path: string): Promise<string> {
  try {
    await using file = await open(path);
    const { bytesRead, buffer } = await file.read({ buffer: Buffer.alloc(MAX_FILE_BYTES + 1) });
    if (bytesRead > MAX_FILE_BYTES)
      throw new CertificateError(`it has more than ${MAX_FILE_BYTES / 1024} KiB`);
    return buffer.toString("utf8", 0, bytesRead);
  } catch (cause) {
    if (cause instanceof CertificateError) throw cause;
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown error";
    throw new CertificateError(`it cannot be read (${code})`, { cause });
  }
}
