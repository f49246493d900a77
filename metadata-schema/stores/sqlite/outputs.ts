/** Outputs of each stack's last success. */
import { isDeepStrictEqual } from "node:util";
import { parseSubjectKey } from "../../contributions.ts";
import { plainText } from "../../plain-text.ts";
import type { MetadataStore, OutputValues, OutputVersions } from "../../store.ts";
import { nextSeq, touch } from "./changes.ts";
import { integer, json, type Transaction, text, textOrNull } from "./connection.ts";
import { getStackRow } from "./stacks.ts";

export function outputValues(transaction: Transaction, stack: string): OutputValues {
  const rows = transaction.all("SELECT name, value FROM Stack_Outputs WHERE stack = ? ORDER BY name", stack);
  return Object.fromEntries(rows.map((row) => [text(row, "name"), json<unknown>(row, "value")]));
}

export function outputs(
  transaction: Transaction,
  stack: string,
): Awaited<ReturnType<MetadataStore["outputs"]>> {
  const row = getStackRow(transaction, stack);
  const runId = row === undefined ? null : textOrNull(row, "last_success_run_id");
  if (row === undefined || runId === null) return null;
  return { values: outputValues(transaction, stack), runId, asOf: text(row, "last_success_at") };
}

/** Outputs by stack, without the stacks that have none. */
export function outputsOfStacks(
  transaction: Transaction,
  stacks: readonly string[],
): Readonly<Record<string, OutputValues>> {
  const entries = stacks.map((stack) => [stack, outputValues(transaction, stack)] as const);
  return Object.fromEntries(entries.filter(([, values]) => Object.keys(values).length > 0));
}

/** Of each stack whose outputs ever changed, which change they are from. */
export function outputVersions(transaction: Transaction, stacks: readonly string[]): OutputVersions {
  const rows = transaction.all(selectOutputVersions, JSON.stringify(stacks));
  return Object.fromEntries(rows.map((row) => [text(row, "stack"), integer(row, "seq")]));
}
export const selectOutputVersions =
  "SELECT stack, seq FROM Output_Changes WHERE stack IN (SELECT value FROM json_each(?))";

/**
 * Replaces a stack's outputs and touches every subject whose contribution refers to one that changed.
 * Returns the names of those that are new, changed or gone.
 */
export function replaceOutputs(
  transaction: Transaction,
  stack: string,
  runId: string,
  values: OutputValues,
): readonly string[] {
  const before = outputValues(transaction, stack);
  // As they will be read again: JSON has no undefined and no dates.
  const after: OutputValues = JSON.parse(JSON.stringify(values));
  transaction.run("DELETE FROM Stack_Outputs WHERE stack = ?", stack);
  for (const [name, value] of Object.entries(after))
    transaction.run(
      "INSERT INTO Stack_Outputs (stack, name, value, plain, run_id, as_of) VALUES (?, ?, ?, ?, ?, ?)",
      stack,
      name,
      JSON.stringify(value),
      plainText(value),
      runId,
      transaction.now,
    );
  const changed = [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((name) => !isDeepStrictEqual(before[name], after[name]))
    .sort();
  if (changed.length > 0) announceOutputs(transaction, stack, changed);
  return changed;
}

function announceOutputs(transaction: Transaction, stack: string, changed: readonly string[]): void {
  transaction.run(
    `INSERT INTO Output_Changes (stack, seq) VALUES (?, ?)
     ON CONFLICT (stack) DO UPDATE SET seq = excluded.seq`,
    stack,
    nextSeq(transaction),
  );
  const subjects = transaction.all(selectReferrers, stack, JSON.stringify(changed));
  touch(
    transaction,
    subjects.map((row) => parseSubjectKey(text(row, "source"))),
  );
}

export const selectReferrers = `SELECT DISTINCT source FROM Stack_References
  WHERE referenced_stack = ? AND source > '' AND output IN (SELECT value FROM json_each(?)) ORDER BY source`;
