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

/** Colours that suit the page's background. */
export interface Theme {
  readonly background: string;
  readonly text: string;
  readonly faint: string;
  readonly mark: string;
  /** Colours of the heat map, from few to many. */
  readonly scale: readonly [string, string];
}

export const LIGHT: Theme = {
  background: "#ffffff",
  text: "#1e293b",
  faint: "#e2e8f0",
  mark: "#c2410c",
  scale: ["#fef3c7", "#f59e0b"],
};
export const DARK: Theme = {
  background: "#151e2f",
  text: "#f1f5f9",
  faint: "#334155",
  mark: "#fdba74",
  scale: ["#422006", "#b45309"],
};

const BAR_COLOUR = "#2563eb";
/** Servers have these colours in the flow, on light and on dark. */
const SERVER_COLOURS = [
  "#3b82f6",
  "#f59e0b",
  "#10b981",
  "#ec4899",
  "#8b5cf6",
  "#ef4444",
  "#14b8a6",
  "#84cc16",
  "#6366f1",
  "#d97706",
] as const;

/** Draws the sessions of each server as bars, next to the even share. */
export function drawDistribution({ servers }: Distribution, theme: Theme): string {
  const mean = servers.reduce((sum, { sessions }) => sum + sessions, 0) / servers.length;
  return draw(340, {
    grid: { left: 56, right: 64, top: 28, bottom: 32 },
    xAxis: categories(
      servers.map(({ server }) => server),
      theme,
    ),
    yAxis: {
      type: "value",
      splitLine: { lineStyle: { color: theme.faint } },
      axisLabel: { color: theme.text },
    },
    series: {
      type: "bar",
      data: servers.map(({ sessions }) => sessions),
      barMaxWidth: 88,
      silent: true,
      itemStyle: { color: BAR_COLOUR, borderRadius: [4, 4, 0, 0] },
      label: {
        show: servers.length <= MOST_LABELLED,
        position: "inside",
        color: "#fff",
        fontSize: 13,
        formatter: labelOf,
      },
      markLine: {
        silent: true,
        symbol: "none",
        lineStyle: { color: theme.mark, type: "dashed", width: 1.5 },
        label: { formatter: "even", color: theme.mark, textBorderWidth: 0 },
        data: [{ yAxis: mean }],
      },
    },
  });
}

/** Draws sessions as a flow from the server before to the one after: grey if they stayed, else coloured. */
export function drawFlow({ before, after, flows }: Comparison, theme: Theme): string {
  const colours = new Map(
    [...new Set([...before, ...after])].map((server, index) => [
      server,
      SERVER_COLOURS[index % SERVER_COLOURS.length],
    ]),
  );
  const node = (side: "from" | "to") => (server: string) => ({
    name: `${side} ${server}`,
    depth: side === "from" ? 0 : 1,
    itemStyle: { color: colours.get(server) },
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
      label: { color: theme.text, fontSize: 13, textBorderWidth: 0 },
      data: [
        ...before.filter((server) => flows.some(({ from }) => from === server)).map(node("from")),
        ...after.filter((server) => flows.some(({ to }) => to === server)).map(node("to")),
      ],
      links: flows.map(({ from, to, sessions }) => ({
        source: `from ${from}`,
        target: `to ${to}`,
        value: sessions,
        lineStyle:
          from === to ? { color: theme.faint, opacity: 0.7 } : { color: colours.get(to), opacity: 0.6 },
      })),
    },
  });
}

/** Draws sessions from every server (row) to every server (column): grey if they stayed, else coloured. */
export function drawMoves({ before, after, flows }: Comparison, theme: Theme): string {
  const isLabelled = Math.max(before.length, after.length) <= MOST_LABELLED;
  const moves = flows.filter(({ from, to }) => from !== to);
  const cells = (shown: Comparison["flows"]) => shown.map(({ from, to, sessions }) => [to, from, sessions]);
  const heatmap = (shown: Comparison["flows"]) => ({
    type: "heatmap",
    data: cells(shown),
    silent: true,
    label: { show: isLabelled, color: theme.text, fontSize: 13, formatter: labelOf },
    itemStyle: {
      borderRadius: isLabelled ? 4 : 0,
      borderWidth: isLabelled ? 2 : 0,
      borderColor: theme.background,
    },
  });
  const most = Math.max(1, ...moves.map(({ sessions }) => sessions));
  return draw(72 + Math.min(680, before.length * 48), {
    grid: { left: 72, right: 16, top: 48, bottom: 8 },
    xAxis: {
      ...categories(after, theme),
      position: "top",
      name: "now",
      nameLocation: "middle",
      nameGap: 26,
      nameTextStyle: { color: theme.text },
    },
    yAxis: {
      ...categories(before, theme),
      inverse: true,
      name: "before",
      nameLocation: "middle",
      nameTextStyle: { color: theme.text },
    },
    visualMap: [
      { show: false, seriesIndex: 0, min: 0, max: most, inRange: { color: [theme.faint, theme.faint] } },
      { show: false, seriesIndex: 1, min: 0, max: most, inRange: { color: [...theme.scale] } },
    ],
    series: [heatmap(flows.filter(({ from, to }) => from === to)), heatmap(moves)],
  });
}

const categories = (servers: readonly string[], theme: Theme): EChartsCoreOption => ({
  type: "category",
  data: servers,
  axisLabel: { color: theme.text, fontSize: 13 },
  axisTick: { show: false },
  axisLine: { lineStyle: { color: theme.faint } },
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
