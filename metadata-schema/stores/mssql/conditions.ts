/** Named facts on rows, jobs, environments and stacks. */
import { type RowRef, rowName } from "../../rows.ts";
import type { Condition, ConditionInput, ConditionStatus, ConditionSubject, JobFacts } from "../../store.ts";
import { instant, type Row, rowLists, type Transaction, text } from "./connection.ts";

function keyOf(subject: ConditionSubject): string {
  switch (subject.kind) {
    case "row":
      return rowName(subject.row);
    case "job":
      return String(subject.jobId);
    case "environment":
      return subject.name;
    case "stack":
      return subject.stack;
    default:
      return subject satisfies never;
  }
}

interface Keyed {
  readonly kind: ConditionSubject["kind"];
  readonly key: string;
  readonly condition: ConditionInput;
  readonly resolvedSubject: string | null;
}

export async function setConditions(
  transaction: Transaction,
  items: readonly { readonly subject: ConditionSubject; readonly condition: ConditionInput }[],
): Promise<void> {
  await upsert(
    transaction,
    items.map(({ subject, condition }) => ({
      kind: subject.kind,
      key: keyOf(subject),
      condition,
      resolvedSubject: null,
    })),
  );
}

async function upsert(transaction: Transaction, items: readonly Keyed[]): Promise<void> {
  if (items.length === 0) return;
  // Of two items on one condition the later one counts.
  const last = new Map(
    items.map((item) => [JSON.stringify([item.kind, item.key, item.condition.type]), item]),
  );
  const rows = [...last.values()].map(({ kind, key, condition, resolvedSubject }) => ({
    kind,
    key,
    type: condition.type,
    status: condition.status,
    reason: condition.reason,
    message: condition.message,
    resolvedSubject,
  }));
  for (const { text: values, parameters } of rowLists(rows))
    await transaction.run(upsertConditions(values), parameters);
}

// Whoever judged a job may have read it before it was deleted: nobody would clear the condition again.
const upsertConditions = (values: string): string => `
DECLARE @items TABLE (subject_kind nvarchar(16) COLLATE Latin1_General_100_BIN2,
  subject_key nvarchar(600) COLLATE Latin1_General_100_BIN2, type nvarchar(64) COLLATE Latin1_General_100_BIN2,
  status nvarchar(16) COLLATE Latin1_General_100_BIN2, reason nvarchar(64) COLLATE Latin1_General_100_BIN2,
  message nvarchar(max), resolved_subject nvarchar(80) COLLATE Latin1_General_100_BIN2);
INSERT INTO @items (subject_kind, subject_key, type, status, reason, message, resolved_subject) VALUES
${values};
DELETE FROM @items WHERE subject_kind = 'job'
  AND NOT EXISTS (SELECT 1 FROM Jobs AS j WHERE j.job_id = TRY_CAST(subject_key AS int));
UPDATE c SET since = CASE WHEN c.status = i.status THEN c.since ELSE @now END, status = i.status,
  reason = i.reason, message = i.message, resolved_subject = ISNULL(i.resolved_subject, c.resolved_subject)
FROM Conditions AS c JOIN @items AS i
  ON i.subject_kind = c.subject_kind AND i.subject_key = c.subject_key AND i.type = c.type;
INSERT INTO Conditions (subject_kind, subject_key, type, status, reason, message, since, resolved_subject)
SELECT i.subject_kind, i.subject_key, i.type, i.status, i.reason, i.message, @now, i.resolved_subject FROM @items AS i
WHERE NOT EXISTS (SELECT 1 FROM Conditions AS c
  WHERE c.subject_kind = i.subject_kind AND c.subject_key = i.subject_key AND c.type = i.type)`;

/** The conditions that a resolution found; those that its subject's last one found and this did not are gone. */
export async function replaceRowConditions(
  transaction: Transaction,
  subject: string,
  items: readonly { readonly row: RowRef; readonly condition: ConditionInput }[],
): Promise<void> {
  const kept = new Set(items.map(({ row, condition }) => JSON.stringify([rowName(row), condition.type])));
  for (const row of await transaction.all(selectRowConditions, { subject })) {
    const [key, type] = [text(row, "subject_key"), text(row, "type")];
    if (!kept.has(JSON.stringify([key, type])))
      await transaction.run(deleteCondition, { kind: "row", key, type });
  }
  await upsert(
    transaction,
    items.map(({ row, condition }) => ({
      kind: "row",
      key: rowName(row),
      condition,
      resolvedSubject: subject,
    })),
  );
}
const selectRowConditions = "SELECT subject_key, type FROM Conditions WHERE resolved_subject = @subject";

export async function clearConditions(
  transaction: Transaction,
  items: readonly { readonly subject: ConditionSubject; readonly type: string }[],
): Promise<void> {
  for (const { subject, type } of items)
    await transaction.run(deleteCondition, { kind: subject.kind, key: keyOf(subject), type });
}
const deleteCondition =
  "DELETE FROM Conditions WHERE subject_kind = @kind AND subject_key = @key AND type = @type";

export const clearStackConditions = (transaction: Transaction, stack: string): Promise<number> =>
  transaction.run("DELETE FROM Conditions WHERE subject_kind = 'stack' AND subject_key = @stack", { stack });

/** Conditions of a job go with it, once its end is resolved. */
export const clearConditionsOfGoneJob = (transaction: Transaction, jobId: number): Promise<number> =>
  transaction.run(deleteConditionsOfGoneJob, { jobId, key: keyOf({ kind: "job", jobId }) });
const deleteConditionsOfGoneJob = `DELETE FROM Conditions WHERE subject_kind = 'job' AND subject_key = @key
AND NOT EXISTS (SELECT 1 FROM Jobs WHERE job_id = @jobId)`;

export const conditions = async (
  transaction: Transaction,
  subject: ConditionSubject,
): Promise<readonly Condition[]> => {
  const rows = await transaction.all(selectConditions, { kind: subject.kind, key: keyOf(subject) });
  return rows.map(conditionFrom);
};
const selectConditions = `SELECT type, status, reason, message, since FROM Conditions
WHERE subject_kind = @kind AND subject_key = @key ORDER BY type`;

export const conditionsByType = async (
  transaction: Transaction,
  kind: ConditionSubject["kind"],
  type: string,
): Promise<ReadonlyMap<string, Condition>> => {
  const rows = await transaction.all(selectConditionsByType, { kind, type });
  return new Map(rows.map((row) => [text(row, "subject_key"), conditionFrom(row)]));
};
const selectConditionsByType = `SELECT subject_key, type, status, reason, message, since FROM Conditions
WHERE subject_kind = @kind AND type = @type ORDER BY subject_key`;

/** Blocked and Waiting conditions that the last resolution of each subject found on its rows. */
export async function obstaclesOf(
  transaction: Transaction,
  subjects: readonly string[],
): Promise<ReadonlyMap<string, JobFacts["rowConditions"]>> {
  const rows = await transaction.all(selectObstacles, { subjects: JSON.stringify(subjects) });
  const bySubject = Map.groupBy(rows, (row) => text(row, "resolved_subject"));
  return new Map(
    [...bySubject].map(([subject, found]) => [
      subject,
      found.map((row) => ({ row: rowRefFrom(text(row, "subject_key")), condition: conditionFrom(row) })),
    ]),
  );
}
export const selectObstacles = `SELECT resolved_subject, subject_key, type, status, reason, message, since
FROM Conditions WHERE type IN ('Blocked', 'Waiting')
  AND resolved_subject IN (SELECT value COLLATE Latin1_General_100_BIN2 FROM OPENJSON(@subjects))
ORDER BY subject_key, type`;

/** The reverse of rowName. */
function rowRefFrom(key: string): RowRef {
  const space = key.indexOf(" ");
  return { table: key.slice(0, space) as RowRef["table"], key: key.slice(space + 1) }; // written by rowName
}

const conditionFrom = (row: Row): Condition => ({
  type: text(row, "type"),
  status: text(row, "status") as ConditionStatus, // written from a ConditionInput
  reason: text(row, "reason"),
  message: text(row, "message"),
  since: instant(row, "since"),
});
