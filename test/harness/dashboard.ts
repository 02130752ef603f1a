import { readFileSync } from "node:fs";
import { z } from "zod";

const datasource = z.strictObject({ type: z.literal("prometheus"), uid: z.literal(`\${datasource}`) });
const gridPos = z.strictObject({
  h: z.int().positive(),
  w: z.int().positive(),
  x: z.int().min(0),
  y: z.int().min(0),
});
const place = { id: z.int().positive(), title: z.string().min(1), gridPos };

const row = z.strictObject({
  ...place,
  type: z.literal("row"),
  collapsed: z.literal(false),
  panels: z.tuple([]),
});
const panel = z.strictObject({
  ...place,
  type: z.enum(["stat", "timeseries", "state-timeline", "table"]),
  description: z.string().min(1),
  datasource,
  targets: z
    .array(
      z.strictObject({
        refId: z.string().regex(/^[A-Z]$/),
        datasource,
        expr: z.string().min(1),
        legendFormat: z.string(),
        format: z.literal("table").optional(),
        instant: z.literal(true).optional(),
      }),
    )
    .min(1),
  fieldConfig: z.strictObject({
    defaults: z.looseObject({ unit: z.string().optional() }),
    overrides: z.array(z.looseObject({})),
  }),
  options: z.looseObject({}),
  transformations: z.array(z.looseObject({ id: z.string() })).optional(),
});

const schema = z.looseObject({
  title: z.string().min(1),
  uid: z.string().min(1),
  schemaVersion: z.int(),
  templating: z.strictObject({
    list: z.array(z.looseObject({ type: z.string(), name: z.string(), query: z.unknown() })),
  }),
  annotations: z.strictObject({
    list: z.array(
      z.looseObject({ name: z.string(), datasource, target: z.looseObject({ expr: z.string().min(1) }) }),
    ),
  }),
  panels: z.array(z.discriminatedUnion("type", [row, panel])),
});

export type Panel = z.output<typeof panel>;

export const DASHBOARD_TEXT = readFileSync(
  new URL("../../templates/monitoring/dashboard.json", import.meta.url),
  "utf8",
);

/** The dashboard, in the part of Grafana's model that it uses. */
export const DASHBOARD = schema.parse(JSON.parse(DASHBOARD_TEXT));

export const PANELS: readonly Panel[] = DASHBOARD.panels.flatMap((each) =>
  each.type === "row" ? [] : [each],
);

/** A query, and where in the dashboard it stands. */
export interface DashboardQuery {
  readonly what: string;
  readonly expr: string;
}

/**
 * Every query, as Grafana sends it for all balancers and with the shortest window that it takes for rates.
 */
export const QUERIES: readonly DashboardQuery[] = [
  ...PANELS.flatMap(({ title, targets }) =>
    targets.map(({ refId, expr }) => ({ what: `${title} ${refId}`, expr })),
  ),
  ...DASHBOARD.annotations.list.map(({ name, target }) => ({
    what: `annotation ${name}`,
    expr: target.expr,
  })),
].map(({ what, expr }) => ({
  what,
  expr: expr.replaceAll("$balancer", ".*").replaceAll("$__rate_interval", "20s"),
}));
