/** The queue in numbers. */
import assert from "node:assert/strict";
import type { MetadataStore } from "../../../metadata-schema/store.ts";
import { applyStack, type Case, desired, failure, leaseMs, takeLease } from "./kit.ts";

const idle = {
  lanes: [
    { lane: "urgent", due: 0, oldestDueAt: null },
    { lane: "normal", due: 0, oldestDueAt: null },
    { lane: "upgrade", due: 0, oldestDueAt: null },
  ],
  waitingForRetry: 0,
  givenUp: 0,
  running: 0,
  queued: 0,
  oldestLeaseStartedAt: null,
} as const;

const due = (store: MetadataStore, stack: string, lane: "urgent" | "normal" | "upgrade" = "normal") =>
  store.setDesired(stack, 1, desired(), lane, null);

export function queueFactsCases(fact: Case): void {
  fact("a store where nothing is to do has nothing in its queue", async ({ store }) => {
    assert.deepEqual(await store.queueFacts(), idle);
    await applyStack(store, "stack-a");
    assert.deepEqual(await store.queueFacts(), idle);
  });

  fact(
    "due stacks count by lane, with the instant at which the oldest became due",
    async ({ store, clock }) => {
      await due(store, "stack-a");
      const first = clock.in(0);
      clock.advance(1_000);
      await due(store, "stack-b");
      await due(store, "stack-c", "upgrade");
      assert.deepEqual((await store.queueFacts()).lanes, [
        { lane: "urgent", due: 0, oldestDueAt: null },
        { lane: "normal", due: 2, oldestDueAt: first },
        { lane: "upgrade", due: 1, oldestDueAt: clock.in(0) },
      ]);
    },
  );

  fact("a stack counts once: running, waiting for its next attempt, given up or due", async (kit) => {
    const { store, clock } = kit;
    for (const stack of ["stack-a", "stack-b", "stack-c", "stack-d"]) await due(store, stack);
    await store.settleRun(await takeLease(store, "stack-a"), failure(60_000));
    await store.settleRun(await takeLease(store, "stack-b"), failure(null));
    const started = clock.in(0);
    await takeLease(store, "stack-c");
    const facts = await store.queueFacts();
    assert.deepEqual(facts, {
      ...idle,
      lanes: [idle.lanes[0], { lane: "normal", due: 1, oldestDueAt: clock.in(0) }, idle.lanes[2]],
      waitingForRetry: 1,
      givenUp: 1,
      running: 1,
      oldestLeaseStartedAt: started,
    });
    clock.advance(60_000);
    const later = await store.queueFacts();
    assert.deepEqual([later.lanes[1]?.due, later.waitingForRetry], [2, 0]);
  });

  fact(
    "an expired lease counts as running, and the oldest lease's start is told",
    async ({ store, clock }) => {
      await due(store, "stack-a");
      await due(store, "stack-b");
      await takeLease(store, "stack-a");
      const started = clock.in(0);
      clock.advance(leaseMs + 1);
      await takeLease(store, "stack-b");
      const { running, oldestLeaseStartedAt } = await store.queueFacts();
      assert.deepEqual([running, oldestLeaseStartedAt], [2, started]);
    },
  );

  fact("queued runs count until they start", async ({ store }) => {
    await applyStack(store, "stack-a");
    await store.createRequest({
      requestId: "request-1",
      kind: "preview",
      jobId: null,
      stack: "stack-a",
      traceId: null,
      runs: [
        { runId: "run-1", stack: "stack-a", kind: "preview" },
        { runId: "run-2", stack: "stack-a", kind: "preview" },
      ],
    });
    assert.equal((await store.queueFacts()).queued, 2);
    await takeLease(store, "stack-a", { runId: "run-1", kind: "preview" });
    const { queued, running } = await store.queueFacts();
    assert.deepEqual([queued, running], [1, 1]);
  });

  fact("stacks of a paused subscription are still due", async ({ store }) => {
    await due(store, "stack-a");
    const { subscriptionId } = desired().spec?.environment ?? {};
    await store.pauseSubscription(subscriptionId ?? "", { forMs: 60_000, reason: "429" });
    assert.deepEqual(await store.listWork(1), []);
    assert.equal((await store.queueFacts()).lanes[1]?.due, 1);
  });
}
