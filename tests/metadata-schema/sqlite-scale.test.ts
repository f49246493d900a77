/** 100,000 jobs: what the service asks all the time does not grow with them, and one edit is seen at once. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe, it } from "node:test";
import { openTempStore, type TempStore } from "../support/temp-store.ts";
import { desired, environmentValues, resolveAll, touched } from "./conformance/kit.ts";

const jobCount = 100_000;

/** Jobs by plain SQL, with a policy, a pipeline and a stack in sync each; nothing waits. */
async function loadJobs({ store, file }: TempStore): Promise<void> {
  await store.insertRows([
    environmentValues("eastus"),
    { table: "Integration_Runtimes", values: { name: "ir", kind: "managed", location: "eastus" } },
    { table: "Data_Sources", values: { name: "erp", kind: "rest", location: "eastus" } },
    { table: "Models", values: { name: "ml.models.churn" } },
  ]);
  await store.setDesired("stack-0", 1, desired("aaaa.v1"), "normal", null);
  const shell = new DatabaseSync(file);
  const numbers = `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${jobCount})`;
  shell.exec(`PRAGMA synchronous = OFF;
    BEGIN;
    ${numbers} INSERT INTO Jobs (job_id, environment) SELECT i, 'eastus' FROM n;
    ${numbers} INSERT INTO Access_Policies (job_id, role, permissions, entra_id_group)
      SELECT i, 'DataScientist', '["read_model"]', 'ds_team' FROM n;
    ${numbers} INSERT INTO Pipeline_Settings (job_id) SELECT i FROM n;
    DELETE FROM Job_Changes;
    DELETE FROM Environment_Changes;
    UPDATE Stacks SET applied_hash = desired_hash, due_at = NULL, rank_at = NULL;
    ${numbers} INSERT INTO Stacks (stack, kind, environment, desired_spec, desired_hash, desired_hash_reversed,
        desired_references, desired_version, desired_at, applied_hash, lane, next_attempt_at)
      SELECT 'stack-' || i, kind, environment, desired_spec, desired_hash, desired_hash_reversed,
        desired_references, desired_version, desired_at, applied_hash, lane, next_attempt_at
      FROM n, Stacks WHERE stack = 'stack-0';
    ${numbers} INSERT INTO Runs (run_id, stack, kind, reason, status, queued_at, ended_at)
      SELECT 'run-' || i, 'stack-' || i, 'update', 'first-run', 'succeeded', '2020-01-01T00:00:00.000Z',
        '2020-01-01T00:00:00.000Z' FROM n;
    COMMIT;
    PRAGMA wal_checkpoint(TRUNCATE)`);
  shell.close();
}

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;

async function msOf(work: () => unknown): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

describe("sqlite: 100,000 jobs", () => {
  let temp: TempStore;
  let shell: DatabaseSync;
  before(async () => {
    temp = await openTempStore();
    await loadJobs(temp);
    shell = new DatabaseSync(temp.file);
  });
  after(async () => {
    shell.close();
    await temp.close();
  });

  it("an idle poll takes 5 ms at most", async () => {
    const poll = async () => [
      await temp.store.readChanges(100),
      await temp.store.wake(),
      await temp.store.stacksToMerge(100),
      await temp.store.listWork(100),
      await temp.store.listWork(100, "urgent"),
      await temp.store.stacksOfOtherVersion(".v1", 100),
    ];
    assert.deepEqual(await poll(), [[], 0, [], [], [], []]);
    const times: number[] = [];
    for (let round = 0; round < 51; round += 1) times.push(await msOf(poll));
    // A scan of one of these tables takes ten times that.
    assert.ok(median(times) <= 5, `an idle poll took ${median(times)} ms`);
  });

  it("the queue's numbers, and an upkeep that finds nothing to forget, do not grow with what is kept", async () => {
    const which = { olderThanMs: 86_400_000, keepPerStack: 20, limit: 100 };
    const times: number[] = [];
    for (let round = 0; round < 51; round += 1)
      times.push(
        await msOf(async () => {
          await temp.store.queueFacts();
          assert.equal(await temp.store.pruneRuns(which), 0);
        }),
      );
    // It looks at 1,000 of the 100,000 old runs; all of them take a hundred times that.
    assert.ok(median(times) <= 25, `they took ${median(times)} ms`);
  });

  for (const [what, statement, subject] of [
    ["a job", "UPDATE Jobs SET name = 'x' WHERE job_id = 77777", "job:77777"],
    ["a policy", "UPDATE Access_Policies SET role = 'Reader' WHERE policy_id = 88888", "job:88888"],
    ["a job that goes", "DELETE FROM Jobs WHERE job_id = 99999", "job:99999"],
    [
      "a job that replaces itself",
      "INSERT OR REPLACE INTO Jobs (job_id, environment) VALUES (66666, 'eastus')",
      "job:66666",
    ],
    [
      "a pipeline's source",
      "UPDATE Pipeline_Settings SET data_source = 'erp' WHERE job_id = 55555",
      "job:55555",
    ],
    ["a shared source", "UPDATE Data_Sources SET path = 'x'", "job:55555"],
    ["a shared runtime", "UPDATE Integration_Runtimes SET enabled = 0", "job:55555"],
    ["a model of a job's name", "INSERT INTO Models (name) VALUES ('ml.models.job_44444')", "job:44444"],
  ] as const)
    it(`an edit of ${what} in SQL is seen within a second`, async () => {
      const ms = await msOf(async () => {
        shell.exec(statement);
        assert.deepEqual(await touched(temp.store), [subject]);
      });
      assert.ok(ms <= 1_000, `it was seen after ${ms} ms`);
      await resolveAll(temp.store);
    });

  it("a job's snapshot is read in milliseconds", async () => {
    const times: number[] = [];
    for (let round = 0; round < 21; round += 1)
      times.push(await msOf(() => temp.store.loadJob(30_000 + round)));
    assert.ok(median(times) <= 5, `${median(times)} ms`);
  });

  it("a page of jobs and one job's rows and outputs are read in milliseconds", async () => {
    const pageMs = await msOf(() => temp.store.listJobs({ after: 50_000, limit: 100 }));
    const rowsMs = await msOf(() => temp.store.readRows({ jobId: 33_333 }));
    const outputs = shell.prepare("SELECT * FROM vw_Adf_Job_Outputs WHERE job_id = 33333");
    const outputsMs = await msOf(() => outputs.all());
    for (const ms of [pageMs, rowsMs, outputsMs]) assert.ok(ms <= 50, `${ms} ms`);
  });
});
