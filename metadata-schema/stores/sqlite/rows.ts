/** The metadata rows that people write: changing and reading them. What a resolve reads is in snapshots.ts. */
import { isDeepStrictEqual } from "node:util";
import { inOrder } from "../../change-order.ts";
import { columnsOf, tableNames, tables } from "../../columns.ts";
import { ConflictError, RowRefusedError } from "../../errors.ts";
import { parseRows } from "../../parse-rows.ts";
import { requireSameSections, sectionsByTable } from "../../read-sections.ts";
import { belongsToJob, requireShape, valuesOf } from "../../row-values.ts";
import type { JobRow } from "../../rows.ts";
import type {
  Actor,
  MetadataStore,
  NewRow,
  ReadSection,
  RowChange,
  RowValue,
  RowValues,
  StoredRow,
} from "../../store.ts";
import { type Parameter, sqliteCode, type Transaction } from "./connection.ts";

export function changeRows(
  transaction: Transaction,
  changes: readonly RowChange[],
  { actor, read }: { readonly actor: Actor; readonly read: readonly ReadSection[] },
): void {
  changes.forEach(requireShape);
  for (const { table, sections, jobIds } of sectionsByTable(read)) {
    const key = tables[table].key;
    const sql = `SELECT job_id, ${key} AS row_key FROM ${table} WHERE job_id IN (SELECT value FROM json_each(?))`;
    requireSameSections(sections, transaction.all(sql, JSON.stringify(jobIds)));
  }
  transaction.run("DELETE FROM Audit_Context");
  transaction.run(
    "INSERT INTO Audit_Context (id, actor, actor_kind) VALUES (1, ?, ?)",
    actor.name,
    actor.kind,
  );
  for (const change of inOrder(changes)) changeRow(transaction, change);
  transaction.run("DELETE FROM Audit_Context");
}

function changeRow(transaction: Transaction, change: RowChange): void {
  // The table and its columns are known ones (requireShape), so their names carry no SQL.
  const { table } = change;
  const key = tables[table].key;
  if (change.kind !== "insert") {
    const row = transaction.get(`SELECT * FROM ${table} WHERE ${key} = ?`, change.key);
    if (row === undefined)
      throw new ConflictError(
        `${table} ${change.key} is gone: somebody deleted it meanwhile. Read it again.`,
      );
    if (!isDeepStrictEqual(valuesOf(table, row), change.before))
      throw new ConflictError(`${table} ${change.key} was changed by somebody meanwhile. Read it again.`);
  }
  try {
    if (change.kind === "delete") transaction.run(`DELETE FROM ${table} WHERE ${key} = ?`, change.key);
    else if (change.kind === "insert") insertRow(transaction, change);
    else updateRow(transaction, change);
  } catch (error) {
    throw refusal(change, error);
  }
}

function insertRow(transaction: Transaction, { table, values }: NewRow): void {
  const columns = Object.keys(values);
  const sql =
    columns.length === 0
      ? `INSERT INTO ${table} DEFAULT VALUES`
      : `INSERT INTO ${table} (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`;
  transaction.run(sql, ...Object.values(values).map(parameterOf));
}

function updateRow(transaction: Transaction, change: Extract<RowChange, { kind: "update" }>): void {
  const columns = Object.keys(change.values);
  if (columns.length === 0) return;
  transaction.run(
    `UPDATE ${change.table} SET ${columns.map((column) => `${column} = ?`).join(", ")}
     WHERE ${tables[change.table].key} = ?`,
    ...Object.values(change.values).map(parameterOf),
    change.key,
  );
}

function parameterOf(value: RowValue): Parameter {
  if (typeof value === "boolean") return value ? 1 : 0;
  return typeof value === "object" && value !== null ? JSON.stringify(value) : value;
}

/** SQLite's constraint error in words that name table, column and fault; any other error as it is. */
function refusal(change: RowChange, error: unknown): unknown {
  // 19 is SQLITE_CONSTRAINT
  if (!(error instanceof Error) || (sqliteCode(error) & 0xff) !== 19) return error;
  const refused = (fault: string) => new RowRefusedError(fault, { cause: error });
  const { table } = change;
  const values: RowValues = change.kind === "delete" ? {} : change.values;
  const [, rule, subject] = /^(\w+(?: \w+)?) constraint failed(?:: (.*))?$/s.exec(error.message) ?? [];
  switch (rule) {
    case "UNIQUE": {
      const column = subject?.split(".").at(-1) ?? tables[table].key;
      return refused(`${subject}: another row has the value ${JSON.stringify(values[column] ?? null)}.`);
    }
    case "FOREIGN KEY":
      return refused(missingReference(change));
    default:
      return refused(`${(subject ?? error.message).replace(/^(\S+) /, "$1: ")}.`);
  }
}

/** SQLite does not say which reference it is. */
function missingReference(change: RowChange): string {
  const { table } = change;
  if (change.kind === "delete")
    return `${table} ${change.key}: other rows still name it. Change those first.`;
  const named = Object.entries(columnsOf(table)).filter(
    ([name, column]) => column.references !== undefined && typeof change.values[name] === "string",
  );
  const words = named.map(
    ([name, column]) => `${table}.${name}: ${column.references} "${change.values[name]}"`,
  );
  return words.length === 0
    ? `${table}: other rows still name its old key. Change those first.`
    : `${words.join(" or ")} does not exist.`;
}

/** Of these tables, or all of them. */
export function readRows(
  transaction: Transaction,
  { tables: wanted, jobId }: Parameters<MetadataStore["readRows"]>[0],
): readonly StoredRow[] {
  return tableNames
    .filter((table) => wanted?.includes(table) ?? true)
    .filter((table) => jobId === undefined || belongsToJob(table))
    .flatMap((table) => {
      const key = tables[table].key;
      const rows =
        jobId === undefined
          ? transaction.all(`SELECT * FROM ${table} ORDER BY ${key}`)
          : transaction.all(`SELECT * FROM ${table} WHERE job_id = ? ORDER BY ${key}`, jobId);
      return rows.map((row) => ({ table, key: String(row[key]), values: valuesOf(table, row) }));
    });
}

export const isEmpty = (transaction: Transaction): boolean =>
  transaction.get("SELECT 1 FROM Service_State WHERE ever_filled = 1") === undefined;

export function listJobs(
  transaction: Transaction,
  page?: Parameters<MetadataStore["listJobs"]>[0],
): readonly JobRow[] {
  const rows =
    page === undefined
      ? transaction.all("SELECT * FROM Jobs ORDER BY job_id")
      : transaction.all(selectJobsAfter, page.after, page.limit);
  return parseRows("Jobs", rows, []);
}
export const selectJobsAfter = "SELECT * FROM Jobs WHERE job_id > ? ORDER BY job_id LIMIT ?";

export function getJob(transaction: Transaction, jobId: number): JobRow | null {
  return parseRows("Jobs", transaction.all("SELECT * FROM Jobs WHERE job_id = ?", jobId), [])[0] ?? null;
}
