import { availableParallelism, loadavg } from "node:os";
import { median, type Ratio } from "./samples.ts";

/** A ratio and its bound. */
export interface Target {
  readonly text: string;
  readonly ratio: Ratio;
  readonly limit: { readonly kind: "at most" | "at least"; readonly value: number };
}

/** Prints a Markdown table. */
export function printTable(
  title: string,
  header: readonly string[],
  rows: readonly (readonly string[])[],
): void {
  const widths = header.map((name, column) =>
    Math.max(name.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => pad(cell, column, widths[column] ?? 0)).join(" | ")} |`;
  const rule = widths.map((width, column) =>
    column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`,
  );
  console.log(`\n${title}\n`);
  for (const row of [header, rule, ...rows]) console.log(line(row));
}

/** The first column holds words, the others hold numbers. */
const pad = (cell: string, column: number, width: number): string =>
  column === 0 ? cell.padEnd(width) : cell.padStart(width);

/** Prints for each target whether it is reached. A target that is missed fails nothing. */
export function printTargets(targets: readonly Target[]): void {
  console.log("");
  for (const { text, ratio, limit } of targets) {
    const isReached = limit.kind === "at most" ? ratio.value <= limit.value : ratio.value >= limit.value;
    const wanted = `${limit.kind} ${limit.value}x`;
    console.log(`${isReached ? "reached" : "MISSED "}  ${text}: ${formatRatio(ratio)}, wanted ${wanted}`);
  }
}

/** Prints the machine's state, without which no figure means anything. */
export function printLoad(when: string): void {
  const load = loadavg().map((value) => value.toFixed(2));
  const machine = `load average ${load.join(" ")} on ${availableParallelism()} cores`;
  console.log(`\n${when}: ${new Date().toISOString()}, ${machine}`);
}

/** Writes the median of milliseconds. */
export const formatMs = (samples: readonly number[]): string => {
  const value = median(samples);
  return value >= 10 ? value.toFixed(0) : value.toFixed(1);
};

/** Writes `1.42x (1.30–1.61)`: the ratio of the medians, and the least and the most of the rounds. */
export const formatRatio = ({ value, least, most }: Ratio): string =>
  `${digits(value)}x (${digits(least)}–${digits(most)})`;

const digits = (value: number): string =>
  value >= 10 ? value.toFixed(1) : value >= 0.1 ? value.toFixed(2) : value.toFixed(4);
