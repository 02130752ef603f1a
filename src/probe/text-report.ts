import { coloursOf } from "../terminal.ts";
import { checksOf } from "./checks.ts";
import { type Comparison, movesOf } from "./comparison.ts";
import { count, deviation, number, percent, seconds } from "./format.ts";
import type { ProbeResult } from "./result.ts";

const colours = coloursOf(process.stdout);

const MOST_MOVES = 20;

/** What a probe found, for a terminal. */
export function formatText(result: ProbeResult): string {
  const { stack, mode, seed, sessions, path, rounds, requests, durationMs, distribution, comparison } = result;
  return [
    `Stack ${stack}, ${mode} mode: ${count(sessions, "session")} of seed ${seed} through ${[...new Set(rounds)].join(", ")}`,
    `${count(requests, "request")} for ${path} in ${seconds(durationMs)}`,
    "",
    ...formatTable(1, [
      ["server", "sessions", "share", "off even"],
      ...distribution.servers.map((row) => [row.server, number(row.sessions), percent(row.share), deviation(row.deviationPercent)]),
    ]),
    `imbalance ${distribution.imbalance.toFixed(3)} (fullest server / mean)`,
    ...(comparison === undefined || comparison.moved === 0 ? [] : ["", ...formatMoves(comparison)]),
    "",
    ...checksOf(result).flatMap(({ name, hasPassed, text, details }) => [
      `${hasPassed ? colours.green("✔") : colours.red("✖")} ${colours.bold(name)}: ${text}`,
      ...details.map((line) => `    ${line}`),
    ]),
  ].join("\n");
}

function formatMoves(comparison: Comparison): string[] {
  const moves = movesOf(comparison);
  const more = moves.length - MOST_MOVES;
  return [
    ...formatTable(2, [["from", "to", "moved"], ...moves.slice(0, MOST_MOVES).map(({ from, to, sessions }) => [from, to, number(sessions)])]),
    ...(more <= 0 ? [] : [`… and ${number(more)} smaller ones`]),
  ];
}

/** The first row is the head. The first columns are words, the others numbers, which stand to the right. */
function formatTable(words: number, rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row.map((cell, column) => (column < words ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join("  "),
  );
  return lines.map((line, index) => (index === 0 ? colours.bold(line) : line));
}
