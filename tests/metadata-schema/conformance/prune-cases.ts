/** Which runs and requests are forgotten, and which never. */
import assert from "node:assert/strict";
import type { MetadataStore } from "../../../metadata-schema/store.ts";
import type { TestClock } from "../../support/test-clock.ts";
import { applyStack, type Case, desired, leaseRequest, success, takeLease } from "./kit.ts";

const dayMs = 86_400_000;
const old = { olderThanMs: 30 * dayMs, keepPerStack: 0, limit: 100 } as const;

/** Runs that only look, with a step each; one a day. Returns their ids, oldest first. */
async function lookDaily(
  store: MetadataStore,
  clock: TestClock,
  stack: string,
  days: number,
): Promise<readonly string[]> {
  const runIds: string[] = [];
  for (let day = 0; day < days; day += 1) {
    const lease = await takeLease(store, stack, { kind: "refresh" });
    await store.appendSteps(lease, [step]);
    await store.settleRun(lease, success());
    runIds.push(lease.runId);
    clock.advance(dayMs);
  }
  return runIds;
}
const step = {
  operation: "refresh",
  urn: "urn:1",
  type: "azuread:Group",
  status: "done",
  objectId: null,
  message: null,
} as const;

const left = async (store: MetadataStore): Promise<readonly string[]> =>
  (await store.listRuns(1_000)).map(({ runId }) => runId).toReversed();

const ask = (store: MetadataStore, requestId: string, stacks: readonly string[]) =>
  store.createRequest({
    requestId,
    kind: "preview",
    jobId: 201,
    stack: null,
    traceId: null,
    runs: stacks.map((stack) => ({ runId: `${requestId}-${stack}`, stack, kind: "preview" })),
  });

async function runQueued(store: MetadataStore, runId: string, stack: string): Promise<void> {
  const lease = await takeLease(store, stack, { runId, kind: "preview" });
  await store.settleRun(lease, success());
}

export function pruneCases(fact: Case): void {
  runCases(fact);
  keptCases(fact);
  requestCases(fact);
  pieceCases(fact);
}

function runCases(fact: Case): void {
  fact("runs that ended longer ago go, with their steps", async ({ store, clock, query }) => {
    await applyStack(store, "stack-a");
    const [first] = await left(store);
    const runs = await lookDaily(store, clock, "stack-a", 40);
    // The first look ended 40 days ago, the eleventh 30 days: exactly as long ago is not longer.
    assert.equal(await store.pruneRuns(old), 10);
    assert.deepEqual(await left(store), [first, ...runs.slice(10)]);
    assert.equal((await query("SELECT run_id FROM Run_Steps")).length, 30);
    assert.deepEqual(await store.readSteps(runs[0] ?? "", 0, 10), []);
    assert.equal(await store.pruneRuns(old), 0);
  });

  fact("runs of stacks that are gone go too", async ({ store, clock }) => {
    await store.setDesired("stack-a", 1, desired(), "normal", null);
    await ask(store, "request-1", ["stack-a"]);
    await store.setDesired("stack-a", 2, desired("absent", { spec: null }), "normal", null);
    clock.advance(31 * dayMs);
    assert.equal(await store.pruneRuns(old), 1);
    assert.deepEqual([await left(store), await store.getRequest("request-1")], [[], null]);
  });

  fact("a store without old runs stays as it is", async ({ store, clock }) => {
    assert.equal(await store.pruneRuns(old), 0);
    await applyStack(store, "stack-a");
    const runs = await lookDaily(store, clock, "stack-a", 3);
    assert.equal(await store.pruneRuns(old), 0);
    assert.equal((await left(store)).length, 1 + runs.length);
  });
}

function keptCases(fact: Case): void {
  fact("the newest runs of each stack stay, however old, queued ones counted", async ({ store, clock }) => {
    await applyStack(store, "stack-a");
    await applyStack(store, "stack-b");
    const a = await lookDaily(store, clock, "stack-a", 6);
    const b = await lookDaily(store, clock, "stack-b", 2);
    await ask(store, "request-1", ["stack-a"]);
    clock.advance(60 * dayMs);
    assert.equal(await store.pruneRuns({ ...old, keepPerStack: 3 }), 4);
    const runs = await left(store);
    assert.deepEqual(
      runs.filter((runId) => a.includes(runId)),
      a.slice(4),
      "the queued run is the newest, so two more stay",
    );
    assert.deepEqual(
      runs.filter((runId) => b.includes(runId)),
      b,
    );
  });

  fact("the last run with a lease and the last success stay", async ({ store, clock }) => {
    await applyStack(store, "stack-a");
    const [success = ""] = await left(store);
    const looks = await lookDaily(store, clock, "stack-a", 4);
    clock.advance(60 * dayMs);
    assert.equal(await store.pruneRuns(old), 3);
    assert.deepEqual(await left(store), [success, looks[3]]);
    assert.equal((await store.outputs("stack-a"))?.runId, success);
    const next = await store.acquireLease(leaseRequest("stack-a", { kind: "refresh" }));
    assert.equal(next.status === "acquired" ? next.previousRun?.runId : null, looks[3]);
  });

  fact("runs that have not ended stay: a leased one, one whose lease expired, a queued one", async (kit) => {
    const { store, clock } = kit;
    await applyStack(store, "stack-a");
    await applyStack(store, "stack-b");
    await takeLease(store, "stack-a", { kind: "refresh", runId: "run-leased", leaseMs: 90 * dayMs });
    await takeLease(store, "stack-b", { kind: "refresh", runId: "run-expired" });
    await ask(store, "request-1", ["stack-a"]);
    clock.advance(60 * dayMs);
    assert.equal(await store.pruneRuns(old), 0);
    for (const runId of ["run-leased", "run-expired", "request-1-stack-a"])
      assert.ok((await store.getRun(runId))?.endedAt === null, runId);
  });

  fact("runs of a request stay as long as one of them has not ended", async ({ store, clock }) => {
    await applyStack(store, "stack-a");
    await applyStack(store, "stack-b");
    await ask(store, "request-1", ["stack-a", "stack-b"]);
    await runQueued(store, "request-1-stack-a", "stack-a");
    await lookDaily(store, clock, "stack-a", 1);
    clock.advance(60 * dayMs);
    assert.equal(await store.pruneRuns(old), 0);
    await runQueued(store, "request-1-stack-b", "stack-b");
    assert.equal(await store.pruneRuns(old), 1);
    assert.equal(await store.getRun("request-1-stack-a"), null);
    assert.deepEqual(
      (await store.getRequest("request-1"))?.runs.map(({ runId }) => runId),
      ["request-1-stack-b"],
    );
  });
}

function requestCases(fact: Case): void {
  fact("a request goes with the last of its runs", async ({ store, clock }) => {
    await applyStack(store, "stack-a");
    await applyStack(store, "stack-b");
    await ask(store, "request-1", ["stack-a", "stack-b"]);
    await runQueued(store, "request-1-stack-a", "stack-a");
    await runQueued(store, "request-1-stack-b", "stack-b");
    clock.advance(60 * dayMs);
    await lookDaily(store, clock, "stack-a", 1);
    assert.equal(await store.pruneRuns(old), 1);
    assert.equal((await store.getRequest("request-1"))?.runs.length, 1);
    await lookDaily(store, clock, "stack-b", 1);
    assert.equal(await store.pruneRuns(old), 1);
    assert.equal(await store.getRequest("request-1"), null);
  });

  fact("a request that never had a run goes once it is as old", async ({ store, clock }) => {
    await ask(store, "request-1", []);
    clock.advance(30 * dayMs);
    assert.equal(await store.pruneRuns(old), 0);
    assert.notEqual(await store.getRequest("request-1"), null);
    clock.advance(1);
    assert.equal(await store.pruneRuns(old), 0);
    assert.equal(await store.getRequest("request-1"), null);
  });
}

function pieceCases(fact: Case): void {
  fact("a call deletes no more than its limit, the oldest first; the next one goes on", async (kit) => {
    const { store, clock } = kit;
    await applyStack(store, "stack-a");
    const [first] = await left(store);
    const runs = await lookDaily(store, clock, "stack-a", 6);
    clock.advance(60 * dayMs);
    assert.equal(await store.pruneRuns({ ...old, limit: 2 }), 2);
    assert.deepEqual(await left(store), [first, ...runs.slice(2)]);
    const other = await kit.secondHandle();
    assert.equal(await other.pruneRuns({ ...old, limit: 2 }), 2);
    assert.equal(await store.pruneRuns({ ...old, limit: 2 }), 1);
    assert.deepEqual(await left(store), [first, runs[5]]);
  });

  fact("what lies behind many runs to keep is found by one of the next calls", async ({ store, clock }) => {
    // Each of the 12 keeps its only run, and a call with the limit 1 looks at ten.
    for (let index = 0; index < 12; index += 1) await applyStack(store, `stack-${index}`);
    clock.advance(dayMs);
    const [look] = await lookDaily(store, clock, "stack-0", 2);
    clock.advance(60 * dayMs);
    const counts = [];
    for (let call = 0; call < 4; call += 1) counts.push(await store.pruneRuns({ ...old, limit: 1 }));
    assert.deepEqual(counts, [0, 1, 0, 0]);
    assert.equal(await store.getRun(look ?? ""), null);
  });

  fact("a run that was to be kept when it was looked at goes in a later round", async ({ store, clock }) => {
    await applyStack(store, "stack-a");
    const [first] = await lookDaily(store, clock, "stack-a", 1);
    clock.advance(60 * dayMs);
    assert.equal(await store.pruneRuns(old), 0);
    await lookDaily(store, clock, "stack-a", 1);
    assert.equal(await store.pruneRuns(old), 1);
    assert.equal(await store.getRun(first ?? ""), null);
  });
}
