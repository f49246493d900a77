import assert from "node:assert/strict";
import {
  absent,
  applyStack,
  type Case,
  desired,
  failure,
  leaseMs,
  stackOf,
  success,
  takeLease,
  workStacks,
} from "./kit.ts";

export function stackCases(fact: Case): void {
  desiredCases(fact);
  absentCases(fact);
  versionCases(fact);
}

function desiredCases(fact: Case): void {
  fact("a stack is stored as it must become, due and never applied", async ({ store }) => {
    const references = [{ stack: "platform-eastus", output: "host" }];
    await store.setDesired("stack-a", 3, desired("hash-1", { references }), "urgent", null);
    assert.deepEqual(await store.getStack("stack-a"), {
      stack: "stack-a",
      kind: "platform",
      environment: "eastus",
      desired: desired("hash-1", { references }),
      version: 3,
      appliedHash: null,
      appliedSpec: null,
      wasApplied: false,
      lane: "urgent",
      dueAt: await store.now(),
      attempts: 0,
      nextAttemptAt: await store.now(),
      lease: null,
      lastSuccessAt: null,
      lastSuccessRunId: null,
      traceId: null,
      stateDoubtful: false,
    });
    assert.deepEqual(await workStacks(store), ["stack-a"]);
  });

  fact("an unknown stack is null", async ({ store }) => {
    assert.equal(await store.getStack("stack-a"), null);
  });

  fact("stacks are listed by name", async ({ store }) => {
    await store.setDesired("stack-b", 0, desired(), "normal", null);
    await store.setDesired("stack-a", 0, desired(), "normal", null);
    assert.deepEqual(
      (await store.listStacks()).map(({ stack }) => stack),
      ["stack-a", "stack-b"],
    );
  });

  fact("a desired hash that is the applied one is not due", async ({ store }) => {
    await applyStack(store, "stack-a");
    await store.setDesired("stack-a", 2, desired(), "normal", null);
    assert.deepEqual(await workStacks(store), []);
  });

  fact("another desired hash is due; back to the applied one is not", async ({ store }) => {
    await applyStack(store, "stack-a");
    await store.setDesired("stack-a", 2, desired("hash-2"), "normal", null);
    assert.deepEqual(await workStacks(store), ["stack-a"]);
    await store.setDesired("stack-a", 3, desired("hash-1"), "normal", null);
    assert.deepEqual(await workStacks(store), []);
  });

  fact("a changed hash clears back-off and attempts", async ({ store, clock }) => {
    await store.setDesired("stack-a", 1, desired(), "normal", null);
    await store.settleRun(await takeLease(store, "stack-a"), failure(null));
    assert.deepEqual(await workStacks(store), []);
    clock.advance(1_000);
    await store.setDesired("stack-a", 2, desired("hash-2"), "normal", null);
    const record = await stackOf(store, "stack-a");
    assert.deepEqual([record.attempts, record.nextAttemptAt], [0, clock.in(0)]);
    assert.deepEqual(await workStacks(store), ["stack-a"]);
  });

  fact("the same hash again clears neither back-off nor attempts", async ({ store, clock }) => {
    await store.setDesired("stack-a", 1, desired(), "normal", null);
    await store.settleRun(await takeLease(store, "stack-a"), failure(60_000));
    await store.setDesired("stack-a", 2, desired(), "normal", null);
    const record = await stackOf(store, "stack-a");
    assert.deepEqual([record.attempts, record.nextAttemptAt], [1, clock.in(60_000)]);
  });
}

function absentCases(fact: Case): void {
  fact("a stack that must not exist and never had a lease disappears at once", async ({ store }) => {
    await store.setDesired("stack-a", 1, desired(), "normal", null);
    await store.setConditions([
      {
        subject: { kind: "stack", stack: "stack-a" },
        condition: { type: "Ready", status: "False", reason: "NotYet", message: "Wait." },
      },
    ]);
    await store.setDesired("stack-a", 2, absent, "normal", null);
    assert.equal(await store.getStack("stack-a"), null);
    assert.deepEqual(await store.conditions({ kind: "stack", stack: "stack-a" }), []);
    await store.setDesired("stack-b", 1, absent, "normal", null);
    assert.equal(await store.getStack("stack-b"), null);
  });

  fact("a stack that had a lease must be destroyed to disappear", async ({ store }) => {
    await applyStack(store, "stack-a");
    await store.setDesired("stack-a", 2, absent, "normal", null);
    const record = await stackOf(store, "stack-a");
    assert.deepEqual(record.desired, absent);
    assert.deepEqual(await workStacks(store), ["stack-a"]);
  });

  fact("queued runs of a stack that disappears end as canceled", async ({ store }) => {
    await store.setDesired("stack-a", 1, desired(), "normal", null);
    await store.createRequest({
      requestId: "request-1",
      kind: "preview",
      jobId: 201,
      stack: null,
      traceId: null,
      runs: [{ runId: "queued-1", stack: "stack-a", kind: "preview" }],
    });
    await store.setDesired("stack-a", 2, absent, "normal", null);
    const run = await store.getRun("queued-1");
    assert.equal(run?.status, "canceled");
    assert.notEqual(run?.failure?.message, "");
  });

  fact(
    "a spec that comes during a run leaves its lease alone and is due after it",
    async ({ store, clock }) => {
      await store.setDesired("stack-a", 1, desired(), "normal", null);
      const lease = await takeLease(store, "stack-a");
      await store.setDesired("stack-a", 2, desired("hash-2"), "normal", null);
      assert.equal((await stackOf(store, "stack-a")).lease?.expiresAt, clock.in(leaseMs));
      assert.deepEqual(await workStacks(store), []);
      await store.settleRun(lease, success());
      assert.equal((await stackOf(store, "stack-a")).appliedHash, "hash-1");
      assert.deepEqual(await workStacks(store), ["stack-a"]);
    },
  );
}

function versionCases(fact: Case): void {
  fact("stacks made from another program version are found by the end of their hash", async ({ store }) => {
    await store.setDesired("stack-a", 1, desired("aaaa.v1"), "normal", null);
    await store.setDesired("stack-b", 1, desired("bbbb.v2"), "normal", null);
    await store.setDesired("stack-c", 1, desired("cccc.v1x"), "normal", null);
    await store.setDesired("stack-d", 1, desired("v1"), "normal", null);
    const found = await store.stacksOfOtherVersion(".v1", 10);
    assert.deepEqual(found.map(({ stack }) => stack).sort(), ["stack-b", "stack-c", "stack-d"]);
    assert.equal((await store.stacksOfOtherVersion(".v1", 2)).length, 2);
    assert.equal((await store.stacksOfOtherVersion(".v3", 10)).length, 4);
  });

  fact("a stack that must not exist has no program version", async ({ store }) => {
    await applyStack(store, "stack-a", desired("aaaa.v1"));
    await store.setDesired("stack-a", 2, absent, "normal", null);
    assert.deepEqual(await store.stacksOfOtherVersion(".v2", 10), []);
  });

  fact("the same merge under another program version is stored without a new merge", async ({ store }) => {
    await store.setDesired("stack-a", 1, desired("aaaa.v1"), "normal", null);
    const [old] = await store.stacksOfOtherVersion(".v2", 1);
    assert.ok(old);
    await store.setDesired(old.stack, old.version, { ...old.desired, hash: "aaaa.v2" }, "upgrade", null);
    assert.deepEqual(await store.stacksOfOtherVersion(".v2", 1), []);
    assert.deepEqual(await store.stacksToMerge(1), []);
    assert.equal((await stackOf(store, "stack-a")).lane, "upgrade");
  });
}
