/** Outputs of each stack's last success. */
import { isDeepStrictEqual } from "node:util";
import { parseSubjectKey } from "../../contributions.ts";
import { plainText } from "../../plain-text.ts";
import type { MetadataStore, OutputValues } from "../../store.ts";
import { touch } from "./changes.ts";
import {
  instant,
  integer,
  json,
  lock,
  type Row,
  rowLists,
  type Transaction,
  text,
  textOrNull,
} from "./connection.ts";
import { getStackRow } from "./stacks.ts";

async function outputValues(transaction: Transaction, stack: string): Promise<OutputValues> {
  return valuesFrom(await transaction.all(selectOutputs, { stack }));
}
const selectOutputs = "SELECT name, value FROM Stack_Outputs WHERE stack = @stack ORDER BY name";

const valuesFrom = (rows: readonly Row[]): OutputValues =>
  Object.fromEntries(rows.map((row) => [text(row, "name"), json<unknown>(row, "value")]));

export async function outputs(
  transaction: Transaction,
  stack: string,
): Promise<Awaited<ReturnType<MetadataStore["outputs"]>>> {
  const row = await getStackRow(transaction, stack);
  const runId = row === undefined ? null : textOrNull(row, "last_success_run_id");
  if (row === undefined || runId === null) return null;
  return { values: await outputValues(transaction, stack), runId, asOf: instant(row, "last_success_at") };
}

/** Outputs by stack, without the stacks that have none; and of each stack the version of its outputs. */
export async function outputsOfStacks(
  transaction: Transaction,
  stacks: readonly string[],
): Promise<{
  readonly outputs: Readonly<Record<string, OutputValues>>;
  readonly versions: Readonly<Record<string, number>>;
}> {
  // The versions first: outputs that are newer cost one resolve for nothing, older ones would be kept.
  const [versions = [], rows = []] = await transaction.lists(selectOutputsOfStacks, {
    stacks: JSON.stringify(stacks),
  });
  const byStack = Map.groupBy(rows, (row) => text(row, "stack"));
  return {
    outputs: Object.fromEntries(
      stacks.flatMap((stack) => {
        const found = byStack.get(stack);
        return found === undefined ? [] : [[stack, valuesFrom(found)] as const];
      }),
    ),
    versions: Object.fromEntries(versions.map((row) => [text(row, "stack"), integer(row, "seq")])),
  };
}
const selectOutputsOfStacks = `
SELECT stack, seq FROM Output_Changes WHERE stack IN (SELECT value COLLATE Latin1_General_100_BIN2 FROM OPENJSON(@stacks));
SELECT stack, name, value FROM Stack_Outputs
WHERE stack IN (SELECT value COLLATE Latin1_General_100_BIN2 FROM OPENJSON(@stacks)) ORDER BY stack, name`;

/**
 * Replaces a stack's outputs and touches every subject whose contribution refers to one that changed.
 * Returns the names of those that are new, changed or gone.
 */
export async function replaceOutputs(
  transaction: Transaction,
  stack: string,
  runId: string,
  values: OutputValues,
): Promise<readonly string[]> {
  const before = await outputValues(transaction, stack);
  // As they will be read again: JSON has no undefined and no dates.
  const after: OutputValues = JSON.parse(JSON.stringify(values));
  const at = new Date(transaction.now);
  const rows = Object.entries(after).map(([name, value]) => ({
    stack,
    name,
    value: JSON.stringify(value),
    plain: plainText(value),
    runId,
    at,
  }));
  await transaction.run(deleteOutputs, { stack });
  for (const { text: list, parameters } of rowLists(rows))
    await transaction.run(insertOutputs(list), parameters);
  const changed = [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((name) => !isDeepStrictEqual(before[name], after[name]))
    .sort();
  if (changed.length > 0) await announceOutputs(transaction, stack, changed);
  return changed;
}
const deleteOutputs = "DELETE FROM Stack_Outputs WHERE stack = @stack";
const insertOutputs = (list: string): string =>
  `INSERT INTO Stack_Outputs (stack, name, value, plain, run_id, as_of) VALUES
${list}`;

/** Alone with the lock: who refers to them for the first time now, waits and then finds the new version. */
async function announceOutputs(
  transaction: Transaction,
  stack: string,
  changed: readonly string[],
): Promise<void> {
  await lock(transaction, `outputs:${stack}`);
  await transaction.run(nextOutputVersion, { stack });
  const subjects = await transaction.all(selectReferrers, { stack, changed: JSON.stringify(changed) });
  await touch(
    transaction,
    subjects.map((row) => parseSubjectKey(text(row, "source"))),
  );
}
const nextOutputVersion = `UPDATE Output_Changes SET seq = seq + 1 WHERE stack = @stack;
IF @@ROWCOUNT = 0 INSERT INTO Output_Changes (stack, seq) VALUES (@stack, 1)`;
export const selectReferrers = `SELECT DISTINCT source FROM Stack_References
WHERE referenced_stack = @stack AND source > N''
  AND [output] IN (SELECT value COLLATE Latin1_General_100_BIN2 FROM OPENJSON(@changed)) ORDER BY source`;
