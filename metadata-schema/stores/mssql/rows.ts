/** The metadata rows that people write: changing and reading them. What a resolve reads is in snapshots.ts. */
import { isDeepStrictEqual } from "node:util";
import { inOrder } from "../../change-order.ts";
import { columnsOf, type MetadataTable, tableNames, tables } from "../../columns.ts";
import { ConflictError, RowRefusedError } from "../../errors.ts";
import { parseRows } from "../../parse-rows.ts";
import { requireSameSections, sectionsByTable } from "../../read-sections.ts";
import { belongsToJob, requireShape, valuesOf } from "../../row-values.ts";
import type { JobRow } from "../../rows.ts";
import type {
  MetadataStore,
  NewRow,
  ReadSection,
  RowChange,
  RowValue,
  RowValues,
  StoredRow,
} from "../../store.ts";
import type { Parameter, Transaction } from "./connection.ts";
import { isDuplicate, serverNumber } from "./transient.ts";

/** The actor is the transaction's, see Connection.write. */
export async function changeRows(
  transaction: Transaction,
  changes: readonly RowChange[],
  read: readonly ReadSection[],
): Promise<void> {
  for (const { table, sections, jobIds } of sectionsByTable(read)) {
    // Locked with the gaps between them until the transaction ends, so that nobody adds a row meanwhile.
    const sql = `SELECT job_id, ${tables[table].key} AS row_key FROM ${table} WITH (UPDLOCK, HOLDLOCK)
WHERE job_id IN (SELECT CAST(value AS int) FROM OPENJSON(@jobs))`;
    requireSameSections(sections, await transaction.all(sql, { jobs: JSON.stringify(jobIds) }));
  }
  for (const change of inOrder(changes)) await changeRow(transaction, change);
}

async function changeRow(transaction: Transaction, change: RowChange): Promise<void> {
  requireShape(change);
  if (change.kind !== "insert") await requireUnchanged(transaction, change);
  try {
    if (change.kind === "delete") await deleteRow(transaction, change);
    else if (change.kind === "insert") await insertRow(transaction, change);
    else await updateRow(transaction, change);
  } catch (error) {
    throw refusal(change, error);
  }
}

async function requireUnchanged(
  transaction: Transaction,
  { table, key, before }: Exclude<RowChange, { kind: "insert" }>,
): Promise<void> {
  // Locked until the transaction ends, so that nobody comes between the look and the write.
  const row = await transaction.get(
    `SELECT * FROM ${table} WITH (UPDLOCK, HOLDLOCK) WHERE ${tables[table].key} = @key`,
    { key: keyValue(table, key) },
  );
  if (row === undefined)
    throw new ConflictError(`${table} ${key} is gone: somebody deleted it meanwhile. Read it again.`);
  if (!isDeepStrictEqual(valuesOf(table, row), before))
    throw new ConflictError(`${table} ${key} was changed by somebody meanwhile. Read it again.`);
}

// A table and its columns are known ones (requireShape), so their names carry no SQL.

async function insertRow(transaction: Transaction, { table, values }: NewRow): Promise<void> {
  const columns = Object.keys(values);
  const sql =
    columns.length === 0
      ? `INSERT INTO ${table} DEFAULT VALUES`
      : `INSERT INTO ${table} (${columns.join(", ")}) VALUES (${columns.map((each) => `@v_${each}`).join(", ")})`;
  await transaction.run(sql, parametersOf(values));
}

async function updateRow(
  transaction: Transaction,
  { table, key, values }: Extract<RowChange, { kind: "update" }>,
): Promise<void> {
  const columns = Object.keys(values);
  if (columns.length === 0) return;
  await transaction.run(
    `UPDATE ${table} SET ${columns.map((each) => `${each} = @v_${each}`).join(", ")}
WHERE ${tables[table].key} = @key`,
    { ...parametersOf(values), key: keyValue(table, key) },
  );
}

async function deleteRow(
  transaction: Transaction,
  { table, key }: { readonly table: MetadataTable; readonly key: string },
): Promise<void> {
  await transaction.run(`DELETE FROM ${table} WHERE ${tables[table].key} = @key`, {
    key: keyValue(table, key),
  });
}

/** A key that the column cannot hold is no row's; the server would refuse to compare it. */
function keyValue(table: MetadataTable, key: string): Parameter {
  if (columnsOf(table)[tables[table].key]?.type !== "integer") return key;
  const number = Number(key);
  return /^-?\d+$/.test(key) && withinInt(number) === number ? number : null;
}

const parametersOf = (values: RowValues): Readonly<Record<string, Parameter>> =>
  Object.fromEntries(Object.entries(values).map(([column, value]) => [`v_${column}`, parameterOf(value)]));

const parameterOf = (value: RowValue): Parameter =>
  typeof value === "object" && value !== null ? JSON.stringify(value) : value;

/** The server's refusal in words that name table, column and fault; any other error as it is. */
function refusal(change: RowChange, error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { table } = change;
  const refused = (fault: string) => new RowRefusedError(fault, { cause: error });
  const values: RowValues = change.kind === "delete" ? {} : change.values;
  if (isDuplicate(error)) {
    const column = uniqueColumn(table, error.message);
    return refused(
      `${table}.${column}: another row has the value ${JSON.stringify(values[column] ?? null)}.`,
    );
  }
  // 547: a CHECK or a reference; the name of the constraint is the sentence.
  if (serverNumber(error) !== 547) return error;
  if (change.kind === "delete")
    return refused(`${table} ${change.key}: other rows still name it. Change those first.`);
  const sentence = /constraint ["']([^"']+)["']/i.exec(error.message)?.[1];
  if (sentence === undefined) return refused(`${table}: ${error.message}`);
  // By name in any case, as the server compares names.
  const [, named = "", words = ""] = new RegExp(`^${table}\\.(\\w+) (.*)$`, "is").exec(sentence) ?? [];
  const name = named.toLowerCase(); // as all columns are
  const { references } = columnsOf(table)[name] ?? {};
  if (references !== undefined)
    return refused(`${table}.${name}: ${references} "${values[name]}" does not exist.`);
  if (name !== "") return refused(`${table}.${name}: ${words}.`);
  return refused(missingReference(table, values));
}

/** A constraint of another name than ours says nothing of the column. */
function missingReference(table: MetadataTable, values: RowValues): string {
  const named = Object.entries(columnsOf(table)).filter(
    ([name, column]) => column.references !== undefined && typeof values[name] === "string",
  );
  const words = named.map(([name, column]) => `${table}.${name}: ${column.references} "${values[name]}"`);
  return words.length === 0
    ? `${table}: other rows still name its old key. Change those first.`
    : `${words.join(" or ")} does not exist.`;
}

/** Unique constraints and indexes are named <table>_<column>, the key's <table>_key. */
function uniqueColumn(table: MetadataTable, message: string): string {
  const lower = message.toLowerCase();
  if (lower.includes("environments_default")) return "is_default";
  const column = Object.keys(columnsOf(table)).find((name) =>
    lower.includes(`${table}_${name}`.toLowerCase()),
  );
  return column ?? tables[table].key;
}

/** Of these tables, or all of them. */
export async function readRows(
  transaction: Transaction,
  { tables: wanted, jobId }: Parameters<MetadataStore["readRows"]>[0],
): Promise<readonly StoredRow[]> {
  const read = tableNames
    .filter((table) => wanted?.includes(table) ?? true)
    .filter((table) => jobId === undefined || belongsToJob(table));
  const where = jobId === undefined ? "" : " WHERE job_id = @jobId";
  const selects = read.map((table) => `SELECT * FROM ${table}${where} ORDER BY ${tables[table].key}`);
  if (selects.length === 0) return [];
  const lists = await transaction.lists(selects.join(";\n"), jobId === undefined ? {} : { jobId });
  return read.flatMap((table, index) =>
    (lists[index] ?? []).map((row) => ({
      table,
      key: String(row[tables[table].key]),
      values: valuesOf(table, row),
    })),
  );
}

export const isEmpty = async (transaction: Transaction): Promise<boolean> =>
  (await transaction.get("SELECT id FROM Service_State WHERE ever_filled = 1")) === undefined;

export async function listJobs(
  transaction: Transaction,
  page?: Parameters<MetadataStore["listJobs"]>[0],
): Promise<readonly JobRow[]> {
  const rows =
    page === undefined
      ? await transaction.all("SELECT * FROM Jobs ORDER BY job_id")
      : await transaction.all(selectJobsAfter, { after: withinInt(page.after), limit: page.limit });
  return parseRows("Jobs", rows, []);
}
export const selectJobsAfter = "SELECT TOP (@limit) * FROM Jobs WHERE job_id > @after ORDER BY job_id";

/** A caller may begin before the first number that there can be. */
const withinInt = (value: number): number => Math.max(-(2 ** 31) + 1, Math.min(2 ** 31 - 1, value));

export async function getJob(transaction: Transaction, jobId: number): Promise<JobRow | null> {
  return parseRows("Jobs", await transaction.all(selectJob, { jobId }), [])[0] ?? null;
}
const selectJob = "SELECT * FROM Jobs WHERE job_id = @jobId";
