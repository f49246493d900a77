/** What a scrape asks for, beside what observers told; each is handed in by who knows it. */
import type { QueueFacts } from "../../metadata-schema/store.ts";

/** Conditions of stacks that somebody should look at; see reconcile/settled.ts. */
export const watchedConditions = [
  { type: "Ready", status: "False" },
  { type: "Drifted", status: "True" },
  { type: "Stalled", status: "True" },
  { type: "Reachable", status: "False" },
] as const;
export type WatchedCondition = (typeof watchedConditions)[number];

export const slotStates = ["idle", "starting", "running", "stopping", "backing-off"] as const;

export interface SlotFact {
  readonly state: (typeof slotStates)[number];
  /** when the state began: monotonic milliseconds, as of Clock.monotonicMs */
  readonly sinceMs: number;
  readonly stack: string | null;
  /** of the slot's child; 0: it has none */
  readonly rssBytes: number;
}

export interface MetricSources {
  readonly version: string;
  readonly engineVersion: string;
  /** database time, ISO 8601 */
  now(): Promise<string>;
  queueFacts(): Promise<QueueFacts>;
  /** subscriptions that are paused */
  pauses(): Promise<number>;
  /** subjects of changes that are not resolved yet, oldest first, at most so many */
  unresolved(limit: number): Promise<readonly string[]>;
  /** severities of alerts of jobs that have fired and not resolved, among the newest so many */
  openAlerts(limit: number): Promise<readonly number[]>;
  /** the reason of each stack's condition of this type that has this status */
  stackConditions(condition: WatchedCondition): Promise<readonly string[]>;
  /** Left out: not measured, and the metric has no value. */
  slots?(): readonly SlotFact[];
  gate?(): { readonly open: boolean };
  unknownStackStates?(): number;
}
