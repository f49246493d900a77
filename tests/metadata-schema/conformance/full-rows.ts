/** A row of each table with every column given, and the SQL that makes it in every dialect. */
import type { MetadataTable } from "../../../metadata-schema/columns.ts";
import type { RowValue, RowValues } from "../../../metadata-schema/store.ts";
import { environmentValues } from "./kit.ts";

/** A row of each table with every column filled, and one edit of it. Jobs 201 to 203 are there. */
export const fullRows: Readonly<
  Record<MetadataTable, { readonly values: RowValues; readonly edit: RowValues }>
> = {
  Environments: {
    values: {
      ...environmentValues("france").values,
      key_vault_id: null,
      catalog_name: "ml",
      schema_name: "models",
      default_node_type: "Standard_D4ds_v5",
      default_spark_version: "16.4.x-scala2.12",
      own_group: "ml_team",
      own_group_members: ["ana@contoso.example", "o'brien@contoso.example"],
      production: true,
      deletion_protection: false,
      existing_resources: { virtual_network: "/subscriptions/1/virtualNetworks/o'hub", 'log "x"': "" },
      databricks_account_id: "33333333-3333-3333-3333-333333333333",
      service_url: "https://rowgate.contoso.example",
      alert_emails: ["oncall@contoso.example"],
    },
    edit: { own_group_members: [] },
  },
  Integration_Runtimes: {
    values: {
      name: "ir-lyon",
      environment: "westus",
      kind: "self-hosted",
      location: "plant-lyon",
      core_count: null,
      time_to_live_minutes: 10,
      enabled: true,
      description: 'the "old" one',
    },
    edit: { enabled: false },
  },
  Data_Sources: {
    values: {
      name: "erp",
      kind: "sql-server",
      location: "plant-lyon",
      host: "sql01",
      database_name: null,
      path: "C:\\orders",
      key_vault: "ml-vault",
      secret_name: "erp-reader",
      integration_runtime: null,
      description: null,
    },
    edit: { description: "Orders" },
  },
  Models: {
    values: {
      name: "ml.models.churn",
      environment: null,
      owner: null,
      version: 7,
      serving_size: "Small",
      description: null,
    },
    edit: { version: null },
  },
  Jobs: {
    values: {
      job_id: 300,
      name: "churn",
      environment: "westus",
      kind: "batch",
      priority: "urgent",
      enabled: true,
      owner: null,
      schedule: "0 30 2 * * ?",
      schedule_time_zone: "UTC",
      model: null,
      task_path: null,
      federation_issuer: "https://token.example",
      federation_subject: null,
    },
    edit: { enabled: false },
  },
  Access_Policies: {
    values: {
      policy_id: 300,
      job_id: 203,
      role: "DataScientist",
      permissions: ["read_model", "execute_inference"],
      entra_id_group: "ds_team",
      model: null,
      expires_at: null,
    },
    edit: { permissions: ["read_model"] },
  },
  Secret_References: {
    values: { reference_id: 300, job_id: 203, key_vault: "ml-vault", secret_name: "token" },
    edit: { secret_name: "other" },
  },
  Network_Rules: {
    values: {
      rule_id: 300,
      job_id: 203,
      service: "databricks",
      private_endpoint: null,
      firewall_ranges: ["203.0.113.0/28"],
    },
    edit: { firewall_ranges: [] },
  },
  Cluster_Configs: {
    values: {
      config_id: 300,
      job_id: 203,
      node_type: null,
      spark_version: null,
      min_workers: 0,
      max_workers: 4,
      auto_termination_minutes: 0,
      spot: false,
    },
    edit: { max_workers: 8 },
  },
  Pipeline_Settings: {
    values: {
      setting_id: 300,
      job_id: 203,
      data_source: null,
      integration_runtime: null,
      sink_path: "raw/orders",
      concurrency: 1,
      timeout_minutes: 120,
      retry_count: 0,
      retry_interval_seconds: 60,
      parameters: { horizon_days: 28, labels: ["a", null], deep: { on: true } },
      enabled: true,
    },
    edit: { parameters: {} },
  },
  Alert_Rules: {
    values: {
      alert_id: 300,
      job_id: 203,
      metric: "model_accuracy",
      operator: "LessThan",
      threshold: 0.85,
      window_minutes: 60,
      frequency_minutes: 15,
      severity: 0,
      missing_data: "alert",
      enabled: false,
    },
    edit: { threshold: 1.5 },
  },
  Guardrail_Exceptions: {
    values: {
      exception_id: 300,
      job_id: 203,
      guardrail: "range-width",
      subject: "203.0.0.0/20",
      reason: 'the partner\'s "old" office',
      expires_at: "2026-12-31T00:00:00Z",
    },
    edit: { expires_at: "2026-06-30T00:00:00+02:00" },
  },
};

export function literal(value: RowValue | undefined): string {
  if (value === null || value === undefined) return "NULL";
  if (typeof value === "boolean") return value ? "1" : "0";
  if (typeof value === "number") return String(value);
  return `'${(typeof value === "string" ? value : JSON.stringify(value)).replaceAll("'", "''")}'`;
}

/** `INTO <table> (…) VALUES (…)`: the rest of an INSERT. */
export function intoValues(table: MetadataTable, values: RowValues): string {
  const columns = Object.keys(values);
  return `INTO ${table} (${columns.join(", ")}) VALUES (${columns.map((name) => literal(values[name])).join(", ")})`;
}
