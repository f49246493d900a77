/** The metadata rows that people write: inserting, reading, and the snapshots that a resolve reads. */
import { subjectKey } from "../../contributions.ts";
import { RowRefusedError } from "../../errors.ts";
import type { EnvironmentRow, JobRow, MalformedRow, MetadataTable } from "../../rows.ts";
import { metadataTables } from "../../rows.ts";
import type { EnvironmentSnapshot, JobSnapshot, MetadataStore, NewRow } from "../../store.ts";
import { type Parameter, type Row, sqliteCode, type Transaction } from "./connection.ts";
import { contributionsOf, recordedOf } from "./contributions.ts";
import { outputsOfStacks } from "./outputs.ts";

type ParsedRow<T extends MetadataTable> = (typeof metadataTables)[T]["row"]["_output"];

/** Parents before children, so that a caller may list rows in any order. */
const insertOrder = Object.keys(metadataTables);

export function insertRows(transaction: Transaction, rows: readonly NewRow[]): void {
  const ordered = [...rows].sort((a, b) => insertOrder.indexOf(a.table) - insertOrder.indexOf(b.table));
  for (const row of ordered) insertRow(transaction, row);
}

function insertRow(transaction: Transaction, { table, values }: NewRow): void {
  const known = metadataTables[table].row.shape;
  const columns = Object.keys(values);
  for (const column of columns) {
    // Also what keeps a column's name from carrying SQL.
    if (!Object.hasOwn(known, column))
      throw new RowRefusedError(`${table}.${column}: the table has no such column.`);
  }
  const sql =
    columns.length === 0
      ? `INSERT INTO ${table} DEFAULT VALUES`
      : `INSERT INTO ${table} (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`;
  try {
    transaction.run(sql, ...Object.values(values).map(parameterOf));
  } catch (error) {
    throw refusal(table, values, error);
  }
}

function parameterOf(value: NewRow["values"][string]): Parameter {
  if (typeof value === "boolean") return value ? 1 : 0;
  return typeof value === "object" && value !== null ? JSON.stringify(value) : value;
}

/** SQLite's constraint error in words that name table, column and fault; any other error as it is. */
function refusal(table: MetadataTable, values: NewRow["values"], error: unknown): unknown {
  const code = sqliteCode(error);
  // 19 is SQLITE_CONSTRAINT, 20 SQLITE_MISMATCH: text where a key must be a number.
  if (!(error instanceof Error) || ![19, 20].includes(code & 0xff)) return error;
  const refused = (fault: string) => new RowRefusedError(fault, { cause: error });
  if ((code & 0xff) === 20) return refused(`${table}.${metadataTables[table].key}: must be an integer.`);
  const [, rule, subject] = /^(\w+(?: \w+)?) constraint failed(?:: (.*))?$/s.exec(error.message) ?? [];
  switch (rule) {
    case "NOT NULL":
      return refused(`${subject}: must have a value.`);
    case "UNIQUE": {
      const column = subject?.split(".").at(-1) ?? metadataTables[table].key;
      return refused(`${subject}: another row has the value ${JSON.stringify(values[column] ?? null)}.`);
    }
    case "CHECK":
      return refused(`${subject?.replace(/^(\S+) /, "$1: ")}.`);
    case "FOREIGN KEY":
      // The only reference that no trigger checks first.
      return refused(`Jobs.environment: names an environment that does not exist: ${values.environment}.`);
    default: {
      const wrongType = /^cannot store (\w+) value in (\w+) column (\S+)$/.exec(error.message);
      if (wrongType !== null) return refused(`${wrongType[3]}: is ${wrongType[1]}, must be ${wrongType[2]}.`);
      return refused(`${error.message.replace(/^(\S+) /, "$1: ")}.`);
    }
  }
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

/** The rows whose shape is right; the others are added to `malformed`. */
function parseRows<T extends MetadataTable>(
  table: T,
  rows: readonly Row[],
  malformed: MalformedRow[],
): readonly ParsedRow<T>[] {
  const parsed: ParsedRow<T>[] = [];
  for (const row of rows) {
    const result = metadataTables[table].row.safeParse(row);
    if (result.success) {
      parsed.push(result.data as ParsedRow<T>); // the table's own schema made it
      continue;
    }
    const issue = result.error.issues[0];
    const ref = { table, key: String(row[metadataTables[table].key]) };
    malformed.push({
      ref,
      raw: { ...row },
      field: String(issue?.path[0] ?? ""),
      fault: issue?.message ?? "is malformed",
    });
  }
  return parsed;
}

export function loadJob(transaction: Transaction, jobId: number): JobSnapshot {
  const malformed: MalformedRow[] = [];
  const subject = { kind: "job", jobId } as const;
  const rawJob = transaction.get("SELECT * FROM Jobs WHERE job_id = ?", jobId);
  const [job] = parseRows("Jobs", rawJob === undefined ? [] : [rawJob], malformed);
  const environment =
    rawJob === undefined ? null : environmentOf(transaction, rawJob.environment ?? null, malformed);
  return {
    subject,
    job: job ?? null,
    environment: environment?.row ?? null,
    policies: parseRows("Access_Policies", transaction.all(selectPolicies, jobId), malformed),
    secretReferences: parseRows("Secret_References", transaction.all(selectSecrets, jobId), malformed),
    networkRules: parseRows("Network_Rules", transaction.all(selectNetworkRules, jobId), malformed),
    clusterConfigs: parseRows("Cluster_Configs", transaction.all(selectClusters, jobId), malformed),
    malformed,
    contributions: contributionsOf(transaction, subjectKey(subject)),
    recorded: recordedOf(transaction, subjectKey(subject)),
    outputs: outputsOfStacks(transaction, stacksReadByJob(transaction, jobId, environment?.name ?? null)),
  };
}

const selectPolicies = "SELECT * FROM Access_Policies WHERE job_id = ? ORDER BY policy_id";
const selectSecrets = "SELECT * FROM Secret_References WHERE job_id = ? ORDER BY reference_id";
const selectNetworkRules = "SELECT * FROM Network_Rules WHERE job_id = ? ORDER BY rule_id";
const selectClusters = "SELECT * FROM Cluster_Configs WHERE job_id = ? ORDER BY config_id";

/** The named environment, or the default one. Its name is known even where its row is malformed. */
function environmentOf(
  transaction: Transaction,
  name: Row[string],
  malformed: MalformedRow[],
): { readonly name: string; readonly row: EnvironmentRow | null } | null {
  const raw =
    typeof name === "string"
      ? transaction.get("SELECT * FROM Environments WHERE name = ?", name)
      : transaction.get("SELECT * FROM Environments WHERE is_default = 1");
  if (raw === undefined) return null;
  return { name: String(raw.name), row: parseRows("Environments", [raw], malformed)[0] ?? null };
}

/**
 * The platform stack of the environment and the job's own one. By name, because a job that came back has
 * outputs before it has contributions; by its contributions too, because a job may have moved.
 */
function stacksReadByJob(transaction: Transaction, jobId: number, environment: string | null): string[] {
  const own = transaction
    .all("SELECT stack FROM Contributions WHERE subject = ? AND kind = 'job'", `job:${jobId}`)
    .map((row) => String(row.stack));
  const named = environment === null ? [] : [`platform-${environment}`, `job-${environment}-${jobId}`];
  return [...new Set([...named, ...own])];
}

export function loadEnvironment(transaction: Transaction, name: string): EnvironmentSnapshot {
  const malformed: MalformedRow[] = [];
  const subject = { kind: "environment", name } as const;
  const raw = transaction.all("SELECT * FROM Environments WHERE name = ?", name);
  return {
    subject,
    environment: parseRows("Environments", raw, malformed)[0] ?? null,
    malformed,
    contributions: contributionsOf(transaction, subjectKey(subject)),
    recorded: recordedOf(transaction, subjectKey(subject)),
  };
}
