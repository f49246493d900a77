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
  bit,
  instant,
  instantOrNull,
  integer,
  json,
  jsonOrNull,
  laterBy,
  lockText,
  nowText,
  type Row,
  type Transaction,
  text,
  textOrNull,
} from "./connection.ts";
import { admittedTo, listForMerge } from "./contributions.ts";
import { subscriptionKey } from "./pauses.ts";
import { forgetLatestProbes } from "./probes.ts";
import { cancelQueuedRunsOf, setLaneOfQueuedRuns } from "./runs.ts";

const selectStack = "SELECT * FROM Stacks WHERE stack = @stack";

export const getStackRow = (transaction: Transaction, stack: string): Promise<Row | undefined> =>
  transaction.get(selectStack, { stack });

/** Everything that writes about a stack takes its lock first. Returns its row. */
export const lockStack = (transaction: Transaction, stack: string): Promise<Row | undefined> =>
  transaction.get(selectLockedStack, { resource: `stack:${stack}`, stack });
const selectLockedStack = `${lockText("resource")}
${selectStack}`;

export async function getStack(transaction: Transaction, stack: string): Promise<StackRecord | null> {
  const row = await getStackRow(transaction, stack);
  return row === undefined ? null : stackFrom(row);
}

export const listStacks = async (transaction: Transaction): Promise<readonly StackRecord[]> =>
  (await transaction.all("SELECT * FROM Stacks ORDER BY stack")).map(stackFrom);

export async function stacksAmong(
  transaction: Transaction,
  names: readonly string[],
): Promise<ReadonlySet<string>> {
  const rows = await transaction.all(selectStacksAmong, { names: JSON.stringify(names) });
  return new Set(rows.map((row) => text(row, "stack")));
}
const selectStacksAmong = `SELECT stack FROM Stacks
WHERE stack IN (SELECT value COLLATE Latin1_General_100_BIN2 FROM OPENJSON(@names))`;

export const stackFrom = (row: Row): StackRecord => ({
  stack: text(row, "stack"),
  kind: text(row, "kind") as StackKind, // written from a DesiredState
  environment: text(row, "environment"),
  desired: desiredFrom(row),
  version: integer(row, "desired_version"),
  appliedHash: textOrNull(row, "applied_hash"),
  appliedSpec: jsonOrNull(row, "applied_spec"),
  wasApplied: bit(row, "was_applied"),
  lane: text(row, "lane") as Lane, // written by setDesired
  dueAt: instantOrNull(row, "due_at"),
  attempts: integer(row, "attempts"),
  nextAttemptAt: instantOrNull(row, "next_attempt_at"),
  lease: leaseInfoFrom(row),
  lastSuccessAt: instantOrNull(row, "last_success_at"),
  lastSuccessRunId: textOrNull(row, "last_success_run_id"),
  traceId: textOrNull(row, "trace_id"),
  stateDoubtful: bit(row, "state_doubtful"),
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
    expiresAt: instant(row, "lease_expires_at"),
    runId: text(row, "lease_run_id"),
  };
}

/** Whether somebody holds the stack's lease now; an expired one is nobody's. */
export const isLeased = (row: Row, now: string): boolean =>
  row.lease_run_id !== null && instant(row, "lease_expires_at") > now;

// ---- merging

export const selectStacksToMerge =
  "SELECT TOP (@limit) stack, version FROM Stack_Merges WHERE listed IS NOT NULL ORDER BY listed, stack";

export async function stacksToMerge(
  transaction: Transaction,
  limit: number,
): Promise<readonly StackToMerge[]> {
  const stacks = [];
  for (const row of await transaction.all(selectStacksToMerge, { limit })) {
    const stack = text(row, "stack");
    stacks.push({
      stack,
      version: integer(row, "version"),
      // After the version: contributions that are newer are merged once more, older ones would be kept.
      contributions: await admittedTo(transaction, stack),
      desired: (await getStack(transaction, stack))?.desired ?? null,
    });
  }
  return stacks;
}

/** The contributions were merged; unless they changed meanwhile, or this merge is older than another one. */
async function markMerged(transaction: Transaction, stack: string, version: number): Promise<void> {
  const row = await transaction.get(selectMergeVersion, { stack });
  if (row === undefined) return; // nobody ever contributed
  if (version < integer(row, "version")) await listForMerge(transaction, [stack]);
  else await transaction.run(setMerged, { stack });
}
const selectMergeVersion = "SELECT version FROM Stack_Merges WHERE stack = @stack";
const setMerged = "UPDATE Stack_Merges SET listed = NULL WHERE stack = @stack";

export interface DesiredUpdate {
  readonly stack: string;
  readonly version: number;
  readonly desired: DesiredState;
  readonly lane: Lane;
  readonly traceId: string | null;
}

export async function setDesired(transaction: Transaction, update: DesiredUpdate): Promise<void> {
  const { stack, version, desired, lane, traceId } = update;
  const row = await lockStack(transaction, stack);
  await markMerged(transaction, stack, version);
  if (desired.spec === null && (row === undefined || integer(row, "lease_epoch") === 0)) {
    if (row !== undefined) await deleteStack(transaction, stack, "Nothing asks for the stack any more.");
    return;
  }
  if (row === undefined) await transaction.run(insertStack, { ...desiredColumns(update), lane, traceId });
  else await updateDesired(transaction, row, update);
  await reschedule(transaction, stack, lane);
}
const insertStack = `INSERT INTO Stacks (stack, kind, environment, desired_spec, desired_hash, desired_hash_reversed,
  desired_references, subscription_id, desired_version, desired_at, lane, next_attempt_at, trace_id)
VALUES (@stack, @kind, @environment, @spec, @hash, @reversed, @references, @subscription, @version, @now, @lane, @now,
  @traceId)`;

async function updateDesired(transaction: Transaction, row: Row, update: DesiredUpdate): Promise<void> {
  await transaction.run(updateStack, desiredColumns(update));
  if (text(row, "desired_hash") !== update.desired.hash)
    await transaction.run(forgetAttempts, { stack: update.stack, traceId: update.traceId });
}
const updateStack = `UPDATE Stacks SET kind = @kind, environment = @environment, desired_spec = @spec,
  desired_hash = @hash, desired_hash_reversed = @reversed, desired_references = @references,
  subscription_id = COALESCE(@subscription, subscription_id), desired_version = @version WHERE stack = @stack`;
const forgetAttempts = `UPDATE Stacks SET desired_at = @now, attempts = 0, next_attempt_at = @now,
  failure_class = NULL, failure_message = NULL, trace_id = @traceId WHERE stack = @stack`;

const desiredColumns = ({ stack, version, desired }: DesiredUpdate) => ({
  stack,
  version,
  kind: desired.kind,
  environment: desired.environment,
  spec: desired.spec === null ? null : JSON.stringify(desired.spec),
  hash: desired.hash,
  reversed: desired.spec === null ? null : reversed(desired.hash),
  references: JSON.stringify(desired.references),
  subscription: desired.spec === null ? null : subscriptionKey(desired.spec.environment.subscriptionId),
});

/**
 * Sets when the stack became due, and its rank, from what it must become and what it is. One that is due
 * already keeps its instant, so that many edits do not push it back.
 */
export async function reschedule(transaction: Transaction, stack: string, lane?: Lane): Promise<void> {
  const row = (await transaction.get(selectSchedule, { stack })) ?? {};
  const inSync = row.applied_hash === row.desired_hash;
  const dueAt = inSync ? null : (instantOrNull(row, "due_at") ?? transaction.now);
  const newLane = lane ?? (text(row, "lane") as Lane);
  await transaction.run(setSchedule, {
    stack,
    dueAt: dueAt === null ? null : new Date(dueAt),
    rankAt: dueAt === null ? null : laterBy(dueAt, laneDelayMs[newLane]),
    lane: newLane,
  });
  if (newLane !== row.lane) await setLaneOfQueuedRuns(transaction, stack, newLane);
}
const selectSchedule = "SELECT applied_hash, desired_hash, due_at, lane FROM Stacks WHERE stack = @stack";
const setSchedule = "UPDATE Stacks SET due_at = @dueAt, rank_at = @rankAt, lane = @lane WHERE stack = @stack";

/**
 * Without the stacks' locks, which could be thousands: one statement changes each row at once, and whatever a
 * transaction under way makes of a row, before or after, is as if it had come first or last.
 */
export const distrustState = (transaction: Transaction): Promise<number> =>
  transaction.run(setDoubtful, {
    urgent: laterBy(transaction.now, laneDelayMs.urgent),
    normal: laterBy(transaction.now, laneDelayMs.normal),
    upgrade: laterBy(transaction.now, laneDelayMs.upgrade),
  });
const setDoubtful = `UPDATE Stacks SET state_doubtful = 1, applied_hash = NULL, attempts = 0, next_attempt_at = @now,
  due_at = COALESCE(due_at, @now),
  rank_at = COALESCE(rank_at, CASE lane WHEN 'urgent' THEN @urgent WHEN 'normal' THEN @normal ELSE @upgrade END)`;

/** Removes a stack that does not exist, with its outputs, references and conditions; its probes become history. */
export async function deleteStack(transaction: Transaction, stack: string, message: string): Promise<void> {
  await transaction.run("DELETE FROM Stacks WHERE stack = @stack", { stack });
  await clearStackTraces(transaction, stack);
  await cancelQueuedRunsOf(transaction, stack, message);
}

export async function clearStackTraces(transaction: Transaction, stack: string): Promise<void> {
  await transaction.run(deleteTraces, { stack });
  await clearStackConditions(transaction, stack);
}
const deleteTraces = `DELETE FROM Stack_Outputs WHERE stack = @stack;
DELETE FROM Stack_References WHERE stack = @stack AND source = N'';
${forgetLatestProbes}`;

// ---- program and provider versions

const reversed = (value: string): string => [...value].reverse().join("");

/** Two ranges around the hashes that end with the suffix, which begin with it when reversed. */
export const selectOtherVersions = `SELECT TOP (@limit) * FROM Stacks
WHERE desired_hash_reversed < @from OR desired_hash_reversed >= @to`;

export async function stacksOfOtherVersion(
  transaction: Transaction,
  suffix: string,
  limit: number,
): Promise<readonly StackRecord[]> {
  const from = reversed(suffix);
  // U+FFFF comes after every character that a hash may have: nothing that begins with the prefix is later.
  const rows = await transaction.all(selectOtherVersions, { from, to: `${from}\u{ffff}`, limit });
  return rows.map(stackFrom);
}

// ---- readiness

/** Once for all jobs: thousands of them may share a stack. */
export async function jobFacts(
  transaction: Transaction,
  jobIds: readonly number[],
): Promise<readonly JobFacts[]> {
  const subjects = jobIds.map((jobId) => `job:${jobId}`);
  const contributed = Map.groupBy(
    await transaction.all(selectContributedStacks, { subjects: JSON.stringify(subjects) }),
    (row) => text(row, "subject"),
  );
  const stacks = await stackFactsOf(transaction, contributed);
  const obstacles = await obstaclesOf(transaction, subjects);
  const pending = await pendingJobs(transaction, jobIds);
  return jobIds.map((jobId) => ({
    jobId,
    stacks: (contributed.get(`job:${jobId}`) ?? []).flatMap((row) => {
      const stack = text(row, "stack");
      // What only waits (no entry admitted yet) has no stack to be in sync; its row's condition says why.
      return stacks.get(stack) ?? (bit(row, "is_admitted") ? [{ stack, ...notMerged }] : []);
    }),
    rowConditions: obstacles.get(`job:${jobId}`) ?? [],
    changePending: pending.has(jobId),
  }));
}

const notMerged = { inSync: false, running: false, failure: null } as const;

export const selectContributedStacks = `
SELECT subject, stack, CAST(CASE WHEN admitted <> N'[]' THEN 1 ELSE 0 END AS bit) AS is_admitted
FROM Contributions WHERE subject IN (SELECT value COLLATE Latin1_General_100_BIN2 FROM OPENJSON(@subjects))
ORDER BY stack`;

/** Without the specs, which grow with the jobs that share them. */
export const selectStackFacts = `
SELECT s.stack, s.failure_class, s.failure_message,
  CAST(CASE WHEN s.lease_run_id IS NOT NULL AND s.lease_expires_at > ${nowText} THEN 1 ELSE 0 END AS bit) AS is_leased,
  CAST(CASE WHEN s.applied_hash = s.desired_hash AND m.listed IS NULL THEN 1 ELSE 0 END AS bit) AS in_sync
FROM Stacks AS s LEFT JOIN Stack_Merges AS m ON m.stack = s.stack
WHERE s.stack IN (SELECT value COLLATE Latin1_General_100_BIN2 FROM OPENJSON(@stacks))`;

async function stackFactsOf(
  transaction: Transaction,
  contributed: ReadonlyMap<string, readonly Row[]>,
): Promise<ReadonlyMap<string, JobFacts["stacks"][number]>> {
  const names = new Set([...contributed.values()].flatMap((rows) => rows.map((row) => text(row, "stack"))));
  const rows = await transaction.all(selectStackFacts, { stacks: JSON.stringify([...names]) });
  return new Map(
    rows.map((row) => {
      const stack = text(row, "stack");
      const facts = {
        inSync: bit(row, "in_sync"),
        running: bit(row, "is_leased"),
        failure: failureFrom(row),
      };
      return [stack, { stack, ...facts }];
    }),
  );
}

function failureFrom(row: Row): RunFailure | null {
  if (row.failure_class === null) return null;
  return { class: text(row, "failure_class") as RunFailure["class"], message: text(row, "failure_message") };
}
