/**
 * MetadataStore: what the service needs of a metadata database. These comments are the contract; the
 * conformance suite in tests/metadata-schema/store-conformance.ts tests each sentence.
 *
 * All times are database time, unless the store was opened with a clock (tests). Every method is one
 * transaction. A method that writes under a lease raises LeaseLostError, and writes nothing, once the
 * lease has expired or its epoch has passed on.
 */
import type { Subject } from "./contributions.ts";
import type {
  AlertEvent,
  AlertRecord,
  AlertState,
  ProbeInput,
  ProbeRecord,
} from "./probe-and-alert-records.ts";
import type {
  Actor,
  Adoption,
  Change,
  Condition,
  ConditionInput,
  ConditionSubject,
  DesiredState,
  EnvironmentSnapshot,
  JobFacts,
  JobSnapshot,
  Lane,
  Lease,
  LeaseInfo,
  LeaseRequest,
  LeaseResult,
  NewRow,
  OutputValues,
  ProcessRef,
  QueueFacts,
  ReadSection,
  RequestKind,
  RequestRecord,
  Resolution,
  RowChange,
  RunKind,
  RunRecord,
  RunResult,
  RunStep,
  RunStepInput,
  SettledRun,
  StackRecord,
  StackToMerge,
  StoredContribution,
  StoredRow,
  SubscriptionPause,
  WorkItem,
} from "./records.ts";
import type { JobRow, MetadataTable } from "./rows.ts";

export * from "./probe-and-alert-records.ts";
export * from "./records.ts";

export interface MetadataStore {
  /** Database time, ISO 8601 with milliseconds and Z. */
  now(): Promise<string>;
  /** Ends at once with an error if the database cannot be used. Cheap enough for every readiness probe. */
  ping(): Promise<void>;
  close(): Promise<void>;

  // ---- rows
  /** changeRows with inserts alone, by the service itself. */
  insertRows(rows: readonly NewRow[]): Promise<void>;
  /**
   * All or nothing, in an order in which they fit together, whatever order they come in. RowRefusedError names
   * table, column and fault of one change that does not fit; ConflictError a row that is no longer as it was
   * `before`, or is gone, or a section of `read` that has other rows by now. Audit_Logs names the actor.
   */
  changeRows(changes: readonly RowChange[], actor: Actor, read?: readonly ReadSection[]): Promise<void>;
  /**
   * Rows of these tables (all: left out), in one snapshot, by table, then by key. `jobId`: only the job's own
   * row and those that belong to it.
   */
  readRows(filter: {
    readonly tables?: readonly MetadataTable[];
    readonly jobId?: number;
  }): Promise<readonly StoredRow[]>;
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
   * used twice, not even after all entries are gone or the database was closed. A row of Integration_Runtimes
   * touches the environment, too, that it belonged or belongs to; without one the default environment.
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
   * are no longer of the version that it read, is touched. Every stack whose contribution from this subject came, went
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
   * The stack belongs to the subscription of its spec's environment; without a spec, to the one of its last.
   * `traceId`: of the change that led to it; the one from before is kept if the hash did not change.
   */
  setDesired(
    stack: string,
    version: number,
    desired: DesiredState,
    lane: Lane,
    traceId: string | null,
  ): Promise<void>;
  /** Stacks whose desired hash was made from another `program/` or provider version than `suffix`, i.e. does not end with it. Not those that must not exist. */
  stacksOfOtherVersion(suffix: string, limit: number): Promise<readonly StackRecord[]>;
  getStack(stack: string): Promise<StackRecord | null>;
  listStacks(): Promise<readonly StackRecord[]>;
  /** Those of the names that are the names of stacks. Cheaper than the stacks themselves, and than one question each. */
  stacksAmong(names: readonly string[]): Promise<ReadonlySet<string>>;
  /**
   * For a home that was restored from a backup: the engine's state may be older than the clouds, and younger
   * than these tables. Every stack is due at once, with its applied hash NULL and no attempts, and is marked as doubtful
   * until an update or destroy of it succeeds. Returns how many.
   */
  distrustState(): Promise<number>;
  /** Stacks with a contribution of the job, wanted or admitted, with what it contributes. */
  jobContributions(jobId: number): Promise<readonly StoredContribution[]>;
  /** What every subject contributes to a stack, wanted or admitted, by subject. */
  stackContributions(stack: string): Promise<readonly StoredContribution[]>;

  // ---- work and leases
  /**
   * What could start now, most pressing first: queued runs and due stacks by the instant they became due
   * plus laneDelayMs of their stack's lane (a queued run counts from queuedAt). Left out: leased stacks, those whose
   * next attempt is later (a queued run does not wait for it: somebody asked), and a stack to destroy while
   * another stack's applied spec refers to it. All work of a subscription that is paused is left out too.
   * `lane`: only work of that lane, found by index however much other work there is.
   */
  listWork(limit: number, lane?: "urgent"): Promise<readonly WorkItem[]>;
  /** Stacks to destroy that wait for another stack's applied spec, with one such stack. */
  listHeldDestroys(): Promise<readonly { readonly stack: string; readonly heldBy: string }[]>;
  /** The queue in numbers, in one snapshot. */
  queueFacts(): Promise<QueueFacts>;
  /**
   * No work of that subscription starts before now + forMs, on any replica. A pause that lasts longer stays as it
   * is, with its reason.
   */
  pauseSubscription(
    subscriptionId: string,
    pause: { readonly forMs: number; readonly reason: string },
  ): Promise<void>;
  /** Pauses that have not ended, by subscription. */
  listPauses(): Promise<readonly SubscriptionPause[]>;
  /**
   * Takes the lease of a stack and starts its run, in one step: of many callers exactly one gets it.
   * Refused while another lease has not expired, when the desired hash is not `desiredHash`, while the stack's
   * subscription is paused, for a destroy
   * while another stack's applied spec refers to the stack, and for a runId that is no queued run of this
   * stack but exists. Without a queued run a kind that writes is refused too when the stack is not due (any
   * more), or not yet again: a list may be older than another worker's run. A kind
   * that writes (update, destroy) sets the applied hash to NULL and adds the desired references to the
   * applied ones. A queued run (same runId) becomes running; otherwise a run with the stack's trace id is made. A run that held an
   * expired lease becomes `lost`.
   * `previousRun`: the last run that held a lease on the stack.
   */
  acquireLease(request: LeaseRequest): Promise<LeaseResult>;
  /** The newest runs of all stacks, queued ones included, newest first. */
  listRuns(limit: number): Promise<readonly RunRecord[]>;
  /** The newest runs of a stack that ever held a lease, newest first. */
  recentRuns(stack: string, limit: number): Promise<readonly RunRecord[]>;
  /** Moves the expiry to now + leaseMs. `cancelAskedBy`: who wants the run to end; null: nobody. */
  renewLease(lease: Lease, leaseMs: number): Promise<{ readonly cancelAskedBy: string | null }>;
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
   * applied references, conditions and the stack's row go, and its probes are the latest of nothing; if it is wanted again by now, the row stays, as one
   * that was never applied. Subjects are touched likewise. Failure: the applied hash stays NULL, attempts grow,
   * the next attempt is set; a desired hash that changed during the run is due at once. A run that only
   * looks (preview, refresh, adoptable) changes nothing but its run.
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
    /** exactly one of jobId and stack is not null */
    readonly jobId: number | null;
    readonly stack: string | null;
    /** of its runs too */
    readonly traceId: string | null;
    readonly runs: readonly {
      readonly runId: string;
      readonly stack: string;
      readonly kind: RunKind;
      readonly adopt?: readonly Adoption[];
    }[];
  }): Promise<RequestRecord>;
  getRequest(requestId: string): Promise<RequestRecord | null>;
  /** Ends a queued run without a lease, e.g. because its stack is gone. Nothing happens if it is not queued any more. */
  cancelQueuedRun(runId: string, message: string): Promise<void>;
  /**
   * `canceled`: the run was queued and has ended, with a message that names `by`. `asked`: it is running, and
   * renewLease tells its worker who asked first. `ended`: it had ended already. RowNotFoundError: there is no such run.
   */
  requestCancel(runId: string, by: string): Promise<"canceled" | "asked" | "ended">;
  /**
   * Deletes runs with their steps that ended longer than olderThanMs ago, at most `limit` a call, and returns how
   * many. Kept: of each stack the newest keepPerStack runs, the last one with a lease and the last success; and
   * runs of a request with a run that has not ended. A request goes once it has no runs and is as old.
   * A call looks at no more than ten times `limit` runs, whatever exists, the oldest end first; the next one goes
   * on from there, and begins anew after the last. So 0 does not mean that none is left.
   */
  pruneRuns(which: {
    readonly olderThanMs: number;
    readonly keepPerStack: number;
    readonly limit: number;
  }): Promise<number>;
  getRun(runId: string): Promise<RunRecord | null>;
  /** Steps of a run with a number above `after`, in order. */
  readSteps(runId: string, after: number, limit: number): Promise<readonly RunStep[]>;
  /** Outputs of a stack's last success; null: none yet. */
  outputs(
    stack: string,
  ): Promise<{ readonly values: OutputValues; readonly runId: string; readonly asOf: string } | null>;

  // ---- probes and alerts
  /** Results of probes of a stack's endpoints, at database time. Of a stack that does not exist nothing is recorded. */
  recordProbes(stack: string, results: readonly ProbeInput[]): Promise<void>;
  /** The newest results, newest first; `stack`, `endpoint`: only of these. */
  recentProbes(which: {
    readonly stack?: string;
    readonly endpoint?: string;
    readonly limit: number;
  }): Promise<readonly ProbeRecord[]>;
  /**
   * Of each endpoint of each stack that exists the result that was recorded last, by stack and endpoint. An
   * endpoint that its stack has no more is among them: only the stack's spec tells which there are.
   */
  latestProbes(): Promise<readonly ProbeRecord[]>;
  /**
   * Adds the alert, or makes it as told if its id is known. Its firedAt stays as first told, its number too. Who
   * fires first and resolves later is told twice, and maybe in the other order: Resolved stays Resolved.
   */
  recordAlert(event: AlertEvent): Promise<void>;
  /** Newest first, by number; `before`: only those with a lower number. */
  listAlerts(which: {
    readonly jobId?: number;
    readonly state?: AlertState;
    readonly before?: number;
    readonly limit: number;
  }): Promise<readonly AlertRecord[]>;
  /**
   * Deletes results of probes and alerts, in whatever state, that were last recorded longer than olderThanMs ago, the
   * oldest first, at most `limit` of each a call, and returns how many. Kept: the newest `keep` of each, and the
   * latest result of each endpoint. 0: none is left.
   */
  pruneHistory(which: {
    readonly olderThanMs: number;
    readonly keep: number;
    readonly limit: number;
  }): Promise<number>;
}
