/**
 * Leases: the right to run a stack. free -> held (until lease_expires_at) -> free, by settling; or
 * held -> expired -> held by the next owner, or broken. Every lease has a new epoch, and whoever writes
 * under a lease must still hold that one.
 */
import { LeaseLostError } from "../../errors.ts";
import type { Lease, LeaseRequest, LeaseResult, MetadataStore, ProcessRef } from "../../store.ts";
import { integer, laterBy, type Row, type Transaction, text, textOrNull } from "./connection.ts";
import { addReferences } from "./contributions.ts";
import { isSubscriptionPaused } from "./pauses.ts";
import { getRun, markLost, runFrom, selectRun, startRun } from "./runs.ts";
import { getStackRow, isLeased, leaseInfoFrom, reschedule, stackFrom } from "./stacks.ts";
import { isHeld } from "./work.ts";

export function acquireLease(transaction: Transaction, request: LeaseRequest): LeaseResult {
  const row = getStackRow(transaction, request.stack);
  if (row === undefined || !isFreeFor(transaction, row, request)) return { status: "none" };
  const expired = textOrNull(row, "lease_run_id");
  if (expired !== null) markLost(transaction, expired, "Its lease expired before it ended.");
  const lastRunId = textOrNull(row, "last_run_id");
  const lease: Lease = {
    stack: request.stack,
    epoch: integer(row, "lease_epoch") + 1,
    runId: request.runId,
  };
  transaction.run(
    `UPDATE Stacks SET lease_epoch = ?1, lease_owner = ?2, lease_expires_at = ?3, lease_run_id = ?4,
       last_run_id = ?4 WHERE stack = ?5`,
    lease.epoch,
    JSON.stringify(request.owner),
    laterBy(transaction.now, request.leaseMs),
    request.runId,
    request.stack,
  );
  startRun(transaction, {
    ...request,
    specHash: request.desiredHash,
    references: text(row, "desired_references"),
    epoch: lease.epoch,
    traceId: textOrNull(row, "trace_id"),
  });
  if (isWrite(request.kind)) beginWrite(transaction, row);
  return {
    status: "acquired",
    lease,
    previousRun: lastRunId === null ? null : getRun(transaction, lastRunId),
  };
}

export const isWrite = (kind: string): boolean => kind === "update" || kind === "destroy";

function isFreeFor(transaction: Transaction, row: Row, request: LeaseRequest): boolean {
  if (text(row, "desired_hash") !== request.desiredHash || isLeased(row, transaction.now)) return false;
  if (isSubscriptionPaused(transaction, textOrNull(row, "subscription_id"))) return false;
  // Asked here again: since listWork another stack may have begun to use this one.
  if (request.kind === "destroy" && isHeld(transaction, request.stack)) return false;
  const run = getRun(transaction, request.runId);
  if (run !== null) return run.status === "queued" && run.stack === request.stack;
  return !isWrite(request.kind) || isDue(row, transaction.now);
}

/** Asked here again too: the caller's list may be from before another worker's run. */
const isDue = (row: Row, now: string): boolean =>
  row.applied_hash !== row.desired_hash &&
  row.next_attempt_at !== null &&
  text(row, "next_attempt_at") <= now;

/** From here on nobody knows what the stack is, until a run succeeds. */
function beginWrite(transaction: Transaction, row: Row): void {
  const { stack, desired } = stackFrom(row);
  transaction.run(
    `UPDATE Stacks SET applied_hash = NULL, leased_spec = desired_spec, next_attempt_at = ?
     WHERE stack = ?`,
    transaction.now,
    stack,
  );
  reschedule(transaction, stack);
  addReferences(transaction, stack, "", desired.references);
}

/** The stack's row, if the lease is still held. */
export function requireLease(transaction: Transaction, lease: Lease): Row {
  const row = getStackRow(transaction, lease.stack);
  if (row === undefined || !isSameLease(row, lease) || !isLeased(row, transaction.now))
    throw new LeaseLostError(lease.stack, lease.epoch);
  return row;
}

/** Run and epoch: the epoch alone begins again with a stack that was destroyed and came back. */
const isSameLease = (row: Row, lease: Lease): boolean =>
  row.lease_epoch === lease.epoch && row.lease_run_id === lease.runId;

export function renewLease(
  transaction: Transaction,
  lease: Lease,
  leaseMs: number,
): Awaited<ReturnType<MetadataStore["renewLease"]>> {
  requireLease(transaction, lease);
  transaction.run(
    "UPDATE Stacks SET lease_expires_at = ? WHERE stack = ?",
    laterBy(transaction.now, leaseMs),
    lease.stack,
  );
  const run = transaction.get("SELECT cancel_asked_by FROM Runs WHERE run_id = ?", lease.runId);
  return { cancelAskedBy: textOrNull(run ?? {}, "cancel_asked_by") };
}

export function recordProcesses(
  transaction: Transaction,
  lease: Lease,
  processes: { readonly child: ProcessRef; readonly engine: ProcessRef | null },
): void {
  requireLease(transaction, lease);
  transaction.run(
    "UPDATE Runs SET child = ?, engine = coalesce(?, engine) WHERE run_id = ?",
    JSON.stringify(processes.child),
    processes.engine === null ? null : JSON.stringify(processes.engine),
    lease.runId,
  );
}

export function listLeases(transaction: Transaction): Awaited<ReturnType<MetadataStore["listLeases"]>> {
  return transaction
    .all("SELECT * FROM Stacks INDEXED BY Stacks_leased WHERE lease_run_id IS NOT NULL ORDER BY stack")
    .flatMap((row) => {
      const info = leaseInfoFrom(row);
      if (info === null) return [];
      const lease = { stack: text(row, "stack"), epoch: info.epoch, runId: info.runId };
      return [{ lease, info, run: runFrom(transaction.get(selectRun, info.runId) ?? {}) }];
    });
}

export function breakLease(transaction: Transaction, lease: Lease): boolean {
  const row = getStackRow(transaction, lease.stack);
  if (row === undefined || !isSameLease(row, lease)) return false;
  endLease(transaction, lease.stack);
  markLost(transaction, lease.runId, "Its process is gone.");
  return true;
}

export function endLease(transaction: Transaction, stack: string): void {
  transaction.run(
    `UPDATE Stacks SET lease_owner = NULL, lease_expires_at = NULL, lease_run_id = NULL, leased_spec = NULL
     WHERE stack = ?`,
    stack,
  );
}
