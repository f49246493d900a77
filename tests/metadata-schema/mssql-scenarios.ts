/** Calls of every method of the contract, with the rows that a scripted server answers, so that each statement is sent. */
import { valuesOf } from "../../metadata-schema/row-values.ts";
import type { MetadataStore } from "../../metadata-schema/store.ts";
import { type Sent, scriptedStore } from "../support/scripted-mssql.ts";
import {
  absent,
  contribution,
  desired,
  environmentFacts,
  environmentValues,
  failure,
  job,
  leaseRequest,
  owner,
  resolution,
  spec,
  success,
} from "./conformance/kit.ts";
import { historyScenarios, recordScenarios } from "./mssql-record-scenarios.ts";
import {
  at,
  contributionRow,
  environmentRow,
  jobRow,
  later,
  lease,
  leasedRow,
  noRun,
  runIs,
  runRow,
  stack,
  stackIs,
  stackRow,
  usualAnswers,
} from "./mssql-rows.ts";
import { call, type Scenario, type Scenarios } from "./mssql-scenario.ts";

const person = { name: "mei.tanaka@contoso.example", kind: "person" } as const;

const service: Scenarios<"now" | "ping" | "close"> = {
  now: { always: call((store) => store.now()) },
  ping: { always: call((store) => store.ping()) },
  close: { always: call((store) => store.close()) },
};

const rows: Scenarios<
  "insertRows" | "changeRows" | "readRows" | "isEmpty" | "listJobs" | "getJob" | "loadJob" | "loadEnvironment"
> = {
  insertRows: {
    "one of each kind of value": call((store) =>
      store.insertRows([
        environmentValues("eastus", true),
        {
          table: "Access_Policies",
          values: {
            job_id: 201,
            role: "DataScientist",
            permissions: ["read_model"],
            entra_id_group: "ds_team",
          },
        },
        { table: "Jobs", values: {} },
      ]),
    ),
  },
  changeRows: {
    "an update, a delete and an update of nothing": call((store) => {
      const before = valuesOf("Jobs", jobRow);
      return store.changeRows(
        [
          { kind: "delete", table: "Jobs", key: "201", before },
          { kind: "update", table: "Jobs", key: "201", before, values: { name: "churn 2", enabled: false } },
          { kind: "update", table: "Jobs", key: "201", before, values: {} },
          {
            kind: "update",
            table: "Environments",
            key: "eastus",
            before: valuesOf("Environments", environmentRow),
            values: { own_group_members: ["mei.tanaka@contoso.example"] },
          },
        ],
        person,
      );
    }),
    "beside rows that are as they were read": call(
      (store) =>
        store.changeRows([{ kind: "insert", table: "Jobs", values: { job_id: 300 } }], person, [
          { table: "Access_Policies", jobId: 201, keys: ["1"] },
          { table: "Access_Policies", jobId: 202, keys: [] },
        ]),
      [/AS row_key FROM Access_Policies/, [[{ job_id: 201, row_key: 1 }]]],
    ),
  },
  readRows: {
    "all tables": call((store) => store.readRows({})),
    "rows of one job": call((store) =>
      store.readRows({ tables: ["Jobs", "Environments", "Network_Rules"], jobId: 201 }),
    ),
  },
  isEmpty: { always: call((store) => store.isEmpty()) },
  listJobs: {
    all: call((store) => store.listJobs()),
    "a page": call((store) => store.listJobs({ after: 200, limit: 50 })),
  },
  getJob: { always: call((store) => store.getJob(201)) },
  loadJob: {
    "of the default environment": call(
      (store) => store.loadJob(201),
      [/FROM Jobs WHERE job_id = @jobId;\nSELECT e\./, [[jobRow], [environmentRow]]],
    ),
  },
  loadEnvironment: { always: call((store) => store.loadEnvironment("eastus")) },
};

const changes: Scenarios<"readChanges" | "touch" | "wake" | "commitResolution"> = {
  readChanges: {
    "one entry each": call((store) => store.readChanges(100)),
    "older entries": call(
      (store) => store.readChanges(100),
      [
        /FROM Job_Changes/,
        [[{ seq: "7", entries: 2, job_id: 201 }], [{ seq: "9", entries: 1, environment: "eastus" }]],
      ],
    ),
  },
  touch: {
    always: call((store) => store.touch([job(201), job(202), { kind: "environment", name: "eastus" }])),
  },
  wake: {
    "nothing is due": call((store) => store.wake()),
    "one subject is due": call((store) => store.wake(), [/FROM Wakeups/, [[{ subject: "job:201" }]]]),
  },
  commitResolution: {
    "of a job": call(
      (store) =>
        store.commitResolution(
          resolution(job(201), {
            seq: 7,
            contributions: [
              contribution("acl-eastus", { references: [{ stack, output: "workspaceUrl" }] }),
              contribution("pe-eastus", { base: { kind: "platform" } as never, urgent: true }),
            ],
            rowConditions: [
              {
                row: { table: "Access_Policies", key: "1" },
                condition: {
                  type: "Blocked",
                  status: "True",
                  reason: "NoGroup",
                  message: "There is no group ds_team.",
                },
              },
            ],
            recorded: [
              { row: { table: "Access_Policies", key: "1" }, name: "group ds_team", objectId: "0c558b56" },
            ],
            wakeAt: "2026-04-01T00:00:00Z",
          }),
        ),
      [/MAX\(seq\) AS seq FROM Job_Changes/, [[{ seq: "7" }]]],
      [/FROM Contributions\nWHERE subject/, [[contributionRow]]],
      [/resolved_subject = @subject/, [[{ subject_key: "Jobs 201", type: "Waiting" }]]],
      [/FROM Output_Changes/, [[{ seq: "4" }]]],
    ),
    "of an environment": call(
      (store) => store.commitResolution(resolution({ kind: "environment", name: "eastus" }, { seq: 9 })),
      [/MAX\(seq\) AS seq FROM Environment_Changes/, [[{ seq: "9" }]]],
    ),
    "somebody else's already": call((store) => store.commitResolution(resolution(job(201), { seq: 7 }))),
  },
};

const stacks: Scenarios<
  | "stacksToMerge"
  | "setDesired"
  | "stacksOfOtherVersion"
  | "getStack"
  | "listStacks"
  | "stacksAmong"
  | "distrustState"
  | "jobContributions"
  | "stackContributions"
  | "listWork"
  | "listHeldDestroys"
  | "queueFacts"
  | "pauseSubscription"
  | "listPauses"
  | "outputs"
> = {
  stacksToMerge: {
    "one stack": call(
      (store) => store.stacksToMerge(10),
      [/FROM Stack_Merges WHERE listed/, [[{ stack, version: 2 }]]],
    ),
  },
  setDesired: {
    "a new stack": call(
      (store) => store.setDesired(stack, 1, desired(), "urgent", null),
      [/sp_getapplock/, [[]]],
    ),
    "another hash and lane": call(
      (store) => store.setDesired(stack, 2, desired("hash-2"), "urgent", null),
      [/version FROM Stack_Merges/, [[{ version: 2 }]]],
    ),
    "older than the contributions": call(
      (store) => store.setDesired(stack, 1, desired(), "normal", null),
      [/version FROM Stack_Merges/, [[{ version: 2 }]]],
    ),
    "a stack that never had a lease disappears": call(
      (store) => store.setDesired(stack, 1, absent, "normal", null),
      stackIs({ ...stackRow, lease_epoch: 0 }),
    ),
  },
  stacksOfOtherVersion: { always: call((store) => store.stacksOfOtherVersion(":1.2.0", 10)) },
  getStack: { always: call((store) => store.getStack(stack)) },
  listStacks: { always: call((store) => store.listStacks()) },
  stacksAmong: { always: call((store) => store.stacksAmong([stack, "platform-gone"])) },
  distrustState: { always: call((store) => store.distrustState()) },
  jobContributions: { always: call((store) => store.jobContributions(201)) },
  stackContributions: { always: call((store) => store.stackContributions(stack)) },
  listWork: {
    "all lanes": call(
      (store) => store.listWork(10),
      [/FROM Runs AS q/, [[{ stack, run_id: "run-3", rank_at: at }], [{ stack, rank_at: later }]]],
    ),
    urgent: call((store) => store.listWork(10, "urgent")),
  },
  listHeldDestroys: { always: call((store) => store.listHeldDestroys()) },
  queueFacts: { always: call((store) => store.queueFacts()) },
  pauseSubscription: {
    always: call((store) =>
      store.pauseSubscription("1111-AA", { forMs: 60_000, reason: "Azure answers 429." }),
    ),
  },
  listPauses: { always: call((store) => store.listPauses()) },
  outputs: {
    "after a success": call(
      (store) => store.outputs(stack),
      stackIs({ ...stackRow, last_success_run_id: "run-2", last_success_at: at }),
    ),
  },
};

const request = (kind: "update" | "destroy" | "preview") => leaseRequest(stack, { runId: "run-3", kind });

const leases: Scenarios<
  | "acquireLease"
  | "renewLease"
  | "recordProcesses"
  | "listLeases"
  | "breakLease"
  | "appendSteps"
  | "settleRun"
> = {
  acquireLease: {
    "to update": call((store) => store.acquireLease(request("update")), noRun),
    "to destroy, after an expired lease": call(
      (store) => store.acquireLease(request("destroy")),
      noRun,
      stackIs({ ...leasedRow, lease_expires_at: new Date("2026-03-01T07:59:00Z") }),
    ),
    "to preview for a queued run": call(
      (store) => store.acquireLease(request("preview")),
      runIs({ ...runRow, status: "queued" }),
    ),
    "refused: another hash": call((store) =>
      store.acquireLease({ ...request("update"), desiredHash: "hash-0" }),
    ),
  },
  renewLease: { always: call((store) => store.renewLease(lease, 30_000), stackIs(leasedRow)) },
  recordProcesses: {
    "without an engine": call(
      (store) => store.recordProcesses(lease, { child: owner, engine: null }),
      stackIs(leasedRow),
    ),
  },
  listLeases: {
    "one lease": call((store) => store.listLeases(), [/lease_run_id IS NOT NULL ORDER BY/, [[leasedRow]]]),
  },
  breakLease: { always: call((store) => store.breakLease(lease), stackIs(leasedRow)) },
  appendSteps: {
    "two steps": call(
      (store) =>
        store.appendSteps(
          lease,
          [1, 2].map((number) => ({
            operation: "create",
            urn: `urn:${number}`,
            type: "azure-native:network:VirtualNetwork",
            status: "done",
            objectId: null,
            message: null,
          })),
        ),
      stackIs(leasedRow),
    ),
  },
  settleRun: {
    "an update, with outputs that changed": call(
      (store) => store.settleRun(lease, success({ vnetId: "/vnet", zones: ["1"] })),
      stackIs(leasedRow),
      [/FROM Stack_Outputs/, [[{ name: "vnetId", value: '"/old"' }]]],
      [/DISTINCT source/, [[{ source: "job:201" }]]],
      [/^SELECT subject FROM Contributions/, [[{ subject: "job:201" }]]],
    ),
    "a destroy": call(
      (store) => store.settleRun(lease, success()),
      stackIs({ ...leasedRow, desired_spec: null }),
      runIs({ ...runRow, kind: "destroy" }),
    ),
    "a destroy of a stack that is wanted again": call(
      (store) => store.settleRun(lease, success()),
      stackIs(leasedRow),
      runIs({ ...runRow, kind: "destroy" }),
    ),
    "a failure that left less": call(
      (store) => store.settleRun(lease, failure(60_000, { ...spec(stack), environment: environmentFacts })),
      stackIs(leasedRow),
    ),
  },
};

/** Every method of the contract: a new one that is missing here does not compile. */
const scenarios: Scenarios<keyof MetadataStore> = {
  ...service,
  ...rows,
  ...changes,
  ...stacks,
  ...leases,
  ...recordScenarios,
  ...historyScenarios,
};

/** What each scenario sends, in order. Refusals that a scenario leads to are part of it. */
export async function sentByScenarios(): Promise<
  readonly { readonly method: string; readonly title: string; readonly sent: readonly Sent[] }[]
> {
  const all = [];
  for (const [method, calls] of Object.entries<Readonly<Record<string, Scenario>>>(scenarios))
    for (const [title, { answers = [], run }] of Object.entries(calls)) {
      const { store, sent } = scriptedStore([...answers, ...usualAnswers]);
      await run(store);
      all.push({ method, title, sent });
    }
  return all;
}
