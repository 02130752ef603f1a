import { createHash } from "node:crypto";

/**
 * Session ids that follow from a seed: UUIDs of version 8, which is the one for ids made in a way of one's own. The same
 * seed gives the same ids, and more of them begin with the ones of fewer.
 */
export const sessionIds = (seed: number, count: number): string[] =>
  Array.from({ length: count }, (_, index) => uuidOf(`${seed}:${index}`));

function uuidOf(text: string): string {
  const bytes = createHash("sha256").update(text).digest().subarray(0, 16);
  bytes[6] = 0x80 | ((bytes[6] ?? 0) & 0x0f); // the version
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f); // the variant
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
