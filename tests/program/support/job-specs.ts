/** Job specs beside the plain batch job of specs.ts: with all that a job can have, and online. */
import type {
  AlertSpec,
  DataSourceSpec,
  JobSpec,
  PipelineSpec,
} from "../../../metadata-schema/desired-state.ts";
import { ownModelName } from "../../../program/layout/names.ts";
import { jobSpec } from "./specs.ts";

const [secret] = jobSpec.secrets;
if (secret === undefined) throw new Error("the plain job has a secret");

export const sqlSource: DataSourceSpec = {
  name: "erp-orders",
  type: "sql-server",
  host: "sql01.lyon.contoso.example",
  database: "erp",
  path: "sales.orders",
  credential: { ...secret, secretName: "erp-reader" },
};
export const pipelineSpec: PipelineSpec = {
  source: sqlSource,
  runtime: "ir-plant-lyon",
  sinkPath: "raw/orders",
  concurrency: 1,
  timeoutMinutes: 120,
  retryCount: 2,
  retryIntervalSeconds: 60,
  parameters: { horizon_days: 28 },
  trigger: {
    frequency: "Day",
    interval: 1,
    timeZone: "Romance Standard Time",
    minutes: [30],
    hours: [2],
    weekDays: [],
    monthDays: [],
    started: true,
  },
  serviceUrl: "https://rowgate.contoso.example",
};
export const accuracyAlert: AlertSpec = {
  metric: "model_accuracy",
  operator: "LessThan",
  threshold: 0.85,
  windowMinutes: 60,
  frequencyMinutes: 15,
  severity: 2,
  missingData: "alert",
  enabled: true,
};
export const failuresAlert: AlertSpec = {
  ...accuracyAlert,
  metric: "pipeline_failures",
  operator: "GreaterThan",
  threshold: 0,
};

export const fullJobSpec: JobSpec = {
  ...jobSpec,
  urgent: true,
  schedule: null,
  model: ownModelName("ml", "models", 201),
  ownsModel: true,
  federation: {
    issuer: "https://token.actions.githubusercontent.com",
    subject: "repo:contoso/churn:environment:prod",
  },
  driftWarehouseId: "warehouse-1",
  pipeline: pipelineSpec,
  alerts: [accuracyAlert, failuresAlert],
};
export const onlineJobSpec: JobSpec = { ...jobSpec, online: true, serving: { version: "3", size: "Small" } };
