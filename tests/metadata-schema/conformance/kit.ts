/** What the conformance cases need of a store under test, and the rows, specs and leases they are made of. */
import assert from "node:assert/strict";
import type { Contribution, Entry, Subject } from "../../../metadata-schema/contributions.ts";
import { subjectKey } from "../../../metadata-schema/contributions.ts";
import type { EnvironmentFacts, PlatformSpec, StackSpec } from "../../../metadata-schema/desired-state.ts";
import {
  absentHash,
  type DesiredState,
  type Lease,
  type LeaseRequest,
  type LeaseResult,
  type MetadataStore,
  type NewRow,
  type Resolution,
  type RunResult,
} from "../../../metadata-schema/store.ts";
import type { TestClock } from "../../support/test-clock.ts";

export interface StoreKit {
  readonly store: MetadataStore;
  /** Runs one statement, plain enough for every dialect, on a connection that is not the store's. */
  raw(sql: string): Promise<void>;
  /** Rows of one SELECT on that connection. */
  query(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** Closes every handle and opens the database again. */
  reopen(): Promise<MetadataStore>;
  /** Another handle on the same database, with the same clock. */
  secondHandle(): Promise<MetadataStore>;
  readonly clock: TestClock;
  /** `keep` after a failure: the database stays for a person to look at. */
  close(options?: { readonly keep: boolean }): Promise<void>;
}

export type Case = (name: string, run: (kit: StoreKit) => Promise<void>) => void;

// ---- rows

export const environmentValues = (name: string, isDefault = false): NewRow => ({
  table: "Environments",
  values: {
    name,
    is_default: isDefault,
    location: "eastus",
    subscription_id: "11111111-1111-1111-1111-111111111111",
    tenant_id: "22222222-2222-2222-2222-222222222222",
    resource_group: `rg-${name}`,
    address_space: "10.20.0.0/22",
    service_address: "203.0.113.7/32",
  },
});

export const insertPolicy = (...jobIds: readonly number[]): string =>
  "INSERT INTO Access_Policies (job_id, role, permissions, entra_id_group) VALUES " +
  jobIds.map((jobId) => `(${jobId}, 'DataScientist', '["read_model"]', 'ds_team')`).join(", ");

/** One row of each table that belongs to a job. */
export const childRows = (jobId: number): readonly NewRow[] => [
  {
    table: "Access_Policies",
    values: {
      job_id: jobId,
      role: "DataScientist",
      permissions: ["read_model"],
      entra_id_group: "ds_team",
    },
  },
  {
    table: "Secret_References",
    values: { job_id: jobId, key_vault: "ml-vault", secret_name: "databricks-token" },
  },
  {
    table: "Network_Rules",
    values: { job_id: jobId, service: "databricks", private_endpoint: "pe-databricks-eastus" },
  },
  { table: "Cluster_Configs", values: { job_id: jobId } },
  { table: "Pipeline_Settings", values: { job_id: jobId } },
  { table: "Alert_Rules", values: { job_id: jobId, metric: "model_accuracy", threshold: 0.85 } },
  {
    table: "Guardrail_Exceptions",
    values: {
      job_id: jobId,
      guardrail: "range-width",
      subject: "203.0.0.0/20",
      reason: "the partner's office",
      expires_at: "2026-12-31T00:00:00Z",
    },
  },
];

/**
 * Jobs 201 (with a row in each table) and 203 name no environment, so they are in the default one, eastus;
 * job 202 is in westus. Nothing is left to resolve.
 */
export async function seed(store: MetadataStore): Promise<void> {
  await store.insertRows([
    environmentValues("eastus", true),
    environmentValues("westus"),
    { table: "Jobs", values: { job_id: 201, name: "churn" } },
    { table: "Jobs", values: { job_id: 202, environment: "westus" } },
    { table: "Jobs", values: { job_id: 203 } },
    ...childRows(201),
  ]);
  await resolveAll(store);
}

// ---- changes

/** Keys of the subjects that wait to be resolved, in order of text. */
export const touched = async (store: MetadataStore): Promise<readonly string[]> =>
  (await store.readChanges(1_000)).map(({ subject }) => subjectKey(subject)).sort();

export async function resolveAll(store: MetadataStore): Promise<void> {
  for (const { subject, seq } of await store.readChanges(1_000))
    await store.commitResolution(resolution(subject, { seq }));
  assert.deepEqual(await store.readChanges(1), []);
}

/** Subjects that statements from outside touch. */
export async function touchedBy(
  { store, raw }: StoreKit,
  ...statements: readonly string[]
): Promise<readonly string[]> {
  await resolveAll(store);
  for (const sql of statements) await raw(sql);
  return await touched(store);
}

// ---- resolutions

export const job = (jobId: number): Subject => ({ kind: "job", jobId });

export const resolution = (subject: Subject, overrides: Partial<Resolution> = {}): Resolution => ({
  subject,
  seq: null,
  contributions: [],
  rowConditions: [],
  recorded: [],
  wakeAt: null,
  outputVersions: {},
  ...overrides,
});

export const entry = (groupName = "ds_team"): Entry => ({
  row: { table: "Access_Policies", key: "1" },
  ask: `read_model for ${groupName}`,
  item: {
    kind: "access-control",
    objectType: "job",
    accessControl: { principal: "group", name: groupName, level: "CAN_VIEW" },
  },
});

export const contribution = (stack: string, overrides: Partial<Contribution> = {}): Contribution => ({
  stack,
  kind: "acl",
  environment: "eastus",
  base: null,
  wanted: [entry()],
  admitted: [entry()],
  references: [],
  urgent: false,
  ...overrides,
});

/** Stores contributions of a job, as a resolve by hand does. */
export const contribute = (
  store: MetadataStore,
  jobId: number,
  ...contributions: readonly Contribution[]
): Promise<void> => store.commitResolution(resolution(job(jobId), { contributions }));

export const stacksListed = async (store: MetadataStore): Promise<readonly string[]> =>
  (await store.stacksToMerge(100)).map(({ stack }) => stack);

// ---- stacks, leases and runs

export const environmentFacts: EnvironmentFacts = {
  name: "eastus",
  location: "eastus",
  subscriptionId: "11111111-1111-1111-1111-111111111111",
  tenantId: "22222222-2222-2222-2222-222222222222",
  resourceGroup: "rg-eastus",
  existing: {},
};

export const spec = (stack: string, addressSpace = "10.20.0.0/22"): PlatformSpec => ({
  kind: "platform",
  stack,
  environment: environmentFacts,
  addressSpace,
  ownGroup: null,
  serviceUrl: null,
  alertEmails: [],
  production: true,
  deletionProtection: true,
});

export const desired = (hash = "hash-1", overrides: Partial<DesiredState> = {}): DesiredState => ({
  kind: "platform",
  environment: "eastus",
  spec: spec("platform-eastus"),
  hash,
  references: [],
  ...overrides,
});
export const absent: DesiredState = desired(absentHash, { spec: null });

export const owner = { host: "host-a", pid: 4_242, startedAt: "8812345" } as const;
export const leaseMs = 30_000;

let lastRun = 0;
export const newRunId = (): string => {
  lastRun += 1;
  return `run-${lastRun}`;
};

export const leaseRequest = (stack: string, overrides: Partial<LeaseRequest> = {}): LeaseRequest => ({
  stack,
  owner,
  leaseMs,
  runId: newRunId(),
  kind: "update",
  reason: "spec-changed",
  desiredHash: "hash-1",
  ...overrides,
});

export async function takeLease(
  store: MetadataStore,
  stack: string,
  overrides: Partial<LeaseRequest> = {},
): Promise<Lease> {
  return acquired(await store.acquireLease(leaseRequest(stack, overrides))).lease;
}

/** The lease of a run that somebody asked for: it needs no stack that is due. */
export async function takeRequestedLease(store: MetadataStore, stack: string): Promise<Lease> {
  const runId = newRunId();
  const runs = [{ runId, stack, kind: "update" }] as const;
  await store.createRequest({
    requestId: `request-of-${runId}`,
    kind: "reconcile",
    jobId: 201,
    stack: null,
    traceId: null,
    runs,
  });
  return await takeLease(store, stack, { runId, reason: "requested" });
}

export function acquired(result: LeaseResult): Extract<LeaseResult, { status: "acquired" }> {
  assert.equal(result.status, "acquired");
  return result as Extract<LeaseResult, { status: "acquired" }>; // the assertion's words
}

export const success = (outputs: Record<string, unknown> | null = {}): RunResult => ({
  status: "succeeded",
  outputs,
  changes: { create: 1 },
});

export const failure = (
  retryAfterMs: number | null = 60_000,
  narrowedTo: StackSpec | null = null,
): RunResult => ({
  status: "failed",
  failure: { class: "transient", message: "Too many requests." },
  changes: {},
  retryAfterMs,
  narrowedTo,
});

/** A stack that is applied and in sync. */
export async function applyStack(
  store: MetadataStore,
  stack: string,
  state: DesiredState = desired(),
  outputs: Record<string, unknown> = {},
): Promise<void> {
  await store.setDesired(stack, 1, state, "normal", null);
  const lease = await takeLease(store, stack, { desiredHash: state.hash });
  await store.settleRun(lease, success(outputs));
}

export const workStacks = async (store: MetadataStore): Promise<readonly string[]> =>
  (await store.listWork(100)).map(({ stack }) => stack.stack);

/** The stack's record; the test fails if there is none. */
export async function stackOf(store: MetadataStore, stack: string) {
  const record = await store.getStack(stack);
  assert.ok(record, `stack ${stack} is stored`);
  return record;
}
