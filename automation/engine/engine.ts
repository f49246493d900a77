/**
 * Engine: runs Pulumi on one stack. What goes in is a run request, what comes out is a stream of events
 * that always ends with exactly one `ended`.
 */
import type { StackSpec } from "../../metadata-schema/desired-state.ts";
import type {
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
  /** Engines of earlier runs of this stack that are proved dead: their locks may be cleared. */
  readonly deadEngines: readonly DeadEngine[];
  /** the run's processes stop themselves when this has passed without an extension, in milliseconds */
  readonly leaseMs: number;
}

export type EngineEvent =
  /** which processes do the run; again for each engine process */
  | { readonly type: "processes"; readonly child: ProcessRef; readonly engine: ProcessRef | null }
  | { readonly type: "step"; readonly step: RunStepInput }
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
  /** for programs: `Locked`, `StateMissing`, `ProgramFailed`, `ResourceFailed`, `EngineLost`, `Canceled`, … */
  readonly code: string;
  readonly message: string;
}

export interface RunHandle {
  readonly events: AsyncIterable<EngineEvent>;
  /** The lease was renewed: the processes may go on for `leaseMs` from now. */
  extend(leaseMs: number): void;
  /**
   * Stops the run: politely, so that calls under way end and are recorded, or at once when `urgent`. The
   * stream ends with `canceled`. Does nothing to a run that has ended.
   */
  cancel(options?: { readonly urgent: boolean }): void;
}

export interface Engine {
  run(request: RunRequest): RunHandle;
  /** Room for this many runs at once. */
  readonly slots: number;
  /** Stops what runs, and resolves when no process is left. */
  close(): Promise<void>;
}
