/** Runs of the engine and their steps. */
import { RowNotFoundError } from "../../errors.ts";
import type {
  Lane,
  MetadataStore,
  RunFailure,
  RunKind,
  RunRecord,
  RunResult,
  RunStatus,
  RunStep,
  RunStepInput,
} from "../../store.ts";
import {
  instant,
  instantOrNull,
  integer,
  integerOrNull,
  json,
  jsonOrNull,
  lock,
  type Row,
  rowLists,
  type Transaction,
  text,
  textOrNull,
} from "./connection.ts";

export const selectRun = "SELECT * FROM Runs WHERE run_id = @runId";

export async function getRun(transaction: Transaction, runId: string): Promise<RunRecord | null> {
  const row = await transaction.get(selectRun, { runId });
  return row === undefined ? null : runFrom(row);
}

export const runFrom = (row: Row): RunRecord => ({
  runId: text(row, "run_id"),
  stack: text(row, "stack"),
  requestId: textOrNull(row, "request_id"),
  kind: text(row, "kind") as RunKind, // this and status: written by this file
  reason: text(row, "reason"),
  status: text(row, "status") as RunStatus,
  specHash: textOrNull(row, "spec_hash"),
  epoch: integerOrNull(row, "epoch"),
  child: jsonOrNull(row, "child"),
  engine: jsonOrNull(row, "engine"),
  queuedAt: instant(row, "queued_at"),
  startedAt: instantOrNull(row, "started_at"),
  endedAt: instantOrNull(row, "ended_at"),
  changes: json(row, "changes"),
  failure:
    row.failure_class === null
      ? null
      : { class: text(row, "failure_class") as RunFailure["class"], message: text(row, "failure_message") },
  traceId: textOrNull(row, "trace_id"),
  adopt: jsonOrNull(row, "adopt"),
});

export const listRuns = async (transaction: Transaction, limit: number): Promise<readonly RunRecord[]> =>
  (await transaction.all(selectNewestRuns, { limit })).map(runFrom);
export const selectNewestRuns = "SELECT TOP (@limit) * FROM Runs ORDER BY number DESC";

export const recentRuns = async (
  transaction: Transaction,
  stack: string,
  limit: number,
): Promise<readonly RunRecord[]> => (await transaction.all(selectRecentRuns, { stack, limit })).map(runFrom);

export const selectRecentRuns = `SELECT TOP (@limit) * FROM Runs
WHERE stack = @stack AND epoch IS NOT NULL ORDER BY started_at DESC, epoch DESC, number DESC`;

export interface RunStart {
  readonly runId: string;
  readonly stack: string;
  readonly kind: RunKind;
  readonly reason: string;
  readonly specHash: string;
  /** JSON: the references of the spec that the run applies */
  readonly references: string;
  readonly epoch: number;
  /** of the run that is made; a queued one has its own */
  readonly traceId: string | null;
}

/** A queued run becomes running; without one a run is made. */
export async function startRun(transaction: Transaction, run: RunStart): Promise<void> {
  await transaction.run(upsertStartedRun, {
    runId: run.runId,
    stack: run.stack,
    kind: run.kind,
    reason: run.reason,
    specHash: run.specHash,
    references: run.references,
    epoch: run.epoch,
    traceId: run.traceId,
  });
}
const upsertStartedRun = `
UPDATE Runs SET kind = @kind, reason = @reason, status = 'running', spec_hash = @specHash,
  spec_references = @references, epoch = @epoch, started_at = @now WHERE run_id = @runId;
IF @@ROWCOUNT = 0
  INSERT INTO Runs (run_id, stack, kind, reason, status, spec_hash, spec_references, epoch, trace_id, queued_at,
    started_at)
  VALUES (@runId, @stack, @kind, @reason, 'running', @specHash, @references, @epoch, @traceId, @now, @now)`;

export async function endRun(transaction: Transaction, runId: string, result: RunResult): Promise<void> {
  const failure = result.status === "succeeded" ? null : result.failure;
  await transaction.run(updateEndedRun, {
    runId,
    status: result.status,
    changes: JSON.stringify(result.changes),
    failureClass: failure?.class ?? null,
    failureMessage: failure?.message ?? null,
  });
}
const updateEndedRun = `UPDATE Runs SET status = @status, ended_at = @now, changes = @changes,
  failure_class = @failureClass, failure_message = @failureMessage WHERE run_id = @runId`;

export const markLost = (transaction: Transaction, runId: string, message: string): Promise<number> =>
  transaction.run(updateLostRun, { runId, message });
const updateLostRun = `UPDATE Runs SET status = 'lost', ended_at = @now, failure_class = 'unknown',
  failure_message = @message WHERE run_id = @runId AND status = 'running'`;

const cancelQueued = `UPDATE Runs SET status = 'canceled', ended_at = @now, failure_class = 'permanent',
  failure_message = @message WHERE status = 'queued'`;

export async function cancelQueuedRun(
  transaction: Transaction,
  runId: string,
  message: string,
): Promise<void> {
  const canceled = await transaction.run(`${cancelQueued} AND run_id = @runId`, { runId, message });
  if (canceled === 0 && (await getRun(transaction, runId)) === null)
    throw new RowNotFoundError(`There is no run ${runId}.`);
}

/** Under the stack's lock: a run that a worker begins meanwhile is told, not canceled. */
export async function requestCancel(
  transaction: Transaction,
  runId: string,
  by: string,
): Promise<Awaited<ReturnType<MetadataStore["requestCancel"]>>> {
  const stack = (await getRun(transaction, runId))?.stack;
  if (stack !== undefined) await lock(transaction, `stack:${stack}`);
  const run = await getRun(transaction, runId);
  if (run === null) throw new RowNotFoundError(`There is no run ${runId}.`);
  if (run.status === "queued") {
    await cancelQueuedRun(transaction, runId, canceledBy(by));
    return "canceled";
  }
  if (run.status !== "running") return "ended";
  await transaction.run(setCancelAsked, { runId, by });
  return "asked";
}
const canceledBy = (by: string): string => `It was canceled by ${by} before it started.`;
const setCancelAsked = `UPDATE Runs SET cancel_asked_by = COALESCE(cancel_asked_by, @by)
WHERE run_id = @runId`;

export const cancelQueuedRunsOf = (
  transaction: Transaction,
  stack: string,
  message: string,
): Promise<number> => transaction.run(`${cancelQueued} AND stack = @stack`, { stack, message });

/** Queued runs are listed by the lane of their stack. */
export const setLaneOfQueuedRuns = (transaction: Transaction, stack: string, lane: Lane): Promise<number> =>
  transaction.run(updateLaneOfQueuedRuns, { stack, lane });
const updateLaneOfQueuedRuns = "UPDATE Runs SET lane = @lane WHERE stack = @stack AND status = 'queued'";

// ---- steps

/** Under the stack's lock, so that no two writers give the same number. */
export async function appendSteps(
  transaction: Transaction,
  runId: string,
  steps: readonly RunStepInput[],
): Promise<void> {
  const last = integer((await transaction.get(selectLastStep, { runId })) ?? {}, "number");
  const at = new Date(transaction.now);
  const rows = steps.map((step, index) => ({
    runId,
    number: last + 1 + index,
    at,
    operation: step.operation,
    urn: step.urn,
    type: step.type,
    status: step.status,
    objectId: step.objectId,
    message: step.message,
  }));
  for (const { text: values, parameters } of rowLists(rows))
    await transaction.run(insertSteps(values), parameters);
}
const selectLastStep = "SELECT ISNULL(MAX(number), 0) AS number FROM Run_Steps WHERE run_id = @runId";
const insertSteps = (values: string): string =>
  `INSERT INTO Run_Steps (run_id, number, at, operation, urn, type, status, object_id, message) VALUES
${values}`;

export async function readSteps(
  transaction: Transaction,
  runId: string,
  after: number,
  limit: number,
): Promise<readonly RunStep[]> {
  const rows = await transaction.all(selectSteps, { runId, after, limit });
  return rows.map((row) => ({
    runId: text(row, "run_id"),
    number: integer(row, "number"),
    at: instant(row, "at"),
    operation: text(row, "operation"),
    urn: text(row, "urn"),
    type: text(row, "type"),
    status: text(row, "status") as RunStep["status"], // written from a RunStepInput
    objectId: textOrNull(row, "object_id"),
    message: textOrNull(row, "message"),
  }));
}
const selectSteps = `SELECT TOP (@limit) run_id, number, at, operation, urn, type, status, object_id, message
FROM Run_Steps WHERE run_id = @runId AND number > @after ORDER BY number`;
