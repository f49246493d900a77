/**
 * Leases: the right to run a stack. free -> held (until lease_expires_at) -> free, by settling; or
 * held -> expired -> held by the next owner, or broken. Every lease has a new epoch, and whoever writes
 * under a lease must still hold that one. All of it happens under the stack's lock.
 */
import { LeaseLostError } from "../../errors.ts";
import type { Lease, LeaseRequest, LeaseResult, MetadataStore, ProcessRef } from "../../store.ts";
import {
  instant,
  integer,
  laterBy,
  lock,
  type Row,
  type Transaction,
  text,
  textOrNull,
} from "./connection.ts";
import { addReferences } from "./contributions.ts";
import { isSubscriptionPaused } from "./pauses.ts";
import { getRun, markLost, runFrom, selectRun, startRun } from "./runs.ts";
import { isLeased, leaseInfoFrom, lockStack, reschedule, stackFrom } from "./stacks.ts";
import { isHeld } from "./work.ts";

export async function acquireLease(transaction: Transaction, request: LeaseRequest): Promise<LeaseResult> {
  const row = await lockStack(transaction, request.stack);
  if (row === undefined || !(await isFreeFor(transaction, row, request))) return { status: "none" };
  const expired = textOrNull(row, "lease_run_id");
  if (expired !== null) await markLost(transaction, expired, "Its lease expired before it ended.");
  const lastRunId = textOrNull(row, "last_run_id");
  const lease: Lease = {
    stack: request.stack,
    epoch: integer(row, "lease_epoch") + 1,
    runId: request.runId,
  };
  await transaction.run(takeLease, {
    stack: request.stack,
    epoch: lease.epoch,
    owner: JSON.stringify(request.owner),
    expiresAt: laterBy(transaction.now, request.leaseMs),
    runId: request.runId,
  });
  await startRun(transaction, {
    ...request,
    specHash: request.desiredHash,
    references: text(row, "desired_references"),
    epoch: lease.epoch,
    traceId: textOrNull(row, "trace_id"),
  });
  if (isWrite(request.kind)) await beginWrite(transaction, row);
  return {
    status: "acquired",
    lease,
    previousRun: lastRunId === null ? null : await getRun(transaction, lastRunId),
  };
}
const takeLease = `UPDATE Stacks SET lease_epoch = @epoch, lease_owner = @owner, lease_expires_at = @expiresAt,
  lease_run_id = @runId, last_run_id = @runId WHERE stack = @stack`;

export const isWrite = (kind: string): boolean => kind === "update" || kind === "destroy";

async function isFreeFor(transaction: Transaction, row: Row, request: LeaseRequest): Promise<boolean> {
  if (text(row, "desired_hash") !== request.desiredHash || isLeased(row, transaction.now)) return false;
  if (await isSubscriptionPaused(transaction, textOrNull(row, "subscription_id"))) return false;
  // Asked here again: since listWork another stack may have begun to use this one. A run that begins to use
  // other stacks holds the lock too, with its like.
  if (request.kind === "destroy") {
    await lock(transaction, "references");
    if (await isHeld(transaction, request.stack)) return false;
  } else if (isWrite(request.kind)) await lock(transaction, "references", "Shared");
  const run = await getRun(transaction, request.runId);
  if (run !== null) return run.status === "queued" && run.stack === request.stack;
  return !isWrite(request.kind) || isDue(row, transaction.now);
}

/** Asked here again too: the caller's list may be from before another worker's run. */
const isDue = (row: Row, now: string): boolean =>
  row.applied_hash !== row.desired_hash &&
  row.next_attempt_at !== null &&
  instant(row, "next_attempt_at") <= now;

/** From here on nobody knows what the stack is, until a run succeeds. */
async function beginWrite(transaction: Transaction, row: Row): Promise<void> {
  const { stack, desired } = stackFrom(row);
  await transaction.run(forgetApplied, { stack });
  await reschedule(transaction, stack);
  await addReferences(transaction, stack, "", desired.references);
}
const forgetApplied = `UPDATE Stacks SET applied_hash = NULL, leased_spec = desired_spec, next_attempt_at = @now
WHERE stack = @stack`;

/** Locks the stack; its row, if the lease is still held. */
export async function requireLease(transaction: Transaction, lease: Lease): Promise<Row> {
  const row = await lockStack(transaction, lease.stack);
  if (row === undefined || !isSameLease(row, lease) || !isLeased(row, transaction.now))
    throw new LeaseLostError(lease.stack, lease.epoch);
  return row;
}

/** Run and epoch: the epoch alone begins again with a stack that was destroyed and came back. */
const isSameLease = (row: Row, lease: Lease): boolean =>
  row.lease_epoch === lease.epoch && row.lease_run_id === lease.runId;

export async function renewLease(
  transaction: Transaction,
  lease: Lease,
  leaseMs: number,
): Promise<Awaited<ReturnType<MetadataStore["renewLease"]>>> {
  await requireLease(transaction, lease);
  const expiresAt = laterBy(transaction.now, leaseMs);
  const run = await transaction.get(setExpiry, { stack: lease.stack, runId: lease.runId, expiresAt });
  return { cancelAskedBy: textOrNull(run ?? {}, "cancel_asked_by") };
}
const setExpiry = `UPDATE Stacks SET lease_expires_at = @expiresAt WHERE stack = @stack;
SELECT cancel_asked_by FROM Runs WHERE run_id = @runId`;

export async function recordProcesses(
  transaction: Transaction,
  lease: Lease,
  processes: { readonly child: ProcessRef; readonly engine: ProcessRef | null },
): Promise<void> {
  await requireLease(transaction, lease);
  await transaction.run(setProcesses, {
    runId: lease.runId,
    child: JSON.stringify(processes.child),
    engine: processes.engine === null ? null : JSON.stringify(processes.engine),
  });
}
const setProcesses =
  "UPDATE Runs SET child = @child, engine = COALESCE(@engine, engine) WHERE run_id = @runId";

export async function listLeases(
  transaction: Transaction,
): Promise<Awaited<ReturnType<MetadataStore["listLeases"]>>> {
  const rows = await transaction.all(selectLeases);
  const leases = [];
  for (const row of rows) {
    const info = leaseInfoFrom(row);
    if (info === null) continue;
    const run = runFrom((await transaction.get(selectRun, { runId: info.runId })) ?? {});
    leases.push({ lease: { stack: text(row, "stack"), epoch: info.epoch, runId: info.runId }, info, run });
  }
  return leases;
}
const selectLeases = `SELECT stack, lease_epoch, lease_owner, lease_expires_at, lease_run_id FROM Stacks
WHERE lease_run_id IS NOT NULL ORDER BY stack`;

export async function breakLease(transaction: Transaction, lease: Lease): Promise<boolean> {
  const row = await lockStack(transaction, lease.stack);
  if (row === undefined || !isSameLease(row, lease)) return false;
  await endLease(transaction, lease.stack);
  await markLost(transaction, lease.runId, "Its process is gone.");
  return true;
}

export const endLease = (transaction: Transaction, stack: string): Promise<number> =>
  transaction.run(clearLease, { stack });
const clearLease = `UPDATE Stacks SET lease_owner = NULL, lease_expires_at = NULL, lease_run_id = NULL,
  leased_spec = NULL WHERE stack = @stack`;
