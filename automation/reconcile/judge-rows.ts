/**
 * What the guardrails say of rows before they are written, pure: the rows are resolved as they will be, with
 * every name found, and those that would be Blocked are told.
 */
import { columnsOf, type MetadataTable, tables } from "../../metadata-schema/columns.ts";
import { withDefaults } from "../../metadata-schema/documents/plan-apply.ts";
import { keyValue } from "../../metadata-schema/row-values.ts";
import { type EnvironmentRow, type RowRef, rowName, rowSchemas } from "../../metadata-schema/rows.ts";
import type { JobSnapshot, RowValues, StoredRow } from "../../metadata-schema/store.ts";
import { environmentFacts } from "./environment.ts";
import {
  Answers,
  type NameAnswer,
  type NameQuery,
  namesOfJob,
  queryKey,
  resourceQueries,
} from "./names-needed.ts";
import { resolveJob } from "./resolve.ts";
import { refusedEnvironment, resolveRuntime } from "./resolve-environment.ts";

export interface Verdict {
  readonly row: RowRef;
  readonly message: string;
}

export interface RowsToJudge {
  readonly jobIds: readonly number[];
  /** names */
  readonly environments: readonly string[];
  readonly runtimes: readonly string[];
}

// Guardrails judge what is asked for, not who a name turns out to be.
const anybody: NameAnswer = { status: "found", objectId: "00000000-0000-0000-0000-000000000001" };

/** Rows that cannot be read, and rows that would be Blocked. `rows`: all of them. `now`: ISO 8601. */
export function judgeRows(
  rows: readonly StoredRow[],
  { jobIds, environments, runtimes }: RowsToJudge,
  now: string,
): readonly Verdict[] {
  const byJob = Map.groupBy(rows, ({ values }) => Number(values.job_id ?? Number.NaN));
  const ofTable = (table: MetadataTable) => rows.filter((row) => row.table === table);
  const shared: SharedRows = {
    environments: ofTable("Environments"),
    runtimes: ofTable("Integration_Runtimes"),
    sources: ofTable("Data_Sources"),
    models: ofTable("Models"),
  };
  const judged = (names: readonly string[], all: readonly StoredRow[]) =>
    all.filter(({ key }) => names.includes(key));
  return [
    ...judged(environments, shared.environments).flatMap(environmentVerdicts),
    ...judged(runtimes, shared.runtimes).flatMap((row) => runtimeVerdicts(row, shared)),
    ...jobIds.flatMap((jobId) => judgeJob(jobId, byJob.get(jobId) ?? [], shared, now)),
  ];
}

/** Rows that jobs share. */
interface SharedRows {
  readonly environments: readonly StoredRow[];
  readonly runtimes: readonly StoredRow[];
  readonly sources: readonly StoredRow[];
  readonly models: readonly StoredRow[];
}

/** Everything that is looked up is there, once. */
const allFound = (queries: readonly NameQuery[]): Answers =>
  new Answers(new Map(queries.map((query) => [queryKey(query), anybody])));

function environmentVerdicts(row: StoredRow): readonly Verdict[] {
  const unreadable = unreadableVerdict(row);
  if (unreadable !== null) return [unreadable];
  const [environment] = parsed("Environments", [row]);
  const refusal = environment === undefined ? null : blockedEnvironment(environment);
  return refusal === null ? [] : [{ row: refOf(row), message: withoutName(row, refusal) }];
}

/** Why a platform is never built from this row; null: it can be, once its names are found. */
function blockedEnvironment(environment: EnvironmentRow): string | null {
  const refusal = refusedEnvironment(environment, allFound(resourceQueries(environmentFacts(environment))));
  return refusal?.type === "Blocked" ? refusal.message : null;
}

function runtimeVerdicts(row: StoredRow, { environments }: SharedRows): readonly Verdict[] {
  const unreadable = unreadableVerdict(row);
  if (unreadable !== null) return [unreadable];
  const [runtime] = parsed("Integration_Runtimes", [row]);
  const environment = environmentNamed(runtime?.environment ?? null, environments);
  if (runtime === undefined || environment === undefined) return [];
  const { refusal } = resolveRuntime(
    runtime,
    environment,
    allFound(resourceQueries(environmentFacts(environment))),
    {},
  );
  // What is wrong with the environment is told of its own row.
  if (refusal?.type !== "Blocked" || !refusal.message.startsWith(`${rowName(refOf(row))}, `)) return [];
  return [{ row: refOf(row), message: withoutName(row, refusal.message) }];
}

const environmentNamed = (name: string | null, rows: readonly StoredRow[]): EnvironmentRow | undefined =>
  parsed("Environments", rows).find((row) => (name === null ? row.is_default : row.name === name));

function judgeJob(
  jobId: number,
  rows: readonly StoredRow[],
  shared: SharedRows,
  now: string,
): readonly Verdict[] {
  const unreadable = rows.map(unreadableVerdict).filter((verdict) => verdict !== null);
  // Also beside a job or an environment at fault: all faults of its rows are to be told at once.
  const [job] = [
    ...parsed("Jobs", rows),
    ...parsed("Jobs", rows.map(mended)),
    ...parsed("Jobs", [standIn("Jobs", { job_id: jobId })]),
  ];
  if (job === undefined) return unreadable;
  const own = environmentNamed(job.environment, shared.environments);
  const isUsable = own !== undefined && blockedEnvironment(own) === null;
  const environment = isUsable
    ? own
    : parsed("Environments", [standIn("Environments", exampleEnvironment())])[0];
  const snapshot: JobSnapshot = {
    subject: { kind: "job", jobId },
    job: { ...job, environment: environment?.name ?? null },
    environment: environment ?? null,
    policies: parsed("Access_Policies", rows),
    // Which vault they may name, and which runtimes there are, is the environment's to say.
    secretReferences: isUsable ? parsed("Secret_References", rows) : [],
    pipelineSettings: isUsable ? parsed("Pipeline_Settings", rows) : [],
    networkRules: parsed("Network_Rules", rows),
    clusterConfigs: parsed("Cluster_Configs", rows),
    alertRules: parsed("Alert_Rules", rows),
    guardrailExceptions: parsed("Guardrail_Exceptions", rows),
    dataSources: parsed("Data_Sources", shared.sources),
    integrationRuntimes: parsed("Integration_Runtimes", shared.runtimes).filter((row) =>
      row.environment === null ? environment?.is_default : row.environment === environment?.name,
    ),
    models: parsed("Models", shared.models),
    malformed: [],
    contributions: [],
    recorded: [],
    outputs: {},
    outputVersions: {},
  };
  const { rowConditions } = resolveJob(snapshot, allFound(namesOfJob(snapshot)), { seq: 0, now });
  const blocked = rowConditions
    .filter(({ condition }) => condition.type === "Blocked")
    .map(({ row, condition }) => ({ row, message: withoutName(row, condition.message) }));
  return [...unreadable, ...blocked];
}

const refOf = ({ table, key }: StoredRow): RowRef => ({ table, key });
const withoutName = (row: RowRef, message: string): string => message.replace(`${rowName(row)}, `, "");

const shapeOf = (row: StoredRow): RowValues => ({
  ...row.values,
  [tables[row.table].key]: keyValue(row.table, row.key),
});

/** The first column that the service could not read, as it will tell it of the row. */
function unreadableVerdict(row: StoredRow): Verdict | null {
  const result = rowSchemas[row.table].safeParse(shapeOf(row));
  const [issue] = result.error?.issues ?? [];
  if (issue === undefined) return null;
  const field = String(issue.path[0] ?? "");
  const example = JSON.stringify(columnsOf(row.table)[field]?.example ?? "");
  return { row: refOf(row), message: `${field}: ${issue.message}. Write it like ${field}: ${example}.` };
}

/** The rows of a table that can be read. */
const parsed = <T extends MetadataTable>(table: T, rows: readonly StoredRow[]) =>
  rows
    .filter((row) => row.table === table)
    .map((row) => rowSchemas[table].safeParse(shapeOf(row)))
    .flatMap((result) => (result.success ? [result.data as (typeof rowSchemas)[T]["_output"]] : [])); // its own schema

const standIn = (table: "Jobs" | "Environments", values: RowValues): StoredRow => ({
  table,
  key: String(values[tables[table].key]),
  values: withDefaults(table, values),
});

/** What can be read of a row: its other columns are as if they were left out. */
function mended(row: StoredRow): StoredRow {
  const issues = rowSchemas[row.table].safeParse(shapeOf(row)).error?.issues ?? [];
  const unreadable = new Set(issues.map(({ path }) => path[0]));
  const readable = Object.entries(row.values).filter(([name]) => !unreadable.has(name));
  return { ...row, values: withDefaults(row.table, Object.fromEntries(readable)) };
}

const exampleEnvironment = (): RowValues =>
  Object.fromEntries(
    Object.entries(columnsOf("Environments"))
      .filter(([, column]) => column.whenNull === undefined)
      .map(([name, { example }]) => [name, example]),
  );
