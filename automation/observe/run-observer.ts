/**
 * What queue, engine and reconciler tell as it happens; metrics, traces and log lines are made of it. Calls
 * return at once and never throw, so that no run can fail because somebody looks at it.
 *
 * Times are milliseconds since 1970 of this process's clock.
 */
import type { FailureClass, Lane, RunKind, RunStepInput } from "../../metadata-schema/store.ts";

/** A change that was resolved, and whose stacks were merged. */
export interface ResolvedChange {
  readonly traceId: string;
  /** `job:201`, `environment:eastus` */
  readonly subject: string;
  readonly seq: number;
  /** when the change was read, its resolution was stored, and the last of its stacks was merged */
  readonly startedAtMs: number;
  readonly resolvedAtMs: number;
  readonly endedAtMs: number;
  /** stacks that this change gave another content */
  readonly stacks: readonly TracedStack[];
}

export interface TracedStack {
  readonly stack: string;
  /** the trace that the stack's next run continues: of the newest of the changes that it carries out */
  readonly traceId: string;
}

export interface ObservedRun {
  readonly runId: string;
  /** null: no change asked for it, e.g. a look for drift */
  readonly traceId: string | null;
  /** the request that asked for it; null: nobody did */
  readonly requestId: string | null;
  readonly stack: string;
  readonly kind: RunKind;
  readonly reason: string;
  readonly lane: Lane;
  readonly epoch: number;
  /** database time at which the stack became due or the run was queued, ISO 8601; null: not known */
  readonly dueAt: string | null;
}

export interface ObservedEnd {
  readonly runId: string;
  /** `lost`: the lease went, and the run is left to its next owner */
  readonly status: "succeeded" | "failed" | "canceled" | "lost";
  readonly failureClass: FailureClass | null;
  /** `Locked`, `ResourceFailed`, … */
  readonly failureCode: string | null;
  /** null: no further try until something changes, or none is needed */
  readonly retryAfterMs: number | null;
  readonly changes: Readonly<Record<string, number>>;
}

export const childEndReasons = [
  "recycled-runs",
  "recycled-memory",
  "recycled-failure",
  "crashed",
  "killed-stuck",
  "killed-memory",
  "closed",
] as const;
export type ChildEndReason = (typeof childEndReasons)[number];

/** Which loop could not use the database: `resolve` changes, `work` to start, `run` to record, `lease` to renew. */
export const faultPlaces = ["resolve", "work", "run", "lease", "recovery", "scrape"] as const;
export type FaultPlace = (typeof faultPlaces)[number];

export interface RunObserver {
  changeResolved(change: ResolvedChange): void;
  /** Exactly one runEnded follows. */
  runStarted(run: ObservedRun): void;
  runStep(runId: string, step: RunStepInput): void;
  runEnded(end: ObservedEnd): void;
  /** The lease of an owner that is proved dead was broken. */
  leaseBroken(stack: string): void;
  /** The lock that a dead engine left was cleared. */
  lockCleared(stack: string): void;
  /** An object that an interrupted run had made was taken into its stack's state. */
  leftoverAdopted(stack: string, type: string): void;
  childEnded(child: { readonly reason: ChildEndReason; readonly lifeMs: number }): void;
  /** A cloud asked for a pause of all runs in a subscription. */
  subscriptionPaused(subscriptionId: string, forMs: number): void;
  databaseFault(place: FaultPlace): void;
}

/** Sees nothing: for tests of what is observed. */
export const noObserver: RunObserver = {
  changeResolved: () => {},
  runStarted: () => {},
  runStep: () => {},
  runEnded: () => {},
  leaseBroken: () => {},
  lockCleared: () => {},
  leftoverAdopted: () => {},
  childEnded: () => {},
  subscriptionPaused: () => {},
  databaseFault: () => {},
};
