import assert from "node:assert/strict";
import { type Lane, laneDelayMs, type MetadataStore, type RunKind } from "../../../metadata-schema/store.ts";
import {
  absent,
  applyStack,
  type Case,
  desired,
  failure,
  leaseMs,
  success,
  takeLease,
  workStacks,
} from "./kit.ts";

const due = (store: MetadataStore, stack: string, lane: Lane = "normal") =>
  store.setDesired(stack, 1, desired(), lane, null);

const queue = (store: MetadataStore, stack: string, kind: RunKind = "preview") =>
  store.createRequest({
    requestId: `request-${stack}-${kind}`,
    kind: "preview",
    jobId: 201,
    stack: null,
    traceId: null,
    runs: [{ runId: `queued-${stack}-${kind}`, stack, kind }],
  });

export function workCases(fact: Case): void {
  rankCases(fact);
  leftOutCases(fact);
  queuedCases(fact);
  laneCases(fact);
  heldCases(fact);
}

function rankCases(fact: Case): void {
  fact("due stacks are listed by the instant they became due, up to the limit", async ({ store, clock }) => {
    await due(store, "stack-c");
    clock.advance(1);
    await due(store, "stack-a");
    clock.advance(1);
    await due(store, "stack-b");
    assert.deepEqual(await workStacks(store), ["stack-c", "stack-a", "stack-b"]);
    assert.deepEqual(
      (await store.listWork(2)).map(({ stack, queued }) => [stack.stack, queued]),
      [
        ["stack-c", null],
        ["stack-a", null],
      ],
    );
  });

  fact("an urgent stack passes normal work of less than the lane's delay", async ({ store, clock }) => {
    await due(store, "stack-old");
    clock.advance(1_000);
    await due(store, "stack-new");
    clock.advance(laneDelayMs.normal - 500);
    await due(store, "stack-urgent", "urgent");
    assert.deepEqual(await workStacks(store), ["stack-old", "stack-urgent", "stack-new"]);
  });

  fact("an upgrade lets later normal work pass, and does not starve", async ({ store, clock }) => {
    await due(store, "stack-upgrade", "upgrade");
    clock.advance(laneDelayMs.upgrade - laneDelayMs.normal - 1);
    await due(store, "stack-before");
    clock.advance(2);
    await due(store, "stack-after");
    assert.deepEqual(await workStacks(store), ["stack-before", "stack-upgrade", "stack-after"]);
  });

  fact("more edits do not push a due stack back; another lane moves it", async ({ store, clock }) => {
    await due(store, "stack-a");
    clock.advance(1);
    await due(store, "stack-b");
    clock.advance(1);
    await store.setDesired("stack-a", 2, desired("hash-2"), "normal", null);
    assert.deepEqual(await workStacks(store), ["stack-a", "stack-b"]);
    await store.setDesired("stack-b", 2, desired(), "urgent", null);
    assert.deepEqual(await workStacks(store), ["stack-b", "stack-a"]);
  });
}

function leftOutCases(fact: Case): void {
  fact("a leased stack is left out until its lease expires", async ({ store, clock }) => {
    await due(store, "stack-a");
    await takeLease(store, "stack-a");
    assert.deepEqual(await workStacks(store), []);
    clock.advance(leaseMs - 1);
    assert.deepEqual(await workStacks(store), []);
    clock.advance(1);
    assert.deepEqual(await workStacks(store), ["stack-a"]);
  });

  fact("a failed stack is left out until its next attempt", async ({ store, clock }) => {
    await due(store, "stack-a");
    await store.settleRun(await takeLease(store, "stack-a"), failure(60_000));
    clock.advance(59_999);
    assert.deepEqual(await workStacks(store), []);
    clock.advance(1);
    assert.deepEqual(await workStacks(store), ["stack-a"]);
  });

  fact("a stack without a next attempt is left out for good", async ({ store, clock }) => {
    await due(store, "stack-a");
    await store.settleRun(await takeLease(store, "stack-a"), failure(null));
    clock.advance(365 * 86_400_000);
    assert.deepEqual(await workStacks(store), []);
  });

  fact("a spec that came during a run is ranked by when it came", async ({ store, clock }) => {
    await due(store, "stack-a");
    const lease = await takeLease(store, "stack-a");
    clock.advance(10);
    await due(store, "stack-b");
    clock.advance(10);
    await store.setDesired("stack-a", 2, desired("hash-2"), "normal", null);
    clock.advance(10);
    await due(store, "stack-c");
    await store.settleRun(lease, success());
    assert.deepEqual(await workStacks(store), ["stack-b", "stack-a", "stack-c"]);
  });
}

function queuedCases(fact: Case): void {
  fact("a queued run is listed with its run, though its stack is in sync", async ({ store }) => {
    await applyStack(store, "stack-a");
    await queue(store, "stack-a", "refresh");
    const [work, ...others] = await store.listWork(10);
    assert.equal(work?.stack.stack, "stack-a");
    assert.equal(work?.queued?.runId, "queued-stack-a-refresh");
    assert.equal(work?.queued?.kind, "refresh");
    assert.deepEqual(others, []);
  });

  fact("a queued run is ranked by when it was asked for and its stack's lane", async ({ store, clock }) => {
    await applyStack(store, "stack-normal");
    await applyStack(store, "stack-urgent");
    await store.setDesired("stack-urgent", 2, desired(), "urgent", null);
    await due(store, "stack-before");
    clock.advance(10);
    await queue(store, "stack-normal");
    clock.advance(10);
    await due(store, "stack-after");
    await queue(store, "stack-urgent");
    assert.deepEqual(await workStacks(store), [
      "stack-urgent",
      "stack-before",
      "stack-normal",
      "stack-after",
    ]);
  });

  fact("a queued run does not wait for the next attempt of its stack", async ({ store }) => {
    await due(store, "stack-a");
    await store.settleRun(await takeLease(store, "stack-a"), failure(null));
    await queue(store, "stack-a", "update");
    assert.deepEqual(await workStacks(store), ["stack-a"]);
  });

  fact("a queued run waits for its stack's lease", async ({ store, clock }) => {
    await due(store, "stack-a");
    await takeLease(store, "stack-a");
    await queue(store, "stack-a");
    assert.deepEqual(await workStacks(store), []);
    clock.advance(leaseMs);
    assert.deepEqual(await workStacks(store), ["stack-a", "stack-a"]);
  });

  fact("a run asked for before its stack was there is no work once it is", async ({ store }) => {
    await queue(store, "stack-a");
    assert.deepEqual(await workStacks(store), []);
    await due(store, "stack-a");
    assert.deepEqual(
      (await store.listWork(10)).map(({ queued }) => queued),
      [null],
    );
  });

  fact("a canceled queued run is work no more", async ({ store }) => {
    await applyStack(store, "stack-a");
    await queue(store, "stack-a");
    await store.cancelQueuedRun("queued-stack-a-preview", "Not needed.");
    assert.deepEqual(await workStacks(store), []);
  });
}

function laneCases(fact: Case): void {
  const urgentWork = async (store: MetadataStore, limit = 100) =>
    (await store.listWork(limit, "urgent")).map(({ stack, queued }) => queued?.runId ?? stack.stack);

  fact("work of the urgent lane is listed alone, most pressing first", async ({ store, clock }) => {
    await due(store, "stack-normal");
    await due(store, "stack-upgrade", "upgrade");
    await due(store, "stack-urgent-b", "urgent");
    clock.advance(1);
    await applyStack(store, "stack-synced");
    await store.setDesired("stack-synced", 2, desired(), "urgent", null);
    await queue(store, "stack-synced");
    await queue(store, "stack-normal");
    clock.advance(1);
    await due(store, "stack-urgent-a", "urgent");
    assert.deepEqual(await urgentWork(store), [
      "stack-urgent-b",
      "queued-stack-synced-preview",
      "stack-urgent-a",
    ]);
    assert.deepEqual(await urgentWork(store, 2), ["stack-urgent-b", "queued-stack-synced-preview"]);
  });

  fact("a stack that changes its lane takes its queued runs along", async ({ store }) => {
    await due(store, "stack-a");
    await queue(store, "stack-a");
    assert.deepEqual(await urgentWork(store), []);
    await store.setDesired("stack-a", 2, desired(), "urgent", null);
    assert.deepEqual(await urgentWork(store), ["queued-stack-a-preview", "stack-a"]);
    await store.setDesired("stack-a", 3, desired(), "normal", null);
    assert.deepEqual(await urgentWork(store), []);
    assert.equal((await store.listWork(10)).length, 2);
  });

  fact("urgent work is left out for the same reasons as other work", async ({ store, clock }) => {
    await due(store, "stack-leased", "urgent");
    await due(store, "stack-failed", "urgent");
    await takeLease(store, "stack-leased");
    await queue(store, "stack-leased");
    await store.settleRun(await takeLease(store, "stack-failed"), failure(leaseMs));
    assert.deepEqual(await urgentWork(store), []);
    clock.advance(leaseMs);
    assert.deepEqual((await urgentWork(store)).toSorted(), [
      "queued-stack-leased-preview",
      "stack-failed",
      "stack-leased",
    ]);
  });
}

function heldCases(fact: Case): void {
  const uses = (stack: string) => ({ references: [{ stack, output: "host" }] });

  /** stack-job is applied with a reference to stack-platform; both must not exist any more. */
  async function teardown(store: MetadataStore, asked: readonly RunKind[] = []): Promise<void> {
    await applyStack(store, "stack-platform", desired(), { host: "adb-1" });
    await applyStack(store, "stack-job", desired("hash-1", uses("stack-platform")));
    for (const kind of asked) await queue(store, "stack-platform", kind);
    await store.setDesired("stack-platform", 2, absent, "normal", null);
    await store.setDesired("stack-job", 2, absent, "normal", null);
  }

  fact("a stack to destroy waits for the stacks whose applied specs refer to it", async ({ store }) => {
    await teardown(store);
    assert.deepEqual(await workStacks(store), ["stack-job"]);
    assert.deepEqual(await store.listHeldDestroys(), [{ stack: "stack-platform", heldBy: "stack-job" }]);
    const lease = await takeLease(store, "stack-job", { kind: "destroy", desiredHash: absent.hash });
    assert.deepEqual(await workStacks(store), [], "held as long as the run has not succeeded");
    await store.settleRun(lease, success(null));
    assert.deepEqual(await workStacks(store), ["stack-platform"]);
    assert.deepEqual(await store.listHeldDestroys(), []);
  });

  fact("a reference of a spec that only is desired holds nothing up", async ({ store }) => {
    await applyStack(store, "stack-platform");
    await store.setDesired("stack-job", 1, desired("hash-1", uses("stack-platform")), "normal", null);
    await store.setDesired("stack-platform", 2, absent, "normal", null);
    assert.deepEqual((await workStacks(store)).toSorted(), ["stack-job", "stack-platform"]);
  });

  fact("a failed run of a spec that refers to a stack holds that stack", async ({ store }) => {
    await applyStack(store, "stack-platform");
    await store.setDesired("stack-job", 1, desired("hash-1", uses("stack-platform")), "normal", null);
    await store.settleRun(await takeLease(store, "stack-job"), failure());
    await store.setDesired("stack-platform", 2, absent, "normal", null);
    assert.deepEqual(await store.listHeldDestroys(), [{ stack: "stack-platform", heldBy: "stack-job" }]);
  });

  fact("a spec applied without the reference sets the stack free", async ({ store }) => {
    await teardown(store);
    await store.setDesired("stack-job", 3, desired("hash-3"), "normal", null);
    await store.settleRun(await takeLease(store, "stack-job", { desiredHash: "hash-3" }), success());
    assert.deepEqual(await store.listHeldDestroys(), []);
    assert.deepEqual(await workStacks(store), ["stack-platform"]);
  });

  fact("a queued run that would destroy a stack in use waits too; a preview does not", async ({ store }) => {
    await teardown(store, ["destroy", "preview"]);
    assert.deepEqual(
      (await store.listWork(10)).map(({ stack, queued }) => [stack.stack, queued?.kind ?? null]).sort(),
      [
        ["stack-job", null],
        ["stack-platform", "preview"],
      ],
    );
  });

  fact("a stack that refers to itself does not hold itself", async ({ store }) => {
    await applyStack(store, "stack-a", desired("hash-1", uses("stack-a")));
    await store.setDesired("stack-a", 2, absent, "normal", null);
    assert.deepEqual(await workStacks(store), ["stack-a"]);
    assert.deepEqual(await store.listHeldDestroys(), []);
  });

  fact("only stacks to destroy are held", async ({ store }) => {
    await teardown(store);
    await store.setDesired("stack-platform", 3, desired("hash-3"), "normal", null);
    assert.deepEqual(await store.listHeldDestroys(), []);
    assert.deepEqual((await workStacks(store)).toSorted(), ["stack-job", "stack-platform"]);
  });
}
