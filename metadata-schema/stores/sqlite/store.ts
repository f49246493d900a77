/** The metadata store on SQLite. Each method is one transaction; the statements are in the files beside. */
import { migrate, readMigrations } from "../../migrate.ts";
import { serviceActor } from "../../row-values.ts";
import type { MetadataStore } from "../../store.ts";
import { listAlerts, recordAlert } from "./alerts.ts";
import { isWakeupDue, readChanges, touch, wake } from "./changes.ts";
import { clearConditions, conditions, conditionsByType, setConditions } from "./conditions.ts";
import { Connection, type ConnectionOptions } from "./connection.ts";
import { commitResolution, contributionsOf, contributionsTo } from "./contributions.ts";
import { acquireLease, breakLease, listLeases, recordProcesses, renewLease, requireLease } from "./leases.ts";
import { outputs } from "./outputs.ts";
import { listPauses, pauseSubscription } from "./pauses.ts";
import { latestProbes, recentProbes, recordProbes } from "./probes.ts";
import { isAnythingOld, pruneRuns } from "./prune.ts";
import { isHistoryOld, pruneHistory } from "./prune-history.ts";
import { queueFacts } from "./queue-facts.ts";
import { createRequest, getRequest } from "./requests.ts";
import { getJob, isEmpty, listJobs, readRows, changeRows as writeRows } from "./rows.ts";
import {
  appendSteps,
  cancelQueuedRun,
  getRun,
  listRuns,
  readSteps,
  recentRuns,
  requestCancel,
} from "./runs.ts";
import { settleRun } from "./settle.ts";
import { loadEnvironment, loadJob } from "./snapshots.ts";
import {
  distrustState,
  getStack,
  jobFacts,
  listStacks,
  setDesired,
  stacksAmong,
  stacksOfOtherVersion,
  stacksToMerge,
} from "./stacks.ts";
import { listHeldDestroys, listWork } from "./work.ts";

export async function openSqliteStore(options: ConnectionOptions): Promise<MetadataStore> {
  const connection = await Connection.open(options);
  try {
    await migrate(connection.migrations(), readMigrations("sqlite.sql"));
  } catch (error) {
    await connection.close();
    throw error;
  }
  return {
    ...serviceMethods(connection),
    ...rowMethods(connection),
    ...stackMethods(connection),
    ...leaseMethods(connection),
    ...recordMethods(connection),
    ...historyMethods(connection),
  };
}

type Methods<K extends keyof MetadataStore> = Pick<MetadataStore, K>;

const serviceMethods = (connection: Connection): Methods<"now" | "ping" | "close"> => ({
  now: () => connection.read((t) => t.now),
  ping: async () => connection.ping(),
  close: () => connection.close(),
});

const rowMethods = (
  connection: Connection,
): Methods<
  | "insertRows"
  | "changeRows"
  | "readRows"
  | "isEmpty"
  | "listJobs"
  | "getJob"
  | "readChanges"
  | "touch"
  | "wake"
  | "loadJob"
  | "loadEnvironment"
  | "commitResolution"
> => {
  const changeRows: MetadataStore["changeRows"] = (changes, actor, read = []) =>
    connection.write((t) => writeRows(t, changes, { actor, read }));
  return {
    insertRows: (rows) =>
      changeRows(
        rows.map((row) => ({ kind: "insert", ...row })),
        serviceActor,
      ),
    changeRows,
    readRows: (filter) => connection.read((t) => readRows(t, filter)),
    isEmpty: () => connection.read(isEmpty),
    listJobs: (page) => connection.read((t) => listJobs(t, page)),
    getJob: (jobId) => connection.read((t) => getJob(t, jobId)),
    readChanges: (limit) => connection.read((t) => readChanges(t, limit)),
    touch: (subjects) => connection.write((t) => touch(t, subjects)),
    wake: async () => ((await connection.read(isWakeupDue)) ? await connection.write(wake) : 0),
    loadJob: (jobId) => connection.read((t) => loadJob(t, jobId)),
    loadEnvironment: (name) => connection.read((t) => loadEnvironment(t, name)),
    commitResolution: (resolution) => connection.write((t) => commitResolution(t, resolution)),
  };
};

const stackMethods = (
  connection: Connection,
): Methods<
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
> => ({
  stacksToMerge: (limit) => connection.read((t) => stacksToMerge(t, limit)),
  setDesired: (stack, version, desired, lane, traceId) =>
    connection.write((t) => setDesired(t, { stack, version, desired, lane, traceId })),
  stacksOfOtherVersion: (suffix, limit) => connection.read((t) => stacksOfOtherVersion(t, suffix, limit)),
  getStack: (stack) => connection.read((t) => getStack(t, stack)),
  listStacks: () => connection.read(listStacks),
  stacksAmong: (names) => connection.read((t) => stacksAmong(t, names)),
  distrustState: () => connection.write(distrustState),
  jobContributions: (jobId) => connection.read((t) => contributionsOf(t, `job:${jobId}`)),
  stackContributions: (stack) => connection.read((t) => contributionsTo(t, stack)),
  listWork: (limit, lane) => connection.read((t) => listWork(t, limit, lane)),
  listHeldDestroys: () => connection.read(listHeldDestroys),
  queueFacts: () => connection.read(queueFacts),
  pauseSubscription: (subscriptionId, pause) =>
    connection.write((t) => pauseSubscription(t, subscriptionId, pause)),
  listPauses: () => connection.read(listPauses),
  outputs: (stack) => connection.read((t) => outputs(t, stack)),
});

const leaseMethods = (
  connection: Connection,
): Methods<
  | "acquireLease"
  | "renewLease"
  | "recordProcesses"
  | "listLeases"
  | "breakLease"
  | "appendSteps"
  | "settleRun"
> => ({
  acquireLease: (request) => connection.write((t) => acquireLease(t, request)),
  renewLease: (lease, leaseMs) => connection.write((t) => renewLease(t, lease, leaseMs)),
  recordProcesses: (lease, processes) => connection.write((t) => recordProcesses(t, lease, processes)),
  listLeases: () => connection.read(listLeases),
  breakLease: (lease) => connection.write((t) => breakLease(t, lease)),
  appendSteps: (lease, steps) =>
    connection.write((t) => {
      requireLease(t, lease);
      appendSteps(t, lease.runId, steps);
    }),
  settleRun: (lease, result) => connection.write((t) => settleRun(t, lease, result)),
});

const recordMethods = (
  connection: Connection,
): Methods<
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
> => ({
  jobFacts: (jobIds) => connection.read((t) => jobFacts(t, jobIds)),
  setConditions: (items) => connection.write((t) => setConditions(t, items)),
  clearConditions: (items) => connection.write((t) => clearConditions(t, items)),
  conditions: (subject) => connection.read((t) => conditions(t, subject)),
  conditionsByType: (kind, type) => connection.read((t) => conditionsByType(t, kind, type)),
  createRequest: (request) => connection.write((t) => createRequest(t, request)),
  getRequest: (requestId) => connection.read((t) => getRequest(t, requestId)),
  cancelQueuedRun: (runId, message) => connection.write((t) => cancelQueuedRun(t, runId, message)),
  requestCancel: (runId, by) => connection.write((t) => requestCancel(t, runId, by)),
  pruneRuns: async (which) => {
    const isWork = await connection.read((t) => isAnythingOld(t, which));
    return isWork ? await connection.write((t) => pruneRuns(t, which)) : 0;
  },
  listRuns: (limit) => connection.read((t) => listRuns(t, limit)),
  recentRuns: (stack, limit) => connection.read((t) => recentRuns(t, stack, limit)),
  getRun: (runId) => connection.read((t) => getRun(t, runId)),
  readSteps: (runId, after, limit) => connection.read((t) => readSteps(t, runId, after, limit)),
});

const historyMethods = (
  connection: Connection,
): Methods<
  "recordProbes" | "recentProbes" | "latestProbes" | "recordAlert" | "listAlerts" | "pruneHistory"
> => ({
  recordProbes: (stack, results) => connection.write((t) => recordProbes(t, stack, results)),
  recentProbes: (which) => connection.read((t) => recentProbes(t, which)),
  latestProbes: () => connection.read(latestProbes),
  recordAlert: (event) => connection.write((t) => recordAlert(t, event)),
  listAlerts: (which) => connection.read((t) => listAlerts(t, which)),
  pruneHistory: async (which) => {
    const isWork = await connection.read((t) => isHistoryOld(t, which));
    return isWork ? await connection.write((t) => pruneHistory(t, which)) : 0;
  },
});
