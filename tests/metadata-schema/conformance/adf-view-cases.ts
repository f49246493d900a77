/** vw_Adf_Job_Outputs: what a Data Factory pipeline looks up of one job. */
import assert from "node:assert/strict";
import type { MetadataStore } from "../../../metadata-schema/store.ts";
import {
  applyStack,
  type Case,
  contribute,
  contribution,
  desired,
  resolveAll,
  type StoreKit,
  seed,
  success,
  takeLease,
} from "./kit.ts";

interface OutputRow {
  readonly name: string;
  readonly value: unknown;
  readonly runId: string;
  readonly asOf: string;
  readonly stale: boolean;
}

async function outputsOf(kit: StoreKit, jobId: number): Promise<readonly OutputRow[]> {
  const rows = await kit.query(
    `SELECT job_id, name, value, run_id, as_of, stale FROM vw_Adf_Job_Outputs WHERE job_id = ${jobId} ORDER BY name`,
  );
  return rows.map((row) => {
    assert.equal(row.job_id, jobId);
    return {
      name: String(row.name),
      value: row.value,
      runId: String(row.run_id),
      asOf: new Date(row.as_of as string | Date).toISOString(), // text or a time, by dialect
      stale: Boolean(row.stale), // 0 and 1, or a bit
    };
  });
}

const named = (rows: readonly OutputRow[]) => rows.map(({ name, value }) => [name, value]);

async function isStale(kit: StoreKit, jobId = 201): Promise<boolean> {
  const [row] = await outputsOf(kit, jobId);
  assert.ok(row);
  return row.stale;
}

/** Job 201 with an applied stack of its own, which it contributes to; nothing waits. */
async function applyJob(store: MetadataStore): Promise<void> {
  await seed(store);
  await contribute(store, 201, contribution("job-eastus-201", { kind: "job" }));
  await applyStack(store, "job-eastus-201", desired(), { jobId: "7" });
}

export function adfViewCases(fact: Case): void {
  rowCases(fact);
  environmentCases(fact);
  staleCases(fact);
}

function rowCases(fact: Case): void {
  fact("each output of the job's stack is one row: text as it is, anything else as JSON", async (kit) => {
    await seed(kit.store);
    await applyStack(kit.store, "job-eastus-201", desired(), {
      text: 'say "hi" \\ it\'s Zoë 日本',
      textThatLooksLikeJson: '{"a":1}',
      empty: "",
      whole: 7,
      fraction: 0.25,
      yes: true,
      no: false,
      nothing: null,
      list: ["a", 1, null],
      object: { b: { c: "d" } },
    });
    assert.deepEqual(Object.fromEntries(named(await outputsOf(kit, 201))), {
      text: 'say "hi" \\ it\'s Zoë 日本',
      textThatLooksLikeJson: '{"a":1}',
      empty: "",
      whole: "7",
      fraction: "0.25",
      yes: "true",
      no: "false",
      nothing: "null",
      list: '["a",1,null]',
      object: '{"b":{"c":"d"}}',
    });
  });

  fact("a text output of 10,000 characters is whole", async (kit) => {
    await seed(kit.store);
    const long = "0123456789".repeat(1_000);
    await applyStack(kit.store, "job-eastus-201", desired(), { long });
    assert.deepEqual(named(await outputsOf(kit, 201)), [["long", long]]);
  });

  fact("each row has the run that the outputs are from, and its end", async (kit) => {
    await seed(kit.store);
    await kit.store.setDesired("job-eastus-201", 1, desired(), "normal", null);
    const lease = await takeLease(kit.store, "job-eastus-201", { runId: "run-of-201" });
    kit.clock.advance(1_234);
    await kit.store.settleRun(lease, success({ a: "x", b: "y" }));
    const asOf = kit.clock.in(0);
    kit.clock.advance(60_000);
    assert.deepEqual(await outputsOf(kit, 201), [
      { name: "a", value: "x", runId: "run-of-201", asOf, stale: false },
      { name: "b", value: "y", runId: "run-of-201", asOf, stale: false },
    ]);
  });

  fact("outputs of other jobs and of other kinds of stack are not the job's", async (kit) => {
    await seed(kit.store);
    await kit.raw("INSERT INTO Jobs (job_id) VALUES (20)");
    for (const stack of ["platform-eastus", "acl-eastus-201", "job-eastus-202", "job-eastus-2010"])
      await applyStack(kit.store, stack, desired(), { of: stack });
    await applyStack(kit.store, "job-eastus-201", desired(), { of: "201" });
    await applyStack(kit.store, "job-eastus-203", desired(), { of: "203" });
    assert.deepEqual(named(await outputsOf(kit, 201)), [["of", "201"]]);
    assert.deepEqual(named(await outputsOf(kit, 203)), [["of", "203"]]);
    assert.deepEqual(await outputsOf(kit, 202), []); // in westus
    assert.deepEqual(await outputsOf(kit, 20), []);
  });

  fact("a job without a success and a job that is gone have no outputs", async (kit) => {
    await applyJob(kit.store);
    await kit.store.setDesired("job-eastus-203", 1, desired(), "normal", null);
    assert.deepEqual(await outputsOf(kit, 203), []);
    await kit.raw("DELETE FROM Jobs WHERE job_id = 201");
    assert.deepEqual(await outputsOf(kit, 201), []);
  });
}

function environmentCases(fact: Case): void {
  fact("a job that names its environment has the outputs of its stack there", async (kit) => {
    await seed(kit.store);
    await applyStack(kit.store, "job-westus-202", desired(), { of: "202" });
    await applyStack(kit.store, "job-westus-201", desired(), { of: "201 in westus" });
    assert.deepEqual(named(await outputsOf(kit, 202)), [["of", "202"]]);
    assert.deepEqual(await outputsOf(kit, 201), []);
    await kit.raw("UPDATE Jobs SET environment = 'westus' WHERE job_id = 201");
    assert.deepEqual(named(await outputsOf(kit, 201)), [["of", "201 in westus"]]);
  });

  fact("a job that names none follows the default environment", async (kit) => {
    await applyJob(kit.store);
    await kit.raw("UPDATE Environments SET is_default = 0");
    assert.deepEqual(await outputsOf(kit, 201), []);
    await kit.raw("UPDATE Environments SET is_default = 1 WHERE name = 'westus'");
    assert.deepEqual(await outputsOf(kit, 201), []);
    await applyStack(kit.store, "job-westus-201", desired(), { of: "westus" });
    assert.deepEqual(named(await outputsOf(kit, 201)), [["of", "westus"]]);
  });
}

function staleCases(fact: Case): void {
  fact("outputs are stale from an edit until what it asks for is applied", async (kit) => {
    const { store } = kit;
    await applyJob(store);
    assert.equal(await isStale(kit), false);

    await kit.raw("UPDATE Cluster_Configs SET max_workers = 9 WHERE job_id = 201");
    assert.equal(await isStale(kit), true);
    await resolveAll(store); // which leaves nothing of the contribution: the stack is to be merged
    assert.equal(await isStale(kit), true);
    const [merge] = await store.stacksToMerge(1);
    assert.ok(merge);
    await store.setDesired(merge.stack, merge.version, desired("hash-2"), "normal", null);
    assert.equal(await isStale(kit), true);
    const lease = await takeLease(store, "job-eastus-201", { desiredHash: "hash-2" });
    assert.equal(await isStale(kit), true);
    await store.settleRun(lease, success({ jobId: "8" }));
    assert.equal(await isStale(kit), false);
    assert.deepEqual(named(await outputsOf(kit, 201)), [["jobId", "8"]]);
  });

  fact("an edit that asks for nothing else is stale until it is resolved", async (kit) => {
    await seed(kit.store);
    await applyStack(kit.store, "job-eastus-201", desired(), { jobId: "7" });
    await kit.raw("UPDATE Alert_Rules SET severity = 1 WHERE job_id = 201");
    assert.equal(await isStale(kit), true);
    await resolveAll(kit.store);
    assert.equal(await isStale(kit), false);
  });

  fact("an edit of another job makes nothing stale, an edit of a shared row does", async (kit) => {
    await seed(kit.store);
    await applyStack(kit.store, "job-eastus-201", desired(), { jobId: "7" });
    await kit.raw("UPDATE Jobs SET name = 'x' WHERE job_id <> 201");
    assert.equal(await isStale(kit), false);
    await kit.raw("UPDATE Environments SET schema_name = 'x' WHERE name = 'eastus'");
    assert.equal(await isStale(kit), true);
  });

  fact("outputs of a stack whose run failed are stale", async (kit) => {
    const { store } = kit;
    await seed(store);
    await applyStack(store, "job-eastus-201", desired(), { jobId: "7" });
    await store.setDesired("job-eastus-201", 1, desired("hash-2"), "normal", null);
    const lease = await takeLease(store, "job-eastus-201", { desiredHash: "hash-2" });
    await store.settleRun(lease, {
      status: "failed",
      failure: { class: "permanent", message: "Denied." },
      changes: {},
      retryAfterMs: null,
      narrowedTo: null,
    });
    assert.equal(await isStale(kit), true);
    assert.deepEqual(named(await outputsOf(kit, 201)), [["jobId", "7"]]);
  });
}
