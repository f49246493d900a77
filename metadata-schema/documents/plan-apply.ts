/**
 * Documents and stored rows → the changes that make the rows as the documents say, pure.
 *
 * Without `prune`, what no document mentions stays. With it the documents are the whole truth: a field that is
 * left out has its default, a section that is left out has no rows, and rows that no document describes go.
 */
import { isDeepStrictEqual } from "node:util";
import { canonicalJson } from "../canonical-json.ts";
import type { Column } from "../column.ts";
import { columnsOf, type MetadataTable, tableNames, tables } from "../columns.ts";
import type { NewRow, ReadSection, RowChange, RowValue, RowValues, StoredRow } from "../records.ts";
import { belongsToJob, isRequired, keyValue } from "../row-values.ts";
import { rowName } from "../rows.ts";
import type { DocumentFault, DocumentRow, DocumentSet, WholeSection } from "./read-documents.ts";
import { sections } from "./sections.ts";

export interface PlannedChange {
  readonly change: RowChange;
  /** the row of a document that asks for it; null: it is deleted because none does */
  readonly source: DocumentRow | null;
}

export interface ApplyPlan {
  readonly changes: readonly PlannedChange[];
  readonly faults: readonly DocumentFault[];
  /** the row of a document that describes each row as it will be (rowName), unchanged ones included */
  readonly described: ReadonlyMap<string, DocumentRow>;
  /** all rows as they will be; keys of inserted ones that the database numbers are below zero */
  readonly rowsAfter: readonly StoredRow[];
  /** what the plan rests on, beside the rows that it changes */
  readonly read: readonly ReadSection[];
}

export function planApply(
  documents: DocumentSet,
  stored: readonly StoredRow[],
  options: { readonly prune: boolean },
): ApplyPlan {
  const named = namedRowPlan(documents, stored, options.prune);
  const owned = ownedRowPlan(documents, stored, options.prune);
  const changes = [...named.changes, ...owned.changes];
  const described = describedRows(changes, [...named.kept, ...owned.kept]);
  const after = rowsAfter(changes, stored);
  const faults = [
    ...missingValues(changes),
    ...missingReferences(after, described),
    ...severalDefaults(changes, after),
  ];
  return { changes, faults, described, rowsAfter: after, read: owned.read };
}

/** A stored row that a document describes. */
interface KeptRow {
  readonly row: StoredRow;
  readonly source: DocumentRow;
}

interface PartPlan {
  readonly changes: readonly PlannedChange[];
  /** described rows that are there already, changed ones included */
  readonly kept: readonly KeptRow[];
}

function describedRows(
  changes: readonly PlannedChange[],
  kept: readonly KeptRow[],
): ReadonlyMap<string, DocumentRow> {
  const inserted = changes.flatMap(({ change, source }, index) =>
    change.kind === "insert" && source !== null
      ? [[rowName({ table: change.table, key: insertedKey(change, index) }), source] as const]
      : [],
  );
  return new Map([...kept.map(({ row, source }) => [rowName(row), source] as const), ...inserted]);
}

const isOwned = (table: MetadataTable): boolean => belongsToJob(table) && table !== "Jobs";
const keyOf = ({ table, values }: DocumentRow): string => String(values[tables[table].key]);

// ---- rows that people name: jobs and what they share

function namedRowPlan(documents: DocumentSet, stored: readonly StoredRow[], prune: boolean): PartPlan {
  const known = new Map(stored.map((row) => [rowName(row), row]));
  const changes: PlannedChange[] = [];
  const kept: KeptRow[] = [];
  for (const source of documents.rows) {
    if (isOwned(source.table)) continue;
    const row = known.get(rowName({ table: source.table, key: keyOf(source) }));
    const values = prune ? withDefaults(source.table, source.values) : source.values;
    if (row === undefined)
      changes.push({ source, change: { kind: "insert", table: source.table, values: source.values } });
    else {
      changes.push(...updateOf(source, row, values));
      kept.push({ row, source });
    }
  }
  if (!prune) return { changes, kept };
  const described = new Set(kept.map(({ row }) => row));
  const gone = stored.filter((row) => !isOwned(row.table) && !described.has(row));
  return { changes: [...changes, ...gone.map(deletionOf)], kept };
}

/** Columns that are left out, with what they are by default; a key and what has no default stay left out. */
export function withDefaults(table: MetadataTable, values: RowValues): RowValues {
  const defaults = Object.entries(columnsOf(table)).flatMap(([name, column]) =>
    isRequired(column) || column.generated ? [] : [[name, defaultOf(column)] as const],
  );
  return { ...Object.fromEntries(defaults), ...values };
}

export const defaultOf = (column: Column): RowValue => column.defaultValue ?? null;

function updateOf(source: DocumentRow, before: StoredRow, wanted: RowValues): PlannedChange[] {
  const changed = Object.entries(wanted).filter(
    ([column, value]) => !isDeepStrictEqual(value, before.values[column]),
  );
  if (changed.length === 0) return [];
  const { table, key, values } = before;
  const change = { kind: "update", table, key, before: values, values: Object.fromEntries(changed) } as const;
  return [{ source, change }];
}

const deletionOf = ({ table, key, values }: StoredRow): PlannedChange => ({
  source: null,
  change: { kind: "delete", table, key, before: values },
});

// ---- rows that belong to a job

function ownedRowPlan(
  documents: DocumentSet,
  stored: readonly StoredRow[],
  prune: boolean,
): PartPlan & { readonly read: readonly ReadSection[] } {
  const wholes = prune ? wholesOfPrune(documents, stored) : documents.wholes;
  const section = ({ table, jobId }: WholeSection): string => `${table} ${jobId}`;
  const ofRow = ({ table, values }: { table: MetadataTable; values: RowValues }): string =>
    section({ table, jobId: Number(values.job_id) });
  const wanted = Map.groupBy(
    documents.rows.filter(({ table }) => isOwned(table)),
    ofRow,
  );
  const present = Map.groupBy(
    stored.filter(({ table }) => isOwned(table)),
    ofRow,
  );
  const rowsOf = (whole: WholeSection): readonly StoredRow[] => present.get(section(whole)) ?? [];
  const plans = wholes.map((whole) =>
    sectionPlan(whole.table, wanted.get(section(whole)) ?? [], rowsOf(whole)),
  );
  return {
    changes: plans.flatMap(({ changes }) => changes),
    kept: plans.flatMap(({ kept }) => kept),
    read: wholes.map((whole) => ({ ...whole, keys: rowsOf(whole).map(({ key }) => key) })),
  };
}

/** Of every job that there is: what no document describes goes, the rows of jobs that go among it. */
function wholesOfPrune(documents: DocumentSet, stored: readonly StoredRow[]): readonly WholeSection[] {
  const described = documents.rows.filter(({ table }) => table === "Jobs").map(keyOf);
  const present = stored.filter(({ table }) => table === "Jobs").map(({ key }) => key);
  return [...new Set([...described, ...present])].flatMap((jobId) =>
    sections.map(({ table }) => ({ table, jobId: Number(jobId) })),
  );
}

/** Rows of one job in one table, found again by what they are about; equal ones in their order. */
function sectionPlan(
  table: MetadataTable,
  wanted: readonly DocumentRow[],
  present: readonly StoredRow[],
): PartPlan {
  const columns = Object.keys(columnsOf(table)).filter((name) => name !== tables[table].key);
  const whole = wanted.map((source) => ({ source, values: withDefaults(table, source.values) }));
  // Rows that are as they should be first: of two about the same thing, the other one is the edited one.
  const left = new Set(present);
  const same = matches(whole, left, columns);
  const edited = matches(
    whole.filter((each) => !same.has(each)),
    left,
    tables[table].identity,
  );
  const kept = whole.flatMap((each) => {
    const row = same.get(each) ?? edited.get(each);
    return row === undefined ? [] : [{ row, source: each.source }];
  });
  const changes = whole.flatMap((each): readonly PlannedChange[] => {
    const { source, values } = each;
    if (same.has(each)) return [];
    const before = edited.get(each);
    if (before !== undefined) return updateOf(source, before, values);
    return [{ source, change: { kind: "insert", table, values: source.values } }];
  });
  return { changes: [...changes, ...[...left].map(deletionOf)], kept };
}

/** Which of the rows that are left each wanted one is, by these columns; each is taken once, in their order. */
function matches<T extends { readonly values: RowValues }>(
  wanted: readonly T[],
  left: Set<StoredRow>,
  columns: readonly string[],
): ReadonlyMap<T, StoredRow> {
  const textOf = ({ values }: { readonly values: RowValues }): string =>
    canonicalJson(columns.map((column) => values[column] ?? null));
  const waiting = Map.groupBy(left, textOf);
  const found = new Map<T, StoredRow>();
  for (const each of wanted) {
    const row = waiting.get(textOf(each))?.shift();
    if (row === undefined) continue;
    found.set(each, row);
    left.delete(row);
  }
  return found;
}

// ---- what can only be told beside the stored rows

function missingValues(changes: readonly PlannedChange[]): DocumentFault[] {
  return changes.flatMap(({ change, source }) => {
    if (source === null || change.kind !== "insert" || isOwned(change.table)) return [];
    return Object.entries(columnsOf(change.table))
      .filter(([name, column]) => isRequired(column) && change.values[name] === undefined)
      .map(([name, column]) => ({
        document: source.document,
        path: source.path,
        message: `${name} must have a value: there is no such row yet. Write it like ${name}: ${JSON.stringify(column.example)}.`,
      }));
  });
}

/** `rows`: as they will be. Of rows that no document describes the database sees to it. */
function missingReferences(
  rows: readonly StoredRow[],
  described: ReadonlyMap<string, DocumentRow>,
): DocumentFault[] {
  const keys = Map.groupBy(rows, ({ table }) => table);
  const known = new Map<string, ReadonlySet<string>>(
    [...keys].map(([table, all]) => [table, new Set(all.map(({ key }) => key))]),
  );
  return rows.flatMap((row) => {
    const source = described.get(rowName(row));
    if (source === undefined) return [];
    return Object.entries(columnsOf(row.table)).flatMap(([name, { references }]) => {
      const value = row.values[name];
      if (references === undefined || value === undefined || value === null || name === "job_id") return [];
      const there = known.get(references) ?? new Set<string>();
      if (there.has(String(value))) return [];
      const some = [...there].slice(0, 10).join(", ") || "none yet";
      const message = `names ${references} "${value}", which does not exist. Add its row, or name one of ${some}.`;
      return [{ document: source.document, path: [...source.path, name], message }];
    });
  });
}

/** There is one default environment; who moves the mark takes it from the one before. */
function severalDefaults(changes: readonly PlannedChange[], after: readonly StoredRow[]): DocumentFault[] {
  const defaults = after.filter(
    ({ table, values }) => table === "Environments" && values.is_default === true,
  );
  if (defaults.length <= 1) return [];
  const names = defaults.map(({ key }) => key).join(", ");
  return changes.flatMap(({ change, source }) => {
    if (source === null || change.kind === "delete" || change.table !== "Environments") return [];
    if (change.values.is_default !== true) return [];
    const message = `would make ${names} default environments, and there can be one. Give the others is_default: false.`;
    return [{ document: source.document, path: [...source.path, "is_default"], message }];
  });
}

/** The rows as they will be; inserted ones by the place of their change. */
function rowsAfter(changes: readonly PlannedChange[], stored: readonly StoredRow[]): readonly StoredRow[] {
  const changed = new Map(
    changes.flatMap(({ change }) => (change.kind === "insert" ? [] : [[rowName(change), change] as const])),
  );
  const kept = stored.flatMap((row) => {
    const change = changed.get(rowName(row));
    if (change === undefined) return [row];
    return change.kind === "delete" ? [] : [{ ...row, values: { ...row.values, ...change.values } }];
  });
  const inserted = changes.flatMap(({ change }, index) => {
    if (change.kind !== "insert") return [];
    const { table } = change;
    const key = insertedKey(change, index);
    const values = { ...withDefaults(table, change.values), [tables[table].key]: keyValue(table, key) };
    return [{ table, key, values }];
  });
  return [...kept, ...inserted].sort((a, b) => tableNames.indexOf(a.table) - tableNames.indexOf(b.table));
}

/** Ids that the database will give are none yet: numbers that no stored row has stand for them. */
const insertedKey = ({ table, values }: NewRow, index: number): string =>
  String(values[tables[table].key] ?? -(index + 1));
