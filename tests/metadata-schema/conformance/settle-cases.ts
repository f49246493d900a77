import assert from "node:assert/strict";
import type { MetadataStore } from "../../../metadata-schema/store.ts";
import {
  absent,
  applyStack,
  type Case,
  contribute,
  contribution,
  desired,
  failure,
  job,
  resolveAll,
  seed,
  stackOf,
  success,
  takeLease,
  takeRequestedLease,
  touched,
  workStacks,
} from "./kit.ts";

export function settleCases(fact: Case): void {
  successCases(fact);
  outputCases(fact);
  failureCases(fact);
  referrerCases(fact);
  destroyCases(fact);
}

const due = (store: MetadataStore) => store.setDesired("stack-a", 1, desired(), "normal", null);

function successCases(fact: Case): void {
  fact("a successful update is in sync, with its run and its instant", async ({ store, clock }) => {
    await due(store);
    const lease = await takeLease(store, "stack-a");
    clock.advance(1_500);
    const settled = await store.settleRun(lease, success({ host: "adb-1", ids: [1, 2] }));
    assert.deepEqual(settled, { affectedJobs: [], changedOutputs: ["host", "ids"] });
    const record = await stackOf(store, "stack-a");
    assert.deepEqual([record.appliedHash, record.wasApplied, record.lease], ["hash-1", true, null]);
    assert.deepEqual([record.lastSuccessAt, record.lastSuccessRunId], [clock.in(0), lease.runId]);
    const run = await store.getRun(lease.runId);
    assert.deepEqual([run?.status, run?.endedAt, run?.changes], ["succeeded", clock.in(0), { create: 1 }]);
    assert.equal(run?.failure, null);
    assert.deepEqual(await store.outputs("stack-a"), {
      values: { host: "adb-1", ids: [1, 2] },
      runId: lease.runId,
      asOf: clock.in(0),
    });
    assert.deepEqual(await workStacks(store), []);
  });

  fact("the applied hash is the run's, whatever is desired by now", async ({ store }) => {
    await due(store);
    const lease = await takeLease(store, "stack-a");
    await store.setDesired("stack-a", 2, desired("hash-2"), "normal", null);
    await store.setDesired("stack-a", 3, desired("hash-3"), "normal", null);
    await store.settleRun(lease, success());
    assert.equal((await stackOf(store, "stack-a")).appliedHash, "hash-1");
    assert.deepEqual(await workStacks(store), ["stack-a"], "ten edits make one more run");
  });

  fact("an edit and its revert during a run leave nothing to do", async ({ store }) => {
    await due(store);
    const lease = await takeLease(store, "stack-a");
    await store.setDesired("stack-a", 2, desired("hash-2"), "normal", null);
    await store.setDesired("stack-a", 3, desired("hash-1"), "normal", null);
    await store.settleRun(lease, success());
    assert.deepEqual(await workStacks(store), []);
  });

  fact("success clears attempts", async ({ store }) => {
    await due(store);
    await store.settleRun(await takeLease(store, "stack-a"), failure(0));
    assert.equal((await stackOf(store, "stack-a")).attempts, 1);
    await store.settleRun(await takeLease(store, "stack-a"), success());
    assert.equal((await stackOf(store, "stack-a")).attempts, 0);
  });
}

function outputCases(fact: Case): void {
  fact("outputs are replaced, and told by name when new, changed or gone", async ({ store }) => {
    await applyStack(store, "stack-a", desired(), { kept: { a: 1, b: 2 }, changed: 1, gone: true });
    const lease = await takeRequestedLease(store, "stack-a");
    const settled = await store.settleRun(lease, success({ kept: { b: 2, a: 1 }, changed: 2, added: null }));
    assert.deepEqual(settled.changedOutputs, ["added", "changed", "gone"]);
    assert.deepEqual((await store.outputs("stack-a"))?.values, {
      kept: { a: 1, b: 2 },
      changed: 2,
      added: null,
    });
  });

  fact("a success without word of outputs leaves them", async ({ store }) => {
    await applyStack(store, "stack-a", desired(), { host: "adb-1" });
    const lease = await takeRequestedLease(store, "stack-a");
    assert.deepEqual((await store.settleRun(lease, success(null))).changedOutputs, []);
    assert.deepEqual((await store.outputs("stack-a"))?.values, { host: "adb-1" });
    assert.equal((await store.outputs("stack-a"))?.runId, lease.runId);
  });

  fact("the jobs that contribute to the stack are told as affected", async ({ store }) => {
    await contribute(store, 202, contribution("stack-a"));
    await contribute(store, 201, contribution("stack-a", { admitted: [] }));
    await contribute(store, 203, contribution("stack-b"));
    await due(store);
    const settled = await store.settleRun(await takeLease(store, "stack-a"), success());
    assert.deepEqual(settled.affectedJobs.toSorted(), [201, 202]);
  });

  for (const kind of ["preview", "refresh"] as const)
    fact(
      `a run of kind ${kind} changes nothing but itself, whether it succeeds or fails`,
      async ({ store }) => {
        await applyStack(store, "stack-a", desired(), { host: "adb-1" });
        const before = await stackOf(store, "stack-a");
        const first = await takeLease(store, "stack-a", { kind });
        await store.settleRun(first, success({ host: "other" }));
        const second = await takeLease(store, "stack-a", { kind });
        await store.settleRun(second, failure(null));
        assert.deepEqual(await stackOf(store, "stack-a"), before);
        assert.deepEqual((await store.outputs("stack-a"))?.values, { host: "adb-1" });
        assert.equal((await store.getRun(first.runId))?.status, "succeeded");
        assert.equal((await store.getRun(second.runId))?.status, "failed");
      },
    );
}

function failureCases(fact: Case): void {
  for (const status of ["failed", "canceled"] as const)
    fact(
      `a run that ended as ${status} leaves the applied hash NULL and sets the next attempt`,
      async (kit) => {
        const { store, clock } = kit;
        await applyStack(store, "stack-a", desired(), { host: "adb-1" });
        const lease = await takeRequestedLease(store, "stack-a");
        clock.advance(500);
        await store.settleRun(lease, { ...failure(60_000), status } as ReturnType<typeof failure>);
        const record = await stackOf(store, "stack-a");
        assert.deepEqual([record.appliedHash, record.attempts, record.lease], [null, 1, null]);
        assert.equal(record.nextAttemptAt, clock.in(60_000));
        assert.equal(record.wasApplied, true);
        const run = await store.getRun(lease.runId);
        assert.equal(run?.status, status);
        assert.deepEqual(run?.failure, { class: "transient", message: "Too many requests." });
        assert.deepEqual((await store.outputs("stack-a"))?.values, { host: "adb-1" });
      },
    );

  fact("attempts grow with every failure", async ({ store }) => {
    await due(store);
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      await store.settleRun(await takeLease(store, "stack-a"), failure(0));
      assert.equal((await stackOf(store, "stack-a")).attempts, attempt);
    }
  });

  fact("a failure without a retry sets no next attempt", async ({ store }) => {
    await due(store);
    await store.settleRun(await takeLease(store, "stack-a"), failure(null));
    assert.equal((await stackOf(store, "stack-a")).nextAttemptAt, null);
  });

  fact("a spec that came during a failed run is due at once", async ({ store }) => {
    await due(store);
    const lease = await takeLease(store, "stack-a");
    await store.setDesired("stack-a", 2, desired("hash-2"), "normal", null);
    await store.settleRun(lease, failure(null));
    assert.equal((await stackOf(store, "stack-a")).attempts, 0);
    assert.deepEqual(await workStacks(store), ["stack-a"]);
  });

  fact("one stack's failure never holds another", async ({ store }) => {
    await due(store);
    await store.setDesired("stack-b", 1, desired(), "normal", null);
    await store.settleRun(await takeLease(store, "stack-a"), failure(null));
    assert.deepEqual(await workStacks(store), ["stack-b"]);
  });
}

function referrerCases(fact: Case): void {
  const refersTo = (output: string, admitted = true) =>
    contribution(`acl-${output}`, {
      references: [{ stack: "stack-a", output }],
      ...(admitted ? {} : { admitted: [] }),
    });

  fact("subjects that refer to an output that changed are touched, no others", async ({ store }) => {
    await seed(store);
    await contribute(store, 201, refersTo("host"));
    await contribute(store, 202, refersTo("port"));
    await contribute(store, 203, contribution("stack-a"));
    await applyStack(store, "stack-a", desired(), { host: "adb-1", port: 443 });
    await resolveKeeping(store);
    await store.settleRun(await takeRequestedLease(store, "stack-a"), success({ host: "adb-2", port: 443 }));
    assert.deepEqual(await touched(store), ["job:201"]);
  });

  fact("a subject that waits for an output is touched when it comes", async ({ store }) => {
    await seed(store);
    await contribute(store, 201, refersTo("host", false));
    await applyStack(store, "stack-a", desired(), { host: "adb-1" });
    assert.deepEqual(await touched(store), ["job:201"]);
  });

  fact("an output that is gone touches its referrers", async ({ store }) => {
    await seed(store);
    await applyStack(store, "stack-a", desired(), { host: "adb-1" });
    await contribute(store, 201, refersTo("host"));
    await resolveKeeping(store);
    await store.settleRun(await takeRequestedLease(store, "stack-a"), success({}));
    assert.deepEqual(await touched(store), ["job:201"]);
  });

  fact("outputs that stay the same touch nobody", async ({ store }) => {
    await seed(store);
    await applyStack(store, "stack-a", desired(), { host: "adb-1" });
    await contribute(store, 201, refersTo("host"));
    await resolveKeeping(store);
    const settled = await store.settleRun(
      await takeRequestedLease(store, "stack-a"),
      success({ host: "adb-1" }),
    );
    assert.deepEqual(settled.changedOutputs, []);
    assert.deepEqual(await touched(store), []);
  });

  fact("a subject that refers no more is not touched", async ({ store }) => {
    await seed(store);
    await contribute(store, 201, refersTo("host"));
    await contribute(store, 201);
    await applyStack(store, "stack-a", desired(), { host: "adb-1" });
    assert.deepEqual(await touched(store), []);
  });

  fact("a destroy touches those who refer to its outputs", async ({ store }) => {
    await seed(store);
    await applyStack(store, "stack-a", desired(), { host: "adb-1" });
    await contribute(store, 201, refersTo("host"));
    await resolveKeeping(store);
    await store.setDesired("stack-a", 2, absent, "normal", null);
    const lease = await takeLease(store, "stack-a", { kind: "destroy", desiredHash: absent.hash });
    assert.deepEqual((await store.settleRun(lease, success(null))).changedOutputs, ["host"]);
    assert.deepEqual(await touched(store), ["job:201"]);
  });
}

/** Resolves what waits to the same contributions as before. */
async function resolveKeeping(store: MetadataStore): Promise<void> {
  for (const { subject, seq } of await store.readChanges(100)) {
    assert.equal(subject.kind, "job");
    const { contributions, outputVersions } = await store.loadJob(subject.kind === "job" ? subject.jobId : 0);
    await store.commitResolution({
      subject,
      seq,
      contributions,
      rowConditions: [],
      recorded: [],
      wakeAt: null,
      outputVersions,
    });
  }
  assert.deepEqual(await touched(store), []);
}

function destroyCases(fact: Case): void {
  fact("a successful destroy takes row, outputs, references and conditions along", async ({ store }) => {
    const references = [{ stack: "stack-p", output: "host" }];
    await applyStack(store, "stack-p", desired(), { host: "adb-1" });
    await applyStack(store, "stack-a", desired("hash-1", { references }), { id: 7 });
    await store.setConditions([
      {
        subject: { kind: "stack", stack: "stack-a" },
        condition: { type: "Drifted", status: "True", reason: "Changed", message: "Look." },
      },
    ]);
    await store.setDesired("stack-a", 2, absent, "normal", null);
    await store.setDesired("stack-p", 2, absent, "normal", null);
    const lease = await takeLease(store, "stack-a", { kind: "destroy", desiredHash: absent.hash });
    const settled = await store.settleRun(lease, success(null));
    assert.deepEqual(settled.changedOutputs, ["id"]);
    assert.equal(await store.getStack("stack-a"), null);
    assert.equal(await store.outputs("stack-a"), null);
    assert.deepEqual(await store.conditions({ kind: "stack", stack: "stack-a" }), []);
    assert.deepEqual(await store.listHeldDestroys(), []);
    assert.equal((await store.getRun(lease.runId))?.status, "succeeded");
    assert.deepEqual(await store.listLeases(), []);
  });

  fact("a stack wanted again during its destroy is due, as one that was never applied", async ({ store }) => {
    await applyStack(store, "stack-a", desired(), { id: 7 });
    await store.setDesired("stack-a", 2, absent, "normal", null);
    const lease = await takeLease(store, "stack-a", { kind: "destroy", desiredHash: absent.hash });
    await store.setDesired("stack-a", 3, desired("hash-1"), "normal", null);
    await store.settleRun(lease, success(null));
    const record = await stackOf(store, "stack-a");
    assert.deepEqual([record.desired.hash, record.appliedHash], ["hash-1", null]);
    assert.deepEqual([record.wasApplied, record.lastSuccessAt], [false, null]);
    assert.equal(await store.outputs("stack-a"), null);
    assert.deepEqual(await workStacks(store), ["stack-a"]);
  });

  fact("a failed destroy leaves the row and the outputs, and is tried again", async ({ store, clock }) => {
    await applyStack(store, "stack-a", desired(), { id: 7 });
    await store.setDesired("stack-a", 2, absent, "normal", null);
    const lease = await takeLease(store, "stack-a", { kind: "destroy", desiredHash: absent.hash });
    await store.settleRun(lease, failure(1_000));
    assert.equal((await stackOf(store, "stack-a")).appliedHash, null);
    assert.deepEqual((await store.outputs("stack-a"))?.values, { id: 7 });
    clock.advance(1_000);
    assert.deepEqual(await workStacks(store), ["stack-a"]);
  });

  fact("queued runs of a destroyed stack end as canceled", async ({ store }) => {
    await applyStack(store, "stack-a");
    await store.createRequest({
      requestId: "request-1",
      kind: "refresh",
      jobId: 201,
      stack: null,
      traceId: null,
      runs: [{ runId: "queued-1", stack: "stack-a", kind: "refresh" }],
    });
    await store.setDesired("stack-a", 2, absent, "normal", null);
    const lease = await takeLease(store, "stack-a", { kind: "destroy", desiredHash: absent.hash });
    await store.settleRun(lease, success(null));
    assert.equal((await store.getRun("queued-1"))?.status, "canceled");
  });

  fact("a stack that comes back after its destroy begins anew", async ({ store }) => {
    await applyStack(store, "stack-a");
    await store.setDesired("stack-a", 2, absent, "normal", null);
    const lease = await takeLease(store, "stack-a", { kind: "destroy", desiredHash: absent.hash });
    await store.settleRun(lease, success(null));
    await store.setDesired("stack-a", 3, desired(), "normal", null);
    assert.equal((await stackOf(store, "stack-a")).wasApplied, false);
    assert.deepEqual(await workStacks(store), ["stack-a"]);
    assert.deepEqual(await touched(store), []);
    await store.touch([job(201)]);
    await resolveAll(store);
  });
}
