import { BarChart, HeatmapChart, SankeyChart } from "echarts/charts";
import { GridComponent, MarkLineComponent, VisualMapComponent } from "echarts/components";
import { type EChartsCoreOption, init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import type { Comparison } from "./comparison.ts";
import type { Distribution } from "./distribution.ts";
import { number } from "./format.ts";

use([BarChart, HeatmapChart, SankeyChart, GridComponent, MarkLineComponent, VisualMapComponent, SVGRenderer]);

const WIDTH = 920;
/** Numbers fit on no more servers than these. */
const MOST_LABELLED = 14;

/** The page has these colours, each for a light and for a dark background. */
const [CARD, TEXT, FAINT, MARK, MOVED] = ["card", "text", "faint", "mark", "moved"].map(
  (name) => `var(--${name})`,
);
const BAR_COLOUR = "#2563eb";
/** Servers have these colours in the flow, on either background. */
const SERVER_COLOURS = [
  ...["#3b82f6", "#f59e0b", "#10b981", "#ec4899", "#8b5cf6"],
  ...["#ef4444", "#14b8a6", "#84cc16", "#6366f1", "#d97706"],
];

/** Draws the sessions of each server as bars, next to the even share. */
export function drawDistribution({ servers }: Distribution): string {
  const mean = servers.reduce((sum, { sessions }) => sum + sessions, 0) / servers.length;
  const isLabelled = servers.length <= MOST_LABELLED;
  return draw(340, {
    grid: { left: 56, right: 64, top: 28, bottom: 32 },
    xAxis: categories(servers.map(({ server }) => server)),
    yAxis: { type: "value", splitLine: { lineStyle: { color: FAINT } }, axisLabel: { color: TEXT } },
    series: {
      type: "bar",
      data: servers.map(({ sessions }) => sessions),
      barMaxWidth: 88,
      silent: true,
      itemStyle: { color: BAR_COLOUR, borderRadius: [4, 4, 0, 0] },
      label: { show: isLabelled, position: "inside", color: "#fff", fontSize: 13, formatter: labelOf },
      markLine: {
        silent: true,
        symbol: "none",
        lineStyle: { color: MARK, type: "dashed", width: 1.5 },
        label: { formatter: "even", color: MARK, textBorderWidth: 0 },
        data: [{ yAxis: mean }],
      },
    },
  });
}

/** Draws sessions as a flow from the server before to the one after: grey if they stayed, else coloured. */
export function drawFlow({ before, after, flows }: Comparison): string {
  const servers = [...new Set([...before, ...after])];
  const colourOf = (server: string) => SERVER_COLOURS[servers.indexOf(server) % SERVER_COLOURS.length];
  const node = (side: "from" | "to") => (server: string) => ({
    name: `${side} ${server}`,
    depth: side === "from" ? 0 : 1,
    itemStyle: { color: colourOf(server) },
    label: { position: side === "from" ? "left" : "right", formatter: server },
  });
  return draw(Math.max(280, Math.max(before.length, after.length) * 56), {
    series: {
      type: "sankey",
      left: 64,
      right: 64,
      top: 12,
      bottom: 12,
      nodeWidth: 14,
      nodeGap: 14,
      layoutIterations: 0, // keeps the order
      silent: true,
      label: { color: TEXT, fontSize: 13, textBorderWidth: 0 },
      data: [
        ...before.filter((server) => flows.some(({ from }) => from === server)).map(node("from")),
        ...after.filter((server) => flows.some(({ to }) => to === server)).map(node("to")),
      ],
      links: flows.map(({ from, to, sessions }) => ({
        source: `from ${from}`,
        target: `to ${to}`,
        value: sessions,
        lineStyle: from === to ? { color: FAINT, opacity: 0.7 } : { color: colourOf(to), opacity: 0.6 },
      })),
    },
  });
}

/** Draws sessions from every server (row) to every server (column): grey if they stayed, else coloured. */
export function drawMoves({ before, after, flows }: Comparison): string {
  const isLabelled = Math.max(before.length, after.length) <= MOST_LABELLED;
  const moves = flows.filter(({ from, to }) => from !== to);
  const border = isLabelled ? { borderRadius: 4, borderWidth: 2, borderColor: CARD } : {};
  const heatmap = (shown: Comparison["flows"], color: string | undefined) => ({
    type: "heatmap",
    data: shown.map(({ from, to, sessions }) => [to, from, sessions]),
    silent: true,
    label: { show: isLabelled, color: TEXT, opacity: 1, fontSize: 13, formatter: labelOf },
    itemStyle: { color, ...border },
  });
  const most = Math.max(1, ...moves.map(({ sessions }) => sessions));
  const named = (name: string) => ({ name, nameLocation: "middle", nameTextStyle: { color: TEXT } });
  return draw(72 + Math.min(680, before.length * 48), {
    grid: { left: 72, right: 16, top: 48, bottom: 8 },
    xAxis: { ...categories(after), ...named("now"), position: "top", nameGap: 26 },
    yAxis: { ...categories(before), ...named("before"), inverse: true },
    visualMap: [
      { show: false, seriesIndex: 0, inRange: { opacity: 1 } },
      { show: false, seriesIndex: 1, min: 0, max: most, inRange: { opacity: [0.2, 1] } },
    ],
    series: [
      heatmap(
        flows.filter(({ from, to }) => from === to),
        FAINT,
      ),
      heatmap(moves, MOVED),
    ],
  });
}

const categories = (servers: readonly string[]): EChartsCoreOption => ({
  type: "category",
  data: servers,
  axisLabel: { color: TEXT, fontSize: 13 },
  axisTick: { show: false },
  axisLine: { lineStyle: { color: FAINT } },
});

const labelOf = ({ value }: { readonly value: number | readonly (string | number)[] }): string =>
  number(Number([value].flat().at(-1)));

/** Draws a chart without a browser. */
function draw(height: number, option: EChartsCoreOption): string {
  const chart = init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height });
  try {
    chart.setOption({ animation: false, textStyle: { fontFamily: "inherit" }, ...option });
    return chart.renderToSVGString();
  } finally {
    chart.dispose();
  }
}
