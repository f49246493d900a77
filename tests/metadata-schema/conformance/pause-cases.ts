/** Paused subscriptions: what is left out, what is refused, and for how long. */
import assert from "node:assert/strict";
import type { MetadataStore } from "../../../metadata-schema/store.ts";
import {
  absent,
  applyStack,
  type Case,
  desired,
  environmentFacts,
  leaseRequest,
  spec,
  takeLease,
  workStacks,
} from "./kit.ts";

const first = environmentFacts.subscriptionId;
const second = "99999999-aaaa-4aaa-8aaa-999999999999";

const desiredIn = (subscriptionId: string, hash = "hash-1") =>
  desired(hash, { spec: { ...spec("stack-b"), environment: { ...environmentFacts, subscriptionId } } });

/** stack-a is due in the first subscription, stack-b in the second. */
async function twoDue(store: MetadataStore): Promise<void> {
  await store.setDesired("stack-a", 1, desired(), "normal", null);
  await store.setDesired("stack-b", 1, desiredIn(second), "urgent", null);
}

const queue = (store: MetadataStore, stack: string) =>
  store.createRequest({
    requestId: `request-of-${stack}`,
    kind: "preview",
    jobId: null,
    stack,
    traceId: null,
    runs: [{ runId: `queued-${stack}`, stack, kind: "preview" }],
  });

const throttled = { forMs: 60_000, reason: "Azure answers 429." } as const;

export function pauseCases(fact: Case): void {
  lengthCases(fact);
  workCases(fact);
  belongingCases(fact);
}

function lengthCases(fact: Case): void {
  fact("a pause is listed until it ends, on every handle", async (kit) => {
    const { store, clock } = kit;
    await store.pauseSubscription(second, throttled);
    await store.pauseSubscription(first, throttled);
    const pause = { until: clock.in(60_000), reason: throttled.reason, since: clock.in(0) };
    const other = await kit.secondHandle();
    assert.deepEqual(await other.listPauses(), [
      { subscriptionId: first, ...pause },
      { subscriptionId: second, ...pause },
    ]);
    clock.advance(59_999);
    assert.equal((await store.listPauses()).length, 2);
    clock.advance(1);
    assert.deepEqual(await store.listPauses(), []);
  });

  fact(
    "a longer pause takes a shorter one's place, and began when that one did",
    async ({ store, clock }) => {
      await store.pauseSubscription(first, throttled);
      const since = clock.in(0);
      clock.advance(30_000);
      await store.pauseSubscription(first, { forMs: 90_000, reason: "It still does." });
      assert.deepEqual(await store.listPauses(), [
        { subscriptionId: first, until: clock.in(90_000), reason: "It still does.", since },
      ]);
    },
  );

  fact("a shorter pause changes nothing of a longer one", async ({ store }) => {
    await store.pauseSubscription(first, throttled);
    const before = await store.listPauses();
    await store.pauseSubscription(first, { forMs: 1_000, reason: "Once more." });
    assert.deepEqual(await store.listPauses(), before);
  });

  fact("a pause after one that has ended is a new one", async ({ store, clock }) => {
    await store.pauseSubscription(first, throttled);
    clock.advance(60_000);
    await store.pauseSubscription(first, { forMs: 1_000, reason: "Again." });
    assert.deepEqual(await store.listPauses(), [
      { subscriptionId: first, until: clock.in(1_000), reason: "Again.", since: clock.in(0) },
    ]);
  });

  fact("pauses of one subscription from two handles at once leave the longest", async (kit) => {
    const handles = [kit.store, await kit.secondHandle()];
    const lengths = [5_000, 90_000, 30_000, 60_000];
    await Promise.all(
      lengths.map((forMs, index) =>
        handles[index % 2]?.pauseSubscription(first, { forMs, reason: `for ${forMs} ms` }),
      ),
    );
    assert.deepEqual(await kit.store.listPauses(), [
      { subscriptionId: first, until: kit.clock.in(90_000), reason: "for 90000 ms", since: kit.clock.in(0) },
    ]);
  });
}

function workCases(fact: Case): void {
  fact("due stacks of a paused subscription are no work until the pause ends", async ({ store, clock }) => {
    await twoDue(store);
    await store.pauseSubscription(second, throttled);
    assert.deepEqual(await workStacks(store), ["stack-a"]);
    assert.deepEqual(await store.listWork(10, "urgent"), []);
    clock.advance(60_000);
    assert.deepEqual(await workStacks(store), ["stack-b", "stack-a"]);
    assert.equal((await store.listWork(10, "urgent")).length, 1);
  });

  fact("queued runs of a paused subscription are no work until the pause ends", async ({ store, clock }) => {
    await applyStack(store, "stack-a");
    await applyStack(store, "stack-b", desiredIn(second));
    await store.setDesired("stack-b", 2, desiredIn(second), "urgent", null);
    await queue(store, "stack-a");
    await queue(store, "stack-b");
    await store.pauseSubscription(second, throttled);
    assert.deepEqual(await workStacks(store), ["stack-a"]);
    assert.deepEqual(await store.listWork(10, "urgent"), []);
    clock.advance(60_000);
    assert.deepEqual(await workStacks(store), ["stack-b", "stack-a"]);
    assert.equal((await store.listWork(10, "urgent")).length, 1);
  });

  fact("the work behind that of a paused subscription is found, whatever the limit", async ({ store }) => {
    for (let index = 0; index < 5; index += 1)
      await store.setDesired(`stack-p-${index}`, 1, desiredIn(second), "urgent", null);
    await store.setDesired("stack-a", 1, desired(), "normal", null);
    await store.pauseSubscription(second, throttled);
    assert.deepEqual(
      (await store.listWork(1)).map(({ stack }) => stack.stack),
      ["stack-a"],
    );
  });

  fact("no lease of a paused subscription is given, not even to a queued run", async ({ store, clock }) => {
    await twoDue(store);
    await queue(store, "stack-b");
    await store.pauseSubscription(second, throttled);
    const requests = [
      leaseRequest("stack-b"),
      leaseRequest("stack-b", { kind: "refresh" }),
      leaseRequest("stack-b", { runId: "queued-stack-b", kind: "preview" }),
    ];
    for (const request of requests)
      assert.deepEqual(await store.acquireLease(request), { status: "none" }, request.kind);
    await takeLease(store, "stack-a");
    clock.advance(60_000);
    await takeLease(store, "stack-b", { runId: "queued-stack-b", kind: "preview" });
  });

  fact("a run that has begun keeps its lease through a pause", async ({ store }) => {
    await twoDue(store);
    const lease = await takeLease(store, "stack-b");
    await store.pauseSubscription(second, throttled);
    assert.deepEqual(await store.renewLease(lease, 30_000), { cancelAskedBy: null });
  });
}

function belongingCases(fact: Case): void {
  fact("a stack without a spec belongs to the subscription of its last one", async ({ store }) => {
    await applyStack(store, "stack-b", desiredIn(second));
    await store.setDesired("stack-b", 2, absent, "urgent", null);
    await store.pauseSubscription(first, throttled);
    assert.deepEqual(await workStacks(store), ["stack-b"]);
    await store.pauseSubscription(second, throttled);
    assert.deepEqual(await workStacks(store), []);
  });

  fact("a stack goes with its spec to another subscription", async ({ store }) => {
    await twoDue(store);
    await store.setDesired("stack-b", 2, desiredIn(first, "hash-2"), "normal", null);
    await store.pauseSubscription(second, throttled);
    assert.deepEqual(await workStacks(store), ["stack-a", "stack-b"]);
  });

  fact("a subscription is the same in upper and lower case", async ({ store }) => {
    await store.setDesired("stack-b", 1, desiredIn(second.toUpperCase()), "normal", null);
    await store.pauseSubscription(second, throttled);
    assert.deepEqual(await workStacks(store), []);
    await store.pauseSubscription(second.toUpperCase(), { ...throttled, forMs: 90_000 });
    assert.deepEqual(
      (await store.listPauses()).map(({ subscriptionId }) => subscriptionId),
      [second],
    );
  });
}
