/** What subjects put into stacks, and storing what a resolve found out. */
import { type Contribution, type OutputReference, parseSubjectKey, subjectKey } from "../../contributions.ts";
import type { StackKind } from "../../desired-state.ts";
import type { MetadataTable } from "../../rows.ts";
import type { RecordedReference, Resolution, StoredContribution } from "../../store.ts";
import { forgetChange, lockSubject, setWakeup, touch } from "./changes.ts";
import { clearConditionsOfGoneJob, replaceRowConditions } from "./conditions.ts";
import {
  bit,
  integer,
  json,
  jsonOrNull,
  lock,
  type Row,
  rowLists,
  type Transaction,
  text,
} from "./connection.ts";

export async function contributionsOf(
  transaction: Transaction,
  subject: string,
): Promise<readonly StoredContribution[]> {
  return contributionsFrom(await transaction.lists(selectContributionsOfSubject, { subject }));
}
export const selectContributionsOfSubject = `
SELECT subject, stack, kind, environment, base, wanted, admitted, urgent FROM Contributions
WHERE subject = @subject ORDER BY stack;
SELECT stack, source, referenced_stack, [output] FROM Stack_References
WHERE source = @subject ORDER BY referenced_stack, [output]`;

/** Contributions to a stack that count, ordered by subject. */
export async function admittedTo(
  transaction: Transaction,
  stack: string,
): Promise<readonly StoredContribution[]> {
  return contributionsFrom(await transaction.lists(selectAdmitted, { stack }));
}
const selectAdmitted = `
SELECT subject, stack, kind, environment, base, wanted, admitted, urgent FROM Contributions
WHERE stack = @stack AND admitted <> N'[]' ORDER BY subject;
SELECT stack, source, referenced_stack, [output] FROM Stack_References
WHERE stack = @stack AND source <> N'' ORDER BY referenced_stack, [output]`;

/** What every subject contributes to a stack, by subject. */
export const contributionsTo = async (
  transaction: Transaction,
  stack: string,
): Promise<readonly StoredContribution[]> =>
  contributionsFrom(await transaction.lists(selectContributionsToStack, { stack }));
const selectContributionsToStack = `
SELECT subject, stack, kind, environment, base, wanted, admitted, urgent FROM Contributions
WHERE stack = @stack ORDER BY subject;
SELECT stack, source, referenced_stack, [output] FROM Stack_References
WHERE stack = @stack AND source <> N'' ORDER BY referenced_stack, [output]`;

/** Jobs that contribute to a stack, wanted or admitted. */
export async function contributingJobs(transaction: Transaction, stack: string): Promise<readonly number[]> {
  const rows = await transaction.all(selectSubjects, { stack });
  return rows
    .map((row) => parseSubjectKey(text(row, "subject")))
    .flatMap((subject) => (subject.kind === "job" ? [subject.jobId] : []));
}
const selectSubjects = "SELECT subject FROM Contributions WHERE stack = @stack ORDER BY subject";

/** From the rows of contributions and those of their references. */
export function contributionsFrom(lists: readonly (readonly Row[])[]): readonly StoredContribution[] {
  const [rows = [], references = []] = lists;
  const bySource = Map.groupBy(references, (row) =>
    JSON.stringify([text(row, "stack"), text(row, "source")]),
  );
  return rows.map((row) => {
    const [subject, stack] = [text(row, "subject"), text(row, "stack")];
    return {
      subject: parseSubjectKey(subject),
      stack,
      kind: text(row, "kind") as StackKind, // written from a Contribution
      environment: text(row, "environment"),
      base: jsonOrNull(row, "base"),
      wanted: json(row, "wanted"),
      admitted: json(row, "admitted"),
      references: (bySource.get(JSON.stringify([stack, subject])) ?? []).map(referenceFrom),
      urgent: bit(row, "urgent"),
    };
  });
}

const referenceFrom = (row: Row): OutputReference => ({
  stack: text(row, "referenced_stack"),
  output: text(row, "output"),
});

export async function addReferences(
  transaction: Transaction,
  stack: string,
  source: string,
  references: readonly OutputReference[],
): Promise<void> {
  if (references.length === 0) return;
  await transaction.run(insertReferences, { stack, source, list: JSON.stringify(references) });
}
// DISTINCT too must compare by code point, not as the database does.
const insertReferences = `
INSERT INTO Stack_References (stack, source, referenced_stack, [output])
SELECT DISTINCT @stack, @source, r.stack COLLATE Latin1_General_100_BIN2, r.[output] COLLATE Latin1_General_100_BIN2
FROM OPENJSON(@list) WITH (stack nvarchar(200), [output] nvarchar(128)) AS r
WHERE NOT EXISTS (SELECT 1 FROM Stack_References AS s WHERE s.stack = @stack AND s.source = @source
  AND s.referenced_stack = r.stack COLLATE Latin1_General_100_BIN2
  AND s.[output] = r.[output] COLLATE Latin1_General_100_BIN2)`;

export async function replaceReferences(
  transaction: Transaction,
  stack: string,
  source: string,
  references: readonly OutputReference[],
): Promise<void> {
  await transaction.run(deleteReferences, { stack, source });
  await addReferences(transaction, stack, source, references);
}
const deleteReferences = "DELETE FROM Stack_References WHERE stack = @stack AND source = @source";

// ---- storing a resolution

export async function commitResolution(transaction: Transaction, resolution: Resolution): Promise<void> {
  const { subject, seq } = resolution;
  const key = subjectKey(subject);
  const pending = await lockSubject(transaction, key);
  if (seq !== null) {
    // Somebody else resolved it, from rows at least as new as ours.
    if (pending === null) return;
    await forgetChange(transaction, subject, seq);
  }
  const before = await contributionsOf(transaction, key);
  const referredBefore = new Set(before.flatMap(({ references }) => references.map(({ stack }) => stack)));
  await replaceContributions(transaction, key, before, resolution.contributions);
  await replaceRowConditions(transaction, key, resolution.rowConditions);
  if (subject.kind === "job") await clearConditionsOfGoneJob(transaction, subject.jobId);
  await replaceRecorded(transaction, key, resolution.recorded);
  await setWakeup(transaction, key, resolution.wakeAt);
  if (await missedOutputs(transaction, resolution, referredBefore)) await touch(transaction, [subject]);
}

/**
 * A run that settles touches those who refer to its outputs. A resolve that refers to a stack for the first
 * time was not among them, so it may have read outputs from before that run. The lock makes either see the
 * other: a settling run holds it alone.
 */
async function missedOutputs(
  transaction: Transaction,
  { contributions, outputVersions }: Resolution,
  referredBefore: ReadonlySet<string>,
): Promise<boolean> {
  const referred = new Set(contributions.flatMap(({ references }) => references.map(({ stack }) => stack)));
  for (const stack of [...referred].filter((each) => !referredBefore.has(each)).sort()) {
    await lock(transaction, `outputs:${stack}`, "Shared");
    const row = await transaction.get(selectOutputVersion, { stack });
    const version = row === undefined ? 0 : integer(row, "seq");
    if (version !== (outputVersions[stack] ?? 0)) return true;
  }
  return false;
}
const selectOutputVersion = "SELECT seq FROM Output_Changes WHERE stack = @stack";

async function replaceContributions(
  transaction: Transaction,
  subject: string,
  before: readonly StoredContribution[],
  contributions: readonly Contribution[],
): Promise<void> {
  const stored = new Map(before.map((each) => [each.stack, each]));
  const kept = contributions.filter(({ wanted, admitted }) => wanted.length > 0 || admitted.length > 0);
  const keptStacks = new Set(kept.map(({ stack }) => stack));
  const gone = [...stored.keys()].filter((stack) => !keptStacks.has(stack));
  const changed = kept.filter((each) => {
    const old = stored.get(each.stack);
    return old === undefined || fingerprint(old) !== fingerprint(each);
  });
  const toMerge = [...changed.map(({ stack }) => stack), ...gone];
  for (const stack of [...toMerge].sort()) await lock(transaction, `stack:${stack}`);
  await transaction.run(deleteOfSubject, { subject });
  for (const { text: values, parameters } of rowLists(kept.map((each) => asColumns(subject, each))))
    await transaction.run(insertContributions(values), parameters);
  for (const { stack, references } of kept) await addReferences(transaction, stack, subject, references);
  await listForMerge(transaction, toMerge);
}

const asColumns = (subject: string, contribution: Contribution) => ({
  subject,
  stack: contribution.stack,
  kind: contribution.kind,
  environment: contribution.environment,
  base: contribution.base === null ? null : JSON.stringify(contribution.base),
  wanted: JSON.stringify(contribution.wanted),
  admitted: JSON.stringify(contribution.admitted),
  urgent: contribution.urgent,
});
const deleteOfSubject = `DELETE FROM Contributions WHERE subject = @subject;
DELETE FROM Stack_References WHERE source = @subject`;
const insertContributions = (values: string): string =>
  `INSERT INTO Contributions (subject, stack, kind, environment, base, wanted, admitted, urgent) VALUES
${values}`;

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

/**
 * A new version of the contributions of stacks that the caller has locked. A stack already listed keeps its
 * place. Two writers may give the same place: nobody needs an order between those.
 */
export async function listForMerge(transaction: Transaction, stacks: readonly string[]): Promise<void> {
  if (stacks.length === 0) return;
  await transaction.run(upsertMerges, { stacks: JSON.stringify(stacks) });
}
const upsertMerges = `
DECLARE @last bigint = (SELECT ISNULL(MAX(listed), 0) FROM Stack_Merges WHERE listed IS NOT NULL);
DECLARE @wanted TABLE (stack nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL PRIMARY KEY, place int NOT NULL);
INSERT INTO @wanted (stack, place) SELECT value, CAST([key] AS int) + 1 FROM OPENJSON(@stacks);
UPDATE m SET version = m.version + 1, listed = ISNULL(m.listed, @last + w.place)
FROM Stack_Merges AS m JOIN @wanted AS w ON w.stack = m.stack;
INSERT INTO Stack_Merges (stack, version, listed) SELECT w.stack, 1, @last + w.place FROM @wanted AS w
WHERE NOT EXISTS (SELECT 1 FROM Stack_Merges AS m WHERE m.stack = w.stack)`;

// ---- object ids first found

export const recordedFrom = (rows: readonly Row[]): readonly RecordedReference[] =>
  rows.map((row) => ({
    row: { table: text(row, "row_table") as MetadataTable, key: text(row, "row_key") }, // from a RowRef
    name: text(row, "name"),
    objectId: text(row, "object_id"),
  }));
export const selectRecorded = `SELECT row_table, row_key, name, object_id FROM Recorded_References
WHERE subject = @subject ORDER BY row_table, row_key, name`;

async function replaceRecorded(
  transaction: Transaction,
  subject: string,
  recorded: readonly RecordedReference[],
): Promise<void> {
  // Of two answers for one name in one row the later one counts.
  const last = new Map(recorded.map((each) => [JSON.stringify([each.row, each.name]), each]));
  const rows = [...last.values()].map(({ row, name, objectId }) => ({
    subject,
    table: row.table,
    key: row.key,
    name,
    objectId,
  }));
  await transaction.run(deleteRecorded, { subject });
  for (const { text: values, parameters } of rowLists(rows))
    await transaction.run(insertRecorded(values), parameters);
}
const deleteRecorded = "DELETE FROM Recorded_References WHERE subject = @subject";
const insertRecorded = (values: string): string =>
  `INSERT INTO Recorded_References (subject, row_table, row_key, name, object_id) VALUES
${values}`;
