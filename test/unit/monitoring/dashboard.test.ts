import { describe, expect, test } from "vitest";
import { DASHBOARD, PANELS, QUERIES } from "../../harness/dashboard.ts";

const GRID_WIDTH = 24;
/** Units of Grafana that the dashboard may use: id, and how a title names it. */
const UNITS: Readonly<Record<string, RegExp>> = {
  none: /^[^(]+( \(last hour\))?$/,
  short: /^[^(]+$/,
  reqps: / \(req\/s\)$/,
  cps: / \((errors|retries|sessions)\/s\)$/,
  Bps: / \(B\/s\)$/,
  ms: / \(ms\)$/,
  s: / \(s\)$/,
  percent: / \(%\)$/,
  percentunit: / \(%\)$/,
};

test("panels have an id and a title each, and lie side by side without a gap between the rows", () => {
  const { panels } = DASHBOARD;
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length);
  const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`),
  );
  expect(panels.every(({ gridPos: { x, w } }) => x + w <= GRID_WIDTH)).toBe(true);
  expect(new Set(cells).size).toBe(cells.length);
  const bottom = Math.max(...panels.map(({ gridPos: { y, h } }) => y + h));
  expect(cells).toHaveLength(GRID_WIDTH * bottom);
});

describe("each panel", () => {
  test.each(
    PANELS.filter(({ type }) => type === "stat" || type === "timeseries").map(({ title, fieldConfig }) => [
      title,
      fieldConfig.defaults.unit,
    ]),
  )("%s: names the unit that it is drawn in", (title, unit) => {
    expect(UNITS[unit ?? ""]).toBeDefined();
    expect(title).toMatch(UNITS[unit ?? ""] ?? /^$/);
  });

  test.each(PANELS.map(({ title, targets }) => [title, targets] as const))(
    "%s: follows the choice of balancers",
    (_title, targets) => {
      expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length);
      for (const { expr } of targets) {
        const metrics = expr.match(/haproxy_\w+/g) ?? [];
        expect(expr.match(/balancer=~"\$balancer"/g) ?? []).toHaveLength(metrics.length);
        expect(metrics.length > 0 || expr.startsWith("count(ALERTS{")).toBe(true);
      }
    },
  );
});

test("no variable but the known ones is left in a query", () => {
  expect(DASHBOARD.templating.list.map(({ name }) => name)).toEqual(["datasource", "balancer"]);
  for (const { expr } of QUERIES) expect(expr).not.toContain("$");
});
