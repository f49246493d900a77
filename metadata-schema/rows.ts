/**
 * Rows of the metadata tables, and how they are parsed as they leave a store.
 *
 * Parsing covers shape only. Meaning (is this a known permission, is this range narrow enough) is the
 * guardrails', so that a row edited straight in SQL can be Blocked with a reason instead of lost.
 */
import { z } from "zod";
import type { MetadataTable } from "./columns.ts";

export type { MetadataTable } from "./columns.ts";

/** JSON text in a column, of the given shape. */
const jsonColumn = <T extends z.ZodType>(schema: T) =>
  z.preprocess((value, context) => {
    if (typeof value !== "string") return value;
    try {
      return JSON.parse(value);
    } catch {
      context.addIssue({ code: "custom", message: "is not valid JSON" });
      return z.NEVER;
    }
  }, schema);

/** 0 or 1 in SQLite, a bit in SQL Server. */
const bitColumn = z.preprocess((value) => (typeof value === "number" ? value !== 0 : value), z.boolean());

export const environmentRow = z.object({
  name: z.string().regex(/^[a-z0-9]{2,12}$/),
  is_default: bitColumn,
  location: z.string().min(1),
  subscription_id: z.guid(),
  tenant_id: z.guid(),
  resource_group: z.string().min(1),
  /** IPv4 CIDR of the VNet */
  address_space: z.string(),
  /** ARM id of an existing vault; null: the platform stack makes one */
  key_vault_id: z
    .string()
    .regex(
      /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.KeyVault\/vaults\/[^/]+$/i,
      "is not the ARM id of a key vault",
    )
    .nullable(),
  /** Unity Catalog names where the models of this environment's jobs live */
  catalog_name: z.string().min(1),
  schema_name: z.string().min(1),
  default_node_type: z.string().min(1),
  default_spark_version: z.string().min(1),
  /** address that this service calls Databricks from, as an IPv4 CIDR */
  service_address: z.string(),
  /** display name of an Entra group to make for this environment; null: none */
  own_group: z.string().nullable(),
  /** user principal names of the members of own_group */
  own_group_members: jsonColumn(z.array(z.string())),
  /** false: a place to try things */
  production: bitColumn,
  deletion_protection: bitColumn,
  /** ARM ids of what exists already, by what it is */
  existing_resources: jsonColumn(z.record(z.string(), z.string())),
  /** null: no rule set is made for jobs' identities */
  databricks_account_id: z.guid().nullable(),
  /** base URL at which this service is reached; null: nobody calls back */
  service_url: z.string().nullable(),
  /** addresses that the action group mails */
  alert_emails: jsonColumn(z.array(z.string())),
});
export type EnvironmentRow = z.infer<typeof environmentRow>;

export const jobRow = z.object({
  job_id: z.int(),
  name: z.string().nullable(),
  /** null: the default environment */
  environment: z.string().nullable(),
  kind: z.string(),
  priority: z.string(),
  enabled: bitColumn,
  owner: z.string().nullable(),
  /** Quartz cron expression; null: no schedule */
  schedule: z.string().nullable(),
  /** IANA or Databricks time zone id */
  schedule_time_zone: z.string(),
  /** three-level Unity Catalog name; null: `<catalog>.<schema>.job_<id>` */
  model: z.string().nullable(),
  /** workspace path of the notebook; null: `/Workspace/Jobs/job_<id>` */
  task_path: z.string().nullable(),
  /** OIDC issuer and subject that may sign in as the job's identity; null: nobody else does */
  federation_issuer: z.string().nullable(),
  federation_subject: z.string().nullable(),
});
export type JobRow = z.infer<typeof jobRow>;

export const accessPolicyRow = z.object({
  policy_id: z.int(),
  job_id: z.int(),
  role: z.string(),
  permissions: jsonColumn(z.array(z.string())),
  entra_id_group: z.string(),
  /** three-level name of another model than the job's; null: the job's */
  model: z.string().nullable(),
  /** ISO 8601 instant with a zone; the row stops counting then */
  expires_at: z.string().nullable(),
});
export type AccessPolicyRow = z.infer<typeof accessPolicyRow>;

export const secretReferenceRow = z.object({
  reference_id: z.int(),
  job_id: z.int(),
  key_vault: z.string(),
  secret_name: z.string(),
});
export type SecretReferenceRow = z.infer<typeof secretReferenceRow>;

export const networkRuleRow = z.object({
  rule_id: z.int(),
  job_id: z.int(),
  service: z.string(),
  /** name of the private endpoint; null: the row only has firewall ranges */
  private_endpoint: z.string().nullable(),
  /** IPv4 addresses or CIDRs that may reach the service's public side */
  firewall_ranges: jsonColumn(z.array(z.string())),
});
export type NetworkRuleRow = z.infer<typeof networkRuleRow>;

export const clusterConfigRow = z.object({
  config_id: z.int(),
  job_id: z.int(),
  /** null: the environment's default */
  node_type: z.string().nullable(),
  spark_version: z.string().nullable(),
  min_workers: z.int(),
  max_workers: z.int(),
  auto_termination_minutes: z.int(),
  spot: bitColumn,
});
export type ClusterConfigRow = z.infer<typeof clusterConfigRow>;

export const pipelineSettingRow = z.object({
  setting_id: z.int(),
  job_id: z.int(),
  data_source: z.string().nullable(),
  integration_runtime: z.string().nullable(),
  sink_path: z.string().nullable(),
  concurrency: z.int(),
  timeout_minutes: z.int(),
  retry_count: z.int(),
  retry_interval_seconds: z.int(),
  parameters: jsonColumn(z.record(z.string(), z.unknown())),
  enabled: bitColumn,
});
export type PipelineSettingRow = z.infer<typeof pipelineSettingRow>;

export const alertRuleRow = z.object({
  alert_id: z.int(),
  job_id: z.int(),
  metric: z.string(),
  operator: z.string(),
  threshold: z.number(),
  window_minutes: z.int(),
  frequency_minutes: z.int(),
  severity: z.int(),
  missing_data: z.string(),
  enabled: bitColumn,
});
export type AlertRuleRow = z.infer<typeof alertRuleRow>;

export const guardrailExceptionRow = z.object({
  exception_id: z.int(),
  job_id: z.int(),
  guardrail: z.string(),
  /** the exact value that is excepted */
  subject: z.string(),
  reason: z.string(),
  /** ISO 8601 instant with a zone; the guardrail counts again from then on */
  expires_at: z.string(),
});
export type GuardrailExceptionRow = z.infer<typeof guardrailExceptionRow>;

export const integrationRuntimeRow = z.object({
  name: z.string(),
  /** null: the default environment */
  environment: z.string().nullable(),
  kind: z.string(),
  location: z.string(),
  core_count: z.int().nullable(),
  time_to_live_minutes: z.int(),
  enabled: bitColumn,
  description: z.string().nullable(),
});
export type IntegrationRuntimeRow = z.infer<typeof integrationRuntimeRow>;

export const dataSourceRow = z.object({
  name: z.string(),
  kind: z.string(),
  location: z.string(),
  host: z.string().nullable(),
  database_name: z.string().nullable(),
  path: z.string().nullable(),
  key_vault: z.string().nullable(),
  secret_name: z.string().nullable(),
  integration_runtime: z.string().nullable(),
  description: z.string().nullable(),
});
export type DataSourceRow = z.infer<typeof dataSourceRow>;

export const modelRow = z.object({
  name: z.string(),
  /** null: the default environment */
  environment: z.string().nullable(),
  owner: z.string().nullable(),
  version: z.int().nullable(),
  serving_size: z.string(),
  description: z.string().nullable(),
});
export type ModelRow = z.infer<typeof modelRow>;

/** How a row of each table is parsed. columns.ts says what its columns mean. */
export const rowSchemas = {
  Environments: environmentRow,
  Integration_Runtimes: integrationRuntimeRow,
  Data_Sources: dataSourceRow,
  Models: modelRow,
  Jobs: jobRow,
  Access_Policies: accessPolicyRow,
  Secret_References: secretReferenceRow,
  Network_Rules: networkRuleRow,
  Cluster_Configs: clusterConfigRow,
  Pipeline_Settings: pipelineSettingRow,
  Alert_Rules: alertRuleRow,
  Guardrail_Exceptions: guardrailExceptionRow,
} as const satisfies Readonly<Record<MetadataTable, z.ZodType>>;

/** Names one row for a person: `Access_Policies 17`. */
export interface RowRef {
  readonly table: MetadataTable;
  readonly key: string;
}
export const rowName = (row: RowRef): string => `${row.table} ${row.key}`;

/**
 * A row whose shape a store could not parse. It counts as asking for what it last asked for: nothing of
 * it is added and nothing is taken away until its shape is mended.
 */
export interface MalformedRow {
  readonly ref: RowRef;
  /** the row as it is in the table, by column, as the database gives it */
  readonly raw: Readonly<Record<string, unknown>>;
  /** column at fault */
  readonly field: string;
  readonly fault: string;
}
