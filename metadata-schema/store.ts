/**
 * MetadataStore: what the service needs of a metadata database. These comments are the contract; the
 * conformance suite in tests/metadata-schema/store-conformance.ts tests each sentence.
 *
 * All times are database time, unless the store was opened with a clock (tests). Every method is one
 * transaction. A method that writes under a lease raises LeaseLostError, and writes nothing, once the
 * lease has expired or its epoch has passed on.
 */
import type { Contribution, OutputReference, Subject } from "./contributions.ts";
import type { StackKind, StackSpec } from "./desired-state.ts";
import type {
  AccessPolicyRow,
  ClusterConfigRow,
  EnvironmentRow,
  JobRow,
  MalformedRow,
  MetadataTable,
  NetworkRuleRow,
  RowRef,
  SecretReferenceRow,
} from "./rows.ts";

export type OutputValues = Readonly<Record<string, unknown>>;

/** An entry of Job_Changes or Environment_Changes: this subject was touched, last at `seq`. */
export interface Change {
  readonly subject: Subject;
  readonly seq: number;
}

/** The object id first found for a name in a row, while the row keeps that name. */
export interface RecordedReference {
  readonly row: RowRef;
  readonly name: string;
  readonly objectId: string;
}

export interface StoredContribution extends Contribution {
  readonly subject: Subject;
}

/** Everything the resolve of one job reads, in one snapshot. */
export interface JobSnapshot {
  readonly subject: Extract<Subject, { kind: "job" }>;
  /** null: the row is gone */
  readonly job: JobRow | null;
  /** the job's environment, or the default one if it names none; null: no such row */
  readonly environment: EnvironmentRow | null;
  readonly policies: readonly AccessPolicyRow[];
  readonly secretReferences: readonly SecretReferenceRow[];
  readonly networkRules: readonly NetworkRuleRow[];
  readonly clusterConfigs: readonly ClusterConfigRow[];
  /** rows of this job (its own Jobs row and its environment's row included) that could not be parsed */
  readonly malformed: readonly MalformedRow[];
  readonly contributions: readonly StoredContribution[];
  readonly recorded: readonly RecordedReference[];
  /** outputs of the environment's platform stack and of the job's own stack, by stack name */
  readonly outputs: Readonly<Record<string, OutputValues>>;
}

export interface EnvironmentSnapshot {
  readonly subject: Extract<Subject, { kind: "environment" }>;
  readonly environment: EnvironmentRow | null;
  readonly malformed: readonly MalformedRow[];
  readonly contributions: readonly StoredContribution[];
  readonly recorded: readonly RecordedReference[];
}

export type ConditionStatus = "True" | "False" | "Unknown";

/** One named fact on a row (`Access_Policies 17`), a job (`201`), an environment or a stack. */
export interface Condition {
  readonly type: string;
  readonly status: ConditionStatus;
  /** one CamelCase word for programs */
  readonly reason: string;
  /** for people: the thing, the fault, the next step */
  readonly message: string;
  /** when the status last changed, ISO 8601 */
  readonly since: string;
}
export type ConditionInput = Omit<Condition, "since">;

export type ConditionSubject =
  | { readonly kind: "row"; readonly row: RowRef }
  | { readonly kind: "job"; readonly jobId: number }
  | { readonly kind: "environment"; readonly name: string }
  | { readonly kind: "stack"; readonly stack: string };

/** What a resolve found out about one subject. */
export interface Resolution {
  readonly subject: Subject;
  /** the change that was resolved; null: woken by time or by hand */
  readonly seq: number | null;
  /** replaces the subject's contributions; a contribution with nothing admitted and nothing wanted is left out */
  readonly contributions: readonly Contribution[];
  /** replaces the conditions of the subject's rows; rows without any are left out */
  readonly rowConditions: readonly { readonly row: RowRef; readonly condition: ConditionInput }[];
  /** replaces what is recorded for the subject's rows */
  readonly recorded: readonly RecordedReference[];
  /** when to resolve again although no row changes (an expiry, a name not found), ISO 8601; null: never */
  readonly wakeAt: string | null;
}

/** Admitted contributions of one stack that is to be merged. */
export interface StackToMerge {
  readonly stack: string;
  /** give it back to setDesired */
  readonly version: number;
  /** only those with something admitted, ordered by subject */
  readonly contributions: readonly StoredContribution[];
  readonly desired: DesiredState | null;
}

/** What a stack must become. `spec` null: it must not exist. */
export interface DesiredState {
  readonly kind: StackKind;
  readonly environment: string;
  readonly spec: StackSpec | null;
  /** hash of the spec with program and provider versions; `absentHash` when spec is null */
  readonly hash: string;
  readonly references: readonly OutputReference[];
}
export const absentHash = "absent";

/**
 * How long work of a lane lets later work of a more pressing lane pass, in milliseconds. Work is ranked by
 * the instant it became due plus this delay: an urgent stack passes all normal work of the last ten
 * minutes, and nothing starves.
 */
export const laneDelayMs = { urgent: 0, normal: 600_000, upgrade: 3_600_000 } as const;
export type Lane = keyof typeof laneDelayMs;

export type RunKind = "update" | "destroy" | "preview" | "refresh";
export type RunStatus = "queued" | "running" | "succeeded" | "failed" | "canceled" | "lost";

/** A process that can be proved alive or dead: a pid alone can be used again. */
export interface ProcessRef {
  readonly host: string;
  readonly pid: number;
  /** the kernel's start time of the process, as text; only equal or not equal has a meaning */
  readonly startedAt: string;
}

export interface RunRecord {
  readonly runId: string;
  readonly stack: string;
  readonly requestId: string | null;
  readonly kind: RunKind;
  /** why the plan wanted it: `spec-changed`, `requested`, `first-run`, … */
  readonly reason: string;
  readonly status: RunStatus;
  readonly specHash: string | null;
  readonly epoch: number | null;
  /** the process that fills the slot, and the engine it started last; null until known */
  readonly child: ProcessRef | null;
  readonly engine: ProcessRef | null;
  readonly queuedAt: string;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  /** objects by what happened to them: `{create: 3, same: 2}` */
  readonly changes: Readonly<Record<string, number>>;
  readonly failure: RunFailure | null;
}

export type FailureClass = "transient" | "permanent" | "unknown";
export interface RunFailure {
  readonly class: FailureClass;
  readonly message: string;
}

export interface RunStep {
  readonly runId: string;
  /** 1, 2, 3… within the run */
  readonly number: number;
  readonly at: string;
  readonly operation: string;
  readonly urn: string;
  readonly type: string;
  readonly status: "started" | "done" | "failed" | "message";
  /** the provider's id of the object, where known */
  readonly objectId: string | null;
  readonly message: string | null;
}
export type RunStepInput = Omit<RunStep, "runId" | "number" | "at">;

export interface StackRecord {
  readonly stack: string;
  readonly kind: StackKind;
  readonly environment: string;
  readonly desired: DesiredState;
  /** of the contributions that `desired` was merged from; for setDesired under another program version */
  readonly version: number;
  /** null: never applied, or a run that writes has begun and not succeeded since */
  readonly appliedHash: string | null;
  /**
   * What the clouds hold for sure: the spec of the last success, or what a failed run narrowed it to. Null
   * before the first success and once the stack is destroyed.
   */
  readonly appliedSpec: StackSpec | null;
  /** true once a run of it has succeeded: from then on missing state is a fault, not a first run */
  readonly wasApplied: boolean;
  readonly lane: Lane;
  readonly attempts: number;
  /** null: no further try until something changes */
  readonly nextAttemptAt: string | null;
  readonly lease: LeaseInfo | null;
  readonly lastSuccessAt: string | null;
  readonly lastSuccessRunId: string | null;
}

export interface LeaseInfo {
  readonly epoch: number;
  readonly owner: ProcessRef;
  readonly expiresAt: string;
  readonly runId: string;
}

export interface Lease {
  readonly stack: string;
  readonly epoch: number;
  readonly runId: string;
}

/** Work that could start now: a stack that is due, or a run that somebody asked for. */
export interface WorkItem {
  readonly stack: StackRecord;
  /** a queued run; null: the stack is due */
  readonly queued: RunRecord | null;
}

export interface LeaseRequest {
  readonly stack: string;
  readonly owner: ProcessRef;
  readonly leaseMs: number;
  readonly runId: string;
  readonly kind: RunKind;
  readonly reason: string;
  /** the desired hash that was planned on: another one by now, and the lease is refused */
  readonly desiredHash: string;
}

export type LeaseResult =
  | { readonly status: "acquired"; readonly lease: Lease; readonly previousRun: RunRecord | null }
  | { readonly status: "none" };

/** How a run ended. */
export type RunResult =
  | {
      readonly status: "succeeded";
      readonly outputs: OutputValues | null;
      readonly changes: Readonly<Record<string, number>>;
    }
  | {
      readonly status: "failed" | "canceled";
      readonly failure: RunFailure;
      readonly changes: Readonly<Record<string, number>>;
      /** null: not before something changes */
      readonly retryAfterMs: number | null;
      /** what the run took away before it failed left this; becomes appliedSpec. Null: nothing is known */
      readonly narrowedTo: StackSpec | null;
    };

export interface SettledRun {
  /** jobs whose Ready may have changed */
  readonly affectedJobs: readonly number[];
  /** outputs that are new, changed or gone */
  readonly changedOutputs: readonly string[];
}

/** Raw facts from which a job's Ready is told; see reconcile/readiness.ts. */
export interface JobFacts {
  readonly jobId: number;
  readonly stacks: readonly {
    readonly stack: string;
    readonly inSync: boolean;
    readonly running: boolean;
    readonly failure: RunFailure | null;
  }[];
  /** Blocked and Waiting conditions of its rows */
  readonly rowConditions: readonly { readonly row: RowRef; readonly condition: Condition }[];
  /** a change of the job is not resolved yet */
  readonly changePending: boolean;
}

export type RequestKind = "refresh" | "preview" | "reconcile";
export interface RequestRecord {
  readonly requestId: string;
  readonly kind: RequestKind;
  readonly jobId: number;
  readonly createdAt: string;
  readonly runs: readonly RunRecord[];
}

/** Values of one row to insert, by column; a column that is left out takes the table's default. */
export interface NewRow {
  readonly table: MetadataTable;
  readonly values: Readonly<Record<string, string | number | boolean | null | readonly string[]>>;
}

export interface MetadataStore {
  /** Database time, ISO 8601 with milliseconds and Z. */
  now(): Promise<string>;
  /** Ends at once with an error if the database cannot be used. Cheap enough for every readiness probe. */
  ping(): Promise<void>;
  close(): Promise<void>;

  // ---- rows
  /** All or nothing. RowRefusedError names table, column and fault. */
  insertRows(rows: readonly NewRow[]): Promise<void>;
  /** True as long as neither an environment nor a job was ever inserted. */
  isEmpty(): Promise<boolean>;
  /** Ordered by id, from the one after `after` on; both left out: all. */
  listJobs(page?: { readonly after: number; readonly limit: number }): Promise<readonly JobRow[]>;
  getJob(jobId: number): Promise<JobRow | null>;

  // ---- changes
  /**
   * Changes not resolved yet, oldest first. An edit is listed from its commit on and not before, whoever
   * made it: any insert, update (moving a row to another job touches both), delete or replace of a
   * metadata row. A row that jobs share touches each of them. `seq` grows with every edit and is never
   * used twice, not even after all entries are gone or the database was closed.
   */
  readChanges(limit: number): Promise<readonly Change[]>;
  /** Like an edit of the subject alone: it will be resolved again, an environment without the jobs in it. */
  touch(subjects: readonly Subject[]): Promise<void>;
  /** Touches every subject whose wakeAt has come, and forgets that time. Returns how many. */
  wake(): Promise<number>;
  /** Rows that exist once each, contributions, recorded ids and outputs in one snapshot. */
  loadJob(jobId: number): Promise<JobSnapshot>;
  loadEnvironment(name: string): Promise<EnvironmentSnapshot>;
  /**
   * Stores a resolution. The change entry is deleted only if its seq is still the one that was read, so an
   * edit during the resolve is resolved again. Stores nothing if the entry is gone: somebody else has resolved
   * it since, from rows at least as new. A subject that refers to a stack for the first time, whose outputs
   * changed after `seq`, is touched, since it may have read the outputs from before. Every stack whose contribution from this subject came, went
   * or changed (in admitted entries, base, references or urgency) will be listed by stacksToMerge.
   * A condition's `since` stays while its status stays.
   * The conditions of a job whose row is gone are deleted.
   */
  commitResolution(resolution: Resolution): Promise<void>;

  // ---- stacks
  /** Stacks whose contributions changed since they were last merged, oldest first. */
  stacksToMerge(limit: number): Promise<readonly StackToMerge[]>;
  /**
   * Stores what a stack must become. Due from now on unless the hash is the applied one. A changed hash
   * clears back-off and attempts. A stack that must not exist and never had a lease disappears at once.
   * Queued runs of a stack that disappears, here or at the end of a destroy, end as canceled.
   * `version` older than the contributions: stored all the same, and listed by stacksToMerge again.
   */
  setDesired(stack: string, version: number, desired: DesiredState, lane: Lane): Promise<void>;
  /** Stacks whose desired hash was made from another `program/` or provider version than `suffix`, i.e. does not end with it. Not those that must not exist. */
  stacksOfOtherVersion(suffix: string, limit: number): Promise<readonly StackRecord[]>;
  getStack(stack: string): Promise<StackRecord | null>;
  listStacks(): Promise<readonly StackRecord[]>;
  /** Stacks with a contribution of the job, wanted or admitted, with what it contributes. */
  jobContributions(jobId: number): Promise<readonly StoredContribution[]>;

  // ---- work and leases
  /**
   * What could start now, most pressing first: queued runs and due stacks by the instant they became due
   * plus laneDelayMs of their stack's lane (a queued run counts from queuedAt). Left out: leased stacks, those whose
   * next attempt is later (a queued run does not wait for it: somebody asked), and a stack to destroy while
   * another stack's applied spec refers to it.
   * `lane`: only work of that lane, found by index however much other work there is.
   */
  listWork(limit: number, lane?: "urgent"): Promise<readonly WorkItem[]>;
  /** Stacks to destroy that wait for another stack's applied spec, with one such stack. */
  listHeldDestroys(): Promise<readonly { readonly stack: string; readonly heldBy: string }[]>;
  /**
   * Takes the lease of a stack and starts its run, in one step: of many callers exactly one gets it.
   * Refused while another lease has not expired, when the desired hash is not `desiredHash`, for a destroy
   * while another stack's applied spec refers to the stack, and for a runId that is no queued run of this
   * stack but exists. Without a queued run a kind that writes is refused too when the stack is not due (any
   * more), or not yet again: a list may be older than another worker's run. A kind
   * that writes (update, destroy) sets the applied hash to NULL and adds the desired references to the
   * applied ones. A queued run (same runId) becomes running; otherwise a run is made. A run that held an
   * expired lease becomes `lost`.
   * `previousRun`: the last run that held a lease on the stack.
   */
  acquireLease(request: LeaseRequest): Promise<LeaseResult>;
  /** The newest runs of a stack that ever held a lease, newest first. */
  recentRuns(stack: string, limit: number): Promise<readonly RunRecord[]>;
  /** Moves the expiry to now + leaseMs. */
  renewLease(lease: Lease, leaseMs: number): Promise<void>;
  /**
   * Records which processes do the run, so that a later owner can prove them dead. `engine` null leaves the
   * recorded engine: one that ended may have left its lock, and only a new engine takes its place.
   */
  recordProcesses(
    lease: Lease,
    processes: { readonly child: ProcessRef; readonly engine: ProcessRef | null },
  ): Promise<void>;
  /** Leases that have not ended, expired ones included. */
  listLeases(): Promise<
    readonly { readonly lease: Lease; readonly info: LeaseInfo; readonly run: RunRecord }[]
  >;
  /** Ends a lease whose owner is proved dead; its run becomes `lost`. False: the lease had changed. */
  breakLease(lease: Lease): Promise<boolean>;
  /** Writes steps of a run as they happen, numbered on from the last. */
  appendSteps(lease: Lease, steps: readonly RunStepInput[]): Promise<void>;
  /**
   * Ends a run and its lease, in one transaction with all that follows from it. Success of an update:
   * applied hash and applied references become the run's, outputs are replaced (null leaves them), and every
   * subject whose contribution refers to an output that changed is touched. Success of a destroy: outputs,
   * applied references, conditions and the stack's row go; if it is wanted again by now, the row stays, as one
   * that was never applied. Subjects are touched likewise. Failure: the applied hash stays NULL, attempts grow,
   * the next attempt is set; a desired hash that changed during the run is due at once. A preview or refresh
   * changes nothing but its run.
   */
  settleRun(lease: Lease, result: RunResult): Promise<SettledRun>;

  // ---- conditions and readiness
  jobFacts(jobIds: readonly number[]): Promise<readonly JobFacts[]>;
  /** Sets or replaces by type. `since` stays while the status stays. An item on a job that does not exist is left out. */
  setConditions(
    items: readonly { readonly subject: ConditionSubject; readonly condition: ConditionInput }[],
  ): Promise<void>;
  clearConditions(
    items: readonly { readonly subject: ConditionSubject; readonly type: string }[],
  ): Promise<void>;
  conditions(subject: ConditionSubject): Promise<readonly Condition[]>;
  /** Conditions of one type on all subjects of one kind, keyed like the subject (`201`). */
  conditionsByType(kind: ConditionSubject["kind"], type: string): Promise<ReadonlyMap<string, Condition>>;

  // ---- requests, runs, outputs
  /**
   * Makes the request and one queued run for each stack, in one step. A run whose stack does not exist, or
   * must not, is made as canceled.
   */
  createRequest(request: {
    readonly requestId: string;
    readonly kind: RequestKind;
    readonly jobId: number;
    readonly runs: readonly { readonly runId: string; readonly stack: string; readonly kind: RunKind }[];
  }): Promise<RequestRecord>;
  getRequest(requestId: string): Promise<RequestRecord | null>;
  /** Ends a queued run without a lease, e.g. because its stack is gone. Nothing happens if it is not queued any more. */
  cancelQueuedRun(runId: string, message: string): Promise<void>;
  getRun(runId: string): Promise<RunRecord | null>;
  /** Steps of a run with a number above `after`, in order. */
  readSteps(runId: string, after: number, limit: number): Promise<readonly RunStep[]>;
  /** Outputs of a stack's last success; null: none yet. */
  outputs(
    stack: string,
  ): Promise<{ readonly values: OutputValues; readonly runId: string; readonly asOf: string } | null>;
}
