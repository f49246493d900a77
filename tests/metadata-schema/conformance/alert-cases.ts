/** Alerts that fired, and what is forgotten of them and of probes. */
import assert from "node:assert/strict";
import type { AlertEvent, MetadataStore } from "../../../metadata-schema/store.ts";
import { type Case, desired } from "./kit.ts";
import { probe } from "./probe-cases.ts";

const alert = (alertId: string, overrides: Partial<AlertEvent> = {}): AlertEvent => ({
  alertId,
  ruleId: "/subscriptions/1/providers/Microsoft.Insights/scheduledQueryRules/alert-201-model_accuracy",
  jobId: 201,
  metric: "model_accuracy",
  severity: 2,
  state: "Fired",
  firedAt: "2026-03-01T08:00:00.000Z",
  resolvedAt: null,
  description: "0.84 is less than 0.85",
  essentials: { signalType: "Log", targets: ["/subscriptions/1"] },
  ...overrides,
});
const resolved = (alertId: string, overrides: Partial<AlertEvent> = {}): AlertEvent =>
  alert(alertId, {
    state: "Resolved",
    firedAt: "2026-03-01T09:30:00.000Z",
    resolvedAt: "2026-03-01T09:00:00.000Z",
    description: null,
    ...overrides,
  });

type Which = Parameters<MetadataStore["listAlerts"]>[0];
const listed = async (store: MetadataStore, which: Partial<Which> = {}) =>
  (await store.listAlerts({ limit: 100, ...which })).map(({ alertId }) => alertId);

export function alertCases(fact: Case): void {
  recordCases(fact);
  listCases(fact);
  pruneCases(fact);
}

function recordCases(fact: Case): void {
  fact("an alert comes back as it was told, with a number", async ({ store }) => {
    const nobody = { jobId: null, metric: null, description: null, essentials: {} };
    await store.recordAlert(alert("alert-1"));
    await store.recordAlert(alert("alert-2", { ...nobody, firedAt: "2026-03-01T10:00:00.1234567+02:00" }));
    const [second, first] = await store.listAlerts({ limit: 10 });
    assert.deepEqual(first, { ...alert("alert-1"), number: first?.number });
    assert.deepEqual(second, {
      ...alert("alert-2", { ...nobody, firedAt: "2026-03-01T08:00:00.123Z" }),
      number: second?.number,
    });
    assert.ok((second?.number ?? 0) > (first?.number ?? 0));
  });

  fact(
    "one that resolves keeps when it fired and its number; the rest is as told last",
    async ({ store }) => {
      await store.recordAlert(alert("alert-1"));
      await store.recordAlert(alert("alert-2"));
      const [, before] = await store.listAlerts({ limit: 10 });
      await store.recordAlert(resolved("alert-1", { severity: 1 }));
      const [, after] = await store.listAlerts({ limit: 10 });
      const { firedAt } = alert("alert-1");
      assert.deepEqual(after, { ...resolved("alert-1", { severity: 1 }), firedAt, number: before?.number });
    },
  );

  fact("one that is told twice is one, and what is Resolved stays so", async ({ store }) => {
    await store.recordAlert(resolved("alert-1"));
    await store.recordAlert(alert("alert-1"));
    const [found, ...more] = await store.listAlerts({ limit: 10 });
    assert.deepEqual([found, more], [{ ...resolved("alert-1"), number: found?.number }, []]);
  });

  fact("one that several tell at once is one", async (kit) => {
    const second = await kit.secondHandle();
    const tell = (store: MetadataStore) => store.recordAlert(alert("alert-1"));
    await Promise.all([tell(kit.store), tell(second), tell(kit.store), tell(second)]);
    assert.deepEqual(await listed(kit.store), ["alert-1"]);
  });

  fact("a time that is none is a fault, and nothing is recorded", async ({ store }) => {
    await assert.rejects(store.recordAlert(alert("alert-1", { firedAt: "yesterday" })), RangeError);
    assert.deepEqual(await listed(store), []);
  });
}

function listCases(fact: Case): void {
  fact("alerts are listed newest first, by job, by state, in pages", async ({ store }) => {
    for (const [id, jobId] of [
      ["a-1", 201],
      ["a-2", 202],
      ["a-3", 201],
      ["a-4", null],
      ["a-5", 201],
    ] as const)
      await store.recordAlert(alert(id, { jobId }));
    await store.recordAlert(resolved("a-3"));
    assert.deepEqual(await listed(store), ["a-5", "a-4", "a-3", "a-2", "a-1"]);
    assert.deepEqual(await listed(store, { limit: 2 }), ["a-5", "a-4"]);
    assert.deepEqual(await listed(store, { jobId: 201 }), ["a-5", "a-3", "a-1"]);
    assert.deepEqual(await listed(store, { state: "Resolved" }), ["a-3"]);
    assert.deepEqual(await listed(store, { jobId: 201, state: "Fired" }), ["a-5", "a-1"]);
    assert.deepEqual(await listed(store, { jobId: 999 }), []);
    const [, , third] = await store.listAlerts({ limit: 3 });
    const before = third?.number ?? Number.NaN;
    assert.deepEqual(await listed(store, { before }), ["a-2", "a-1"]);
    assert.deepEqual(await listed(store, { before, jobId: 201, state: "Fired", limit: 1 }), ["a-1"]);
  });
}

function pruneCases(fact: Case): void {
  const dayMs = 86_400_000;
  const old = { olderThanMs: 30 * dayMs, keep: 0, limit: 100 } as const;
  const [a, b] = ["network-eastus-databricks", "network-eastus-keyvault"] as const;
  const probed = async (store: MetadataStore) =>
    (await store.recentProbes({ limit: 100 })).map(
      ({ stack, runId }) => `${stack === a ? "a" : "b"} ${runId}`,
    );

  fact("alerts go once they were last told longer ago, in whatever state", async ({ store, clock }) => {
    await store.recordAlert(alert("a-1"));
    await store.recordAlert(resolved("a-2"));
    await store.recordAlert(alert("a-3"));
    clock.advance(1);
    await store.recordAlert(resolved("a-3"));
    clock.advance(30 * dayMs - 1);
    assert.equal(await store.pruneHistory(old), 0, "exactly as long ago is not longer");
    clock.advance(1);
    assert.equal(await store.pruneHistory(old), 2);
    assert.deepEqual(await listed(store), ["a-3"]);
    clock.advance(1);
    assert.deepEqual([await store.pruneHistory(old), await store.pruneHistory(old)], [1, 0]);
  });

  fact("results of probes go, but for the latest of each endpoint", async ({ store, clock }) => {
    for (const stack of [a, b]) await store.setDesired(stack, 1, desired(), "normal", null);
    for (const runId of ["1", "2", "3"]) await store.recordProbes(a, [probe("pe-1", { runId })]);
    await store.recordProbes(b, [probe("pe-1", { runId: "1" })]);
    clock.advance(30 * dayMs + 1);
    assert.equal(await store.pruneHistory(old), 2);
    assert.deepEqual(await probed(store), ["b 1", "a 3"]);
    await store.recordProbes(a, [probe("pe-1", { runId: "4" })]);
    assert.equal(await store.pruneHistory(old), 1);
    assert.deepEqual(await probed(store), ["a 4", "b 1"]);
  });

  fact("those of a stack that is gone go with their age", async ({ store, clock }) => {
    await store.setDesired(a, 1, desired(), "normal", null);
    await store.recordProbes(a, [probe("pe-1")]);
    await store.setDesired(a, 2, desired("absent", { spec: null }), "normal", null);
    assert.equal(await store.pruneHistory(old), 0);
    clock.advance(30 * dayMs + 1);
    assert.equal(await store.pruneHistory(old), 1);
    assert.deepEqual(await probed(store), []);
  });

  fact("the newest of each stay, however old, and a call deletes the oldest up to its limit", async (kit) => {
    const { store, clock } = kit;
    await store.setDesired(a, 1, desired(), "normal", null);
    for (const id of ["1", "2", "3", "4", "5", "6"]) {
      await store.recordAlert(alert(`a-${id}`));
      await store.recordProbes(a, [probe("pe-1", { runId: id })]);
      clock.advance(1);
    }
    clock.advance(60 * dayMs);
    assert.equal(await store.pruneHistory({ ...old, keep: 6 }), 0);
    assert.equal(await store.pruneHistory({ ...old, keep: 2, limit: 3 }), 6);
    assert.deepEqual(await listed(store), ["a-6", "a-5", "a-4"]);
    assert.deepEqual(await probed(store), ["a 6", "a 5", "a 4"]);
    assert.equal(await store.pruneHistory({ ...old, keep: 2, limit: 3 }), 2);
    assert.equal(await store.pruneHistory({ ...old, keep: 2, limit: 3 }), 0);
    assert.deepEqual(
      [await listed(store), await probed(store)],
      [
        ["a-6", "a-5"],
        ["a 6", "a 5"],
      ],
    );
  });
}
