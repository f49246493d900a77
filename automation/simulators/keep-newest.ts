/** Tables of what has happened: the newest rows of each stay, as nobody looks at older ones. */
import type { Store } from "./store.ts";

// A row is about a kilobyte, so that all of them together stay below some 200 MB.
export const newestKeptOf = {
  metric_points: 100_000,
  // An open one is looked at by its rule every few minutes, and is never the 10,000th newest.
  alerts: 10_000,
  deliveries: 10_000,
  pipeline_runs: 10_000,
  activity_runs: 100_000,
  job_runs: 10_000,
} as const;

/** To be called after each insert. A table's rowid only grows, as its newest row is never deleted. */
export const keepNewest = (store: Store, table: keyof typeof newestKeptOf): number =>
  store.run(`delete from ${table} where rowid <= (select max(rowid) from ${table}) - ?`, newestKeptOf[table]);
