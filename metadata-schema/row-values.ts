/** Rows on their way into and out of a store, the same for every dialect. */
import type { Column } from "./column.ts";
import { columnsOf, type MetadataTable, tableNames, tables } from "./columns.ts";
import { RowRefusedError } from "./errors.ts";
import type { Actor, RowChange, RowValue, RowValues } from "./store.ts";

/** Rows that the service itself writes, e.g. the sample. */
export const serviceActor: Actor = { name: "rowgate", kind: "service" };

export interface ValueFault {
  readonly column: string;
  /** completes "<table>.<column>: …" */
  readonly fault: string;
}

/** What is wrong with the shape of a row's values, all of it. `insert`: columns that must be given are asked for. */
export function faultsOfValues(
  table: MetadataTable,
  values: RowValues,
  kind: "insert" | "update",
): readonly ValueFault[] {
  const columns = columnsOf(table);
  const unknown = Object.keys(values).filter((column) => !Object.hasOwn(columns, column));
  const faults: ValueFault[] = unknown.map((column) => ({ column, fault: "the table has no such column" }));
  for (const [name, column] of Object.entries(columns)) {
    const value = values[name];
    if (value === undefined) {
      if (kind === "insert" && isRequired(column)) faults.push({ column: name, fault: "must have a value" });
      continue;
    }
    const fault = faultOfValue(column, value);
    if (fault !== null) faults.push({ column: name, fault });
  }
  if (table === "Cluster_Configs" && faults.length === 0) {
    const given = (name: "min_workers" | "max_workers") =>
      values[name] ?? (kind === "insert" ? columns[name]?.defaultValue : undefined);
    const [least, most] = [given("min_workers"), given("max_workers")];
    if (typeof least === "number" && typeof most === "number" && least > most)
      faults.push({ column: "max_workers", fault: "must not be less than min_workers" });
  }
  return faults;
}

export const isRequired = (column: Column): boolean =>
  column.whenNull === undefined && column.defaultValue === undefined && column.generated === undefined;

function faultOfValue(column: Column, value: RowValue): string | null {
  if (value === null) return column.whenNull === undefined ? "must have a value" : null;
  switch (column.type) {
    case "text":
      return typeof value === "string" ? faultOfText(column, value) : "must be text";
    case "integer":
      return Number.isInteger(value) ? faultOfNumber(column, value as number) : "must be an integer"; // checked
    case "number":
      return typeof value === "number" && Number.isFinite(value) ? null : "must be a number";
    case "boolean":
      return typeof value === "boolean" ? null : "must be true or false";
    case "text-list":
      return Array.isArray(value) && value.every((each) => typeof each === "string")
        ? null
        : `must be a list of text (JSON), e.g. ${JSON.stringify(column.example)}`;
    case "object":
      return faultOfObject(column, value);
    default:
      return column.type satisfies never;
  }
}

function faultOfObject(column: Column, value: RowValue): string | null {
  const words = `(JSON), e.g. ${JSON.stringify(column.example)}`;
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return `must be an object ${words}`;
  const isFitting = !column.textValues || Object.values(value).every((each) => typeof each === "string");
  return isFitting ? null : `must be an object of texts ${words}`;
}

function faultOfText(column: Column, value: string): string | null {
  // Half of a pair of UTF-16 units is no character, and comes back as another one.
  if (!value.isWellFormed()) return "must be text that can be written as Unicode";
  if (column.pattern !== undefined) return column.pattern.regExp.test(value) ? null : column.pattern.words;
  if (column.length !== undefined)
    return value.length === column.length ? null : `must be a GUID of ${column.length} characters`;
  const most = column.maxLength ?? Number.POSITIVE_INFINITY;
  if (value === "" && column.mayBeEmpty === undefined) return `must be 1 to ${most} characters`;
  return value.length <= most ? null : `must be at most ${most} characters; it has ${value.length}`;
}

function faultOfNumber(column: Column, value: number): string | null {
  const least = column.minimum ?? -(2 ** 31);
  const most = column.maximum ?? 2 ** 31 - 1;
  if (value >= least && value <= most) return null;
  if (column.minimum !== undefined && column.maximum === undefined && value < least)
    return `must be ${least} or more`;
  return `must be ${least} to ${most}`;
}

/** Throws a RowRefusedError that tells every fault of a change. */
export function requireShape(change: RowChange): void {
  if (change.kind === "delete") return;
  const faults = faultsOfValues(change.table, change.values, change.kind);
  if (faults.length === 0) return;
  throw new RowRefusedError(
    faults.map(({ column, fault }) => `${change.table}.${column}: ${fault}.`).join(" "),
  );
}

const ownedByJobs: ReadonlySet<string> = new Set(
  tableNames.filter((table) => table === "Jobs" || Object.hasOwn(tables[table].columns, "job_id")),
);
export const belongsToJob = (table: MetadataTable): boolean => ownedByJobs.has(table);

/** A stored value as people write it. */
export function storedValue(column: Column, stored: unknown): RowValue {
  if (column.type === "boolean") return typeof stored === "number" ? stored !== 0 : (stored as RowValue);
  if ((column.type === "text-list" || column.type === "object") && typeof stored === "string") {
    try {
      return JSON.parse(stored);
    } catch {
      // a person stored it past the checks; shown as it is
      return stored;
    }
  }
  return stored as RowValue; // a driver's text, number or null
}

/** A row as people write it, its columns in the order of columns.ts. */
export const valuesOf = (table: MetadataTable, row: Readonly<Record<string, unknown>>): RowValues =>
  Object.fromEntries(
    Object.entries(columnsOf(table)).map(([name, column]) => [name, storedValue(column, row[name] ?? null)]),
  );

/** A key, which travels as text, as its column has it. */
export const keyValue = (table: MetadataTable, key: string): string | number =>
  columnsOf(table)[tables[table].key]?.type === "integer" ? Number(key) : key;
