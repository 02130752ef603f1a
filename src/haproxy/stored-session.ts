import { createHash } from "node:crypto";

/** An id of more bytes is known by its digest. A stick table holds so many of each. */
export const SESSION_BYTES = 128;

/** Makes what HAProxy knows a session by, in its table and on its ring, of the id that a client sends. */
export const sessionKeyOf = (id: string): string =>
  Buffer.byteLength(id) > SESSION_BYTES ? createHash("sha256").update(id).digest("hex").toUpperCase() : id;
