/** State that may be older than the clouds, and which names are the names of stacks. */
import assert from "node:assert/strict";
import {
  absent,
  applyStack,
  type Case,
  desired,
  failure,
  leaseRequest,
  stackOf,
  success,
  takeLease,
  workStacks,
} from "./kit.ts";

export function doubtCases(fact: Case): void {
  fact("distrusted state makes every stack due at once, applied or not", async ({ store, clock }) => {
    await applyStack(store, "stack-a");
    await applyStack(store, "stack-b");
    await store.setDesired("stack-b", 2, absent, "urgent", null);
    await store.setDesired("stack-never", 1, desired(), "normal", null);
    clock.advance(1_000);
    assert.equal(await store.distrustState(), 3);
    const a = await stackOf(store, "stack-a");
    assert.deepEqual(
      [a.stateDoubtful, a.appliedHash, a.wasApplied, a.nextAttemptAt],
      [true, null, true, clock.in(0)],
    );
    assert.equal((await stackOf(store, "stack-b")).stateDoubtful, true);
    assert.equal((await stackOf(store, "stack-never")).stateDoubtful, true);
    assert.deepEqual(await workStacks(store), ["stack-b", "stack-never", "stack-a"]);
    await takeLease(store, "stack-a");
  });

  fact("a stack that was given up is tried again, one that was due keeps its place", async (kit) => {
    const { store, clock } = kit;
    await applyStack(store, "stack-a");
    await applyStack(store, "stack-b");
    await store.setDesired("stack-a", 2, desired("hash-2"), "normal", null);
    await store.settleRun(await takeLease(store, "stack-a", { desiredHash: "hash-2" }), failure(null));
    assert.deepEqual(await workStacks(store), []);
    clock.advance(1_000);
    assert.equal(await store.distrustState(), 2);
    assert.deepEqual(await workStacks(store), ["stack-a", "stack-b"]);
    assert.equal((await stackOf(store, "stack-a")).attempts, 0);
  });

  fact("doubt lasts through failures and looks, and ends with a successful update", async ({ store }) => {
    await applyStack(store, "stack-a");
    await store.distrustState();
    const isDoubtful = async () => (await stackOf(store, "stack-a")).stateDoubtful;
    const look = await takeLease(store, "stack-a", { kind: "refresh" });
    await store.settleRun(look, success());
    assert.equal(await isDoubtful(), true);
    await store.settleRun(await takeLease(store, "stack-a"), failure(0));
    assert.equal(await isDoubtful(), true);
    await store.setDesired("stack-a", 2, desired("hash-2"), "normal", null);
    assert.equal(await isDoubtful(), true);
    await store.settleRun(await takeLease(store, "stack-a", { desiredHash: "hash-2" }), success());
    assert.deepEqual([await isDoubtful(), await workStacks(store)], [false, []]);
  });

  fact("doubt ends with a destroy, of a stack that is wanted again too", async ({ store }) => {
    await applyStack(store, "stack-a");
    await store.setDesired("stack-a", 2, absent, "normal", null);
    await store.distrustState();
    const lease = await takeLease(store, "stack-a", { kind: "destroy", desiredHash: absent.hash });
    await store.setDesired("stack-a", 3, desired(), "normal", null);
    await store.settleRun(lease, success());
    const stack = await stackOf(store, "stack-a");
    assert.deepEqual([stack.stateDoubtful, stack.wasApplied], [false, false]);
    assert.equal((await store.acquireLease(leaseRequest("stack-a"))).status, "acquired");
  });

  fact("of many names those of stacks are told", async ({ store }) => {
    await applyStack(store, "stack-a");
    await store.setDesired("stack-b", 1, desired(), "normal", null);
    const many = Array.from({ length: 3_000 }, (_, index) => `stack-unknown-${index}`);
    assert.deepEqual(
      await store.stacksAmong(["stack-b", ...many, "stack-a", "STACK-A", "stack-b"]),
      new Set(["stack-a", "stack-b"]),
    );
    assert.deepEqual(await store.stacksAmong([]), new Set());
  });
}
