/** Platform metrics that the simulated clouds write as they go. */
import type { Body } from "../json.ts";
import { keepNewest } from "../keep-newest.ts";
import type { Store } from "../store.ts";

export interface MetricPoint {
  readonly at: string;
  readonly value: number;
  readonly dimensions: Body;
}

export function addPoint(
  store: Store,
  point: { target: string; metric: string; value: number; dimensions: Body; at: Date },
): void {
  store.run(
    "insert into metric_points (resource_key, metric, at, value, dimensions) values (?, ?, ?, ?, ?)",
    point.target.toLowerCase(),
    point.metric,
    point.at.toISOString(),
    point.value,
    JSON.stringify(point.dimensions),
  );
  keepNewest(store, "metric_points");
}

/** Points after `from`, up to and with `to`. */
export const pointsBetween = (
  store: Store,
  { target, metric, from, to }: { target: string; metric: string; from: Date; to: Date },
): MetricPoint[] =>
  store
    .all(
      "select at, value, dimensions from metric_points where resource_key = ? and metric = ? and at > ? and at <= ?",
      target.toLowerCase(),
      metric,
      from.toISOString(),
      to.toISOString(),
    )
    .map((row) => ({
      at: String(row.at),
      value: Number(row.value),
      dimensions: JSON.parse(String(row.dimensions)) as Body,
    }));
