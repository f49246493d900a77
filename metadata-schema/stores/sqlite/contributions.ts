/** What subjects put into stacks, and storing what a resolve found out. */
import { type Contribution, type OutputReference, parseSubjectKey, subjectKey } from "../../contributions.ts";
import type { StackKind } from "../../desired-state.ts";
import type { MetadataTable } from "../../rows.ts";
import type { RecordedReference, Resolution, StoredContribution } from "../../store.ts";
import { forgetChange, pendingSeq, setWakeup, touch } from "./changes.ts";
import { clearConditionsOfGoneJob, replaceRowConditions } from "./conditions.ts";
import { integer, json, jsonOrNull, type Row, type Transaction, text } from "./connection.ts";

export function contributionsOf(transaction: Transaction, subject: string): readonly StoredContribution[] {
  return transaction
    .all("SELECT * FROM Contributions WHERE subject = ? ORDER BY stack", subject)
    .map((row) => contributionFrom(transaction, row));
}

/** Contributions to a stack that count, ordered by subject. */
export function admittedTo(transaction: Transaction, stack: string): readonly StoredContribution[] {
  return transaction
    .all("SELECT * FROM Contributions WHERE stack = ? AND admitted <> '[]' ORDER BY subject", stack)
    .map((row) => contributionFrom(transaction, row));
}

export const contributionsTo = (transaction: Transaction, stack: string): readonly StoredContribution[] =>
  transaction
    .all("SELECT * FROM Contributions WHERE stack = ? ORDER BY subject", stack)
    .map((row) => contributionFrom(transaction, row));

/** Jobs that contribute to a stack, wanted or admitted. */
export const contributingJobs = (transaction: Transaction, stack: string): readonly number[] =>
  transaction
    .all("SELECT subject FROM Contributions WHERE stack = ? ORDER BY subject", stack)
    .map((row) => parseSubjectKey(text(row, "subject")))
    .flatMap((subject) => (subject.kind === "job" ? [subject.jobId] : []));

function contributionFrom(transaction: Transaction, row: Row): StoredContribution {
  const subject = text(row, "subject");
  const stack = text(row, "stack");
  return {
    subject: parseSubjectKey(subject),
    stack,
    kind: text(row, "kind") as StackKind, // written from a Contribution
    environment: text(row, "environment"),
    base: jsonOrNull(row, "base"),
    wanted: json(row, "wanted"),
    admitted: json(row, "admitted"),
    references: referencesFrom(transaction, stack, subject),
    urgent: integer(row, "urgent") === 1,
  };
}

/** References of one source to the outputs of other stacks; source '' is the applied spec. */
function referencesFrom(transaction: Transaction, stack: string, source: string): readonly OutputReference[] {
  return transaction
    .all(selectReferences, stack, source)
    .map((row) => ({ stack: text(row, "referenced_stack"), output: text(row, "output") }));
}
const selectReferences = `SELECT referenced_stack, output FROM Stack_References
  WHERE stack = ? AND source = ? ORDER BY referenced_stack, output`;

export function addReferences(
  transaction: Transaction,
  stack: string,
  source: string,
  references: readonly OutputReference[],
): void {
  for (const reference of references)
    transaction.run(
      `INSERT INTO Stack_References (stack, source, referenced_stack, output) VALUES (?, ?, ?, ?)
       ON CONFLICT DO NOTHING`,
      stack,
      source,
      reference.stack,
      reference.output,
    );
}

export function replaceReferences(
  transaction: Transaction,
  stack: string,
  source: string,
  references: readonly OutputReference[],
): void {
  transaction.run("DELETE FROM Stack_References WHERE stack = ? AND source = ?", stack, source);
  addReferences(transaction, stack, source, references);
}

// ---- storing a resolution

export function commitResolution(transaction: Transaction, resolution: Resolution): void {
  const { subject, seq } = resolution;
  if (seq !== null) {
    const pending = pendingSeq(transaction, subject);
    // Somebody else resolved it, from rows at least as new as ours.
    if (pending === null) return;
    forgetChange(transaction, subject, seq);
  }
  const key = subjectKey(subject);
  const referredBefore = referredStacks(transaction, key);
  replaceContributions(transaction, key, resolution.contributions);
  replaceRowConditions(transaction, key, resolution.rowConditions);
  if (subject.kind === "job") clearConditionsOfGoneJob(transaction, subject.jobId);
  replaceRecorded(transaction, key, resolution.recorded);
  setWakeup(transaction, key, resolution.wakeAt);
  if (missedOutputs(transaction, resolution, referredBefore)) touch(transaction, [subject]);
}

const referredStacks = (transaction: Transaction, subject: string): ReadonlySet<string> =>
  new Set(
    transaction
      .all(
        "SELECT DISTINCT referenced_stack FROM Stack_References WHERE source = ? AND source <> ''",
        subject,
      )
      .map((row) => text(row, "referenced_stack")),
  );

/**
 * A run that settles touches those who refer to its outputs. A resolve that refers to a stack for the first
 * time was not among them, so it may have read outputs from before that run.
 */
function missedOutputs(
  transaction: Transaction,
  { contributions, outputVersions }: Resolution,
  referredBefore: ReadonlySet<string>,
): boolean {
  const referred = new Set(contributions.flatMap(({ references }) => references.map(({ stack }) => stack)));
  return [...referred].some((stack) => {
    if (referredBefore.has(stack)) return false;
    const row = transaction.get("SELECT seq FROM Output_Changes WHERE stack = ?", stack);
    return (row === undefined ? 0 : integer(row, "seq")) !== (outputVersions[stack] ?? 0);
  });
}

function replaceContributions(
  transaction: Transaction,
  subject: string,
  contributions: readonly Contribution[],
): void {
  const before = new Map(contributionsOf(transaction, subject).map((stored) => [stored.stack, stored]));
  for (const contribution of contributions) {
    if (contribution.wanted.length === 0 && contribution.admitted.length === 0) continue;
    const stored = before.get(contribution.stack);
    before.delete(contribution.stack);
    storeContribution(transaction, subject, contribution);
    if (stored === undefined || fingerprint(stored) !== fingerprint(contribution))
      listForMerge(transaction, contribution.stack);
  }
  for (const stack of before.keys()) {
    transaction.run("DELETE FROM Contributions WHERE subject = ? AND stack = ?", subject, stack);
    replaceReferences(transaction, stack, subject, []);
    listForMerge(transaction, stack);
  }
}

/** What of a contribution a merge depends on, as text. Another order of keys costs one merge for nothing. */
const fingerprint = ({ kind, environment, base, admitted, references, urgent }: Contribution): string =>
  JSON.stringify([
    kind,
    environment,
    base,
    admitted,
    references.map(({ stack, output }) => JSON.stringify([stack, output])).sort(),
    urgent,
  ]);

function storeContribution(transaction: Transaction, subject: string, contribution: Contribution): void {
  const { stack, kind, environment, base, wanted, admitted, urgent, references } = contribution;
  transaction.run(
    `INSERT INTO Contributions (subject, stack, kind, environment, base, wanted, admitted, urgent)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (subject, stack) DO UPDATE SET kind = excluded.kind, environment = excluded.environment,
       base = excluded.base, wanted = excluded.wanted, admitted = excluded.admitted, urgent = excluded.urgent`,
    subject,
    stack,
    kind,
    environment,
    base === null ? null : JSON.stringify(base),
    JSON.stringify(wanted),
    JSON.stringify(admitted),
    urgent ? 1 : 0,
  );
  replaceReferences(transaction, stack, subject, references);
}

/** A new version of the stack's contributions. A stack already listed keeps its place. */
export function listForMerge(transaction: Transaction, stack: string): void {
  transaction.run(
    `INSERT INTO Stack_Merges (stack, version, listed)
     VALUES (?, 1, (SELECT coalesce(max(listed), 0) + 1 FROM Stack_Merges))
     ON CONFLICT (stack) DO UPDATE SET version = version + 1, listed = coalesce(listed, excluded.listed)`,
    stack,
  );
}

// ---- object ids first found

export const recordedOf = (transaction: Transaction, subject: string): readonly RecordedReference[] =>
  transaction
    .all("SELECT * FROM Recorded_References WHERE subject = ? ORDER BY row_table, row_key, name", subject)
    .map((row) => ({
      row: { table: text(row, "row_table") as MetadataTable, key: text(row, "row_key") }, // from a RowRef
      name: text(row, "name"),
      objectId: text(row, "object_id"),
    }));

function replaceRecorded(
  transaction: Transaction,
  subject: string,
  recorded: readonly RecordedReference[],
): void {
  transaction.run("DELETE FROM Recorded_References WHERE subject = ?", subject);
  for (const { row, name, objectId } of recorded)
    transaction.run(
      `INSERT INTO Recorded_References (subject, row_table, row_key, name, object_id) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET object_id = excluded.object_id`,
      subject,
      row.table,
      row.key,
      name,
      objectId,
    );
}
