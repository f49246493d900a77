/**
 * Engine: runs Pulumi on one stack. What goes in is a run request, what comes out is a stream of events
 * that always ends with exactly one `ended`.
 */
import type { StackSpec } from "../../metadata-schema/desired-state.ts";
import type {
  Adoption,
  FailureClass,
  OutputValues,
  ProcessRef,
  RunKind,
  RunStepInput,
} from "../../metadata-schema/store.ts";

export interface DeadEngine {
  readonly host: string;
  /** null: it died before its pid was recorded */
  readonly pid: number | null;
  /** the instant its run began, ISO 8601: its lock is not older */
  readonly lockedAfter: string;
}

export interface RunRequest {
  readonly runId: string;
  readonly stack: string;
  readonly kind: RunKind;
  /** null for a destroy: the engine knows from its state what to destroy */
  readonly spec: StackSpec | null;
  /** what was applied last; null: nothing yet, or nobody knows */
  readonly previous: StackSpec | null;
  /** true: look at the clouds first, then update */
  readonly refresh: boolean;
  /** true: a run of this stack has succeeded before, so that missing state is a fault */
  readonly wasApplied: boolean;
  /** true: the stack's last run that wrote was a destroy, so that missing state is its success */
  readonly destroyBegun: boolean;
  /**
   * What to fall back to when an update fails: the spec without what it adds, so that what it takes away is
   * taken away all the same. Null: it takes nothing away, or adds nothing.
   */
  readonly narrowed: StackSpec | null;
  /** true: the state may be older than the clouds; what exists of what would be made is looked for first */
  readonly stateDoubtful: boolean;
  /**
   * Existing objects that an update takes over before it runs, each in place of a create. For a leftover that
   * nobody could find, the id "none" says that there is no object.
   */
  readonly adopt: readonly Adoption[];
  /** Engines of earlier runs of this stack that are dead once `strays` are ended: their locks may be cleared. */
  readonly deadEngines: readonly DeadEngine[];
  /**
   * What earlier runs of this stack may have left alive, children and engines: it is ended first, as the lease is
   * ours. Null: they ended in order, and nothing is looked for.
   */
  readonly strays: Strays | null;
  /** when the lease ends unless it is extended, by the host's monotonic clock: the run's processes are dead before */
  readonly leaseEndsAtMs: number;
}

export interface Strays {
  readonly children: readonly ProcessRef[];
  readonly engines: readonly ProcessRef[];
}

export type EngineEvent =
  /** which processes do the run; again for each engine process */
  | { readonly type: "processes"; readonly child: ProcessRef; readonly engine: ProcessRef | null }
  | { readonly type: "step"; readonly step: RunStepInput }
  /** the engine goes on, though not with a step that is told */
  | { readonly type: "progress" }
  /** what an earlier run had left was put right: its lock, or an object of this type that it had made */
  | { readonly type: "recovered"; readonly what: "lock" | "leftover"; readonly objectType: string }
  | EndedEvent;

export type EndedEvent =
  | {
      readonly type: "ended";
      readonly status: "succeeded";
      /** null for a preview, refresh or destroy */
      readonly outputs: OutputValues | null;
      readonly changes: Readonly<Record<string, number>>;
    }
  | {
      readonly type: "ended";
      readonly status: "failed" | "canceled";
      readonly failure: EngineFailure;
      /** true: the update failed, and the narrowed spec was applied after it */
      readonly narrowed: boolean;
      readonly changes: Readonly<Record<string, number>>;
    };

export interface EngineFailure {
  readonly class: FailureClass;
  /** for programs: a code of failure-rules.ts, `Locked`, `StateMissing`, `LeftoverUnresolved`, `EngineLost`, … */
  readonly code: string;
  /** the thing, the fault and the next step */
  readonly message: string;
  /** `host`: every other run would fail like this one until somebody puts the host right */
  readonly scope: "host" | "stack";
  /** what the cloud asked to wait, in milliseconds; null: it did not say */
  readonly retryAfterMs: number | null;
}

export interface RunHandle {
  readonly events: AsyncIterable<EngineEvent>;
  /** The lease was renewed: it lasts until this instant of the host's monotonic clock. */
  extend(leaseEndsAtMs: number): void;
  /**
   * Stops the run: politely, so that calls under way end and are recorded, or at once when `urgent`. The
   * stream ends with `canceled`. Does nothing to a run that has ended.
   */
  cancel(options?: { readonly urgent: boolean }): void;
}

/** What a slot is doing, and since when by the host's monotonic clock. */
export interface SlotState {
  readonly state: "idle" | "starting" | "running" | "stopping" | "backing-off";
  readonly sinceMs: number;
  readonly stack: string | null;
  readonly rssBytes: number;
}

export interface Engine {
  run(request: RunRequest): RunHandle;
  /** Room for this many runs at once. */
  readonly slots: number;
  /** Why no run can start now, whichever stack it is of; none: it can. */
  closedFor(): readonly string[];
  slotStates(): readonly SlotState[];
  /** Stops what runs, and resolves when no process is left. */
  close(): Promise<void>;
}
