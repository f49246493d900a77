/** Calls of the methods about conditions, requests and runs, for mssql-scenarios.ts. */
import type { Row } from "../../metadata-schema/stores/mssql/connection.ts";
import type { Answer } from "../support/scripted-mssql.ts";
import { at, later, noRun, runIs, runRow, stack } from "./mssql-rows.ts";
import { call, type Scenarios } from "./mssql-scenario.ts";

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
