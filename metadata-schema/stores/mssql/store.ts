/** The metadata store on Azure SQL and SQL Server. Each method is one transaction; the statements are in the files beside. */
import { migrate, readMigrations } from "../../migrate.ts";
import { serviceActor } from "../../row-values.ts";
import type { MetadataStore } from "../../store.ts";
import { listAlerts, recordAlert } from "./alerts.ts";
import { isWakeupDue, readChanges, touch, wake } from "./changes.ts";
import { clearConditions, conditions, conditionsByType, setConditions } from "./conditions.ts";
import { Connection, type ConnectionOptions, type Transaction } from "./connection.ts";
import { commitResolution, contributionsOf, contributionsTo } from "./contributions.ts";
import { acquireLease, breakLease, listLeases, recordProcesses, renewLease, requireLease } from "./leases.ts";
import { outputs } from "./outputs.ts";
import { listPauses, pauseSubscription } from "./pauses.ts";
import { latestProbes, recentProbes, recordProbes } from "./probes.ts";
import { pruneRuns } from "./prune.ts";
import { pruneHistory } from "./prune-history.ts";
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

export async function openMssqlStore(options: ConnectionOptions): Promise<MetadataStore> {
  const connection = await Connection.open(options);
  try {
    await migrate(connection.migrations(), readMigrations("mssql.sql"));
    await connection.write(registerLogin);
    await connection.forgetMarks();
  } catch (error) {
    await connection.close();
    throw error;
  }
  return storeOver(connection);
}

/** What the methods need of a connection. */
export type StoreConnection = Pick<Connection, "query" | "read" | "write" | "ping" | "close">;

export const storeOver = (connection: StoreConnection): MetadataStore => ({
  ...serviceMethods(connection),
  ...rowMethods(connection),
  ...stackMethods(connection),
  ...leaseMethods(connection),
  ...recordMethods(connection),
  ...historyMethods(connection),
});

type Methods<K extends keyof MetadataStore> = Pick<MetadataStore, K>;

const serviceMethods = (connection: StoreConnection): Methods<"now" | "ping" | "close"> => ({
  now: () => connection.read(async (t) => t.now),
  ping: () => connection.ping(),
  close: () => connection.close(),
});

const rowMethods = (
  connection: StoreConnection,
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
    connection.write((t) => writeRows(t, changes, read), actor);
  return {
    insertRows: (rows) =>
      changeRows(
        rows.map((row) => ({ kind: "insert", ...row })),
        serviceActor,
      ),
    changeRows,
    readRows: (filter) => connection.read((t) => readRows(t, filter)),
    isEmpty: () => connection.query(isEmpty),
    listJobs: (page) => connection.query((t) => listJobs(t, page)),
    getJob: (jobId) => connection.query((t) => getJob(t, jobId)),
    readChanges: (limit) => connection.query((t) => readChanges(t, limit)),
    touch: (subjects) => connection.write((t) => touch(t, subjects)),
    wake: async () => ((await connection.query(isWakeupDue)) ? await connection.write(wake) : 0),
    loadJob: (jobId) => connection.read((t) => loadJob(t, jobId)),
    loadEnvironment: (name) => connection.read((t) => loadEnvironment(t, name)),
    commitResolution: (resolution) => connection.write((t) => commitResolution(t, resolution)),
  };
};

const stackMethods = (
  connection: StoreConnection,
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
  stacksToMerge: (limit) => connection.query((t) => stacksToMerge(t, limit)),
  setDesired: (stack, version, desired, lane, traceId) =>
    connection.write((t) => setDesired(t, { stack, version, desired, lane, traceId })),
  stacksOfOtherVersion: (suffix, limit) => connection.query((t) => stacksOfOtherVersion(t, suffix, limit)),
  getStack: (stack) => connection.query((t) => getStack(t, stack)),
  listStacks: () => connection.query(listStacks),
  stacksAmong: (names) => connection.query((t) => stacksAmong(t, names)),
  distrustState: () => connection.write(distrustState),
  jobContributions: (jobId) => connection.query((t) => contributionsOf(t, `job:${jobId}`)),
  stackContributions: (stack) => connection.query((t) => contributionsTo(t, stack)),
  listWork: (limit, lane) => connection.query((t) => listWork(t, limit, lane)),
  listHeldDestroys: () => connection.query(listHeldDestroys),
  queueFacts: () => connection.read(queueFacts),
  pauseSubscription: (subscriptionId, pause) =>
    connection.write((t) => pauseSubscription(t, subscriptionId, pause)),
  listPauses: () => connection.query(listPauses),
  outputs: (stack) => connection.read((t) => outputs(t, stack)),
});

const leaseMethods = (
  connection: StoreConnection,
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
  listLeases: () => connection.query(listLeases),
  breakLease: (lease) => connection.write((t) => breakLease(t, lease)),
  appendSteps: (lease, steps) =>
    connection.write(async (t) => {
      await requireLease(t, lease);
      await appendSteps(t, lease.runId, steps);
    }),
  settleRun: (lease, result) => connection.write((t) => settleRun(t, lease, result)),
});

const recordMethods = (
  connection: StoreConnection,
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
  conditions: (subject) => connection.query((t) => conditions(t, subject)),
  conditionsByType: (kind, type) => connection.query((t) => conditionsByType(t, kind, type)),
  createRequest: (request) => connection.write((t) => createRequest(t, request)),
  getRequest: (requestId) => connection.query((t) => getRequest(t, requestId)),
  cancelQueuedRun: (runId, message) => connection.write((t) => cancelQueuedRun(t, runId, message)),
  requestCancel: (runId, by) => connection.write((t) => requestCancel(t, runId, by)),
  pruneRuns: (which) => connection.write((t) => pruneRuns(t, which)),
  listRuns: (limit) => connection.query((t) => listRuns(t, limit)),
  recentRuns: (stack, limit) => connection.query((t) => recentRuns(t, stack, limit)),
  getRun: (runId) => connection.query((t) => getRun(t, runId)),
  readSteps: (runId, after, limit) => connection.query((t) => readSteps(t, runId, after, limit)),
});

const historyMethods = (
  connection: StoreConnection,
): Methods<
  "recordProbes" | "recentProbes" | "latestProbes" | "recordAlert" | "listAlerts" | "pruneHistory"
> => ({
  recordProbes: (stack, results) => connection.write((t) => recordProbes(t, stack, results)),
  recentProbes: (which) => connection.query((t) => recentProbes(t, which)),
  latestProbes: () => connection.query(latestProbes),
  recordAlert: (event) => connection.write((t) => recordAlert(t, event)),
  listAlerts: (which) => connection.query((t) => listAlerts(t, which)),
  pruneHistory: (which) => connection.write((t) => pruneHistory(t, which)),
});

/** Audit_Logs believes who a person is only of a login that the service runs under. */
async function registerLogin(transaction: Transaction): Promise<void> {
  await transaction.run(insertLogin);
}
const insertLogin = `INSERT INTO Service_Logins (login) SELECT ORIGINAL_LOGIN()
WHERE NOT EXISTS (SELECT 1 FROM Service_Logins WHERE login = ORIGINAL_LOGIN())`;
