/** What a metadata store takes and gives: changes, contributions, stacks, leases, runs, rows. */
import type { Contribution, OutputReference, Subject } from "./contributions.ts";
import type { StackKind, StackSpec } from "./desired-state.ts";
import type {
  AccessPolicyRow,
  AlertRuleRow,
  ClusterConfigRow,
  DataSourceRow,
  EnvironmentRow,
  GuardrailExceptionRow,
  IntegrationRuntimeRow,
  JobRow,
  MalformedRow,
  MetadataTable,
  ModelRow,
  NetworkRuleRow,
  PipelineSettingRow,
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
  readonly pipelineSettings: readonly PipelineSettingRow[];
  readonly alertRules: readonly AlertRuleRow[];
  readonly guardrailExceptions: readonly GuardrailExceptionRow[];
  /** those that its pipeline settings name, by name */
  readonly dataSources: readonly DataSourceRow[];
  /** all of its environment, those that name none included where it is the default one; by name */
  readonly integrationRuntimes: readonly IntegrationRuntimeRow[];
  /** that the job or a policy of it names, and the one of the job's default name where it names none; by name */
  readonly models: readonly ModelRow[];
  /**
   * Rows of this job that could not be parsed, with its own Jobs row, its environment's row, and rows above that jobs
   * share where this one uses them: of the runtimes those that its pipeline may copy with.
   */
  readonly malformed: readonly MalformedRow[];
  readonly contributions: readonly StoredContribution[];
  readonly recorded: readonly RecordedReference[];
  /** outputs of the environment's platform and runtimes stacks and of the job's own stack, by stack name */
  readonly outputs: Readonly<Record<string, OutputValues>>;
  /** of each of those stacks whose outputs ever changed, which change they are from; give it back in the resolution */
  readonly outputVersions: OutputVersions;
}

/** A number for each stack, other after each change of its outputs. */
export type OutputVersions = Readonly<Record<string, number>>;

export interface EnvironmentSnapshot {
  readonly subject: Extract<Subject, { kind: "environment" }>;
  readonly environment: EnvironmentRow | null;
  /** its own, and where it is the default one those that name none; by name */
  readonly integrationRuntimes: readonly IntegrationRuntimeRow[];
  /** of its own row and of those runtimes */
  readonly malformed: readonly MalformedRow[];
  readonly contributions: readonly StoredContribution[];
  readonly recorded: readonly RecordedReference[];
  /** outputs of its platform stack, by stack name */
  readonly outputs: Readonly<Record<string, OutputValues>>;
  readonly outputVersions: OutputVersions;
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
  /** of the snapshot that was resolved */
  readonly outputVersions: OutputVersions;
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

/** Those but update and destroy only look. adoptable: what existing infrastructure a stack could take over. */
export type RunKind = "update" | "destroy" | "preview" | "refresh" | "adoptable";
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
  /** 32 hex digits that connect a row's edit with what follows from it; null: it follows from none that is known */
  readonly traceId: string | null;
  /** of an update: what exists already and is to be taken over; null: nothing */
  readonly adopt: readonly Adoption[] | null;
}

/** An object of a stack, and the provider's id of the existing one that it is to become. */
export interface Adoption {
  readonly urn: string;
  readonly id: string;
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
  /** since when it is to become something else than was applied; null: it is not */
  readonly dueAt: string | null;
  readonly attempts: number;
  /** null: no further try until something changes */
  readonly nextAttemptAt: string | null;
  readonly lease: LeaseInfo | null;
  readonly lastSuccessAt: string | null;
  readonly lastSuccessRunId: string | null;
  /** of the change that led to the desired hash; null: of none that is known */
  readonly traceId: string | null;
  /** the engine's state may be older than the clouds: a backup was restored and no run that writes succeeded since */
  readonly stateDoubtful: boolean;
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

export type RequestKind = "refresh" | "preview" | "reconcile" | "adoptable" | "adopt";
/** What can be asked for on a stack. adopt: exactly these objects become the stack's, and an update follows. */
export type StackAction =
  | { readonly kind: "refresh" | "preview" | "reconcile" | "adoptable" }
  | { readonly kind: "adopt"; readonly objects: readonly Adoption[] };

/** Exactly one of jobId and stack is set: what was asked for. */
export interface RequestRecord {
  readonly requestId: string;
  readonly kind: RequestKind;
  readonly jobId: number | null;
  readonly stack: string | null;
  readonly createdAt: string;
  readonly runs: readonly RunRecord[];
}

/** A subscription that Azure throttles: none of its work starts before `until`. */
export interface SubscriptionPause {
  /** in lower case: Azure takes a GUID in either */
  readonly subscriptionId: string;
  readonly until: string;
  readonly reason: string;
  /** when it began, however often it was made longer */
  readonly since: string;
}

/** Of the queue as a whole, for metrics. A stack counts once: as running, else as due, waiting or given up. */
export interface QueueFacts {
  /** every lane, the most pressing first; due: stacks that could be tried now, held and paused ones included */
  readonly lanes: readonly {
    readonly lane: Lane;
    readonly due: number;
    readonly oldestDueAt: string | null;
  }[];
  /** due, but not before a later attempt */
  readonly waitingForRetry: number;
  /** due, but not before something changes */
  readonly givenUp: number;
  /** leases that have not ended, expired ones included */
  readonly running: number;
  /** queued runs */
  readonly queued: number;
  readonly oldestLeaseStartedAt: string | null;
}

/**
 * Values of one row by column, as people write them: true and false, lists and objects as such. A column that
 * is left out of an insert takes the table's default, of an update stays as it is.
 */
export type RowValues = Readonly<Record<string, RowValue>>;
export type RowValue =
  | string
  | number
  | boolean
  | null
  | readonly string[]
  | Readonly<Record<string, unknown>>;

export interface NewRow {
  readonly table: MetadataTable;
  readonly values: RowValues;
}

/** A row as it is stored. What a person stored that is not of its column's type (no JSON) stays text. */
export interface StoredRow extends NewRow {
  readonly key: string;
}

/** The rows of one job in one table, as a writer read them. */
export interface ReadSection {
  readonly table: MetadataTable;
  readonly jobId: number;
  readonly keys: readonly string[];
}

export type RowChange =
  | ({ readonly kind: "insert" } & NewRow)
  | ({
      readonly kind: "update";
      readonly key: string;
      /** the row as the writer read it */
      readonly before: RowValues;
    } & NewRow)
  | {
      readonly kind: "delete";
      readonly table: MetadataTable;
      readonly key: string;
      readonly before: RowValues;
    };

/** Who an edit is recorded for in Audit_Logs. */
export interface Actor {
  /** user principal name of a person, or the service's own name */
  readonly name: string;
  readonly kind: "person" | "service";
}
