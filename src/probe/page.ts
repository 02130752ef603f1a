import { readFileSync } from "node:fs";
import { join } from "node:path";
import Handlebars from "handlebars";
import { drawDistribution, drawFlow, drawMoves } from "./charts.ts";
import { checksOf, isConsistent } from "./checks.ts";
import { type Comparison, movesOf } from "./comparison.ts";
import { count, deviation, number, percent, seconds, time } from "./format.ts";
import type { ProbeResult } from "./probe-run.ts";

/** With more servers than these a flow is only a tangle. */
const MOST_IN_FLOW = 12;
const MOST_MOVES = 100;

const CHART = `<figure>
<div role="img" aria-label="{{label}}">{{{picture}}}</div>
<figcaption>{{caption}}</figcaption>
</figure>`;

const handlebars = Handlebars.create();
handlebars.registerPartial("chart", CHART);
const template = handlebars.compile(readFileSync(join(import.meta.dirname, "page.html.hbs"), "utf8"), {
  strict: true,
});

/** Writes the result of a probe as one HTML page that needs no script and no other file. */
export function formatPage(result: ProbeResult): string {
  const { stack, mode, seed, sessions, path, rounds, createdAt, distribution, comparison } = result;
  const balancers = [...new Set(rounds)].join(", ");
  const bars = distribution.servers.map((row) => `${row.server} ${number(row.sessions)}`).join(", ");
  return template({
    title: `Probe of stack ${stack}`,
    subtitle: [
      `${mode} mode`,
      `${count(sessions, "session")} of seed ${seed}`,
      `requests for ${path} through ${balancers}`,
      time(createdAt),
    ].join(", "),
    isConsistent: isConsistent(result),
    figures: figuresOf(result),
    checks: checksOf(result),
    distribution: {
      picture: drawDistribution(distribution),
      label: `Bars: sessions of each server, ${bars}`,
      caption: "Sessions of each server; the dashed line is the even share.",
    },
    servers: distribution.servers.map((row) => ({
      server: row.server,
      sessions: number(row.sessions),
      share: percent(row.share),
      deviation: deviation(row.deviationPercent),
    })),
    comparison: comparison === undefined ? undefined : movementOf(comparison, sessions),
  });
}

function figuresOf({ sessions, distribution, requests, durationMs, differences, comparison }: ProbeResult) {
  const { servers, imbalance } = distribution;
  return [
    { name: "Sessions", value: number(sessions), note: `on ${count(servers.length, "server")}` },
    { name: "Imbalance", value: imbalance.toFixed(3), note: "fullest server / mean" },
    {
      name: "Strayed",
      value: number(differences.count),
      note: `of ${count(requests, "request")} in ${seconds(durationMs)}`,
    },
    ...(comparison === undefined
      ? []
      : [
          {
            name: "Moved",
            value: percent(comparison.movedShare),
            note: `${count(comparison.moved, "session")}, ideal ${percent(comparison.idealShare)}`,
          },
        ]),
  ];
}

function movementOf(comparison: Comparison, sessions: number) {
  const { before, after, moved, movedShare, idealShare, since } = comparison;
  const moves = movesOf(comparison);
  const rest = moves.length - MOST_MOVES;
  const label = `${number(moved)} of ${count(sessions, "session")} moved`;
  const flow = {
    picture: drawFlow(comparison),
    label: `Flow from the servers before to the servers now: ${label}`,
    caption: "Before on the left, now on the right: grey stayed, coloured moved.",
  };
  const heatMap = {
    picture: drawMoves(comparison),
    label: `Heat map, from the servers before to the servers now: ${label}`,
    caption:
      "Sessions from each server before (rows) to each server now (columns): grey stayed, coloured moved.",
  };
  return {
    heading: `What has moved since ${time(since)}`,
    summary: `${count(moved, "session")} (${percent(movedShare)}) moved; ideal is ${percent(idealShare)}.`,
    charts: [...(Math.max(before.length, after.length) <= MOST_IN_FLOW ? [flow] : []), heatMap],
    moves: moves.slice(0, MOST_MOVES).map(({ from, to, sessions: some }) => ({
      from,
      to,
      sessions: number(some),
      share: percent(some / sessions),
    })),
    more: rest > 0 ? `… and ${number(rest)} smaller ones` : undefined,
  };
}
