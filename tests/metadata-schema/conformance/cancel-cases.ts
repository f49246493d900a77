/** Runs that somebody wants to end. */
import assert from "node:assert/strict";
import { RowNotFoundError } from "../../../metadata-schema/errors.ts";
import type { MetadataStore } from "../../../metadata-schema/store.ts";
import { type Case, desired, leaseMs, success, takeLease, workStacks } from "./kit.ts";

async function queued(store: MetadataStore): Promise<void> {
  await store.setDesired("stack-a", 1, desired(), "normal", null);
  await store.createRequest({
    requestId: "request-1",
    kind: "preview",
    jobId: 201,
    stack: null,
    traceId: null,
    runs: [{ runId: "run-q", stack: "stack-a", kind: "preview" }],
  });
}

export function cancelCases(fact: Case): void {
  fact("a queued run that is to be canceled ends at once and tells by whom", async ({ store, clock }) => {
    await queued(store);
    clock.advance(10);
    assert.equal(await store.requestCancel("run-q", "mei.tanaka@contoso.example"), "canceled");
    const run = await store.getRun("run-q");
    assert.deepEqual([run?.status, run?.endedAt], ["canceled", clock.in(0)]);
    assert.match(run?.failure?.message ?? "", /mei\.tanaka@contoso\.example/);
    assert.equal(
      (await store.listWork(10)).find((item) => item.queued !== null),
      undefined,
    );
    assert.deepEqual(await workStacks(store), ["stack-a"], "the stack itself is still due");
  });

  fact("a running one goes on, and its worker is told who asked first", async ({ store }) => {
    await queued(store);
    const lease = await takeLease(store, "stack-a", { runId: "run-q", kind: "preview" });
    assert.deepEqual(await store.renewLease(lease, leaseMs), { cancelAskedBy: null });
    assert.equal(await store.requestCancel("run-q", "mei"), "asked");
    assert.equal(await store.requestCancel("run-q", "ana"), "asked");
    assert.equal((await store.getRun("run-q"))?.status, "running");
    assert.deepEqual(await store.renewLease(lease, leaseMs), { cancelAskedBy: "mei" });
    assert.deepEqual(await store.renewLease(lease, leaseMs), { cancelAskedBy: "mei" });
  });

  fact("the next run of the stack is not asked to end", async ({ store }) => {
    await store.setDesired("stack-a", 1, desired(), "normal", null);
    const first = await takeLease(store, "stack-a");
    await store.requestCancel(first.runId, "mei");
    await store.settleRun(first, success());
    await store.setDesired("stack-a", 2, desired("hash-2"), "normal", null);
    const next = await takeLease(store, "stack-a", { desiredHash: "hash-2" });
    assert.deepEqual(await store.renewLease(next, leaseMs), { cancelAskedBy: null });
  });

  fact("a run that has ended stays as it ended", async ({ store }) => {
    await store.setDesired("stack-a", 1, desired(), "normal", null);
    const lease = await takeLease(store, "stack-a");
    await store.settleRun(lease, success());
    const before = await store.getRun(lease.runId);
    assert.equal(await store.requestCancel(lease.runId, "mei"), "ended");
    assert.deepEqual(await store.getRun(lease.runId), before);
  });

  fact("an unknown run is a fault", async ({ store }) => {
    await assert.rejects(store.requestCancel("run-9", "mei"), RowNotFoundError);
  });

  fact("of a cancel and a lease at once, the run is canceled or told, never both", async (kit) => {
    const other = await kit.secondHandle();
    for (let round = 0; round < 5; round += 1) {
      const [stack, runId] = [`stack-${round}`, `run-${round}`];
      await kit.store.setDesired(stack, 1, desired(), "normal", null);
      const runs = [{ runId, stack, kind: "preview" }] as const;
      const request = { requestId: runId, kind: "preview", jobId: null, stack, traceId: null, runs } as const;
      await kit.store.createRequest(request);
      const [outcome, lease] = await Promise.all([
        other.requestCancel(runId, "mei"),
        takeLease(kit.store, stack, { runId, kind: "preview" }).catch(() => null),
      ]);
      const status = (await kit.store.getRun(runId))?.status;
      if (lease === null) assert.deepEqual([outcome, status], ["canceled", "canceled"]);
      else {
        assert.deepEqual([outcome, status], ["asked", "running"]);
        assert.deepEqual(await kit.store.renewLease(lease, leaseMs), { cancelAskedBy: "mei" });
      }
    }
  });
}
