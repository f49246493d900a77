/** Calls of the methods about conditions, requests and runs, for mssql-scenarios.ts. */
import type { Row } from "../../metadata-schema/stores/mssql/connection.ts";
import type { Answer } from "../support/scripted-mssql.ts";
import { at, later, noRun, runIs, runRow, stack } from "./mssql-rows.ts";
import { call, type Scenarios } from "./mssql-scenario.ts";

const probeRow: Row = {
  stack,
  endpoint: "pe-eastus",
  at,
  run_id: null,
  status: "failed",
  failed_layer: "dns",
  reason: "NoRecord",
  message: "No record.",
  layers: "[]",
};
const alertRow: Row = {
  number: "7",
  alert_id: "alert-1",
  rule_id: "/rules/1",
  job_id: 201,
  metric: "drift",
  severity: 2,
  state: "Fired",
  fired_at: at,
  resolved_at: null,
  description: null,
  essentials: "{}",
};
const condition = {
  type: "Blocked",
  status: "True",
  reason: "NoQuota",
  message: "No quota is left.",
} as const;
const requestRow: Row = {
  request_id: "request-1",
  kind: "reconcile",
  job_id: 201,
  stack: null,
  created_at: at,
};
const endedRows: readonly Row[] = [
  { number: "8", ended_at: at, request_id: "request-1", is_prunable: true },
  { number: "9", ended_at: later, request_id: null, is_prunable: false },
];
/** The first look finds no request, the second the one that was made. */
const onceMade: Answer = [/^SELECT request_id/, (times) => (times === 0 ? [[]] : [[requestRow], [runRow]])];
const adopt = [{ urn: "urn:1", id: "/subscriptions/1" }] as const;
const runs = [{ runId: "run-3", stack, kind: "update", adopt }] as const;
const newRequest = {
  requestId: "request-1",
  kind: "reconcile",
  jobId: 201,
  stack: null,
  traceId: null,
  runs,
} as const;

const probes = ["pe-eastus", "pe-westus"].map((endpoint) => ({
  endpoint,
  runId: "run-3",
  status: "ok" as const,
  failedLayer: null,
  reason: null,
  message: null,
  layers: [{ layer: "dns", status: "ok" as const, durationMs: 3, detail: "10.20.0.5" }],
}));
const alert = {
  alertId: "alert-1",
  ruleId: "/rules/1",
  jobId: 201,
  metric: "drift",
  severity: 2,
  state: "Fired",
  firedAt: "2026-03-01T07:00:00Z",
  resolvedAt: null,
  description: null,
  essentials: {},
} as const;

export const historyScenarios: Scenarios<
  "recordProbes" | "recentProbes" | "latestProbes" | "recordAlert" | "listAlerts" | "pruneHistory"
> = {
  recordProbes: {
    "of two endpoints": call(
      (store) => store.recordProbes(stack, probes),
      [/^SELECT 1 AS found FROM Stacks/, [[{ found: 1 }]]],
    ),
    "of a stack that is gone": call((store) => store.recordProbes(stack, probes)),
  },
  recentProbes: {
    all: call((store) => store.recentProbes({ limit: 20 }), [/FROM Probe_Results/, [[probeRow]]]),
    "of an endpoint of a stack": call((store) =>
      store.recentProbes({ stack, endpoint: "pe-eastus", limit: 20 }),
    ),
  },
  latestProbes: { always: call((store) => store.latestProbes()) },
  recordAlert: {
    "one that fired": call((store) => store.recordAlert(alert)),
    "one that is resolved": call((store) =>
      store.recordAlert({ ...alert, state: "Resolved", resolvedAt: "2026-03-01T08:00:00Z" }),
    ),
  },
  listAlerts: {
    all: call((store) => store.listAlerts({ limit: 20 }), [/FROM Alert_Events/, [[alertRow]]]),
    "a later page of those of a job in a state": call((store) =>
      store.listAlerts({ jobId: 201, state: "Fired", before: 7, limit: 20 }),
    ),
  },
  pruneHistory: {
    always: call((store) => store.pruneHistory({ olderThanMs: 86_400_000, keep: 1_000, limit: 200 })),
  },
};

export const recordScenarios: Scenarios<
  | "jobFacts"
  | "setConditions"
  | "clearConditions"
  | "conditions"
  | "conditionsByType"
  | "createRequest"
  | "getRequest"
  | "cancelQueuedRun"
  | "requestCancel"
  | "pruneRuns"
  | "getRun"
  | "listRuns"
  | "recentRuns"
  | "readSteps"
> = {
  jobFacts: {
    "two jobs": call(
      (store) => store.jobFacts([201, 202]),
      [/AS is_admitted/, [[{ subject: "job:201", stack, is_admitted: true }]]],
    ),
  },
  setConditions: {
    "on a job and on a stack": call((store) =>
      store.setConditions([
        { subject: { kind: "job", jobId: 201 }, condition },
        { subject: { kind: "stack", stack }, condition },
      ]),
    ),
  },
  clearConditions: {
    "of a row": call((store) =>
      store.clearConditions([
        { subject: { kind: "row", row: { table: "Jobs", key: "201" } }, type: "Blocked" },
      ]),
    ),
  },
  conditions: { always: call((store) => store.conditions({ kind: "environment", name: "eastus" })) },
  conditionsByType: { always: call((store) => store.conditionsByType("job", "Ready")) },
  createRequest: {
    "of a stack that is wanted": call((store) => store.createRequest(newRequest), onceMade, noRun),
    "of a stack that is not": call((store) => store.createRequest(newRequest), onceMade, noRun, [
      /^SELECT lane FROM Stacks/,
      [[]],
    ]),
  },
  getRequest: {
    always: call((store) => store.getRequest("request-1"), [/^SELECT request_id/, [[requestRow], [runRow]]]),
  },
  cancelQueuedRun: {
    "it is not queued": call(
      (store) => store.cancelQueuedRun("run-3", "The stack is gone."),
      [/^UPDATE Runs/, 0],
    ),
  },
  requestCancel: {
    "a queued run": call(
      (store) => store.requestCancel("run-3", "mei.tanaka@contoso.example"),
      runIs({ ...runRow, status: "queued" }),
    ),
    "a running one": call((store) => store.requestCancel("run-3", "mei.tanaka@contoso.example")),
  },
  pruneRuns: {
    "one of two old runs": call(
      (store) => store.pruneRuns({ olderThanMs: 86_400_000, keepPerStack: 20, limit: 100 }),
      [/AS is_prunable/, [endedRows]],
    ),
    "up to the limit, from where the last call stopped": call(
      (store) => store.pruneRuns({ olderThanMs: 86_400_000, keepPerStack: 20, limit: 1 }),
      [/AS is_prunable/, [endedRows]],
      [/^SELECT pruned_to_at/, [[{ pruned_to_at: at, pruned_to_number: "7" }]]],
    ),
  },
  getRun: { always: call((store) => store.getRun("run-3")) },
  listRuns: { always: call((store) => store.listRuns(20)) },
  recentRuns: { always: call((store) => store.recentRuns(stack, 20)) },
  readSteps: { always: call((store) => store.readSteps("run-3", 0, 100)) },
};
