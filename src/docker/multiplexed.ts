/**
 * Splits the output of a container without a terminal. Docker puts eight bytes before each piece, of which
 * the last four tell its length.
 */
export function* demultiplex(printed: Buffer): Generator<Buffer> {
  const header = 8;
  for (let at = 0; at + header <= printed.length; ) {
    const length = printed.readUInt32BE(at + 4);
    yield printed.subarray(at + header, at + header + length);
    at += header + length;
  }
}

/** Joins everything that was printed on stdout and stderr, in the order in which it came. */
export const textOf = (printed: Buffer): string => Buffer.concat([...demultiplex(printed)]).toString("utf8");
