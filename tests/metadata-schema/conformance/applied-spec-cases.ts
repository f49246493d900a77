/** What the clouds hold for sure, through every end that a run can have. */
import assert from "node:assert/strict";
import type { MetadataStore } from "../../../metadata-schema/store.ts";
import {
  absent,
  applyStack,
  type Case,
  desired,
  failure,
  leaseMs,
  spec,
  stackOf,
  success,
  takeLease,
} from "./kit.ts";

const first = spec("platform-eastus", "10.20.0.0/22");
const second = spec("platform-eastus", "10.30.0.0/22");
const narrowed = spec("platform-eastus", "10.20.0.0/24");
const appliedSpec = async (store: MetadataStore) => (await stackOf(store, "stack-a")).appliedSpec;
const wantSecond = (store: MetadataStore) =>
  store.setDesired("stack-a", 2, desired("hash-2", { spec: second }), "normal", null);

export function appliedSpecCases(fact: Case): void {
  updateCases(fact);
  otherCases(fact);
}

function updateCases(fact: Case): void {
  fact("the applied spec is the leased one of the last success", async ({ store }) => {
    await store.setDesired("stack-a", 1, desired("hash-1", { spec: first }), "normal", null);
    assert.equal(await appliedSpec(store), null);
    const lease = await takeLease(store, "stack-a");
    await wantSecond(store);
    assert.equal(await appliedSpec(store), null);
    await store.settleRun(lease, success());
    assert.deepEqual(await appliedSpec(store), first);
    await store.settleRun(await takeLease(store, "stack-a", { desiredHash: "hash-2" }), success());
    assert.deepEqual(await appliedSpec(store), second);
  });

  for (const status of ["failed", "canceled"] as const)
    fact(`a run that ended as ${status} leaves the applied spec, or what it narrowed it to`, async (kit) => {
      const { store } = kit;
      await applyStack(store, "stack-a", desired("hash-1", { spec: first }));
      await wantSecond(store);
      const settle = async (narrowedTo: typeof first | null) =>
        store.settleRun(await takeLease(store, "stack-a", { desiredHash: "hash-2" }), {
          ...failure(0, narrowedTo),
          status,
        } as ReturnType<typeof failure>);
      await settle(null);
      assert.deepEqual(await appliedSpec(store), first);
      await settle(narrowed);
      assert.deepEqual(await appliedSpec(store), narrowed);
      await settle(null);
      assert.deepEqual(await appliedSpec(store), narrowed);
      assert.equal((await stackOf(store, "stack-a")).appliedHash, null);
    });

  fact("a failed run narrows the applied spec though another one is desired by now", async ({ store }) => {
    await applyStack(store, "stack-a", desired("hash-1", { spec: first }));
    await wantSecond(store);
    const lease = await takeLease(store, "stack-a", { desiredHash: "hash-2" });
    await store.setDesired("stack-a", 3, desired("hash-3"), "normal", null);
    await store.settleRun(lease, failure(null, narrowed));
    assert.deepEqual(await appliedSpec(store), narrowed);
    assert.equal((await stackOf(store, "stack-a")).attempts, 0);
  });
}

function otherCases(fact: Case): void {
  fact("a run that is lost leaves the applied spec", async ({ store, clock }) => {
    await applyStack(store, "stack-a", desired("hash-1", { spec: first }));
    await wantSecond(store);
    await takeLease(store, "stack-a", { desiredHash: "hash-2" });
    clock.advance(leaseMs);
    const next = await takeLease(store, "stack-a", { desiredHash: "hash-2" });
    await store.breakLease(next);
    assert.deepEqual(await appliedSpec(store), first);
  });

  for (const kind of ["preview", "refresh"] as const)
    fact(`a run of kind ${kind} leaves the applied spec`, async ({ store }) => {
      await applyStack(store, "stack-a", desired("hash-1", { spec: first }));
      await wantSecond(store);
      const request = { kind, desiredHash: "hash-2" } as const;
      await store.settleRun(await takeLease(store, "stack-a", request), success());
      await store.settleRun(await takeLease(store, "stack-a", request), failure(null, narrowed));
      assert.deepEqual(await appliedSpec(store), first);
    });

  fact("a failed destroy leaves the applied spec, a successful one ends it", async ({ store }) => {
    await applyStack(store, "stack-a", desired("hash-1", { spec: first }));
    await store.setDesired("stack-a", 2, absent, "normal", null);
    const destroy = { kind: "destroy", desiredHash: absent.hash } as const;
    await store.settleRun(await takeLease(store, "stack-a", destroy), failure(0));
    assert.deepEqual(await appliedSpec(store), first);
    const lease = await takeLease(store, "stack-a", destroy);
    await store.setDesired("stack-a", 3, desired(), "normal", null);
    await store.settleRun(lease, success(null));
    assert.equal(await appliedSpec(store), null);
  });
}
