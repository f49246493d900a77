/** Named facts on rows, jobs, environments and stacks. */
import { type RowRef, rowName } from "../../rows.ts";
import type { Condition, ConditionInput, ConditionStatus, ConditionSubject, JobFacts } from "../../store.ts";
import { type Row, type Transaction, text } from "./connection.ts";

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

export function setConditions(
  transaction: Transaction,
  items: readonly { readonly subject: ConditionSubject; readonly condition: ConditionInput }[],
): void {
  for (const { subject, condition } of items) {
    // Whoever judged the job has read it before it was deleted: nobody would clear the condition again.
    if (subject.kind === "job" && !jobExists(transaction, subject.jobId)) continue;
    setCondition(transaction, subject.kind, keyOf(subject), condition, null);
  }
}

const jobExists = (transaction: Transaction, jobId: number): boolean =>
  transaction.get("SELECT 1 FROM Jobs WHERE job_id = ?", jobId) !== undefined;

function setCondition(
  transaction: Transaction,
  kind: ConditionSubject["kind"],
  key: string,
  condition: ConditionInput,
  resolvedSubject: string | null,
): void {
  transaction.run(
    `INSERT INTO Conditions (subject_kind, subject_key, type, status, reason, message, since, resolved_subject)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (subject_kind, subject_key, type) DO UPDATE SET
       since = CASE WHEN status = excluded.status THEN since ELSE excluded.since END, status = excluded.status,
       reason = excluded.reason, message = excluded.message,
       resolved_subject = coalesce(excluded.resolved_subject, resolved_subject)`,
    kind,
    key,
    condition.type,
    condition.status,
    condition.reason,
    condition.message,
    transaction.now,
    resolvedSubject,
  );
}

/** The conditions that a resolution found; those that its subject's last one found and this did not are gone. */
export function replaceRowConditions(
  transaction: Transaction,
  subject: string,
  items: readonly { readonly row: RowRef; readonly condition: ConditionInput }[],
): void {
  const kept = new Set(items.map(({ row, condition }) => JSON.stringify([rowName(row), condition.type])));
  const before = transaction.all(
    "SELECT subject_key, type FROM Conditions WHERE resolved_subject = ?",
    subject,
  );
  for (const row of before) {
    const [key, type] = [text(row, "subject_key"), text(row, "type")];
    if (!kept.has(JSON.stringify([key, type]))) deleteCondition(transaction, "row", key, type);
  }
  for (const { row, condition } of items) setCondition(transaction, "row", rowName(row), condition, subject);
}

export function clearConditions(
  transaction: Transaction,
  items: readonly { readonly subject: ConditionSubject; readonly type: string }[],
): void {
  for (const { subject, type } of items) deleteCondition(transaction, subject.kind, keyOf(subject), type);
}

function deleteCondition(
  transaction: Transaction,
  kind: ConditionSubject["kind"],
  key: string,
  type: string,
): void {
  transaction.run(
    "DELETE FROM Conditions WHERE subject_kind = ? AND subject_key = ? AND type = ?",
    kind,
    key,
    type,
  );
}

export function clearStackConditions(transaction: Transaction, stack: string): void {
  transaction.run("DELETE FROM Conditions WHERE subject_kind = 'stack' AND subject_key = ?", stack);
}

/** Conditions of a job go with it, once its end is resolved. */
export function clearConditionsOfGoneJob(transaction: Transaction, jobId: number): void {
  if (jobExists(transaction, jobId)) return;
  transaction.run(
    "DELETE FROM Conditions WHERE subject_kind = 'job' AND subject_key = ?",
    keyOf({ kind: "job", jobId }),
  );
}

export const conditions = (transaction: Transaction, subject: ConditionSubject): readonly Condition[] =>
  transaction
    .all(
      "SELECT * FROM Conditions WHERE subject_kind = ? AND subject_key = ? ORDER BY type",
      subject.kind,
      keyOf(subject),
    )
    .map(conditionFrom);

export const conditionsByType = (
  transaction: Transaction,
  kind: ConditionSubject["kind"],
  type: string,
): ReadonlyMap<string, Condition> =>
  new Map(
    transaction
      .all("SELECT * FROM Conditions WHERE subject_kind = ? AND type = ? ORDER BY subject_key", kind, type)
      .map((row) => [text(row, "subject_key"), conditionFrom(row)]),
  );

/** Blocked and Waiting conditions that the last resolution of each subject found on its rows. */
export function obstaclesOf(
  transaction: Transaction,
  subjects: readonly string[],
): ReadonlyMap<string, JobFacts["rowConditions"]> {
  const rows = transaction.all(selectObstacles, JSON.stringify(subjects));
  const bySubject = Map.groupBy(rows, (row) => text(row, "resolved_subject"));
  return new Map(
    [...bySubject].map(([subject, found]) => [
      subject,
      found.map((row) => ({ row: rowRefFrom(text(row, "subject_key")), condition: conditionFrom(row) })),
    ]),
  );
}
export const selectObstacles = `SELECT * FROM Conditions
  WHERE resolved_subject IN (SELECT value FROM json_each(?)) AND type IN ('Blocked', 'Waiting')
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
  since: text(row, "since"),
});
