/** What `get` lists: one short name a kind. Rows of a table are also found by the table's own name. */
import type { TableName } from "../http/contract.ts";

export interface RowKind {
  readonly table: TableName;
  /** shown in a table: the key first, then what tells one row from another */
  readonly columns: readonly string[];
}

export const rowKinds = {
  environments: {
    table: "Environments",
    columns: [
      "name",
      "is_default",
      "location",
      "resource_group",
      "address_space",
      "catalog_name",
      "schema_name",
    ],
  },
  policies: {
    table: "Access_Policies",
    columns: ["policy_id", "job_id", "role", "permissions", "entra_id_group", "model", "expires_at"],
  },
  secrets: {
    table: "Secret_References",
    columns: ["reference_id", "job_id", "key_vault", "secret_name"],
  },
  "network-rules": {
    table: "Network_Rules",
    columns: ["rule_id", "job_id", "service", "private_endpoint", "firewall_ranges"],
  },
  clusters: {
    table: "Cluster_Configs",
    columns: ["config_id", "job_id", "node_type", "min_workers", "max_workers", "spark_version"],
  },
  pipelines: {
    table: "Pipeline_Settings",
    columns: ["setting_id", "job_id", "data_source", "integration_runtime", "sink_path", "enabled"],
  },
  models: {
    table: "Models",
    columns: ["name", "environment", "owner", "version", "serving_size"],
  },
  "data-sources": {
    table: "Data_Sources",
    columns: ["name", "kind", "location", "host", "database_name", "path"],
  },
  runtimes: {
    table: "Integration_Runtimes",
    columns: ["name", "environment", "kind", "location", "enabled"],
  },
  "alert-rules": {
    table: "Alert_Rules",
    columns: ["alert_id", "job_id", "metric", "operator", "threshold", "severity", "enabled"],
  },
  exceptions: {
    table: "Guardrail_Exceptions",
    columns: ["exception_id", "job_id", "guardrail", "subject", "reason", "expires_at"],
  },
} as const satisfies Readonly<Record<string, RowKind>>;
export type RowKindName = keyof typeof rowKinds;

/** What is no row. */
const otherKinds = ["stacks", "runs", "alerts"] as const;
export const kinds = ["jobs", ...otherKinds, ...(Object.keys(rowKinds) as RowKindName[])] as const;
export type Kind = (typeof kinds)[number];

/** Null: there is no such kind. */
export function kindOf(text: string): Kind | null {
  const wanted = text.toLowerCase();
  return kinds.find((kind) => kind === wanted || tableOf(kind)?.toLowerCase() === wanted) ?? null;
}

export function tableOf(kind: Kind): TableName | null {
  if (kind === "jobs") return "Jobs";
  return isOther(kind) ? null : rowKinds[kind].table;
}

/** The kind that shows rows of a table; null: jobs, which have a list of their own. */
export const rowKindOf = (table: string): RowKind | null =>
  Object.values(rowKinds).find((kind) => kind.table === table) ?? null;

const isOther = (kind: Kind): kind is (typeof otherKinds)[number] =>
  otherKinds.some((other) => other === kind);
