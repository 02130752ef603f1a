import { setImmediate } from "node:timers/promises";
import type { Clock } from "../../../../src/stack/clock.ts";

/** A clock that stands still while nobody sleeps, so that minutes of waiting take milliseconds. */
export class FakeClock implements Clock {
  #nowMs = 0;
  #events: { readonly atMs: number; readonly happen: () => void }[] = [];

  now(): number {
    return this.#nowMs;
  }

  /** Whoever sleeps at the same time sleeps side by side. */
  async sleep(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await setImmediate();
    if (untilMs <= this.#nowMs) return;
    this.#nowMs = untilMs;
    const due = this.#events.filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs);
    this.#events = this.#events.filter(({ atMs }) => atMs > untilMs);
    for (const { happen } of due) happen();
  }

  /** Lets something happen when somebody has slept until then. */
  at(atMs: number, happen: () => void): void {
    this.#events.push({ atMs, happen });
  }
}
