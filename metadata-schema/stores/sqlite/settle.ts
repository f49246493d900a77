/** The end of a run: all that follows from it, in the transaction that ends its lease. */
import type { Lease, OutputValues, RunResult, SettledRun } from "../../store.ts";
import { integer, json, laterBy, type Row, type Transaction, text, textOrNull } from "./connection.ts";
import { contributingJobs, replaceReferences } from "./contributions.ts";
import { endLease, isWrite, requireLease } from "./leases.ts";
import { replaceOutputs } from "./outputs.ts";
import { endRun, selectRun } from "./runs.ts";
import { clearStackTraces, deleteStack, reschedule } from "./stacks.ts";

export function settleRun(transaction: Transaction, lease: Lease, result: RunResult): SettledRun {
  const stack = requireLease(transaction, lease);
  const run = transaction.get(selectRun, lease.runId) ?? {};
  endRun(transaction, lease.runId, result);
  endLease(transaction, lease.stack);
  return {
    affectedJobs: contributingJobs(transaction, lease.stack),
    changedOutputs: isWrite(text(run, "kind")) ? settleWrite(transaction, stack, run, result) : [],
  };
}

function settleWrite(transaction: Transaction, stack: Row, run: Row, result: RunResult): readonly string[] {
  if (result.status !== "succeeded") {
    settleFailure(transaction, stack, run, result);
    return [];
  }
  return run.kind === "destroy"
    ? settleDestroy(transaction, stack, run)
    : settleUpdate(transaction, stack, run, result.outputs);
}

function settleUpdate(
  transaction: Transaction,
  row: Row,
  run: Row,
  outputs: OutputValues | null,
): readonly string[] {
  const stack = text(row, "stack");
  const runId = text(run, "run_id");
  transaction.run(
    `UPDATE Stacks SET applied_hash = ?1, applied_spec = ?5, was_applied = 1, attempts = 0,
       next_attempt_at = ?2, due_at = desired_at, rank_at = desired_at, failure_class = NULL,
       failure_message = NULL, last_success_at = ?2, last_success_run_id = ?3, state_doubtful = 0 WHERE stack = ?4`,
    text(run, "spec_hash"),
    transaction.now,
    runId,
    stack,
    textOrNull(row, "leased_spec"), // from before endLease, which clears it
  );
  // What changed during the run is due since then; the run's own spec no longer is.
  reschedule(transaction, stack);
  replaceReferences(transaction, stack, "", json(run, "spec_references"));
  return outputs === null ? [] : replaceOutputs(transaction, stack, runId, outputs);
}

function settleDestroy(transaction: Transaction, row: Row, run: Row): readonly string[] {
  const stack = text(row, "stack");
  const changed = replaceOutputs(transaction, stack, text(run, "run_id"), {});
  if (row.desired_spec === null) {
    deleteStack(transaction, stack, "The stack was destroyed.");
    return changed;
  }
  clearStackTraces(transaction, stack);
  transaction.run(
    `UPDATE Stacks SET applied_hash = NULL, applied_spec = NULL, was_applied = 0, attempts = 0, next_attempt_at = ?,
       due_at = desired_at, rank_at = desired_at, failure_class = NULL, failure_message = NULL,
       last_success_at = NULL, last_success_run_id = NULL, state_doubtful = 0 WHERE stack = ?`,
    transaction.now,
    stack,
  );
  reschedule(transaction, stack);
  return changed;
}

function settleFailure(
  transaction: Transaction,
  row: Row,
  run: Row,
  result: Extract<RunResult, { failure: unknown }>,
): void {
  if (result.narrowedTo !== null)
    transaction.run(
      "UPDATE Stacks SET applied_spec = ? WHERE stack = ?",
      JSON.stringify(result.narrowedTo),
      text(row, "stack"),
    );
  // A spec that came during the run was never tried: the old one's failure says nothing about it.
  if (run.spec_hash !== row.desired_hash) return;
  transaction.run(
    `UPDATE Stacks SET attempts = ?, next_attempt_at = ?, failure_class = ?, failure_message = ?
     WHERE stack = ?`,
    integer(row, "attempts") + 1,
    result.retryAfterMs === null ? null : laterBy(transaction.now, result.retryAfterMs),
    result.failure.class,
    result.failure.message,
    text(row, "stack"),
  );
}
