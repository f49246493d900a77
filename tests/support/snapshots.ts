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
  ClusterConfigRow,
  EnvironmentRow,
  JobRow,
  NetworkRuleRow,
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
export const teamId = "00000000-0000-4000-8000-0000000000aa";

export const environmentRow = (change: Partial<EnvironmentRow> = {}): EnvironmentRow => ({
  name: "eastus",
  is_default: true,
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
  malformed: [],
  contributions: [],
  recorded: [],
  outputVersions: {},
  outputs: {
    "platform-eastus": { workspace_url: "adb-1234567890123456.7.azuredatabricks.net" },
    "job-eastus-201": { databricks_job_id: "4711", cluster_policy_id: "ABCDEF0123456789" },
  },
  ...change,
});

export const environmentSnapshot = (change: Partial<EnvironmentSnapshot> = {}): EnvironmentSnapshot => ({
  subject: { kind: "environment", name: "eastus" },
  environment: environmentRow(),
  malformed: [],
  contributions: [],
  recorded: [],
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
