/** What somebody asked for, and the runs that it was made into. */
import { ConflictError, RowNotFoundError } from "../../errors.ts";
import type { MetadataStore, RequestKind, RequestRecord } from "../../store.ts";
import { integerOrNull, type Transaction, text, textOrNull } from "./connection.ts";
import { cancelQueuedRun, getRun, runFrom } from "./runs.ts";

type NewRequest = Parameters<MetadataStore["createRequest"]>[0];

export function createRequest(transaction: Transaction, request: NewRequest): RequestRecord {
  if (getRequest(transaction, request.requestId) !== null)
    throw new ConflictError(`Request ${request.requestId} exists already. Use a new id.`);
  transaction.run(
    "INSERT INTO Requests (request_id, kind, job_id, stack, created_at, run_count) VALUES (?, ?, ?, ?, ?, ?)",
    request.requestId,
    request.kind,
    request.jobId,
    request.stack,
    transaction.now,
    request.runs.length,
  );
  for (const run of request.runs) {
    if (getRun(transaction, run.runId) !== null)
      throw new ConflictError(`Run ${run.runId} exists already. Use a new id.`);
    queueRun(transaction, request, run);
  }
  const made = getRequest(transaction, request.requestId);
  if (made === null) throw new RowNotFoundError(`Request ${request.requestId} is gone.`);
  return made;
}

/** A run of a stack that is not to exist would never start, and its request never end: it is canceled. */
function queueRun(transaction: Transaction, request: NewRequest, run: NewRequest["runs"][number]): void {
  const stack = transaction.get(
    "SELECT lane FROM Stacks WHERE stack = ? AND desired_spec IS NOT NULL",
    run.stack,
  );
  transaction.run(
    `INSERT INTO Runs (run_id, stack, request_id, kind, reason, status, lane, queued_at, trace_id, adopt)
     VALUES (?, ?, ?, ?, 'requested', 'queued', ?, ?, ?, ?)`,
    run.runId,
    run.stack,
    request.requestId,
    run.kind,
    stack === undefined ? null : text(stack, "lane"),
    transaction.now,
    request.traceId,
    run.adopt === undefined ? null : JSON.stringify(run.adopt),
  );
  if (stack === undefined)
    cancelQueuedRun(
      transaction,
      run.runId,
      `Stack ${run.stack} does not exist, or is about to be destroyed. Ask again once it is wanted.`,
    );
}

export function getRequest(transaction: Transaction, requestId: string): RequestRecord | null {
  const row = transaction.get("SELECT * FROM Requests WHERE request_id = ?", requestId);
  if (row === undefined) return null;
  return {
    requestId: text(row, "request_id"),
    kind: text(row, "kind") as RequestKind, // written by createRequest
    jobId: integerOrNull(row, "job_id"),
    stack: textOrNull(row, "stack"),
    createdAt: text(row, "created_at"),
    runs: transaction.all("SELECT * FROM Runs WHERE request_id = ? ORDER BY number", requestId).map(runFrom),
  };
}
