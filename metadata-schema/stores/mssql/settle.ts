/** The end of a run: all that follows from it, in the transaction that ends its lease. */
import type { Lease, OutputValues, RunResult, SettledRun } from "../../store.ts";
import { integer, json, laterBy, type Row, type Transaction, text, textOrNull } from "./connection.ts";
import { contributingJobs, replaceReferences } from "./contributions.ts";
import { endLease, isWrite, requireLease } from "./leases.ts";
import { replaceOutputs } from "./outputs.ts";
import { endRun, selectRun } from "./runs.ts";
import { clearStackTraces, deleteStack, reschedule } from "./stacks.ts";

export async function settleRun(
  transaction: Transaction,
  lease: Lease,
  result: RunResult,
): Promise<SettledRun> {
  const stack = await requireLease(transaction, lease);
  const run = (await transaction.get(selectRun, { runId: lease.runId })) ?? {};
  await endRun(transaction, lease.runId, result);
  await endLease(transaction, lease.stack);
  return {
    affectedJobs: await contributingJobs(transaction, lease.stack),
    changedOutputs: isWrite(text(run, "kind")) ? await settleWrite(transaction, stack, run, result) : [],
  };
}

async function settleWrite(
  transaction: Transaction,
  stack: Row,
  run: Row,
  result: RunResult,
): Promise<readonly string[]> {
  if (result.status !== "succeeded") {
    await settleFailure(transaction, stack, run, result);
    return [];
  }
  return run.kind === "destroy"
    ? await settleDestroy(transaction, stack, run)
    : await settleUpdate(transaction, stack, run, result.outputs);
}

async function settleUpdate(
  transaction: Transaction,
  row: Row,
  run: Row,
  outputs: OutputValues | null,
): Promise<readonly string[]> {
  const stack = text(row, "stack");
  const runId = text(run, "run_id");
  await transaction.run(setApplied, {
    stack,
    runId,
    hash: text(run, "spec_hash"),
    spec: textOrNull(row, "leased_spec"), // from before endLease, which clears it
  });
  // What changed during the run is due since then; the run's own spec no longer is.
  await reschedule(transaction, stack);
  await replaceReferences(transaction, stack, "", json(run, "spec_references"));
  return outputs === null ? [] : await replaceOutputs(transaction, stack, runId, outputs);
}
const setApplied = `UPDATE Stacks SET applied_hash = @hash, applied_spec = @spec, was_applied = 1, attempts = 0,
  next_attempt_at = @now, due_at = desired_at, rank_at = desired_at, failure_class = NULL, failure_message = NULL,
  last_success_at = @now, last_success_run_id = @runId, state_doubtful = 0 WHERE stack = @stack`;

async function settleDestroy(transaction: Transaction, row: Row, run: Row): Promise<readonly string[]> {
  const stack = text(row, "stack");
  const changed = await replaceOutputs(transaction, stack, text(run, "run_id"), {});
  if (row.desired_spec === null) {
    await deleteStack(transaction, stack, "The stack was destroyed.");
    return changed;
  }
  await clearStackTraces(transaction, stack);
  await transaction.run(setNeverApplied, { stack });
  await reschedule(transaction, stack);
  return changed;
}
const setNeverApplied = `UPDATE Stacks SET applied_hash = NULL, applied_spec = NULL, was_applied = 0, attempts = 0,
  next_attempt_at = @now, due_at = desired_at, rank_at = desired_at, failure_class = NULL, failure_message = NULL,
  last_success_at = NULL, last_success_run_id = NULL, state_doubtful = 0 WHERE stack = @stack`;

async function settleFailure(
  transaction: Transaction,
  row: Row,
  run: Row,
  result: Extract<RunResult, { failure: unknown }>,
): Promise<void> {
  const stack = text(row, "stack");
  if (result.narrowedTo !== null)
    await transaction.run(setNarrowed, { stack, spec: JSON.stringify(result.narrowedTo) });
  // A spec that came during the run was never tried: the old one's failure says nothing about it.
  if (run.spec_hash !== row.desired_hash) return;
  await transaction.run(setFailure, {
    stack,
    attempts: integer(row, "attempts") + 1,
    nextAttemptAt: result.retryAfterMs === null ? null : laterBy(transaction.now, result.retryAfterMs),
    failureClass: result.failure.class,
    failureMessage: result.failure.message,
  });
}
const setNarrowed = "UPDATE Stacks SET applied_spec = @spec WHERE stack = @stack";
const setFailure = `UPDATE Stacks SET attempts = @attempts, next_attempt_at = @nextAttemptAt,
  failure_class = @failureClass, failure_message = @failureMessage WHERE stack = @stack`;
