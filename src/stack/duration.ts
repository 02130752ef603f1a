const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;

/** A unit of time, as users write it behind a number. */
export type TimeUnit = keyof typeof UNIT_MS;

/** Writes milliseconds as a user would, in the largest unit that they are whole in. */
export function writeDuration(ms: number): string {
  const unit = UNITS.find((each) => ms % UNIT_MS[each] === 0) ?? "ms";
  return `${ms / UNIT_MS[unit]}${unit}`;
}

const UNITS = ["h", "m", "s"] as const;

/**
 * Reads a time such as 500ms, 30s or 5m. A bare number is in seconds.
 * @returns Milliseconds. Undefined for anything else, and for other units than the given ones.
 */
export function readDuration(text: string, units: readonly TimeUnit[]): number | undefined {
  const [, number, name] = /^(\d{1,7})([a-z]*)$/.exec(text) ?? [];
  const unit = name === "" ? "s" : units.find((each) => each === name);
  return unit === undefined ? undefined : Number(number) * UNIT_MS[unit];
}
