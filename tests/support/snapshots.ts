/** Builders of snapshots and answers for tests of the pure steps: a good default, and what a test changes. */

import {
  Answers,
  type NameAnswer,
  type NameQuery,
  queryKey,
} from "../../automation/reconcile/names-needed.ts";
import { resolveJob } from "../../automation/reconcile/resolve.ts";
import type { Entry } from "../../metadata-schema/contributions.ts";
import type {
  AccessPolicyRow,
  AlertRuleRow,
  ClusterConfigRow,
  DataSourceRow,
  EnvironmentRow,
  IntegrationRuntimeRow,
  JobRow,
  NetworkRuleRow,
  PipelineSettingRow,
  SecretReferenceRow,
} from "../../metadata-schema/rows.ts";
import type {
  EnvironmentSnapshot,
  JobSnapshot,
  Resolution,
  StoredContribution,
} from "../../metadata-schema/store.ts";

export const now = "2026-01-15T12:00:00.000Z";
export const vaultId =
  "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/rg-shared/providers/Microsoft.KeyVault/vaults/ml-vault";
export const host = "adb-1234567890123456.7.azuredatabricks.net";
export const factoryPrincipalId = "00000000-0000-4000-8000-0000000000f1";
export const jobClientId = "00000000-0000-4000-8000-0000000000c2";
export const teamId = "00000000-0000-4000-8000-0000000000aa";

export const environmentRow = (change: Partial<EnvironmentRow> = {}): EnvironmentRow => ({
  name: "eastus",
  is_default: true,
  production: true,
  deletion_protection: true,
  location: "eastus",
  subscription_id: "00000000-0000-4000-8000-000000000001",
  tenant_id: "00000000-0000-4000-8000-000000000002",
  resource_group: "rg-ml",
  address_space: "10.20.0.0/16",
  key_vault_id: vaultId,
  catalog_name: "ml",
  schema_name: "models",
  default_node_type: "Standard_D4ds_v5",
  default_spark_version: "15.4.x-cpu-ml-scala2.12",
  service_address: "203.0.113.10/32",
  own_group: null,
  own_group_members: [],
  existing_resources: {},
  databricks_account_id: null,
  service_url: null,
  alert_emails: [],
  ...change,
});

export const jobRow = (change: Partial<JobRow> = {}): JobRow => ({
  job_id: 201,
  name: null,
  environment: null,
  kind: "batch",
  priority: "normal",
  enabled: true,
  owner: null,
  schedule: null,
  schedule_time_zone: "UTC",
  model: null,
  task_path: null,
  federation_issuer: null,
  federation_subject: null,
  ...change,
});

export const policyRow = (change: Partial<AccessPolicyRow> = {}): AccessPolicyRow => ({
  policy_id: 1,
  job_id: 201,
  role: "DataScientist",
  permissions: ["execute_inference", "read_model"],
  entra_id_group: "ds_team",
  model: null,
  expires_at: null,
  ...change,
});

export const networkRow = (change: Partial<NetworkRuleRow> = {}): NetworkRuleRow => ({
  rule_id: 1,
  job_id: 201,
  service: "Databricks",
  private_endpoint: "pe-databricks-eastus",
  firewall_ranges: [],
  ...change,
});

export const secretRow = (change: Partial<SecretReferenceRow> = {}): SecretReferenceRow => ({
  reference_id: 1,
  job_id: 201,
  key_vault: "ml-vault",
  secret_name: "databricks-token",
  ...change,
});

export const clusterRow = (change: Partial<ClusterConfigRow> = {}): ClusterConfigRow => ({
  config_id: 1,
  job_id: 201,
  node_type: null,
  spark_version: null,
  min_workers: 1,
  max_workers: 4,
  auto_termination_minutes: 30,
  spot: true,
  ...change,
});

export const pipelineRow = (change: Partial<PipelineSettingRow> = {}): PipelineSettingRow => ({
  setting_id: 1,
  job_id: 201,
  data_source: null,
  integration_runtime: null,
  sink_path: null,
  concurrency: 1,
  timeout_minutes: 120,
  retry_count: 2,
  retry_interval_seconds: 60,
  parameters: {},
  enabled: true,
  ...change,
});

export const sourceRow = (change: Partial<DataSourceRow> = {}): DataSourceRow => ({
  name: "erp-orders",
  kind: "sql-server",
  location: "plant-lyon",
  host: "sql01.lyon.contoso.example",
  database_name: "erp",
  path: "sales.orders",
  key_vault: null,
  secret_name: null,
  integration_runtime: null,
  description: null,
  ...change,
});

export const runtimeRow = (change: Partial<IntegrationRuntimeRow> = {}): IntegrationRuntimeRow => ({
  name: "ir-plant-lyon",
  environment: null,
  kind: "self-hosted",
  location: "plant-lyon",
  core_count: null,
  time_to_live_minutes: 10,
  enabled: true,
  description: null,
  ...change,
});

export const alertRow = (change: Partial<AlertRuleRow> = {}): AlertRuleRow => ({
  alert_id: 1,
  job_id: 201,
  metric: "model_accuracy",
  operator: "LessThan",
  threshold: 0.85,
  window_minutes: 60,
  frequency_minutes: 15,
  severity: 2,
  missing_data: "alert",
  enabled: true,
  ...change,
});

/** A job whose platform and own stack have been applied. */
export const jobSnapshot = (change: Partial<JobSnapshot> = {}): JobSnapshot => ({
  subject: { kind: "job", jobId: 201 },
  job: jobRow(),
  environment: environmentRow(),
  policies: [],
  secretReferences: [],
  networkRules: [],
  clusterConfigs: [],
  pipelineSettings: [],
  alertRules: [],
  guardrailExceptions: [],
  dataSources: [],
  integrationRuntimes: [],
  models: [],
  malformed: [],
  contributions: [],
  recorded: [],
  outputVersions: {},
  outputs: {
    "platform-eastus": {
      workspace_url: host,
      connector_principal_id: "00000000-0000-4000-8000-0000000000c3",
      metrics_endpoint: "https://dce-eastus-x1.eastus-1.ingest.monitor.azure.com",
      metrics_rule_id: "dcr-00112233445566778899aabbccddeeff",
      factory_client_id: "00000000-0000-4000-8000-0000000000c1",
      factory_principal_id: factoryPrincipalId,
    },
    "workspace-eastus": { warehouse_id: "475b94ddc7cd5211", storage_credential: "rowgate_eastus" },
    "job-eastus-201": {
      databricks_job_id: "4711",
      cluster_policy_id: "ABCDEF0123456789",
      interactive_policy_id: "ABCDEF0123456780",
      experiment_id: "81",
      identity_client_id: jobClientId,
      model_full_name: "ml.models.job_201",
      container_url: "abfss://job-201@lake.dfs.core.windows.net",
    },
  },
  ...change,
});

export const environmentSnapshot = (change: Partial<EnvironmentSnapshot> = {}): EnvironmentSnapshot => ({
  subject: { kind: "environment", name: "eastus" },
  environment: environmentRow(),
  integrationRuntimes: [],
  malformed: [],
  contributions: [],
  recorded: [],
  outputs: {},
  outputVersions: {},
  ...change,
});

const known: readonly (readonly [NameQuery, NameAnswer])[] = [
  [
    { kind: "group", name: "ds_team" },
    { status: "found", objectId: teamId },
  ],
  [
    { kind: "secret", name: `${vaultId}/secrets/databricks-token` },
    { status: "found", objectId: "secret" },
  ],
  [
    { kind: "resource", name: vaultId },
    { status: "found", objectId: vaultId },
  ],
];

/** What the directory answers: the names above, and what a test adds or changes; all else is missing. */
export function answers(...more: readonly (readonly [NameQuery, NameAnswer])[]): Answers {
  const byKey = new Map([...known, ...more].map(([query, answer]) => [queryKey(query), answer]));
  return new (class extends Answers {
    override of(query: NameQuery): NameAnswer {
      return byKey.get(queryKey(query)) ?? { status: "missing" };
    }
  })(byKey);
}

/** The snapshot as it is after a resolution was stored and one row or more changed. */
export function after(snapshot: JobSnapshot, change: Partial<JobSnapshot>, with_ = answers()): JobSnapshot {
  const resolution = resolveJob(snapshot, with_, { seq: 1, now });
  return {
    ...snapshot,
    contributions: resolution.contributions.map(
      (each): StoredContribution => ({ ...each, subject: snapshot.subject }),
    ),
    recorded: resolution.recorded,
    ...change,
  };
}

export const resolve = (snapshot: JobSnapshot, with_ = answers(), at = now): Resolution =>
  resolveJob(snapshot, with_, { seq: 1, now: at });

export const admittedIn = (resolution: Resolution, stack: string): readonly Entry["item"][] =>
  resolution.contributions.find((each) => each.stack === stack)?.admitted.map((entry) => entry.item) ?? [];

export const refusals = (resolution: Resolution): readonly string[] =>
  resolution.rowConditions.map(
    ({ row, condition }) => `${row.table} ${row.key} ${condition.type} ${condition.reason}`,
  );
