import fc from "fast-check";
import { expect, test } from "vitest";
import { drawEvents, KINDS, START } from "../../../bench/soak/events.ts";

const SEED = fc.integer({ min: 0, max: 2 ** 31 - 1 });

test("the same seed gives the same events, and more of them for a longer run", () => {
  fc.assert(
    fc.property(SEED, (seed) => {
      const events = drawEvents(seed, 20);
      expect(drawEvents(seed, 20)).toEqual(events);
      expect(drawEvents(seed, 3)).toEqual(events.slice(0, 3 * KINDS.length));
    }),
    { numRuns: 20 },
  );
  expect(drawEvents(1, 20)).not.toEqual(drawEvents(2, 20));
});

test("each deck has one event of each kind, and every event changes something that is there", () => {
  fc.assert(
    fc.property(SEED, (seed) => {
      let { count, mode }: { count: number; mode: string } = START;
      const events = drawEvents(seed, 10);
      for (let at = 0; at < events.length; at += KINDS.length) {
        expect(
          events
            .slice(at, at + KINDS.length)
            .map(({ kind }) => kind)
            .sort(),
        ).toEqual([...KINDS].sort());
      }
      for (const event of events) {
        expect(event.count === count).toBe(event.kind !== "scale");
        expect(event.mode === mode).toBe(event.kind !== "mode");
        ({ count, mode } = event);
        expect(count).toBeGreaterThanOrEqual(2);
        expect(count).toBeLessThanOrEqual(6);
        if (event.kind === "app-crash")
          expect(Array.from({ length: count }, (_, index) => `s${index + 1}`)).toContain(event.server);
      }
      expect(
        new Set(events.flatMap((event) => (event.kind === "roll-out" ? [event.version] : []))).size,
      ).toBe(10);
    }),
    { numRuns: 50 },
  );
});
