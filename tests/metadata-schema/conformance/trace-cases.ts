/** Trace ids, what is adopted, and requests for a stack. */
import assert from "node:assert/strict";
import type { MetadataStore } from "../../../metadata-schema/store.ts";
import {
  applyStack,
  type Case,
  desired,
  leaseRequest,
  stackOf,
  success,
  takeLease,
  workStacks,
} from "./kit.ts";

const traces = ["0af7651916cd43dd8448eb211c80319c", "4bf92f3577b34da6a3ce929d0e0e4736"] as const;
const adopt = [
  { urn: "urn:pulumi:a::p::azure-native:authorization:RoleAssignment::x", id: "/subscriptions/1/x" },
  { urn: "urn:pulumi:a::p::azuread:Group::y", id: "y" },
] as const;

const request = (store: MetadataStore, traceId: string | null) =>
  store.createRequest({
    requestId: "request-1",
    kind: "adopt",
    jobId: null,
    stack: "stack-a",
    traceId,
    runs: [
      { runId: "run-a", stack: "stack-a", kind: "update", adopt },
      { runId: "run-b", stack: "stack-a", kind: "adoptable" },
    ],
  });

export function traceCases(fact: Case): void {
  traceIdCases(fact);
  adoptCases(fact);
}

function traceIdCases(fact: Case): void {
  fact("a stack has the trace id of the change that led to its hash", async ({ store }) => {
    const traceOf = async () => (await stackOf(store, "stack-a")).traceId;
    await store.setDesired("stack-a", 1, desired(), "normal", traces[0]);
    assert.equal(await traceOf(), traces[0]);
    await store.setDesired("stack-a", 2, desired(), "urgent", traces[1]);
    assert.equal(await traceOf(), traces[0], "the hash did not change");
    await store.setDesired("stack-a", 3, desired("hash-2"), "normal", traces[1]);
    assert.equal(await traceOf(), traces[1]);
    await store.setDesired("stack-a", 4, desired("hash-3"), "normal", null);
    assert.equal(await traceOf(), null);
  });

  fact("a run that nobody queued has its stack's trace id, and keeps it", async ({ store }) => {
    await store.setDesired("stack-a", 1, desired(), "normal", traces[0]);
    const lease = await takeLease(store, "stack-a");
    assert.equal((await store.getRun(lease.runId))?.traceId, traces[0]);
    await store.setDesired("stack-a", 2, desired("hash-2"), "normal", traces[1]);
    await store.settleRun(lease, success());
    assert.equal((await store.getRun(lease.runId))?.traceId, traces[0]);
    const next = await takeLease(store, "stack-a", { desiredHash: "hash-2" });
    assert.equal((await store.getRun(next.runId))?.traceId, traces[1]);
  });

  for (const traceId of [traces[1], null])
    fact(`a queued run has its request's trace id (${traceId}), before and after`, async ({ store }) => {
      await store.setDesired("stack-a", 1, desired(), "normal", traces[0]);
      const made = await request(store, traceId);
      assert.deepEqual(
        made.runs.map((run) => run.traceId),
        [traceId, traceId],
      );
      await takeLease(store, "stack-a", { runId: "run-a" });
      assert.equal((await store.getRun("run-a"))?.traceId, traceId);
    });

  fact("what is no trace id is refused", async ({ store }) => {
    await assert.rejects(store.setDesired("stack-a", 1, desired(), "normal", "short"));
    assert.equal(await store.getStack("stack-a"), null);
  });
}

function adoptCases(fact: Case): void {
  fact("a request is for a job or for a stack, exactly one", async ({ store }) => {
    const made = await request(store, null);
    assert.deepEqual([made.kind, made.jobId, made.stack], ["adopt", null, "stack-a"]);
    assert.deepEqual(await store.getRequest("request-1"), made);
    const base = { kind: "adoptable", traceId: null, runs: [] } as const;
    const ofJob = await store.createRequest({ ...base, requestId: "request-2", jobId: 201, stack: null });
    assert.deepEqual([ofJob.kind, ofJob.jobId, ofJob.stack], ["adoptable", 201, null]);
    for (const subject of [
      { jobId: 201, stack: "stack-a" },
      { jobId: null, stack: null },
    ])
      await assert.rejects(store.createRequest({ ...base, requestId: "request-3", ...subject }));
    assert.equal(await store.getRequest("request-3"), null);
  });

  fact("an update tells what it takes over, queued, running and ended", async ({ store }) => {
    await store.setDesired("stack-a", 1, desired(), "normal", null);
    await request(store, null);
    const adoptOf = async (runId: string) => (await store.getRun(runId))?.adopt;
    assert.deepEqual([await adoptOf("run-a"), await adoptOf("run-b")], [adopt, null]);
    assert.deepEqual((await store.listWork(1))[0]?.queued?.adopt, adopt);
    const lease = await takeLease(store, "stack-a", { runId: "run-a" });
    assert.deepEqual(await adoptOf("run-a"), adopt);
    await store.settleRun(lease, success());
    assert.deepEqual(await adoptOf("run-a"), adopt);
  });

  fact("a look at what could be adopted changes nothing but its run", async ({ store }) => {
    await applyStack(store, "stack-a", desired(), { a: 1 });
    const before = await stackOf(store, "stack-a");
    const lease = await takeLease(store, "stack-a", { kind: "adoptable", reason: "requested" });
    assert.equal((await stackOf(store, "stack-a")).appliedHash, "hash-1");
    await store.settleRun(lease, { status: "succeeded", outputs: { b: 2 }, changes: { import: 2 } });
    assert.deepEqual(await stackOf(store, "stack-a"), before);
    assert.deepEqual((await store.outputs("stack-a"))?.values, { a: 1 });
    assert.deepEqual((await store.getRun(lease.runId))?.changes, { import: 2 });
    assert.deepEqual(await workStacks(store), []);
    assert.equal((await store.acquireLease(leaseRequest("stack-a"))).status, "none");
  });
}
