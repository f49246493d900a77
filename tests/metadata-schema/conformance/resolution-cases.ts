import assert from "node:assert/strict";
import type { Resolution } from "../../../metadata-schema/store.ts";
import {
  applyStack,
  type Case,
  contribute,
  contribution,
  desired,
  entry,
  environmentFacts,
  job,
  resolution,
  seed,
  stacksListed,
  touched,
} from "./kit.ts";

const policy = { table: "Access_Policies", key: "1" } as const;
const blocked = { type: "Blocked", status: "True", reason: "RangeTooWide", message: "Narrow it." } as const;
const waiting = { type: "Waiting", status: "True", reason: "GroupNotFound", message: "Make it." } as const;

export function resolutionCases(fact: Case): void {
  entryCases(fact);
  mergeCases(fact);
  staleMergeCases(fact);
  learnedCases(fact);
}

function entryCases(fact: Case): void {
  fact("a resolved change is gone", async ({ store }) => {
    await seed(store);
    await store.touch([job(201)]);
    const [change] = await store.readChanges(1);
    await store.commitResolution(resolution(job(201), { seq: change?.seq ?? null }));
    assert.deepEqual(await store.readChanges(1), []);
  });

  fact("an edit during the resolve is resolved again", async (kit) => {
    await seed(kit.store);
    await kit.store.touch([job(201)]);
    const [read] = await kit.store.readChanges(1);
    await kit.raw("UPDATE Jobs SET name = 'meanwhile' WHERE job_id = 201");
    await kit.store.commitResolution(resolution(job(201), { seq: read?.seq ?? null }));
    assert.deepEqual(await touched(kit.store), ["job:201"]);
  });

  fact("an environment's edit during its resolve is resolved again", async (kit) => {
    await seed(kit.store);
    const subject = { kind: "environment", name: "eastus" } as const;
    await kit.store.touch([subject]);
    const [read] = await kit.store.readChanges(1);
    await kit.store.touch([subject]);
    await kit.store.commitResolution(resolution(subject, { seq: read?.seq ?? null }));
    assert.deepEqual(await touched(kit.store), ["environment:eastus"]);
  });

  fact("a resolution by hand leaves a waiting change alone", async ({ store }) => {
    await seed(store);
    await store.touch([job(201)]);
    await store.commitResolution(resolution(job(201)));
    assert.deepEqual(await touched(store), ["job:201"]);
  });

  fact("a resolution that somebody else overtook stores nothing", async (kit) => {
    const { store } = kit;
    await seed(store);
    const second = await kit.secondHandle();
    await store.touch([job(201)]);
    const [slow] = await store.readChanges(1);
    await kit.raw("UPDATE Jobs SET name = 'meanwhile' WHERE job_id = 201");
    const [fast] = await second.readChanges(1);
    const newer = contribution("acl-eastus-201", { admitted: [entry("new")] });
    await second.commitResolution(resolution(job(201), { seq: fast?.seq ?? null, contributions: [newer] }));
    await store.commitResolution(resolution(job(201), { seq: slow?.seq ?? null }));
    assert.deepEqual((await store.jobContributions(201))[0]?.admitted, [entry("new")]);
    assert.deepEqual(await touched(store), []);
  });

  fact(
    "an output that changed during the first resolve that refers to it is not missed",
    async ({ store }) => {
      await seed(store);
      await store.touch([job(201)]);
      const [read] = await store.readChanges(1);
      await applyStack(store, "job-eastus-201", desired(), { jobId: 7 });
      const references = [{ stack: "job-eastus-201", output: "jobId" }];
      const late = (seq: number | null): Resolution =>
        resolution(job(201), { seq, contributions: [contribution("acl-eastus-201", { references })] });
      await store.commitResolution(late(read?.seq ?? null));
      const [again] = await store.readChanges(1);
      assert.deepEqual(again?.subject, job(201));
      await store.commitResolution(late(again?.seq ?? null));
      assert.deepEqual(await touched(store), []);
    },
  );
}

function mergeCases(fact: Case): void {
  fact(
    "stacks of new contributions are listed for merging, oldest first, up to the limit",
    async ({ store }) => {
      await seed(store);
      await contribute(store, 201, contribution("stack-b"));
      await contribute(store, 202, contribution("stack-a"), contribution("stack-b"));
      assert.deepEqual(await stacksListed(store), ["stack-b", "stack-a"]);
      assert.deepEqual(
        (await store.stacksToMerge(1)).map(({ stack }) => stack),
        ["stack-b"],
      );
    },
  );

  fact("a stack to merge has its admitted contributions, ordered by subject", async ({ store }) => {
    await seed(store);
    await contribute(store, 203, contribution("stack-a", { references: [{ stack: "p", output: "o" }] }));
    await contribute(store, 201, contribution("stack-a", { urgent: true }));
    await contribute(store, 202, contribution("stack-a", { admitted: [] }));
    const [merge] = await store.stacksToMerge(1);
    assert.deepEqual(merge?.contributions, [
      { ...contribution("stack-a", { urgent: true }), subject: job(201) },
      { ...contribution("stack-a", { references: [{ stack: "p", output: "o" }] }), subject: job(203) },
    ]);
    assert.equal(merge?.desired, null);
  });

  fact("a stack to merge shows what it must become so far", async ({ store }) => {
    await store.setDesired("stack-a", 0, desired(), "normal", null);
    await contribute(store, 201, contribution("stack-a"));
    const [merge] = await store.stacksToMerge(1);
    assert.deepEqual(merge?.desired, desired());
  });

  const changes = {
    "admitted entries": contribution("stack-a", { admitted: [entry("other")] }),
    base: contribution("stack-a", { base: { kind: "platform", environment: environmentFacts } }),
    references: contribution("stack-a", { references: [{ stack: "job-eastus-201", output: "jobId" }] }),
    urgency: contribution("stack-a", { urgent: true }),
  };
  for (const [what, changed] of Object.entries(changes))
    fact(`a contribution that changed in ${what} lists its stack`, async ({ store }) => {
      await contribute(store, 201, contribution("stack-a"));
      const [merge] = await store.stacksToMerge(1);
      await store.setDesired("stack-a", merge?.version ?? 0, desired(), "normal", null);
      await contribute(store, 201, contribution("stack-a"));
      assert.deepEqual(await stacksListed(store), [], "the same contribution again");
      await contribute(store, 201, changed);
      assert.deepEqual(await stacksListed(store), ["stack-a"]);
      assert.deepEqual(await store.jobContributions(201), [{ ...changed, subject: job(201) }]);
    });

  fact("a contribution that changed only in what is wanted is stored without a merge", async ({ store }) => {
    await contribute(store, 201, contribution("stack-a"));
    const [merge] = await store.stacksToMerge(1);
    await store.setDesired("stack-a", merge?.version ?? 0, desired(), "normal", null);
    await contribute(store, 201, contribution("stack-a", { wanted: [entry(), entry("more")] }));
    assert.deepEqual(await stacksListed(store), []);
    assert.equal((await store.jobContributions(201))[0]?.wanted.length, 2);
  });

  fact("a contribution that went lists its stack", async ({ store }) => {
    await contribute(store, 201, contribution("stack-a"), contribution("stack-b"));
    for (const { stack, version } of await store.stacksToMerge(10))
      await store.setDesired(stack, version, desired(), "normal", null);
    await contribute(store, 201, contribution("stack-b"));
    const [merge, ...others] = await store.stacksToMerge(10);
    assert.equal(merge?.stack, "stack-a");
    assert.deepEqual([merge?.contributions, others], [[], []]);
  });

  fact("one subject's resolution leaves the contributions of others alone", async ({ store }) => {
    await contribute(store, 201, contribution("stack-a"));
    await contribute(store, 202, contribution("stack-a"));
    await contribute(store, 201);
    assert.deepEqual(await store.jobContributions(201), []);
    assert.equal((await store.jobContributions(202)).length, 1);
  });
}

function staleMergeCases(fact: Case): void {
  fact("a stack whose contributions changed since they were read is listed again", async ({ store }) => {
    await contribute(store, 201, contribution("stack-a"));
    const [merge] = await store.stacksToMerge(1);
    await contribute(store, 202, contribution("stack-a"));
    await store.setDesired("stack-a", merge?.version ?? 0, desired(), "normal", null);
    assert.equal((await store.getStack("stack-a"))?.desired.hash, "hash-1");
    const [again] = await store.stacksToMerge(1);
    assert.equal(again?.contributions.length, 2);
    await store.setDesired("stack-a", again?.version ?? 0, desired("hash-2"), "normal", null);
    assert.deepEqual(await stacksListed(store), []);
  });

  fact("a merge that another one overtook is stored and listed again", async ({ store }) => {
    await contribute(store, 201, contribution("stack-a"));
    const [slow] = await store.stacksToMerge(1);
    await contribute(store, 202, contribution("stack-a"));
    const [fast] = await store.stacksToMerge(1);
    await store.setDesired("stack-a", fast?.version ?? 0, desired("hash-2"), "normal", null);
    await store.setDesired("stack-a", slow?.version ?? 0, desired("hash-1"), "normal", null);
    assert.deepEqual(await stacksListed(store), ["stack-a"]);
  });

  fact("a slow merge of a stack that disappeared meanwhile is listed again", async ({ store }) => {
    await contribute(store, 201, contribution("stack-a"));
    const [slow] = await store.stacksToMerge(1);
    await contribute(store, 201);
    const [fast] = await store.stacksToMerge(1);
    await store.setDesired("stack-a", fast?.version ?? 0, desired("absent", { spec: null }), "normal", null);
    await store.setDesired("stack-a", slow?.version ?? 0, desired(), "normal", null);
    assert.deepEqual(await stacksListed(store), ["stack-a"]);
  });
}

function learnedCases(fact: Case): void {
  fact("a resolution replaces the conditions of its rows, and only those", async ({ store }) => {
    const other = { table: "Access_Policies", key: "2" } as const;
    await store.commitResolution(
      resolution(job(201), { rowConditions: [{ row: policy, condition: blocked }] }),
    );
    await store.commitResolution(
      resolution(job(202), { rowConditions: [{ row: other, condition: blocked }] }),
    );
    await store.commitResolution(
      resolution(job(201), { rowConditions: [{ row: policy, condition: waiting }] }),
    );
    const found = await store.conditions({ kind: "row", row: policy });
    assert.deepEqual(
      found.map(({ type }) => type),
      ["Waiting"],
    );
    await store.commitResolution(resolution(job(201)));
    assert.deepEqual(await store.conditions({ kind: "row", row: policy }), []);
    assert.equal((await store.conditions({ kind: "row", row: other })).length, 1);
  });

  fact("a row's condition keeps its since while its status stays", async ({ store, clock }) => {
    const since = await store.now();
    const resolve = (status: "True" | "Unknown", message: string) =>
      store.commitResolution(
        resolution(job(201), {
          rowConditions: [{ row: policy, condition: { ...blocked, status, message } }],
        }),
      );
    await resolve("True", "Narrow it.");
    clock.advance(1_000);
    await resolve("True", "Still too wide.");
    assert.deepEqual(await store.conditions({ kind: "row", row: policy }), [
      { ...blocked, message: "Still too wide.", since },
    ]);
    await resolve("Unknown", "Not looked at.");
    assert.equal((await store.conditions({ kind: "row", row: policy }))[0]?.since, clock.in(0));
  });

  fact("what is recorded for a subject's rows is read back and replaced", async ({ store }) => {
    const first = { row: policy, name: "ds_team", objectId: "oid-1" };
    await store.commitResolution(resolution(job(201), { recorded: [first] }));
    assert.deepEqual((await store.loadJob(201)).recorded, [first]);
    assert.deepEqual((await store.loadJob(202)).recorded, []);
    await store.commitResolution(resolution(job(201), { recorded: [{ ...first, name: "ml_team" }] }));
    assert.deepEqual((await store.loadJob(201)).recorded, [{ ...first, name: "ml_team" }]);
  });

  fact("what is recorded for an environment is in its snapshot", async ({ store }) => {
    const recorded = [
      { row: { table: "Environments", key: "eastus" }, name: "ana@example.com", objectId: "oid-9" },
    ] as const;
    await store.commitResolution(resolution({ kind: "environment", name: "eastus" }, { recorded }));
    assert.deepEqual((await store.loadEnvironment("eastus")).recorded, recorded);
  });

  fact("a contribution with nothing wanted and nothing admitted is not stored", async ({ store }) => {
    await contribute(store, 201, contribution("stack-a", { wanted: [], admitted: [] }));
    assert.deepEqual(await store.jobContributions(201), []);
    assert.deepEqual(await stacksListed(store), []);
  });

  fact("contributions outlast a restart, in order of stack", async (kit) => {
    await contribute(kit.store, 201, contribution("stack-b"), contribution("stack-a"));
    const reopened = await kit.reopen();
    assert.deepEqual(
      (await reopened.jobContributions(201)).map(({ stack }) => stack),
      ["stack-a", "stack-b"],
    );
    assert.equal((await reopened.loadJob(201)).contributions.length, 2);
  });
}
