/** What somebody asked for, and the runs that it was made into. */
import { ConflictError, RowNotFoundError } from "../../errors.ts";
import type { MetadataStore, RequestKind, RequestRecord } from "../../store.ts";
import { instant, integerOrNull, lock, type Transaction, text, textOrNull } from "./connection.ts";
import { cancelQueuedRun, getRun, runFrom } from "./runs.ts";

type NewRequest = Parameters<MetadataStore["createRequest"]>[0];

export async function createRequest(transaction: Transaction, request: NewRequest): Promise<RequestRecord> {
  await lock(transaction, `request:${request.requestId}`);
  if ((await getRequest(transaction, request.requestId)) !== null)
    throw new ConflictError(`Request ${request.requestId} exists already. Use a new id.`);
  await transaction.run(insertRequest, {
    requestId: request.requestId,
    kind: request.kind,
    jobId: request.jobId,
    stack: request.stack,
    runCount: request.runs.length,
  });
  // Stacks are locked in the order of their names; the runs keep the caller's order by their numbers.
  for (const stack of [...new Set(request.runs.map((run) => run.stack))].sort())
    await lock(transaction, `stack:${stack}`);
  for (const run of request.runs) {
    if ((await getRun(transaction, run.runId)) !== null)
      throw new ConflictError(`Run ${run.runId} exists already. Use a new id.`);
    await queueRun(transaction, request, run);
  }
  const made = await getRequest(transaction, request.requestId);
  if (made === null) throw new RowNotFoundError(`Request ${request.requestId} is gone.`);
  return made;
}
const insertRequest = `INSERT INTO Requests (request_id, kind, job_id, stack, created_at, run_count)
VALUES (@requestId, @kind, @jobId, @stack, @now, @runCount)`;

/** A run of a stack that is not to exist would never start, and its request never end: it is canceled. */
async function queueRun(
  transaction: Transaction,
  request: NewRequest,
  run: NewRequest["runs"][number],
): Promise<void> {
  const stack = await transaction.get(selectLaneOfWanted, { stack: run.stack });
  await transaction.run(insertQueuedRun, {
    runId: run.runId,
    stack: run.stack,
    requestId: request.requestId,
    kind: run.kind,
    lane: stack === undefined ? null : text(stack, "lane"),
    traceId: request.traceId,
    adopt: run.adopt === undefined ? null : JSON.stringify(run.adopt),
  });
  if (stack === undefined)
    await cancelQueuedRun(
      transaction,
      run.runId,
      `Stack ${run.stack} does not exist, or is about to be destroyed. Ask again once it is wanted.`,
    );
}
const selectLaneOfWanted = "SELECT lane FROM Stacks WHERE stack = @stack AND desired_spec IS NOT NULL";
const insertQueuedRun = `INSERT INTO Runs (run_id, stack, request_id, kind, reason, status, lane, queued_at, trace_id,
  adopt)
VALUES (@runId, @stack, @requestId, @kind, 'requested', 'queued', @lane, @now, @traceId, @adopt)`;

export async function getRequest(transaction: Transaction, requestId: string): Promise<RequestRecord | null> {
  const [requests = [], runs = []] = await transaction.lists(selectRequest, { requestId });
  const row = requests[0];
  if (row === undefined) return null;
  return {
    requestId: text(row, "request_id"),
    kind: text(row, "kind") as RequestKind, // written by createRequest
    jobId: integerOrNull(row, "job_id"),
    stack: textOrNull(row, "stack"),
    createdAt: instant(row, "created_at"),
    runs: runs.map(runFrom),
  };
}
const selectRequest = `SELECT request_id, kind, job_id, stack, created_at FROM Requests WHERE request_id = @requestId;
SELECT * FROM Runs WHERE request_id = @requestId ORDER BY number`;
