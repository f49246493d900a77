/** What people look at: who contributes to a stack, and what ran last. */
import assert from "node:assert/strict";
import type { MetadataStore } from "../../../metadata-schema/store.ts";
import {
  type Case,
  contribute,
  contribution,
  desired,
  entry,
  failure,
  job,
  resolution,
  seed,
  success,
  takeLease,
} from "./kit.ts";

export function listCases(fact: Case): void {
  contributorCases(fact);
  runCases(fact);
}

function contributorCases(fact: Case): void {
  fact("a stack's contributions are told of every subject, by subject, wanted or admitted", async (kit) => {
    const { store } = kit;
    const waits = contribution("stack-a", { admitted: [], wanted: [entry("ops_team")] });
    const counts = contribution("stack-a", {
      references: [
        { stack: "platform-eastus", output: "host" },
        { stack: "job-eastus-202", output: "jobId" },
      ],
      urgent: true,
    });
    await contribute(store, 202, counts, contribution("stack-b"));
    await contribute(store, 201, waits);
    const environment = { kind: "environment", name: "eastus" } as const;
    await store.commitResolution(resolution(environment, { contributions: [contribution("stack-a")] }));
    assert.deepEqual(await store.stackContributions("stack-a"), [
      { subject: environment, ...contribution("stack-a") },
      { subject: job(201), ...waits },
      { subject: job(202), ...counts, references: counts.references.toReversed() },
    ]);
  });

  fact("a stack that nobody contributes to has no contributions", async ({ store }) => {
    await contribute(store, 201, contribution("stack-a"));
    await contribute(store, 201);
    assert.deepEqual(await store.stackContributions("stack-a"), []);
    assert.deepEqual(await store.stackContributions("stack-never"), []);
  });
}

const runIds = async (store: MetadataStore, limit: number): Promise<readonly string[]> =>
  (await store.listRuns(limit)).map(({ runId }) => runId);

function runCases(fact: Case): void {
  fact("the newest runs of all stacks come first, queued ones among them, up to the limit", async (kit) => {
    const { store, clock } = kit;
    await seed(store);
    for (const stack of ["stack-a", "stack-b"]) await store.setDesired(stack, 1, desired(), "normal", null);
    await store.settleRun(await takeLease(store, "stack-b", { runId: "run-x-1" }), success());
    clock.advance(1_000);
    await store.settleRun(await takeLease(store, "stack-a", { runId: "run-x-2" }), failure());
    clock.advance(1_000);
    await store.createRequest({
      requestId: "request-1",
      kind: "reconcile",
      jobId: 201,
      stack: null,
      traceId: null,
      runs: [{ runId: "run-x-3", stack: "stack-b", kind: "update" }],
    });
    assert.deepEqual(await runIds(store, 10), ["run-x-3", "run-x-2", "run-x-1"]);
    assert.deepEqual(await runIds(store, 2), ["run-x-3", "run-x-2"]);
    assert.deepEqual(
      (await store.listRuns(10)).map(({ status }) => status),
      ["queued", "failed", "succeeded"],
    );
    assert.deepEqual((await store.listRuns(1))[0], await store.getRun("run-x-3"));
  });

  fact("without runs the list is empty", async ({ store }) => {
    assert.deepEqual(await store.listRuns(10), []);
  });
}
