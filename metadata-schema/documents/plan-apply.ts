/**
 * Documents and stored rows → the changes that make the rows as the documents say, pure.
 *
 * Without `prune`, what no document mentions stays. With it the documents are the whole truth: a field that is
 * left out has its default, a section that is left out has no rows, and rows that no document describes go.
 */
import { isDeepStrictEqual } from "node:util";
import type { Column } from "../column.ts";
import { columnsOf, type MetadataTable, tableNames, tables } from "../columns.ts";
import type { RowChange, RowValue, RowValues, StoredRow } from "../records.ts";
import { belongsToJob, isRequired } from "../row-values.ts";
import type { DocumentFault, DocumentRow, DocumentSet } from "./read-documents.ts";
import { sections } from "./sections.ts";

export interface PlannedChange {
  readonly change: RowChange;
  /** the row of a document that asks for it; null: it is deleted because none does */
  readonly source: DocumentRow | null;
}

export interface ApplyPlan {
  readonly changes: readonly PlannedChange[];
  readonly faults: readonly DocumentFault[];
}

export function planApply(
  documents: DocumentSet,
  stored: readonly StoredRow[],
  options: { readonly prune: boolean },
): ApplyPlan {
  const changes = [
    ...namedRowChanges(documents, stored, options.prune),
    ...ownedRowChanges(documents, stored, options.prune),
  ];
  const faults = [
    ...missingValues(changes),
    ...missingReferences(changes, stored),
    ...severalDefaults(changes, stored),
  ];
  return { changes, faults };
}

const isOwned = (table: MetadataTable): boolean => belongsToJob(table) && table !== "Jobs";
const keyOf = ({ table, values }: DocumentRow): string => String(values[tables[table].key]);

// ---- rows that people name: jobs and what they share

function namedRowChanges(
  documents: DocumentSet,
  stored: readonly StoredRow[],
  prune: boolean,
): PlannedChange[] {
  const known = new Map(stored.map((row) => [`${row.table} ${row.key}`, row]));
  const described = new Set<string>();
  const changes: PlannedChange[] = [];
  for (const source of documents.rows) {
    if (isOwned(source.table)) continue;
    const name = `${source.table} ${keyOf(source)}`;
    described.add(name);
    const before = known.get(name);
    const values = prune ? withDefaults(source.table, source.values) : source.values;
    if (before === undefined)
      changes.push({ source, change: { kind: "insert", table: source.table, values: source.values } });
    else changes.push(...updateOf(source, before, values));
  }
  if (!prune) return changes;
  const gone = stored.filter((row) => !isOwned(row.table) && !described.has(`${row.table} ${row.key}`));
  return [...changes, ...gone.map(deletionOf)];
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

function ownedRowChanges(
  documents: DocumentSet,
  stored: readonly StoredRow[],
  prune: boolean,
): PlannedChange[] {
  const jobs = documents.rows
    .filter(({ table }) => table === "Jobs")
    .map(({ values }) => Number(values.job_id));
  const wholes = prune
    ? jobs.flatMap((jobId) => sections.map(({ table }) => ({ table, jobId })))
    : documents.wholes;
  const inSection = ({ table, values }: { table: MetadataTable; values: RowValues }): string =>
    `${table} ${values.job_id}`;
  const wanted = Map.groupBy(
    documents.rows.filter(({ table }) => isOwned(table)),
    inSection,
  );
  const present = Map.groupBy(
    stored.filter(({ table }) => isOwned(table)),
    inSection,
  );
  return wholes.flatMap(({ table, jobId }) => {
    const section = `${table} ${jobId}`;
    return sectionChanges(table, wanted.get(section) ?? [], present.get(section) ?? []);
  });
}

/** Rows of one job in one table, found again by what they are about; equal ones in their order. */
function sectionChanges(
  table: MetadataTable,
  wanted: readonly DocumentRow[],
  present: readonly StoredRow[],
): PlannedChange[] {
  const left = [...present];
  const take = (fits: (row: StoredRow) => boolean): StoredRow | undefined => {
    const index = left.findIndex(fits);
    return index < 0 ? undefined : left.splice(index, 1)[0];
  };
  const whole = wanted.map((source) => ({ source, values: withDefaults(table, source.values) }));
  const equal = (values: RowValues, columns: readonly string[]) => (row: StoredRow) =>
    columns.every((column) => isDeepStrictEqual(values[column], row.values[column]));
  // Rows that are as they should be first: of two about the same thing, the other one is the edited one.
  const same = whole.map(({ values }) => take(equal(values, Object.keys(values))));
  const changes = whole.flatMap(({ source, values }, index) => {
    if (same[index] !== undefined) return [];
    const before = take(equal(values, tables[table].identity));
    if (before !== undefined) return updateOf(source, before, values);
    return [{ source, change: { kind: "insert", table, values: source.values } as const }];
  });
  return [...changes, ...left.map(deletionOf)];
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

function missingReferences(changes: readonly PlannedChange[], stored: readonly StoredRow[]): DocumentFault[] {
  const gone = new Set(
    changes.flatMap(({ change }) => (change.kind === "delete" ? [`${change.table} ${change.key}`] : [])),
  );
  const inserted = changes.flatMap(({ change }) =>
    change.kind === "insert" ? [`${change.table} ${change.values[tables[change.table].key]}`] : [],
  );
  const present = stored.map(({ table, key }) => `${table} ${key}`).filter((name) => !gone.has(name));
  const there = new Set([...present, ...inserted]);
  return changes.flatMap(({ change, source }) => {
    if (source === null || change.kind === "delete") return [];
    return Object.entries(columnsOf(change.table)).flatMap(([name, { references }]) => {
      const value = change.values[name];
      if (references === undefined || value === undefined || value === null) return [];
      if (there.has(`${references} ${value}`)) return [];
      const known = [...there]
        .filter((each) => each.startsWith(`${references} `))
        .map((each) => each.split(" ")[1]);
      const message = `names ${references} "${value}", which does not exist. Add its row, or name one of ${known.slice(0, 10).join(", ") || "none yet"}.`;
      return [{ document: source.document, path: [...source.path, name], message }];
    });
  });
}

/** There is one default environment; a document that moves it takes the mark from the one before. */
function severalDefaults(changes: readonly PlannedChange[], stored: readonly StoredRow[]): DocumentFault[] {
  const defaults = rowsAfter({ changes }, stored).filter(
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
export function rowsAfter(
  plan: Pick<ApplyPlan, "changes">,
  stored: readonly StoredRow[],
): readonly StoredRow[] {
  const changed = new Map(
    plan.changes.flatMap(({ change }) =>
      change.kind === "insert" ? [] : [[`${change.table} ${change.key}`, change] as const],
    ),
  );
  const kept = stored.flatMap((row) => {
    const change = changed.get(`${row.table} ${row.key}`);
    if (change === undefined) return [row];
    return change.kind === "delete" ? [] : [{ ...row, values: { ...row.values, ...change.values } }];
  });
  const inserted = plan.changes.flatMap(({ change }, index) => {
    if (change.kind !== "insert") return [];
    const { table } = change;
    const column = tables[table].key;
    // Ids that the database will give are none yet: numbers that no stored row has stand for them.
    const key = change.values[column] ?? -(index + 1);
    return [{ table, key: String(key), values: { ...withDefaults(table, change.values), [column]: key } }];
  });
  return [...kept, ...inserted].sort((a, b) => tableNames.indexOf(a.table) - tableNames.indexOf(b.table));
}
