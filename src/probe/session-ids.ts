import { createHash } from "node:crypto";

/**
 * Makes session ids from a seed: UUIDs of version 8, which leaves it open how they are made. The same seed
 * gives the same ids, and a longer list begins with the shorter one.
 */
export const sessionIds = (seed: number, count: number): string[] =>
  Array.from({ length: count }, (_, index) => uuidOf(`${seed}:${index}`));

function uuidOf(text: string): string {
  const bytes = createHash("sha256").update(text).digest().subarray(0, 16);
  bytes[6] = 0x80 | ((bytes[6] ?? 0) & 0x0f); // the version
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f); // the variant
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
