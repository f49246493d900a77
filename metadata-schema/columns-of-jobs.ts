/** Columns of jobs and of the rows that belong to one job each. */
import type { Table } from "./column.ts";

const id = (what: string) => ({ type: "integer", what, example: 17, generated: true }) as const;
const jobId = {
  type: "integer",
  what: "The job that the row belongs to; the row goes with it.",
  example: 201,
  references: "Jobs",
} as const;
const text = (what: string, example: string, maxLength: number) =>
  ({ type: "text", what, example, maxLength }) as const;
const optional = (what: string, example: string, maxLength: number, whenNull: string) =>
  ({ type: "text", what, example, maxLength, mayBeEmpty: true, whenNull }) as const;

export const jobTables = {
  Jobs: {
    what: "One data or ML workload.",
    key: "job_id",
    identity: ["job_id"],
    columns: {
      job_id: {
        type: "integer",
        what: "Number of the job, chosen by whoever adds it; left out, the database gives one never used before.",
        example: 201,
        generated: true,
        minimum: -2_147_483_648,
        maximum: 2_147_483_647,
      },
      name: optional("Name for people.", "Churn model training", 256, "job <job_id>"),
      environment: {
        ...optional("Environment it runs in.", "eastus", 12, "the default environment"),
        references: "Environments",
      },
      kind: {
        ...text("batch (a Databricks job) or online (a serving endpoint).", "batch", 64),
        values: ["batch", "online"],
        defaultValue: "batch",
      },
      priority: {
        ...text("normal or urgent: urgent jobs are reconciled first, on faster compute.", "normal", 64),
        values: ["normal", "urgent"],
        defaultValue: "normal",
      },
      enabled: {
        type: "boolean",
        what: "false: its schedule is paused; nothing is destroyed.",
        example: true,
        defaultValue: true,
      },
      owner: optional(
        "Who answers for it (user principal name).",
        "amara.okafor@contoso.example",
        256,
        "nobody",
      ),
      schedule: optional("Quartz cron expression.", "0 30 2 * * ?", 256, "no schedule"),
      schedule_time_zone: {
        ...text("Time zone id that the schedule is in.", "America/New_York", 64),
        mayBeEmpty: true,
        defaultValue: "UTC",
      },
      model: optional(
        "Three-level Unity Catalog name of its model.",
        "ml.models.churn",
        767,
        "<catalog>.<schema>.job_<job_id> of its environment",
      ),
      task_path: optional(
        "Workspace path of its notebook.",
        "/Workspace/Jobs/churn/train",
        1024,
        "/Workspace/Jobs/job_<job_id>",
      ),
      federation_issuer: optional(
        "OIDC issuer whose tokens may sign in as the job's identity (CI without a secret); with federation_subject.",
        "https://token.actions.githubusercontent.com",
        512,
        "nobody else signs in as it",
      ),
      federation_subject: optional(
        "Subject of that issuer's tokens.",
        "repo:contoso/churn:ref:refs/heads/main",
        512,
        "nobody else signs in as it",
      ),
    },
  },
  Access_Policies: {
    what: "Who may do what with a job. One row a group.",
    key: "policy_id",
    identity: ["job_id", "role", "entra_id_group", "model"],
    columns: {
      policy_id: id("Number of the row."),
      job_id: jobId,
      role: text("Bundle that the permissions must be in.", "DataScientist", 128),
      permissions: {
        type: "text-list",
        what: "What the group may do.",
        example: ["execute_inference", "read_model"],
      },
      entra_id_group: text("Display name of the Entra group.", "ds_team", 256),
      model: optional("Another model than the job's.", "ml.models.churn", 767, "the job's model"),
      expires_at: optional(
        "Instant (ISO 8601 with a zone) from which the row no longer counts.",
        "2026-12-31T00:00:00Z",
        64,
        "never",
      ),
    },
  },
  Secret_References: {
    what: "Secrets that a job reads at run time. Names only, never values.",
    key: "reference_id",
    identity: ["job_id", "key_vault", "secret_name"],
    columns: {
      reference_id: id("Number of the row."),
      job_id: jobId,
      key_vault: text("Name of the vault.", "ml-vault", 512),
      secret_name: text("Name of the secret in it.", "databricks-token", 256),
    },
  },
  Network_Rules: {
    what: "How a service may be reached: a private endpoint, and ranges for its public side.",
    key: "rule_id",
    identity: ["job_id", "service", "private_endpoint"],
    columns: {
      rule_id: id("Number of the row."),
      job_id: jobId,
      service: text("Service to reach.", "Databricks", 64),
      private_endpoint: optional(
        "Name of the private endpoint; jobs may share one.",
        "pe-databricks-eastus",
        256,
        "firewall ranges only",
      ),
      firewall_ranges: {
        type: "text-list",
        what: "IPv4 addresses or CIDRs that may reach the service's public side.",
        example: ["203.0.113.0/28"],
        defaultValue: [],
      },
    },
  },
  Cluster_Configs: {
    what: "The cluster that a job runs on. At most one row a job.",
    key: "config_id",
    identity: ["job_id"],
    columns: {
      config_id: id("Number of the row."),
      job_id: jobId,
      node_type: optional("Virtual machine size.", "Standard_E8ds_v5", 128, "the environment's default"),
      spark_version: optional("Databricks runtime.", "16.4.x-scala2.12", 128, "the environment's default"),
      min_workers: {
        type: "integer",
        what: "Fewest workers that autoscaling keeps.",
        example: 1,
        minimum: 0,
        defaultValue: 1,
      },
      max_workers: {
        type: "integer",
        what: "Most workers that autoscaling starts; not less than min_workers.",
        example: 4,
        minimum: 0,
        defaultValue: 4,
      },
      auto_termination_minutes: {
        type: "integer",
        what: "Minutes without use after which an interactive cluster under the job's policy ends.",
        example: 30,
        minimum: 0,
        defaultValue: 30,
      },
      spot: {
        type: "boolean",
        what: "Workers may be spot machines; never for urgent jobs.",
        example: true,
        defaultValue: true,
      },
    },
  },
  Pipeline_Settings: {
    what: "The Data Factory pipeline of a job. At most one row a job.",
    key: "setting_id",
    identity: ["job_id"],
    columns: {
      setting_id: id("Number of the row."),
      job_id: jobId,
      data_source: {
        ...optional(
          "Where the pipeline reads from.",
          "erp-orders",
          128,
          "nothing is copied before the job runs",
        ),
        references: "Data_Sources",
      },
      integration_runtime: {
        ...optional("Runtime to copy with.", "ir-plant-lyon", 63, "picked by the data source's location"),
        references: "Integration_Runtimes",
      },
      sink_path: optional(
        "Folder in the lake that data is copied to.",
        "raw/orders",
        1024,
        "raw/job_<job_id>",
      ),
      concurrency: {
        type: "integer",
        what: "Pipeline runs at once.",
        example: 1,
        minimum: 1,
        defaultValue: 1,
      },
      timeout_minutes: {
        type: "integer",
        what: "Minutes that one activity may take.",
        example: 120,
        minimum: 1,
        defaultValue: 120,
      },
      retry_count: {
        type: "integer",
        what: "Times that a failed activity is tried again.",
        example: 2,
        minimum: 0,
        defaultValue: 2,
      },
      retry_interval_seconds: {
        type: "integer",
        what: "Seconds between two tries.",
        example: 60,
        minimum: 1,
        defaultValue: 60,
      },
      parameters: {
        type: "object",
        what: "Parameters handed to the pipeline, by name. Never secrets.",
        example: { horizon_days: 28 },
        defaultValue: {},
      },
      enabled: {
        type: "boolean",
        what: "false: the pipeline's trigger stays stopped.",
        example: true,
        defaultValue: true,
      },
    },
  },
  Alert_Rules: {
    what: "When somebody is told about a job.",
    key: "alert_id",
    identity: ["job_id", "metric", "operator"],
    columns: {
      alert_id: id("Number of the row."),
      job_id: jobId,
      metric: text("What is measured, e.g. model_accuracy, drift, pipeline_failures.", "model_accuracy", 64),
      operator: {
        ...text("LessThan, GreaterThan, LessThanOrEqual or GreaterThanOrEqual.", "LessThan", 32),
        values: ["LessThan", "GreaterThan", "LessThanOrEqual", "GreaterThanOrEqual"],
        defaultValue: "LessThan",
      },
      threshold: {
        type: "number",
        what: "The value it is compared with, in the metric's own unit (accuracy: 0 to 1).",
        example: 0.85,
      },
      window_minutes: {
        type: "integer",
        what: "Minutes that are looked at together.",
        example: 60,
        minimum: 1,
        defaultValue: 60,
      },
      frequency_minutes: {
        type: "integer",
        what: "Minutes between two evaluations.",
        example: 15,
        minimum: 1,
        defaultValue: 15,
      },
      severity: {
        type: "integer",
        what: "0 (critical) to 4 (verbose).",
        example: 2,
        minimum: 0,
        maximum: 4,
        defaultValue: 2,
      },
      missing_data: {
        ...text("alert: no value in the window alerts too; ignore: it does not.", "alert", 32),
        values: ["alert", "ignore"],
        defaultValue: "alert",
      },
      enabled: {
        type: "boolean",
        what: "false: nobody is told.",
        example: true,
        defaultValue: true,
      },
    },
  },
  Guardrail_Exceptions: {
    what: "Guardrails that are set aside for one value of a job, until an instant, with the reason.",
    key: "exception_id",
    identity: ["job_id", "guardrail", "subject"],
    columns: {
      exception_id: id("Number of the row."),
      job_id: jobId,
      guardrail: text("Id of the guardrail that is set aside.", "range-width", 64),
      subject: text("The exact value that is excepted, as the refusal names it.", "203.0.0.0/20", 512),
      reason: text("Why, for whoever reads it later.", "Range of the partner's office until it moves", 1024),
      expires_at: text(
        "Instant (ISO 8601 with a zone) from which the guardrail counts again.",
        "2026-12-31T00:00:00Z",
        64,
      ),
    },
  },
} as const satisfies Readonly<Record<string, Table>>;
