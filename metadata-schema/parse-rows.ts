/** Raw rows, as a store reads them, into what snapshots hold; pure, and the same for every dialect. */
import { type MetadataTable, tables } from "./columns.ts";
import type { EnvironmentSnapshot, JobSnapshot } from "./records.ts";
import { type MalformedRow, rowSchemas } from "./rows.ts";

type Row = Readonly<Record<string, unknown>>;
type ParsedRow<T extends MetadataTable> = (typeof rowSchemas)[T]["_output"];

/** The rows whose shape is right; the others are added to `malformed`. */
export function parseRows<T extends MetadataTable>(
  table: T,
  rows: readonly Row[],
  malformed: MalformedRow[],
): readonly ParsedRow<T>[] {
  const parsed: ParsedRow<T>[] = [];
  for (const row of rows) {
    const result = rowSchemas[table].safeParse(row);
    if (result.success) {
      parsed.push(result.data as ParsedRow<T>); // the table's own schema made it
      continue;
    }
    const issue = result.error.issues[0];
    malformed.push({
      ref: { table, key: String(row[tables[table].key]) },
      raw: { ...row },
      field: String(issue?.path[0] ?? ""),
      fault: issue?.message ?? "is malformed",
    });
  }
  return parsed;
}

/** Rows that a job's snapshot is made of, by table; no list has rows that the job has nothing to do with. */
export type RawJobRows = Readonly<Record<MetadataTable, readonly Row[]>>;

type JobRows = Omit<JobSnapshot, "subject" | "contributions" | "recorded" | "outputs" | "outputVersions">;

export function jobRowsFrom(raw: RawJobRows): JobRows {
  const malformed: MalformedRow[] = [];
  const rowsOf = <T extends MetadataTable>(table: T) => parseRows(table, raw[table], malformed);
  const unreadableRuntimes: MalformedRow[] = [];
  return {
    job: rowsOf("Jobs")[0] ?? null,
    environment: rowsOf("Environments")[0] ?? null,
    policies: rowsOf("Access_Policies"),
    secretReferences: rowsOf("Secret_References"),
    networkRules: rowsOf("Network_Rules"),
    clusterConfigs: rowsOf("Cluster_Configs"),
    pipelineSettings: rowsOf("Pipeline_Settings"),
    alertRules: rowsOf("Alert_Rules"),
    guardrailExceptions: rowsOf("Guardrail_Exceptions"),
    dataSources: rowsOf("Data_Sources"),
    models: rowsOf("Models"),
    integrationRuntimes: parseRows("Integration_Runtimes", raw.Integration_Runtimes, unreadableRuntimes),
    // Last: the lists above have filled it.
    malformed: [...malformed, ...unreadableRuntimes.filter((row) => mayCopyWith(row.raw, raw))],
  };
}

/** Named by the pipeline or its data source, or of the source's location where neither names one. */
function mayCopyWith(
  runtime: Row,
  { Pipeline_Settings: pipelines, Data_Sources: sources }: RawJobRows,
): boolean {
  return [
    ...pipelines.map((pipeline) => pipeline.integration_runtime === runtime.name),
    ...sources.map(({ integration_runtime, location }) =>
      integration_runtime === null ? location === runtime.location : integration_runtime === runtime.name,
    ),
  ].some((isUsed) => isUsed);
}

export function environmentRowsFrom(raw: {
  readonly Environments: readonly Row[];
  readonly Integration_Runtimes: readonly Row[];
}): Pick<EnvironmentSnapshot, "environment" | "integrationRuntimes" | "malformed"> {
  const malformed: MalformedRow[] = [];
  return {
    environment: parseRows("Environments", raw.Environments, malformed)[0] ?? null,
    integrationRuntimes: parseRows("Integration_Runtimes", raw.Integration_Runtimes, malformed),
    malformed,
  };
}

/** Stacks whose outputs a job reads by their names; `environment`: null where there is none. */
export const stacksReadByName = (jobId: number, environment: string | null): readonly string[] =>
  environment === null
    ? []
    : [
        `platform-${environment}`,
        `workspace-${environment}`,
        `runtimes-${environment}`,
        `job-${environment}-${jobId}`,
      ];

/** Stacks whose outputs an environment reads itself. */
export const stacksReadByEnvironment = (name: string): readonly string[] => [`platform-${name}`];
