import assert from "node:assert/strict";
import { LeaseLostError } from "../../../metadata-schema/errors.ts";
import type { MetadataStore } from "../../../metadata-schema/store.ts";
import {
  absent,
  acquired,
  applyStack,
  type Case,
  desired,
  failure,
  leaseMs,
  leaseRequest,
  owner,
  stackOf,
  success,
  takeLease,
  takeRequestedLease,
  workStacks,
} from "./kit.ts";

export function leaseCases(fact: Case): void {
  acquireCases(fact);
  refusedCases(fact);
  previousRunCases(fact);
  writeCases(fact);
  breakCases(fact);
}

const due = (store: MetadataStore, stack = "stack-a") =>
  store.setDesired(stack, 1, desired(), "normal", null);

function acquireCases(fact: Case): void {
  fact("a lease starts a run", async ({ store, clock }) => {
    await due(store);
    const request = leaseRequest("stack-a", { runId: "run-x", reason: "first-run" });
    const { lease, previousRun } = acquired(await store.acquireLease(request));
    assert.deepEqual(lease, { stack: "stack-a", epoch: 1, runId: "run-x" });
    assert.equal(previousRun, null);
    assert.deepEqual((await stackOf(store, "stack-a")).lease, {
      epoch: 1,
      owner,
      expiresAt: clock.in(leaseMs),
      runId: "run-x",
    });
    assert.deepEqual(await store.getRun("run-x"), {
      runId: "run-x",
      stack: "stack-a",
      requestId: null,
      kind: "update",
      reason: "first-run",
      status: "running",
      specHash: "hash-1",
      epoch: 1,
      child: null,
      engine: null,
      queuedAt: clock.in(0),
      startedAt: clock.in(0),
      endedAt: null,
      changes: {},
      failure: null,
      traceId: null,
      adopt: null,
    });
  });

  fact("of many callers on two handles exactly one gets the lease", async (kit) => {
    await due(kit.store);
    const handles = [kit.store, await kit.secondHandle()];
    const results = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        (handles[index % 2] ?? kit.store).acquireLease(leaseRequest("stack-a")),
      ),
    );
    const winners = results.filter(({ status }) => status === "acquired");
    assert.equal(winners.length, 1);
    assert.equal((await stackOf(kit.store, "stack-a")).lease?.epoch, 1);
  });

  fact("two workers that take what is listed share the work and lose none", async (kit) => {
    const stacks = Array.from({ length: 20 }, (_, index) => `stack-${index + 10}`);
    for (const stack of stacks) await due(kit.store, stack);
    const done: string[] = [];
    const work = async (store: MetadataStore) => {
      for (;;) {
        const items = await store.listWork(5);
        if (items.length === 0) return;
        for (const { stack } of items) {
          const result = await store.acquireLease(leaseRequest(stack.stack));
          if (result.status === "none") continue;
          done.push(stack.stack);
          await store.settleRun(result.lease, success());
        }
      }
    };
    await Promise.all([work(kit.store), work(await kit.secondHandle())]);
    assert.deepEqual(done.sort(), stacks);
  });
}

function refusedCases(fact: Case): void {
  fact(
    "a lease is refused while another one holds, and for a stack that is not there",
    async ({ store, clock }) => {
      await due(store);
      await takeLease(store, "stack-a");
      clock.advance(leaseMs - 1);
      assert.deepEqual(await store.acquireLease(leaseRequest("stack-a")), { status: "none" });
      assert.deepEqual(await store.acquireLease(leaseRequest("stack-b")), { status: "none" });
    },
  );

  fact("a lease is refused when the desired hash is not the planned one", async ({ store }) => {
    await due(store);
    await store.setDesired("stack-a", 2, desired("hash-2"), "normal", null);
    const request = leaseRequest("stack-a", { desiredHash: "hash-1" });
    assert.deepEqual(await store.acquireLease(request), { status: "none" });
    assert.equal(await store.getRun(request.runId), null);
    assert.equal((await stackOf(store, "stack-a")).lease, null);
  });

  fact("a stack that another worker has run meanwhile is not run again", async (kit) => {
    await due(kit.store);
    const [work] = await kit.store.listWork(1);
    const other = await kit.secondHandle();
    await other.settleRun(await takeLease(other, "stack-a"), success());
    assert.equal(work?.stack.stack, "stack-a");
    assert.deepEqual(await kit.store.acquireLease(leaseRequest("stack-a")), { status: "none" });
  });

  fact("a stack that failed meanwhile is not run before its next attempt", async (kit) => {
    const { store, clock } = kit;
    await due(store);
    const other = await kit.secondHandle();
    await other.settleRun(await takeLease(other, "stack-a"), failure(1_000));
    assert.deepEqual(await store.acquireLease(leaseRequest("stack-a")), { status: "none" });
    clock.advance(1_000);
    await store.settleRun(await takeLease(store, "stack-a"), failure(null));
    assert.deepEqual(await store.acquireLease(leaseRequest("stack-a")), { status: "none" });
    await takeRequestedLease(store, "stack-a");
  });
}

function previousRunCases(fact: Case): void {
  fact("an expired lease is claimed by the next worker, and its run is lost", async ({ store, clock }) => {
    await due(store);
    const first = await takeLease(store, "stack-a");
    clock.advance(leaseMs);
    const { lease, previousRun } = acquired(await store.acquireLease(leaseRequest("stack-a")));
    assert.equal(lease.epoch, first.epoch + 1);
    assert.equal(previousRun?.runId, first.runId);
    assert.equal(previousRun?.status, "lost");
    assert.equal((await store.getRun(first.runId))?.endedAt, clock.in(0));
  });

  fact("the previous run is the last one that held a lease, settled or not", async ({ store }) => {
    await due(store);
    const first = await takeLease(store, "stack-a");
    await store.settleRun(first, failure(0));
    const { previousRun } = acquired(await store.acquireLease(leaseRequest("stack-a")));
    assert.deepEqual([previousRun?.runId, previousRun?.status], [first.runId, "failed"]);
  });

  fact("recent runs are those that held a lease, newest first, up to the limit", async (kit) => {
    const { store, clock } = kit;
    await applyStack(store, "stack-a");
    await applyStack(store, "stack-b");
    assert.deepEqual(await store.recentRuns("stack-c", 10), []);
    const applied = (await stackOf(store, "stack-a")).lastSuccessRunId;
    await queuePreview(store, "stack-a", "queued-1");
    await queuePreview(store, "stack-a", "queued-2");
    await queuePreview(store, "stack-a", "queued-3");
    await store.cancelQueuedRun("queued-3", "Not needed.");
    const refresh = await takeLease(store, "stack-a", { kind: "refresh" });
    await store.settleRun(refresh, failure(null));
    const preview = { runId: "queued-1", kind: "preview" } as const;
    await takeLease(store, "stack-a", preview);
    clock.advance(leaseMs);
    const last = await takeLease(store, "stack-a", { kind: "refresh" });
    const recent = await store.recentRuns("stack-a", 10);
    assert.deepEqual(
      recent.map(({ runId, status }) => [runId, status]),
      [
        [last.runId, "running"],
        ["queued-1", "lost"],
        [refresh.runId, "failed"],
        [applied, "succeeded"],
      ],
    );
    assert.deepEqual(recent[0], await store.getRun(last.runId));
    assert.deepEqual(await store.recentRuns("stack-a", 2), recent.slice(0, 2));
  });

  fact("runs from before a stack's destroy are among its recent ones", async ({ store, clock }) => {
    await applyStack(store, "stack-a");
    await store.setDesired("stack-a", 2, absent, "normal", null);
    const destroy = { kind: "destroy", desiredHash: absent.hash } as const;
    await store.settleRun(await takeLease(store, "stack-a", destroy), success(null));
    clock.advance(1);
    await applyStack(store, "stack-a");
    assert.deepEqual(
      (await store.recentRuns("stack-a", 10)).map(({ kind, epoch }) => [kind, epoch]),
      [
        ["update", 1],
        ["destroy", 2],
        ["update", 1],
      ],
    );
  });

  fact("a queued run becomes running under its own id", async ({ store, clock }) => {
    await applyStack(store, "stack-a");
    const queuedAt = clock.in(0);
    await queuePreview(store, "stack-a", "queued-1");
    clock.advance(5_000);
    await takeLease(store, "stack-a", { runId: "queued-1", kind: "preview", reason: "requested" });
    const run = await store.getRun("queued-1");
    assert.deepEqual(
      [run?.status, run?.requestId, run?.queuedAt, run?.startedAt],
      ["running", "request-queued-1", queuedAt, clock.in(0)],
    );
    assert.equal((await store.getRequest("request-queued-1"))?.runs.length, 1);
  });

  fact("a run that is not queued any more, or of another stack, starts no lease", async ({ store }) => {
    await applyStack(store, "stack-a");
    await applyStack(store, "stack-b");
    await queuePreview(store, "stack-a", "queued-1");
    const request = leaseRequest("stack-b", { runId: "queued-1", kind: "preview" });
    assert.deepEqual(await store.acquireLease(request), { status: "none" });
    await store.cancelQueuedRun("queued-1", "Not needed.");
    assert.deepEqual(await store.acquireLease({ ...request, stack: "stack-a" }), { status: "none" });
    assert.equal((await store.getRun("queued-1"))?.status, "canceled");
  });

  fact("a destroy is refused while another stack's applied spec refers to the stack", async ({ store }) => {
    await applyStack(store, "stack-platform");
    await store.setDesired("stack-platform", 2, absent, "normal", null);
    const references = [{ stack: "stack-platform", output: "host" }];
    await store.setDesired("stack-job", 1, desired("hash-1", { references }), "normal", null);
    assert.ok((await workStacks(store)).includes("stack-platform"));
    await takeLease(store, "stack-job");
    const destroy = leaseRequest("stack-platform", { kind: "destroy", desiredHash: absent.hash });
    assert.deepEqual(await store.acquireLease(destroy), { status: "none" });
  });
}

const queuePreview = (store: MetadataStore, stack: string, runId: string) =>
  store.createRequest({
    requestId: `request-${runId}`,
    kind: "preview",
    jobId: 201,
    stack: null,
    traceId: null,
    runs: [{ runId, stack, kind: "preview" }],
  });

function writeCases(fact: Case): void {
  for (const kind of ["update", "destroy"] as const)
    fact(`the lease of a run of kind ${kind} sets the applied hash to NULL`, async ({ store }) => {
      await applyStack(store, "stack-a");
      const next = kind === "update" ? desired("hash-2") : absent;
      await store.setDesired("stack-a", 2, next, "normal", null);
      await takeLease(store, "stack-a", { kind, desiredHash: next.hash });
      const record = await stackOf(store, "stack-a");
      assert.equal(record.appliedHash, null);
      assert.equal(record.wasApplied, true);
    });

  for (const kind of ["preview", "refresh"] as const)
    fact(`the lease of a run of kind ${kind} leaves the applied hash`, async ({ store }) => {
      await applyStack(store, "stack-a");
      const lease = await takeLease(store, "stack-a", { kind });
      assert.equal((await stackOf(store, "stack-a")).appliedHash, "hash-1");
      await store.settleRun(lease, success(null));
      assert.deepEqual(await workStacks(store), []);
    });

  fact("a run that writes and is lost leaves its stack due", async ({ store, clock }) => {
    await applyStack(store, "stack-a");
    await takeRequestedLease(store, "stack-a");
    clock.advance(leaseMs);
    assert.deepEqual(await workStacks(store), ["stack-a"]);
  });

  fact("a revert after a half-failed run is due, though its hash was applied before", async ({ store }) => {
    await applyStack(store, "stack-a", desired("hash-1"));
    await store.setDesired("stack-a", 2, desired("hash-2"), "normal", null);
    await store.settleRun(await takeLease(store, "stack-a", { desiredHash: "hash-2" }), failure());
    await store.setDesired("stack-a", 3, desired("hash-1"), "normal", null);
    assert.deepEqual(await workStacks(store), ["stack-a"]);
    assert.equal((await stackOf(store, "stack-a")).wasApplied, true);
  });
}

function breakCases(fact: Case): void {
  fact("processes of a run are recorded for a later owner", async ({ store }) => {
    await due(store);
    const lease = await takeLease(store, "stack-a");
    await store.recordProcesses(lease, { child: owner, engine: null });
    assert.deepEqual((await store.getRun(lease.runId))?.child, owner);
    const engine = { host: "host-a", pid: 77, startedAt: "991" };
    await store.recordProcesses(lease, { child: owner, engine });
    assert.deepEqual((await store.getRun(lease.runId))?.engine, engine);
  });

  fact("an engine that ended stays recorded until there is a new one", async ({ store }) => {
    await due(store);
    const lease = await takeLease(store, "stack-a");
    const engine = { host: "host-a", pid: 77, startedAt: "991" };
    await store.recordProcesses(lease, { child: owner, engine });
    const child = { ...owner, pid: 5_000 };
    await store.recordProcesses(lease, { child, engine: null });
    const run = await store.getRun(lease.runId);
    assert.deepEqual([run?.child, run?.engine], [child, engine]);
    const next = { ...engine, pid: 78 };
    await store.recordProcesses(lease, { child, engine: next });
    assert.deepEqual((await store.getRun(lease.runId))?.engine, next);
  });

  fact("leases that have not ended are listed, expired ones included", async ({ store, clock }) => {
    await due(store, "stack-a");
    await due(store, "stack-b");
    await due(store, "stack-c");
    const first = await takeLease(store, "stack-a");
    await store.settleRun(await takeLease(store, "stack-b"), success());
    clock.advance(leaseMs);
    const third = await takeLease(store, "stack-c");
    const listed = await store.listLeases();
    assert.deepEqual(
      listed.map(({ lease }) => lease),
      [first, third],
    );
    assert.deepEqual(listed[0]?.info.owner, owner);
    assert.equal(listed[0]?.run.runId, first.runId);
  });

  fact("a lease whose owner is dead is broken at once, and its run is lost", async (kit) => {
    const { store } = kit;
    await due(store);
    const lease = await takeLease(store, "stack-a");
    assert.equal(await (await kit.secondHandle()).breakLease(lease), true);
    assert.equal((await store.getRun(lease.runId))?.status, "lost");
    assert.deepEqual(await store.listLeases(), []);
    assert.deepEqual(await workStacks(store), ["stack-a"]);
    await assert.rejects(store.settleRun(lease, success()), LeaseLostError);
    const { previousRun } = acquired(await store.acquireLease(leaseRequest("stack-a")));
    assert.equal(previousRun?.runId, lease.runId);
  });

  fact("a lease that changed is not broken", async ({ store, clock }) => {
    await due(store);
    const old = await takeLease(store, "stack-a");
    clock.advance(leaseMs);
    const next = await takeLease(store, "stack-a");
    assert.equal(await store.breakLease(old), false);
    await store.settleRun(next, success());
    assert.equal(await store.breakLease(next), false);
    assert.equal((await store.getRun(next.runId))?.status, "succeeded");
  });

  fact("leases outlast a restart", async (kit) => {
    await due(kit.store);
    const lease = await takeLease(kit.store, "stack-a");
    const reopened = await kit.reopen();
    assert.equal((await reopened.listLeases()).length, 1);
    await reopened.settleRun(lease, success());
    assert.equal((await stackOf(reopened, "stack-a")).appliedHash, "hash-1");
  });
}
