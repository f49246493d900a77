/**
 * What the guardrails say of rows before they are written, pure: the rows are resolved as they will be, with
 * every name found, and those that would be Blocked are told.
 */
import { columnsOf, type MetadataTable, tables } from "../../metadata-schema/columns.ts";
import { withDefaults } from "../../metadata-schema/documents/plan-apply.ts";
import { type RowRef, rowName, rowSchemas } from "../../metadata-schema/rows.ts";
import type { JobSnapshot, StoredRow } from "../../metadata-schema/store.ts";
import { Answers, type NameAnswer, namesOfJob, queryKey } from "./names-needed.ts";
import { resolveJob } from "./resolve.ts";

export interface Verdict {
  readonly row: RowRef;
  readonly message: string;
}

// Guardrails judge what is asked for, not who a name turns out to be.
const anybody: NameAnswer = { status: "found", objectId: "00000000-0000-0000-0000-000000000001" };

/** Rows of these jobs that would be Blocked. `rows`: all rows as they will be. `now`: ISO 8601. */
export function judgeRows(
  rows: readonly StoredRow[],
  jobIds: readonly number[],
  now: string,
): readonly Verdict[] {
  const byJob = Map.groupBy(rows, ({ values }) => Number(values.job_id ?? Number.NaN));
  const environments = rows.filter(({ table }) => table === "Environments");
  return jobIds.flatMap((jobId) => judgeJob(jobId, byJob.get(jobId) ?? [], environments, now));
}

function judgeJob(
  jobId: number,
  rows: readonly StoredRow[],
  environments: readonly StoredRow[],
  now: string,
): readonly Verdict[] {
  const snapshot = snapshotOf(jobId, rows, environments);
  if (snapshot === null) return [];
  const answers = new Answers(new Map(namesOfJob(snapshot).map((query) => [queryKey(query), anybody])));
  const { rowConditions } = resolveJob(snapshot, answers, { seq: 0, now });
  return rowConditions
    .filter(({ condition }) => condition.type === "Blocked")
    .map(({ row, condition }) => ({ row, message: condition.message.replace(`${rowName(row)}, `, "") }));
}

function snapshotOf(
  jobId: number,
  rows: readonly StoredRow[],
  environments: readonly StoredRow[],
): JobSnapshot | null {
  const parsed = <T extends MetadataTable>(table: T, from: readonly StoredRow[] = rows) =>
    from
      .filter((row) => row.table === table)
      .map((row) => rowSchemas[table].safeParse({ ...row.values, [tables[table].key]: keyValue(row) }))
      .flatMap((result) => (result.success ? [result.data as (typeof rowSchemas)[T]["_output"]] : []));
  // Also beside a job or environment at fault: all faults of its rows are to be told at once.
  const standIn = {
    table: "Jobs",
    key: String(jobId),
    values: withDefaults("Jobs", { job_id: jobId }),
  } as const;
  const job = parsed("Jobs")[0] ?? parsed("Jobs", [standIn])[0];
  if (job === undefined) return null;
  const known = parsed("Environments", environments);
  const named = (name: string | null) =>
    known.find((each) => (name === null ? each.is_default : each.name === name));
  const environment = named(job.environment) ?? named(null) ?? known[0];
  return {
    subject: { kind: "job", jobId },
    job: { ...job, environment: environment?.name ?? null },
    environment: environment ?? null,
    policies: parsed("Access_Policies"),
    secretReferences: parsed("Secret_References"),
    networkRules: parsed("Network_Rules"),
    clusterConfigs: parsed("Cluster_Configs"),
    malformed: [],
    contributions: [],
    recorded: [],
    outputs: {},
    outputVersions: {},
  };
}

const keyValue = ({ table, key }: StoredRow): string | number =>
  columnsOf(table)[tables[table].key]?.type === "integer" ? Number(key) : key;
