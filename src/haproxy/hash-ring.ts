/** A server's place on HAProxy's consistent hash ring follows from these properties alone. */
export interface RingServer {
  readonly name: string;
  readonly id: number;
  /** 0 to 256. */
  readonly weight: number;
}

const RING_SIZE = 2 ** 32;
/** HAProxy puts this many points a weight unit on the ring … */
const POINTS_PER_WEIGHT = 16;
/** … and numbers them from `id` times this. */
const POINTS_PER_ID = 256 * POINTS_PER_WEIGHT;

/**
 * Calculates the share of sessions, 0 to 1, that another server serves after a change of servers. It assumes
 * that sessions are spread evenly over the ring, which HAProxy's avalanche hash does. It is 0 if there was no
 * server before, because nothing moves then.
 */
export function movedShare(before: readonly RingServer[], after: readonly RingServer[]): number {
  const [from, to] = [arcsOf(before), arcsOf(after)];
  if (from.length === 0) return 0;
  if (to.length === 0) return 1;
  let moved = 0;
  let position = 0;
  let [i, j] = [0, 0];
  while (position < RING_SIZE) {
    const [a, b] = [from[i], to[j]];
    if (a === undefined || b === undefined) break;
    const end = Math.min(a.end, b.end);
    if (a.owner !== b.owner) moved += end - position;
    position = end;
    if (a.end === end) i += 1;
    if (b.end === end) j += 1;
  }
  return moved / RING_SIZE;
}

/**
 * Finds the server of a session in hash mode: the owner of the ring's point that is nearest to the hash of
 * its id.
 * @param servers The servers that are up and in rotation.
 * @param id The id that HAProxy knows the session by.
 * @returns Undefined if there is no server.
 */
export function serverOfSession(servers: readonly RingServer[], id: string): string | undefined {
  const position = hash32(sdbm(Buffer.from(id)));
  return arcsOf(servers).find(({ end }) => position <= end)?.owner;
}

/** Cuts the ring into arcs. A session goes to the nearest point, so arcs end half way between points. */
function arcsOf(servers: readonly RingServer[]) {
  const points = servers
    .flatMap(({ name, id, weight }) =>
      Array.from({ length: weight * POINTS_PER_WEIGHT }, (_, n) => ({
        key: hash32(id * POINTS_PER_ID + n),
        owner: name,
      })),
    )
    .sort((a, b) => a.key - b.key);
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) return [];
  const arcs = points.map(({ key, owner }, index) => ({
    end: (key + (points[index + 1]?.key ?? first.key + RING_SIZE)) / 2,
    owner,
  }));
  const beyond = arcs.at(-1)?.end ?? RING_SIZE;
  if (beyond >= RING_SIZE) {
    // The last point's arc goes on at the start of the ring.
    return [
      { end: beyond - RING_SIZE, owner: last.owner },
      ...arcs.slice(0, -1),
      { end: RING_SIZE, owner: last.owner },
    ];
  }
  return [...arcs, { end: RING_SIZE, owner: first.owner }];
}

/** Bob Jenkins' full avalanche hash of a 32-bit integer. HAProxy's factor spreads it over the ring. */
function hash32(value: number): number {
  let a = value | 0;
  a = (a + 0x7ed55d16 + (a << 12)) | 0;
  a = a ^ 0xc761c23c ^ (a >>> 19);
  a = (a + 0x165667b1 + (a << 5)) | 0;
  a = ((a + 0xd3a2646c) | 0) ^ (a << 9);
  a = (a + 0xfd7046c5 + (a << 3)) | 0;
  a = a ^ 0xb55a4f09 ^ (a >>> 16);
  return Math.imul(a, 3221225473) >>> 0;
}

/** The string hash that HAProxy uses where `hash-type` names none. */
const sdbm = (bytes: Uint8Array): number =>
  bytes.reduce((hash, byte) => (byte + (hash << 6) + (hash << 16) - hash) | 0, 0);
