import { z } from "zod";

const series = z.object({
  metric: z.record(z.string(), z.string()),
  values: z.array(z.tuple([z.number(), z.string()])),
});
const range = z.object({ status: z.literal("success"), data: z.object({ result: z.array(series) }) });
const targets = z.object({
  data: z.object({
    activeTargets: z.array(
      z.object({
        labels: z.record(z.string(), z.string()),
        scrapeUrl: z.string(),
        health: z.string(),
        lastError: z.string(),
      }),
    ),
  }),
});

/** A series of numbers over time. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly values: readonly number[];
}

/** Prometheus' HTTP API. */
export class PrometheusApi {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  /** What a query gives for each second from then until now. */
  async range(expr: string, startMs: number): Promise<Series[]> {
    const query = new URLSearchParams({
      query: expr,
      start: String(startMs / 1000),
      end: String(Date.now() / 1000),
      step: "1",
    });
    const { data } = range.parse(await this.#get(`/api/v1/query_range?${query}`));
    return data.result.map(({ metric, values }) => ({
      labels: metric,
      values: values.map(([, value]) => Number(value)),
    }));
  }

  async targets(): Promise<z.output<typeof targets>["data"]["activeTargets"]> {
    return targets.parse(await this.#get("/api/v1/targets")).data.activeTargets;
  }

  async #get(path: string): Promise<unknown> {
    const response = await fetch(this.#url + path, { signal: AbortSignal.timeout(10_000) });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }
}
