import { alignColumns, coloursOf } from "../terminal/terminal.ts";
import { checksOf } from "./checks.ts";
import { type Comparison, movesOf } from "./comparison.ts";
import { count, deviation, number, percent, seconds } from "./format.ts";
import type { ProbeResult } from "./probe-run.ts";

const colours = coloursOf(process.stdout);

const MOST_MOVES = 20;

/** Writes the result of a probe for a terminal. */
export function formatText(result: ProbeResult): string {
  const { stack, mode, seed, sessions, path, rounds, requests, durationMs, distribution, comparison } =
    result;
  const what = `${count(sessions, "session")} of seed ${seed}`;
  return [
    `Stack ${stack}, ${mode} mode: ${what} through ${[...new Set(rounds)].join(", ")}`,
    `${count(requests, "request")} for ${path} in ${seconds(durationMs)}`,
    "",
    ...formatTable(1, [
      ["server", "sessions", "share", "off even"],
      ...distribution.servers.map((row) => [
        row.server,
        number(row.sessions),
        percent(row.share),
        deviation(row.deviationPercent),
      ]),
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
    ...formatTable(2, [
      ["from", "to", "moved"],
      ...moves.slice(0, MOST_MOVES).map(({ from, to, sessions }) => [from, to, number(sessions)]),
    ]),
    ...(more <= 0 ? [] : [`… and ${number(more)} smaller ones`]),
  ];
}

/** Writes a table, whose first row is its head. */
function formatTable(words: number, rows: readonly (readonly string[])[]): string[] {
  const [head = "", ...lines] = alignColumns(rows, words);
  return [colours.bold(head), ...lines];
}
