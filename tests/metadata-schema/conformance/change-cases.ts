import assert from "node:assert/strict";
import {
  type Case,
  childRows,
  environmentValues,
  insertPolicy,
  job,
  resolution,
  resolveAll,
  seed,
  touched,
  touchedBy,
} from "./kit.ts";

const children = [
  { table: "Access_Policies", key: "policy_id", edit: "role = 'Reader'" },
  { table: "Secret_References", key: "reference_id", edit: "secret_name = 'other'" },
  { table: "Network_Rules", key: "rule_id", edit: "service = 'keyvault'" },
  { table: "Cluster_Configs", key: "config_id", edit: "max_workers = 9" },
  { table: "Pipeline_Settings", key: "setting_id", edit: "concurrency = 3" },
  { table: "Alert_Rules", key: "alert_id", edit: "threshold = 0.5" },
  { table: "Guardrail_Exceptions", key: "exception_id", edit: "subject = '198.51.0.0/20'" },
] as const;

export function changeCases(fact: Case): void {
  childCases(fact);
  jobCases(fact);
  environmentCases(fact);
  sequenceCases(fact);
  commitCases(fact);
  wakeCases(fact);
}

function childCases(fact: Case): void {
  for (const { table, edit } of children) {
    fact(`an insert into ${table} touches the row's job`, async ({ store }) => {
      await seed(store);
      await store.insertRows(childRows(202).filter((row) => row.table === table));
      assert.deepEqual(await touched(store), ["job:202"]);
    });
    fact(`an update of ${table} touches the row's job`, async (kit) => {
      await seed(kit.store);
      assert.deepEqual(await touchedBy(kit, `UPDATE ${table} SET ${edit} WHERE job_id = 201`), ["job:201"]);
    });
    fact(`a delete from ${table} touches the row's job`, async (kit) => {
      await seed(kit.store);
      assert.deepEqual(await touchedBy(kit, `DELETE FROM ${table} WHERE job_id = 201`), ["job:201"]);
    });
    fact(`moving a row of ${table} to another job touches both`, async (kit) => {
      await seed(kit.store);
      assert.deepEqual(await touchedBy(kit, `UPDATE ${table} SET job_id = 203 WHERE job_id = 201`), [
        "job:201",
        "job:203",
      ]);
    });
  }

  fact("one statement on many rows touches the job of each", async (kit) => {
    await seed(kit.store);
    await kit.raw(insertPolicy(202, 203));
    assert.deepEqual(await touchedBy(kit, "UPDATE Access_Policies SET role = 'Reader'"), [
      "job:201",
      "job:202",
      "job:203",
    ]);
    assert.deepEqual(await touchedBy(kit, "DELETE FROM Access_Policies"), ["job:201", "job:202", "job:203"]);
  });

  fact("a statement that changes no row touches nothing", async (kit) => {
    await seed(kit.store);
    assert.deepEqual(await touchedBy(kit, "DELETE FROM Access_Policies WHERE job_id = 203"), []);
  });
}

function jobCases(fact: Case): void {
  fact("an inserted job is touched", async (kit) => {
    await seed(kit.store);
    assert.deepEqual(await touchedBy(kit, "INSERT INTO Jobs (job_id) VALUES (300)"), ["job:300"]);
  });

  fact("an updated job is touched", async (kit) => {
    await seed(kit.store);
    assert.deepEqual(await touchedBy(kit, "UPDATE Jobs SET enabled = 0 WHERE job_id = 202"), ["job:202"]);
  });

  fact("a job that moves to another environment is touched", async (kit) => {
    await seed(kit.store);
    assert.deepEqual(await touchedBy(kit, "UPDATE Jobs SET environment = 'westus' WHERE job_id = 201"), [
      "job:201",
    ]);
  });

  fact("a deleted job is touched and takes its rows along", async (kit) => {
    await seed(kit.store);
    assert.deepEqual(await touchedBy(kit, "DELETE FROM Jobs WHERE job_id = 201"), ["job:201"]);
    const { policies, secretReferences, networkRules, clusterConfigs } = await kit.store.loadJob(201);
    assert.deepEqual([policies, secretReferences, networkRules, clusterConfigs], [[], [], [], []]);
    assert.deepEqual(await kit.store.readRows({ jobId: 201 }), []);
  });

  fact("a job that comes back does not get its old rows back", async (kit) => {
    await seed(kit.store);
    await kit.raw("DELETE FROM Jobs WHERE job_id = 201");
    await kit.raw("INSERT INTO Jobs (job_id) VALUES (201)");
    const snapshot = await kit.store.loadJob(201);
    assert.equal(snapshot.job?.name, null);
    assert.deepEqual([snapshot.policies, snapshot.networkRules, snapshot.clusterConfigs], [[], [], []]);
    assert.deepEqual(
      (await kit.store.readRows({ jobId: 201 })).map(({ table }) => table),
      ["Jobs"],
    );
  });

  fact("a new number for a job touches both numbers, and its rows follow", async (kit) => {
    await seed(kit.store);
    assert.deepEqual(await touchedBy(kit, "UPDATE Jobs SET job_id = 210 WHERE job_id = 201"), [
      "job:201",
      "job:210",
    ]);
    assert.equal((await kit.store.loadJob(210)).policies.length, 1);
    assert.equal((await kit.store.loadJob(210)).clusterConfigs.length, 1);
    assert.equal((await kit.store.loadJob(201)).policies.length, 0);
    assert.equal((await kit.store.readRows({ jobId: 210 })).length, 1 + childRows(210).length);
    assert.deepEqual(await kit.store.readRows({ jobId: 201 }), []);
  });

  fact("deleting all jobs touches all of them", async (kit) => {
    await seed(kit.store);
    assert.deepEqual(await touchedBy(kit, "DELETE FROM Jobs"), ["job:201", "job:202", "job:203"]);
  });
}

function environmentCases(fact: Case): void {
  fact("an edit of the default environment touches it and the jobs that name none", async (kit) => {
    await seed(kit.store);
    assert.deepEqual(
      await touchedBy(kit, "UPDATE Environments SET schema_name = 'x' WHERE name = 'eastus'"),
      ["environment:eastus", "job:201", "job:203"],
    );
  });

  fact("an edit of another environment touches it and the jobs that name it", async (kit) => {
    await seed(kit.store);
    assert.deepEqual(
      await touchedBy(kit, "UPDATE Environments SET schema_name = 'x' WHERE name = 'westus'"),
      ["environment:westus", "job:202"],
    );
  });

  fact("jobs that name the default environment are touched with it", async (kit) => {
    await seed(kit.store);
    await kit.raw("INSERT INTO Jobs (job_id, environment) VALUES (204, 'eastus')");
    assert.deepEqual(
      await touchedBy(kit, "UPDATE Environments SET schema_name = 'x' WHERE name = 'eastus'"),
      ["environment:eastus", "job:201", "job:203", "job:204"],
    );
  });

  fact("jobs that name no environment are touched when the default one ceases", async (kit) => {
    await seed(kit.store);
    assert.deepEqual(await touchedBy(kit, "UPDATE Environments SET is_default = 0 WHERE name = 'eastus'"), [
      "environment:eastus",
      "job:201",
      "job:203",
    ]);
  });

  fact("jobs that name no environment are touched when another one becomes the default", async (kit) => {
    await seed(kit.store);
    await kit.raw("UPDATE Environments SET is_default = 0 WHERE name = 'eastus'");
    assert.deepEqual(await touchedBy(kit, "UPDATE Environments SET is_default = 1 WHERE name = 'westus'"), [
      "environment:westus",
      "job:201",
      "job:202",
      "job:203",
    ]);
    assert.equal((await kit.store.loadJob(201)).environment?.name, "westus");
  });

  fact("an inserted environment is touched; as the default one with the jobs that name none", async (kit) => {
    await seed(kit.store);
    await kit.store.insertRows([environmentValues("northeurope")]);
    assert.deepEqual(await touched(kit.store), ["environment:northeurope"]);
    await kit.raw("UPDATE Environments SET is_default = 0 WHERE name = 'eastus'");
    await resolveAll(kit.store);
    await kit.store.insertRows([environmentValues("france", true)]);
    assert.deepEqual(await touched(kit.store), ["environment:france", "job:201", "job:203"]);
  });

  fact("a deleted default environment touches the jobs that name none", async (kit) => {
    await seed(kit.store);
    assert.deepEqual(await touchedBy(kit, "DELETE FROM Environments WHERE name = 'eastus'"), [
      "environment:eastus",
      "job:201",
      "job:203",
    ]);
    assert.equal((await kit.store.loadEnvironment("eastus")).environment, null);
  });

  fact("an environment that a job names cannot be deleted", async (kit) => {
    await seed(kit.store);
    await assert.rejects(kit.raw("DELETE FROM Environments WHERE name = 'westus'"));
    assert.deepEqual(await touched(kit.store), []);
  });
}

function sequenceCases(fact: Case): void {
  fact("changes are listed oldest first, jobs and environments alike, up to the limit", async (kit) => {
    await seed(kit.store);
    await kit.raw("UPDATE Jobs SET name = 'c' WHERE job_id = 203");
    await kit.raw("UPDATE Environments SET schema_name = 'x' WHERE name = 'westus'");
    await kit.raw("UPDATE Jobs SET name = 'a' WHERE job_id = 201");
    const changes = await kit.store.readChanges(10);
    assert.deepEqual(
      changes.map(({ subject }) => subject),
      [job(203), { kind: "environment", name: "westus" }, job(202), job(201)],
    );
    assert.deepEqual(await kit.store.readChanges(2), changes.slice(0, 2));
  });

  fact("another edit of a job moves its one entry to the end, under a new seq", async (kit) => {
    await seed(kit.store);
    await kit.raw("UPDATE Jobs SET name = 'a' WHERE job_id = 201");
    await kit.raw("UPDATE Jobs SET name = 'b' WHERE job_id = 202");
    const [first, second] = await kit.store.readChanges(10);
    await kit.raw("UPDATE Jobs SET name = 'c' WHERE job_id = 201");
    const after = await kit.store.readChanges(10);
    assert.deepEqual(after[0], second);
    assert.deepEqual(after[1]?.subject, first?.subject);
    assert.ok((after[1]?.seq ?? 0) > (second?.seq ?? 0));
    assert.equal(after.length, 2);
  });

  fact("a seq is never used twice, by a job or an environment", async (kit) => {
    await seed(kit.store);
    const seen = new Set<number>();
    for (let round = 0; round < 5; round += 1) {
      await kit.raw("UPDATE Environments SET location = 'eastus2'");
      await kit.raw("UPDATE Jobs SET name = 'x'");
      for (const { seq } of await kit.store.readChanges(100)) {
        assert.equal(seen.has(seq), false);
        seen.add(seq);
      }
      await resolveAll(kit.store);
    }
    assert.equal(seen.size, 5 * 5);
  });

  fact("seq goes on after all entries are gone and the database was closed", async (kit) => {
    await seed(kit.store);
    await kit.raw("UPDATE Jobs SET name = 'x'");
    const last = Math.max(...(await kit.store.readChanges(100)).map(({ seq }) => seq));
    await resolveAll(kit.store);
    await kit.raw("DELETE FROM Jobs");
    await resolveAll(kit.store);
    const reopened = await kit.reopen();
    assert.deepEqual(await reopened.readChanges(10), []);
    await kit.raw("INSERT INTO Jobs (job_id) VALUES (201)");
    const [change] = await reopened.readChanges(10);
    assert.ok((change?.seq ?? 0) > last);
  });

  fact("entries outlast a restart", async (kit) => {
    await seed(kit.store);
    await kit.raw("UPDATE Jobs SET name = 'x' WHERE job_id = 201");
    const before = await kit.store.readChanges(10);
    assert.deepEqual(await (await kit.reopen()).readChanges(10), before);
  });
}

function commitCases(fact: Case): void {
  fact("an edit is listed from its commit on, and not before", async (kit) => {
    await seed(kit.store);
    await kit.raw("BEGIN TRANSACTION");
    await kit.raw("UPDATE Jobs SET name = 'x' WHERE job_id = 201");
    assert.deepEqual(await kit.store.readChanges(10), []);
    await kit.raw("COMMIT");
    assert.deepEqual(await touched(kit.store), ["job:201"]);
  });

  fact("an edit that is rolled back touches nothing", async (kit) => {
    await seed(kit.store);
    await kit.raw("BEGIN TRANSACTION");
    await kit.raw("DELETE FROM Jobs");
    await kit.raw("ROLLBACK");
    assert.deepEqual(await touched(kit.store), []);
  });

  fact("a touch by hand is like an edit of the subject, once for many", async ({ store }) => {
    await seed(store);
    await store.touch([job(203), { kind: "environment", name: "eastus" }, job(203)]);
    assert.deepEqual(await touched(store), ["environment:eastus", "job:203"]);
  });

  fact("another handle sees an edit at once", async (kit) => {
    await seed(kit.store);
    const second = await kit.secondHandle();
    await second.touch([job(201)]);
    assert.deepEqual(await touched(kit.store), ["job:201"]);
  });
}

function wakeCases(fact: Case): void {
  fact("a subject whose time has come is woken once", async ({ store, clock }) => {
    await seed(store);
    await store.commitResolution(resolution(job(201), { wakeAt: clock.in(60_000) }));
    await store.commitResolution(
      resolution({ kind: "environment", name: "eastus" }, { wakeAt: clock.in(60_000) }),
    );
    assert.equal(await store.wake(), 0);
    clock.advance(59_999);
    assert.equal(await store.wake(), 0);
    clock.advance(1);
    assert.equal(await store.wake(), 2);
    assert.deepEqual(await touched(store), ["environment:eastus", "job:201"]);
    assert.equal(await store.wake(), 0);
  });

  fact("the next resolution replaces the time, or forgets it", async ({ store, clock }) => {
    await seed(store);
    await store.commitResolution(resolution(job(201), { wakeAt: clock.in(1_000) }));
    await store.commitResolution(resolution(job(201), { wakeAt: clock.in(5_000) }));
    await store.commitResolution(resolution(job(202), { wakeAt: clock.in(1_000) }));
    await store.commitResolution(resolution(job(202)));
    clock.advance(1_000);
    assert.equal(await store.wake(), 0);
    clock.advance(4_000);
    assert.equal(await store.wake(), 1);
    assert.deepEqual(await touched(store), ["job:201"]);
  });

  fact("a time with another zone is the instant that it means", async ({ store, clock }) => {
    await seed(store);
    clock.set("2026-03-01T08:00:00.000Z");
    await store.commitResolution(resolution(job(201), { wakeAt: "2026-03-01T11:00:00+02:00" }));
    assert.equal(await store.wake(), 0);
    clock.set("2026-03-01T09:00:00.000Z");
    assert.equal(await store.wake(), 1);
  });
}
