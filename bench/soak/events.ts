import fc from "fast-check";
import type { Mode } from "../../src/stack/settings.ts";

/** An event that happens to the stack, and the declaration after it. */
export type SoakEvent = Drawn &
  (
    | { readonly kind: "scale"; readonly from: number }
    | { readonly kind: "roll-out"; readonly version: string }
    | { readonly kind: "mode" }
    | { readonly kind: "haproxy-kill" }
    | { readonly kind: "app-crash"; readonly server: string }
  );

interface Drawn {
  /** Nothing happens for so long before the event. */
  readonly pauseMs: number;
  readonly count: number;
  readonly mode: Mode;
}

export const KINDS = [
  "scale",
  "roll-out",
  "mode",
  "haproxy-kill",
  "app-crash",
] as const satisfies readonly SoakEvent["kind"][];

/** The declaration before the first event. */
export const START = { count: 3, mode: "sticky" } as const;

const COUNTS = { least: 2, most: 6 } as const;

const CARD = fc.record({
  pauseMs: fc.constantFrom(300, 700, 1_500),
  /** The count goes on by so many steps, never all the way round. */
  steps: fc.integer({ min: 1, max: COUNTS.most - COUNTS.least }),
  /** Chooses the server that crashes. Every server has as many of these numbers, whatever their count. */
  victim: fc.integer({ min: 0, max: 59 }),
});
const DECK = fc.noBias(
  fc.record({
    order: fc.shuffledSubarray([...KINDS], { minLength: KINDS.length }),
    cards: fc.tuple(...KINDS.map(() => CARD)),
  }),
);

/**
 * Draws events in the order in which they happen: decks with one of each kind, each deck shuffled. The same
 * seed gives the same events, and more decks make a longer list with the same beginning.
 */
export function drawEvents(seed: number, decks: number): SoakEvent[] {
  let { count, mode }: { count: number; mode: Mode } = START;
  let version = 0;
  const eventOf = (kind: SoakEvent["kind"], { pauseMs, steps, victim }: CardOf): SoakEvent => {
    const drawn = () => ({ pauseMs, count, mode });
    switch (kind) {
      case "scale": {
        const from = count;
        count = COUNTS.least + ((count - COUNTS.least + steps) % (COUNTS.most - COUNTS.least + 1));
        return { kind, from, ...drawn() };
      }
      case "roll-out":
        version += 1;
        return { kind, version: `v${version}`, ...drawn() };
      case "mode":
        mode = mode === "sticky" ? "hash" : "sticky";
        return { kind, ...drawn() };
      case "haproxy-kill":
        return { kind, ...drawn() };
      case "app-crash":
        return { kind, server: `s${1 + (victim % count)}`, ...drawn() };
      default:
        return kind satisfies never;
    }
  };
  return fc
    .sample(DECK, { seed, numRuns: decks })
    .flatMap(({ order, cards }) =>
      order.flatMap((kind, index) => (cards[index] === undefined ? [] : [eventOf(kind, cards[index])])),
    );
}

type CardOf = typeof CARD extends fc.Arbitrary<infer T> ? T : never;

/** Describes an event in few words: `scale 3 → 5`. */
export function describeEvent(event: SoakEvent): string {
  switch (event.kind) {
    case "scale":
      return `scale ${event.from} → ${event.count}`;
    case "roll-out":
      return `roll-out of ${event.version} to ${event.count}`;
    case "mode":
      return `mode → ${event.mode}`;
    case "haproxy-kill":
      return "HAProxy killed";
    case "app-crash":
      return `app of ${event.server} crashes`;
    default:
      return event satisfies never;
  }
}
