/** Stacks: what each must become and what it is. */
import type { StackKind } from "../../desired-state.ts";
import {
  type DesiredState,
  type JobFacts,
  type Lane,
  type LeaseInfo,
  laneDelayMs,
  type RunFailure,
  type StackRecord,
  type StackToMerge,
} from "../../store.ts";
import { pendingJobs } from "./changes.ts";
import { clearStackConditions, obstaclesOf } from "./conditions.ts";
import {
  integer,
  json,
  jsonOrNull,
  laterBy,
  type Row,
  type Transaction,
  text,
  textOrNull,
} from "./connection.ts";
import { admittedTo, listForMerge } from "./contributions.ts";
import { subscriptionKey } from "./pauses.ts";
import { forgetLatestProbes } from "./probes.ts";
import { cancelQueuedRunsOf, setLaneOfQueuedRuns } from "./runs.ts";

export const getStackRow = (transaction: Transaction, stack: string): Row | undefined =>
  transaction.get("SELECT * FROM Stacks WHERE stack = ?", stack);

export function getStack(transaction: Transaction, stack: string): StackRecord | null {
  const row = getStackRow(transaction, stack);
  return row === undefined ? null : stackFrom(row);
}

export const listStacks = (transaction: Transaction): readonly StackRecord[] =>
  transaction.all("SELECT * FROM Stacks ORDER BY stack").map(stackFrom);

export const stacksAmong = (transaction: Transaction, names: readonly string[]): ReadonlySet<string> =>
  new Set(transaction.all(selectStacksAmong, JSON.stringify(names)).map((row) => text(row, "stack")));
export const selectStacksAmong = "SELECT stack FROM Stacks WHERE stack IN (SELECT value FROM json_each(?))";

export const stackFrom = (row: Row): StackRecord => ({
  stack: text(row, "stack"),
  kind: text(row, "kind") as StackKind, // written from a DesiredState
  environment: text(row, "environment"),
  desired: desiredFrom(row),
  version: integer(row, "desired_version"),
  appliedHash: textOrNull(row, "applied_hash"),
  appliedSpec: jsonOrNull(row, "applied_spec"),
  wasApplied: integer(row, "was_applied") === 1,
  lane: text(row, "lane") as Lane, // written by setDesired
  dueAt: textOrNull(row, "due_at"),
  attempts: integer(row, "attempts"),
  nextAttemptAt: textOrNull(row, "next_attempt_at"),
  lease: leaseInfoFrom(row),
  lastSuccessAt: textOrNull(row, "last_success_at"),
  lastSuccessRunId: textOrNull(row, "last_success_run_id"),
  traceId: textOrNull(row, "trace_id"),
  stateDoubtful: integer(row, "state_doubtful") === 1,
});

const desiredFrom = (row: Row): DesiredState => ({
  kind: text(row, "kind") as StackKind,
  environment: text(row, "environment"),
  spec: jsonOrNull(row, "desired_spec"),
  hash: text(row, "desired_hash"),
  references: json(row, "desired_references"),
});

export function leaseInfoFrom(row: Row): LeaseInfo | null {
  if (row.lease_run_id === null) return null;
  return {
    epoch: integer(row, "lease_epoch"),
    owner: json(row, "lease_owner"),
    expiresAt: text(row, "lease_expires_at"),
    runId: text(row, "lease_run_id"),
  };
}

/** Whether somebody holds the stack's lease now; an expired one is nobody's. */
export const isLeased = (row: Row, now: string): boolean =>
  row.lease_run_id !== null && text(row, "lease_expires_at") > now;

// ---- merging

export const selectStacksToMerge =
  "SELECT stack, version FROM Stack_Merges WHERE listed IS NOT NULL ORDER BY listed LIMIT ?";

export const stacksToMerge = (transaction: Transaction, limit: number): readonly StackToMerge[] =>
  transaction.all(selectStacksToMerge, limit).map((row) => {
    const stack = text(row, "stack");
    return {
      stack,
      version: integer(row, "version"),
      contributions: admittedTo(transaction, stack),
      desired: getStack(transaction, stack)?.desired ?? null,
    };
  });

/** The contributions were merged; unless they changed meanwhile, or this merge is older than another one. */
function markMerged(transaction: Transaction, stack: string, version: number): void {
  const row = transaction.get("SELECT version FROM Stack_Merges WHERE stack = ?", stack);
  if (row === undefined) return; // nobody ever contributed
  if (version < integer(row, "version")) listForMerge(transaction, stack);
  else transaction.run("UPDATE Stack_Merges SET listed = NULL WHERE stack = ?", stack);
}

export interface DesiredUpdate {
  readonly stack: string;
  readonly version: number;
  readonly desired: DesiredState;
  readonly lane: Lane;
  readonly traceId: string | null;
}

export function setDesired(transaction: Transaction, update: DesiredUpdate): void {
  const { stack, version, desired, lane } = update;
  markMerged(transaction, stack, version);
  const row = getStackRow(transaction, stack);
  if (desired.spec === null && (row === undefined || integer(row, "lease_epoch") === 0)) {
    if (row !== undefined) deleteStack(transaction, stack, "Nothing asks for the stack any more.");
    return;
  }
  if (row === undefined) insertStack(transaction, update);
  else updateDesired(transaction, row, update);
  reschedule(transaction, stack, lane);
}

function insertStack(transaction: Transaction, update: DesiredUpdate): void {
  const { stack, version, desired, lane, traceId } = update;
  transaction.run(
    `INSERT INTO Stacks (stack, kind, environment, desired_spec, desired_hash, desired_hash_reversed,
       desired_references, subscription_id, desired_version, desired_at, lane, next_attempt_at, trace_id)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    stack,
    desired.kind,
    desired.environment,
    ...desiredColumns(desired),
    version,
    transaction.now,
    lane,
    transaction.now,
    traceId,
  );
}

function updateDesired(transaction: Transaction, row: Row, update: DesiredUpdate): void {
  const { stack, version, desired, traceId } = update;
  transaction.run(
    `UPDATE Stacks SET kind = ?, environment = ?, desired_spec = ?, desired_hash = ?, desired_hash_reversed = ?,
       desired_references = ?, subscription_id = coalesce(?, subscription_id), desired_version = ?
     WHERE stack = ?`,
    desired.kind,
    desired.environment,
    ...desiredColumns(desired),
    version,
    stack,
  );
  if (text(row, "desired_hash") !== desired.hash)
    transaction.run(
      `UPDATE Stacks SET desired_at = ?1, attempts = 0, next_attempt_at = ?1, trace_id = ?2,
         failure_class = NULL, failure_message = NULL WHERE stack = ?3`,
      transaction.now,
      traceId,
      stack,
    );
}

const desiredColumns = (desired: DesiredState) =>
  [
    desired.spec === null ? null : JSON.stringify(desired.spec),
    desired.hash,
    desired.spec === null ? null : reversed(desired.hash),
    JSON.stringify(desired.references),
    desired.spec === null ? null : subscriptionKey(desired.spec.environment.subscriptionId),
  ] as const;

/**
 * Sets when the stack became due, and its rank, from what it must become and what it is. One that is due
 * already keeps its instant, so that many edits do not push it back.
 */
export function reschedule(transaction: Transaction, stack: string, lane?: Lane): void {
  const row = getStackRow(transaction, stack) ?? {};
  const inSync = row.applied_hash === row.desired_hash;
  const dueAt = inSync ? null : (textOrNull(row, "due_at") ?? transaction.now);
  const newLane = lane ?? (text(row, "lane") as Lane);
  transaction.run(
    "UPDATE Stacks SET due_at = ?, rank_at = ?, lane = ? WHERE stack = ?",
    dueAt,
    dueAt === null ? null : rankAt(dueAt, newLane),
    newLane,
    stack,
  );
  if (newLane !== row.lane) setLaneOfQueuedRuns(transaction, stack, newLane);
}

export const rankAt = (dueAt: string, lane: Lane): string => laterBy(dueAt, laneDelayMs[lane]);

/** Rank by lane as `rankAt` has it, for those that become due now. */
export function distrustState(transaction: Transaction): number {
  return transaction.run(
    `UPDATE Stacks SET state_doubtful = 1, applied_hash = NULL, attempts = 0, next_attempt_at = ?1,
       due_at = coalesce(due_at, ?1),
       rank_at = coalesce(rank_at, CASE lane WHEN 'urgent' THEN ?2 WHEN 'normal' THEN ?3 ELSE ?4 END)`,
    transaction.now,
    rankAt(transaction.now, "urgent"),
    rankAt(transaction.now, "normal"),
    rankAt(transaction.now, "upgrade"),
  );
}

/** Removes a stack that does not exist, with its outputs, references and conditions; its probes become history. */
export function deleteStack(transaction: Transaction, stack: string, message: string): void {
  transaction.run("DELETE FROM Stacks WHERE stack = ?", stack);
  clearStackTraces(transaction, stack);
  cancelQueuedRunsOf(transaction, stack, message);
}

export function clearStackTraces(transaction: Transaction, stack: string): void {
  transaction.run("DELETE FROM Stack_Outputs WHERE stack = ?", stack);
  transaction.run("DELETE FROM Stack_References WHERE stack = ? AND source = ''", stack);
  clearStackConditions(transaction, stack);
  forgetLatestProbes(transaction, stack);
}

// ---- program and provider versions

const reversed = (value: string): string => [...value].reverse().join("");

/** Two ranges around the hashes that end with the suffix, which begin with it when reversed. */
export const selectOtherVersions = `
  SELECT * FROM (SELECT * FROM Stacks WHERE desired_hash_reversed < ?1 LIMIT ?3)
  UNION ALL
  SELECT * FROM (SELECT * FROM Stacks WHERE desired_hash_reversed >= ?2 LIMIT ?3)
  LIMIT ?3`;

export function stacksOfOtherVersion(
  transaction: Transaction,
  suffix: string,
  limit: number,
): readonly StackRecord[] {
  const prefix = reversed(suffix);
  // U+10FFFF is the last character there is: nothing that begins with the prefix comes after it.
  return transaction.all(selectOtherVersions, prefix, `${prefix}\u{10ffff}`, limit).map(stackFrom);
}

// ---- readiness

/** Once for all jobs: thousands of them may share a stack. */
export function jobFacts(transaction: Transaction, jobIds: readonly number[]): readonly JobFacts[] {
  const subjects = jobIds.map((jobId) => `job:${jobId}`);
  const contributed = Map.groupBy(transaction.all(selectContributedStacks, JSON.stringify(subjects)), (row) =>
    text(row, "subject"),
  );
  const stacks = stackFactsOf(transaction, contributed);
  const obstacles = obstaclesOf(transaction, subjects);
  const pending = pendingJobs(transaction, jobIds);
  return jobIds.map((jobId) => ({
    jobId,
    stacks: (contributed.get(`job:${jobId}`) ?? []).flatMap((row) => {
      const stack = text(row, "stack");
      // What only waits (no entry admitted yet) has no stack to be in sync; its row's condition says why.
      return stacks.get(stack) ?? (row.is_admitted === 0 ? [] : [{ stack, ...notMerged }]);
    }),
    rowConditions: obstacles.get(`job:${jobId}`) ?? [],
    changePending: pending.has(jobId),
  }));
}

const notMerged = { inSync: false, running: false, failure: null } as const;

export const selectContributedStacks = `SELECT subject, stack, admitted <> '[]' AS is_admitted
  FROM Contributions WHERE subject IN (SELECT value FROM json_each(?)) ORDER BY stack`;

/** Without the specs, which grow with the jobs that share them. */
export const selectStackFacts = `
  SELECT s.stack, s.lease_run_id, s.lease_expires_at, s.failure_class, s.failure_message,
    s.applied_hash IS s.desired_hash AND m.listed IS NULL AS in_sync
  FROM json_each(?) AS wanted CROSS JOIN Stacks AS s ON s.stack = wanted.value
    LEFT JOIN Stack_Merges AS m ON m.stack = s.stack`;

function stackFactsOf(
  transaction: Transaction,
  contributed: ReadonlyMap<string, readonly Row[]>,
): ReadonlyMap<string, JobFacts["stacks"][number]> {
  const names = new Set([...contributed.values()].flatMap((rows) => rows.map((row) => text(row, "stack"))));
  return new Map(
    transaction.all(selectStackFacts, JSON.stringify([...names])).map((row) => {
      const stack = text(row, "stack");
      const inSync = integer(row, "in_sync") === 1;
      return [stack, { stack, inSync, running: isLeased(row, transaction.now), failure: failureFrom(row) }];
    }),
  );
}

export function failureFrom(row: Row): RunFailure | null {
  if (row.failure_class === null) return null;
  return { class: text(row, "failure_class") as RunFailure["class"], message: text(row, "failure_message") };
}
