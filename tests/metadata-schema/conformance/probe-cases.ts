/** Results of probes: what is the latest, what is history, and what goes with a stack. */
import assert from "node:assert/strict";
import type { MetadataStore, ProbeInput } from "../../../metadata-schema/store.ts";
import { absent, applyStack, type Case, desired, stackOf, success, takeLease } from "./kit.ts";

export const probe = (endpoint: string, overrides: Partial<ProbeInput> = {}): ProbeInput => ({
  endpoint,
  runId: "run-of-network",
  status: "ok",
  failedLayer: null,
  reason: null,
  message: null,
  layers: [{ layer: "endpoint", status: "ok", durationMs: 12, detail: "Approved" }],
  ...overrides,
});
const failed: Partial<ProbeInput> = {
  runId: null,
  status: "failed",
  failedLayer: "dns",
  reason: "NoRecord",
  message: "adb-1 has no private address. Link the zone.",
  layers: [{ layer: "dns", status: "failed", durationMs: 3, detail: "the zone's link is missing" }],
};

const [a, b] = ["network-eastus-databricks", "network-eastus-keyvault"] as const;
async function stacks(store: MetadataStore): Promise<void> {
  for (const stack of [a, b]) await store.setDesired(stack, 1, desired(), "normal", null);
}
const latest = async (store: MetadataStore) =>
  (await store.latestProbes()).map(({ stack, endpoint, status }) => [stack, endpoint, status]);

export function probeCases(fact: Case): void {
  readCases(fact);
  latestCases(fact);
}

function readCases(fact: Case): void {
  fact("a result comes back as it was told, at database time", async ({ store, clock }) => {
    await stacks(store);
    clock.set("2026-03-01T08:00:00.123Z");
    await store.recordProbes(a, [probe("pe-a", failed)]);
    const [found] = await store.recentProbes({ limit: 10 });
    assert.deepEqual(found, { ...probe("pe-a", failed), stack: a, at: "2026-03-01T08:00:00.123Z" });
    assert.deepEqual(await store.latestProbes(), [found]);
  });

  fact(
    "the newest results come first, of all, of a stack, of an endpoint, up to the limit",
    async ({ store }) => {
      await stacks(store);
      await store.recordProbes(a, [probe("pe-1"), probe("pe-2")]);
      await store.recordProbes(b, [probe("pe-3"), probe("pe-1")]);
      await store.recordProbes(a, [probe("pe-1")]);
      const recent = async (which: { stack?: string; endpoint?: string }, limit = 10) =>
        (await store.recentProbes({ ...which, limit })).map(({ stack, endpoint }) => `${stack} ${endpoint}`);
      const all = [`${a} pe-1`, `${b} pe-1`, `${b} pe-3`, `${a} pe-2`, `${a} pe-1`];
      assert.deepEqual(await recent({}), all);
      assert.deepEqual(await recent({}, 2), all.slice(0, 2));
      assert.deepEqual(await recent({ stack: a }), [`${a} pe-1`, `${a} pe-2`, `${a} pe-1`]);
      assert.deepEqual(await recent({ endpoint: "pe-1" }), [`${a} pe-1`, `${b} pe-1`, `${a} pe-1`]);
      assert.deepEqual(await recent({ stack: b, endpoint: "pe-1" }), [`${b} pe-1`]);
      assert.deepEqual(await recent({ stack: "nowhere" }), []);
    },
  );

  fact("of a stack that does not exist nothing is recorded", async ({ store }) => {
    await store.recordProbes(a, [probe("pe-1")]);
    assert.deepEqual([await store.recentProbes({ limit: 10 }), await store.latestProbes()], [[], []]);
  });
}

function latestCases(fact: Case): void {
  fact(
    "the latest result of each endpoint of each stack is told, by stack and endpoint",
    async ({ store }) => {
      await stacks(store);
      await store.recordProbes(b, [probe("pe-1")]);
      await store.recordProbes(a, [probe("pe-2"), probe("pe-1", failed), probe("pe-2", failed)]);
      assert.deepEqual(await latest(store), [
        [a, "pe-1", "failed"],
        [a, "pe-2", "failed"],
        [b, "pe-1", "ok"],
      ]);
      await store.recordProbes(a, [probe("pe-1")]);
      await store.recordProbes(a, []);
      assert.deepEqual(await latest(store), [
        [a, "pe-1", "ok"],
        [a, "pe-2", "failed"],
        [b, "pe-1", "ok"],
      ]);
    },
  );

  fact("results that are told at once leave one latest", async (kit) => {
    const second = await kit.secondHandle();
    await stacks(kit.store);
    const told = (store: MetadataStore) => store.recordProbes(a, [probe("pe-1"), probe("pe-2")]);
    await Promise.all([told(kit.store), told(second), told(kit.store), told(second)]);
    assert.equal((await latest(kit.store)).length, 2);
    assert.equal((await kit.store.recentProbes({ limit: 100 })).length, 8);
  });

  fact("a stack that is destroyed has no latest results, and its history stays", async ({ store }) => {
    await stacks(store);
    await applyStack(store, a);
    for (const stack of [a, b]) await store.recordProbes(stack, [probe("pe-1")]);
    await store.setDesired(a, 2, absent, "normal", null);
    assert.equal((await latest(store)).length, 2, "not before it is destroyed");
    const lease = await takeLease(store, a, { kind: "destroy", desiredHash: absent.hash });
    await store.settleRun(lease, success());
    assert.deepEqual(await latest(store), [[b, "pe-1", "ok"]]);
    assert.equal((await store.recentProbes({ stack: a, limit: 10 })).length, 1);
  });

  fact(
    "nor has one that disappears unbuilt, or is wanted again by the end of its destroy",
    async ({ store }) => {
      await stacks(store);
      await store.recordProbes(b, [probe("pe-1")]);
      await store.setDesired(b, 2, absent, "normal", null);
      assert.deepEqual(await latest(store), []);
      await applyStack(store, a);
      await store.recordProbes(a, [probe("pe-1")]);
      await store.setDesired(a, 2, absent, "normal", null);
      const lease = await takeLease(store, a, { kind: "destroy", desiredHash: absent.hash });
      await store.setDesired(a, 3, desired("hash-2"), "normal", null);
      await store.settleRun(lease, success());
      assert.equal((await stackOf(store, a)).appliedHash, null);
      assert.deepEqual(await latest(store), []);
    },
  );
}
