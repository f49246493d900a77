/** Rows that a server would give to the mssql store, for scenarios without one. */
import type { Lease } from "../../metadata-schema/store.ts";
import type { Row } from "../../metadata-schema/stores/mssql/connection.ts";
import { type Answer, scriptedNow } from "../support/scripted-mssql.ts";
import { environmentValues, owner, spec } from "./conformance/kit.ts";

export const at = new Date(scriptedNow);
export const later = new Date("2026-03-01T08:00:30.000Z");
export const stack = "platform-eastus";
export const lease: Lease = { stack, epoch: 3, runId: "run-3" };

export const stackRow: Row = {
  stack,
  kind: "platform",
  environment: "eastus",
  desired_hash: "hash-1",
  desired_references: '[{"stack":"platform-hub","output":"zoneId"}]',
  desired_version: 1,
  desired_spec: JSON.stringify(spec(stack)),
  applied_hash: null,
  applied_spec: null,
  leased_spec: null,
  was_applied: false,
  lane: "normal",
  due_at: at,
  rank_at: at,
  attempts: 0,
  next_attempt_at: at,
  lease_epoch: 2,
  lease_owner: null,
  lease_expires_at: null,
  lease_run_id: null,
  last_run_id: "run-2",
  last_success_at: null,
  last_success_run_id: null,
  subscription_id: "11111111-1111-1111-1111-111111111111",
  trace_id: "0af7651916cd43dd8448eb211c80319c",
  state_doubtful: false,
};
export const leasedRow: Row = {
  ...stackRow,
  lease_epoch: 3,
  lease_owner: JSON.stringify(owner),
  lease_expires_at: later,
  lease_run_id: "run-3",
  leased_spec: JSON.stringify(spec(stack)),
};
export const runRow: Row = {
  run_id: "run-3",
  stack,
  request_id: null,
  kind: "update",
  reason: "spec-changed",
  status: "running",
  spec_hash: "hash-1",
  spec_references: "[]",
  epoch: 3,
  child: null,
  engine: null,
  queued_at: at,
  started_at: at,
  ended_at: null,
  changes: "{}",
  failure_class: null,
  failure_message: null,
  trace_id: null,
  adopt: null,
};
export const contributionRow: Row = {
  subject: "job:201",
  stack,
  kind: "acl",
  environment: "eastus",
  base: null,
  wanted: "[]",
  admitted: "[]",
  urgent: false,
};
export const jobRow: Row = {
  job_id: 201,
  name: "churn",
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
};
export const environmentRow: Row = {
  ...environmentValues("eastus", true).values,
  key_vault_id: null,
  catalog_name: "ml",
  schema_name: "models",
  default_node_type: "Standard_D4ds_v5",
  default_spark_version: "16.4.x-scala2.12",
  own_group: null,
  own_group_members: "[]",
  existing_resources: "{}",
  databricks_account_id: null,
  service_url: null,
  alert_emails: "[]",
};

export const stackIs = (row: Row): Answer => [/FROM Stacks WHERE stack = @stack/, [[row]]];
export const runIs = (row: Row): Answer => [/^SELECT \* FROM Runs WHERE run_id/, [[row]]];
export const noRun: Answer = [/^SELECT \* FROM Runs WHERE run_id/, [[]]];

export const usualAnswers: readonly Answer[] = [
  stackIs(stackRow),
  runIs(runRow),
  [/SELECT \* FROM Jobs WITH/, [[jobRow]]],
  [/SELECT \* FROM Environments WITH/, [[environmentRow]]],
  [/MAX\(number\)/, [[{ number: 4 }]]],
  [/SELECT cancel_asked_by/, [[{ cancel_asked_by: null }]]],
  [/^SELECT pruned_to_at/, [[{ pruned_to_at: null, pruned_to_number: null }]]],
  [
    /^\nSELECT lane, COUNT/,
    [
      [{ lane: "normal", due: 2, oldest_due_at: at, waiting: 1, given_up: 0 }],
      [{ running: 1, oldest: at }],
      [{ queued: 3 }],
    ],
  ],
];
