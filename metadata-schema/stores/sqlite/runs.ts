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
  integer,
  integerOrNull,
  json,
  jsonOrNull,
  type Row,
  type Transaction,
  text,
  textOrNull,
} from "./connection.ts";

export const selectRun = "SELECT * FROM Runs WHERE run_id = ?";

export function getRun(transaction: Transaction, runId: string): RunRecord | null {
  const row = transaction.get(selectRun, runId);
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
  queuedAt: text(row, "queued_at"),
  startedAt: textOrNull(row, "started_at"),
  endedAt: textOrNull(row, "ended_at"),
  changes: json(row, "changes"),
  failure:
    row.failure_class === null
      ? null
      : { class: text(row, "failure_class") as RunFailure["class"], message: text(row, "failure_message") },
  traceId: textOrNull(row, "trace_id"),
  adopt: jsonOrNull(row, "adopt"),
});

export const listRuns = (transaction: Transaction, limit: number): readonly RunRecord[] =>
  transaction.all(selectNewestRuns, limit).map(runFrom);
export const selectNewestRuns = "SELECT * FROM Runs ORDER BY number DESC LIMIT ?";

export const recentRuns = (transaction: Transaction, stack: string, limit: number): readonly RunRecord[] =>
  transaction.all(selectRecentRuns, stack, limit).map(runFrom);

export const selectRecentRuns = `SELECT * FROM Runs INDEXED BY Runs_leased
  WHERE stack = ? AND epoch IS NOT NULL ORDER BY started_at DESC, epoch DESC, number DESC LIMIT ?`;

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
export function startRun(transaction: Transaction, run: RunStart): void {
  transaction.run(
    `INSERT INTO Runs (run_id, stack, kind, reason, status, spec_hash, spec_references, epoch, trace_id, queued_at,
       started_at)
     VALUES (?, ?, ?, ?, 'running', ?, ?, ?, ?, ?9, ?9)
     ON CONFLICT (run_id) DO UPDATE SET kind = excluded.kind, reason = excluded.reason, status = excluded.status,
       spec_hash = excluded.spec_hash, spec_references = excluded.spec_references, epoch = excluded.epoch,
       started_at = excluded.started_at`,
    run.runId,
    run.stack,
    run.kind,
    run.reason,
    run.specHash,
    run.references,
    run.epoch,
    run.traceId,
    transaction.now,
  );
}

export function endRun(transaction: Transaction, runId: string, result: RunResult): void {
  const failure = result.status === "succeeded" ? null : result.failure;
  transaction.run(
    `UPDATE Runs SET status = ?, ended_at = ?, changes = ?, failure_class = ?, failure_message = ?
     WHERE run_id = ?`,
    result.status,
    transaction.now,
    JSON.stringify(result.changes),
    failure?.class ?? null,
    failure?.message ?? null,
    runId,
  );
}

export function markLost(transaction: Transaction, runId: string, message: string): void {
  transaction.run(
    `UPDATE Runs SET status = 'lost', ended_at = ?, failure_class = 'unknown', failure_message = ?
     WHERE run_id = ? AND status = 'running'`,
    transaction.now,
    message,
    runId,
  );
}

const cancelQueued = `UPDATE Runs SET status = 'canceled', ended_at = ?, failure_class = 'permanent',
  failure_message = ? WHERE status = 'queued'`;

export function cancelQueuedRun(transaction: Transaction, runId: string, message: string): void {
  const canceled = transaction.run(`${cancelQueued} AND run_id = ?`, transaction.now, message, runId);
  if (canceled === 0 && getRun(transaction, runId) === null)
    throw new RowNotFoundError(`There is no run ${runId}.`);
}

export function requestCancel(
  transaction: Transaction,
  runId: string,
  by: string,
): Awaited<ReturnType<MetadataStore["requestCancel"]>> {
  const run = getRun(transaction, runId);
  if (run === null) throw new RowNotFoundError(`There is no run ${runId}.`);
  if (run.status === "queued") {
    cancelQueuedRun(transaction, runId, canceledBy(by));
    return "canceled";
  }
  if (run.status !== "running") return "ended";
  transaction.run(
    "UPDATE Runs SET cancel_asked_by = coalesce(cancel_asked_by, ?) WHERE run_id = ?",
    by,
    runId,
  );
  return "asked";
}
const canceledBy = (by: string): string => `It was canceled by ${by} before it started.`;

export function cancelQueuedRunsOf(transaction: Transaction, stack: string, message: string): void {
  transaction.run(`${cancelQueued} AND stack = ?`, transaction.now, message, stack);
}

/** Queued runs are listed by the lane of their stack. */
export function setLaneOfQueuedRuns(transaction: Transaction, stack: string, lane: Lane): void {
  transaction.run("UPDATE Runs SET lane = ? WHERE stack = ? AND status = 'queued'", lane, stack);
}

// ---- steps

export function appendSteps(transaction: Transaction, runId: string, steps: readonly RunStepInput[]): void {
  const last = transaction.get(
    "SELECT coalesce(max(number), 0) AS number FROM Run_Steps WHERE run_id = ?",
    runId,
  );
  let number = integer(last ?? {}, "number");
  for (const step of steps) {
    number += 1;
    transaction.run(
      `INSERT INTO Run_Steps (run_id, number, at, operation, urn, type, status, object_id, message)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      runId,
      number,
      transaction.now,
      step.operation,
      step.urn,
      step.type,
      step.status,
      step.objectId,
      step.message,
    );
  }
}

export const readSteps = (
  transaction: Transaction,
  runId: string,
  after: number,
  limit: number,
): readonly RunStep[] =>
  transaction
    .all(
      "SELECT * FROM Run_Steps WHERE run_id = ? AND number > ? ORDER BY number LIMIT ?",
      runId,
      after,
      limit,
    )
    .map((row) => ({
      runId: text(row, "run_id"),
      number: integer(row, "number"),
      at: text(row, "at"),
      operation: text(row, "operation"),
      urn: text(row, "urn"),
      type: text(row, "type"),
      status: text(row, "status") as RunStep["status"], // written from a RunStepInput
      objectId: textOrNull(row, "object_id"),
      message: textOrNull(row, "message"),
    }));
