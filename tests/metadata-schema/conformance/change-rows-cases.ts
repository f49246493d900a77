/** changeRows and readRows: rows as people write them, all or nothing. */
import assert from "node:assert/strict";
import { ConflictError } from "../../../metadata-schema/errors.ts";
import type { ReadSection } from "../../../metadata-schema/store.ts";
import { type Case, childRows, insertPolicy, resolveAll, seed, touched } from "./kit.ts";
import { change, insert, remove, rowOf, rowOfJob, update } from "./row-changes.ts";

export function changeRowsCases(fact: Case): void {
  updateCases(fact);
  conflictCases(fact);
  valueCases(fact);
  readCases(fact);
}

function updateCases(fact: Case): void {
  fact("an update changes the columns that it names and no other", async ({ store }) => {
    await seed(store);
    const before = await rowOf(store, "Jobs", "201");
    await change(store, update(before, { enabled: false, schedule: "0 0 6 * * ?" }));
    assert.deepEqual((await rowOf(store, "Jobs", "201")).values, {
      ...before.values,
      enabled: false,
      schedule: "0 0 6 * * ?",
    });
    assert.deepEqual(await touched(store), ["job:201"]);
  });

  fact("an update with NULL empties a column", async ({ store }) => {
    await seed(store);
    await change(store, update(await rowOf(store, "Jobs", "201"), { name: null }));
    assert.equal((await rowOf(store, "Jobs", "201")).values.name, null);
  });

  fact("a delete of a job takes its rows along", async ({ store }) => {
    await seed(store);
    await change(store, remove(await rowOf(store, "Jobs", "201")));
    assert.deepEqual(await store.readRows({ jobId: 201 }), []);
    assert.deepEqual(await touched(store), ["job:201"]);
  });

  fact("a job that is given nothing has a number that no job had, and defaults", async ({ store }) => {
    await seed(store);
    const before = (await store.listJobs()).map(({ job_id }) => job_id);
    await change(store, insert("Jobs", {}));
    await change(store, insert("Jobs", {}));
    const made = (await store.listJobs()).filter(({ job_id }) => !before.includes(job_id));
    assert.deepEqual(
      made.map(({ kind, priority, enabled }) => [kind, priority, enabled]),
      [
        ["batch", "normal", true],
        ["batch", "normal", true],
      ],
    );
  });

  fact("no changes change nothing", async ({ store }) => {
    await seed(store);
    await change(store);
    await change(store, update(await rowOf(store, "Jobs", "201"), {}));
    assert.deepEqual(await touched(store), []);
  });

  fact("one change that does not fit takes back all the others", async ({ store }) => {
    await seed(store);
    const before = await store.readRows({});
    const [policy, secret] = [
      await rowOfJob(store, "Access_Policies"),
      await rowOfJob(store, "Secret_References"),
    ];
    await assert.rejects(
      change(
        store,
        insert("Jobs", { job_id: 300 }),
        update(policy, { role: "Reader" }),
        remove(secret),
        insert("Network_Rules", { job_id: 999, service: "databricks" }),
      ),
    );
    assert.deepEqual(await store.readRows({}), before);
    assert.deepEqual(await touched(store), []);
  });
}

function conflictCases(fact: Case): void {
  fact("a row that is no longer as it was read is not changed", async (kit) => {
    const { store } = kit;
    await seed(store);
    const read = await rowOf(store, "Jobs", "201");
    await kit.raw("UPDATE Jobs SET priority = 'urgent' WHERE job_id = 201");
    for (const late of [update(read, { name: "late" }), remove(read)])
      await assert.rejects(change(store, insert("Jobs", { job_id: 300 }), late), (error: unknown) => {
        assert.ok(error instanceof ConflictError, String(error));
        assert.match(error.message, /Jobs 201/);
        return true;
      });
    assert.deepEqual((await rowOf(store, "Jobs", "201")).values, { ...read.values, priority: "urgent" });
    assert.equal(await store.getJob(300), null);
  });

  fact("a section that has other rows than were read is a conflict, and nothing is written", async (kit) => {
    const { store } = kit;
    await seed(store);
    const mine = await rowOfJob(store, "Access_Policies");
    const actor = { name: "mei.tanaka@contoso.example", kind: "person" } as const;
    const table = "Access_Policies";
    const addJob = (...read: readonly ReadSection[]) =>
      store.changeRows([insert("Jobs", { job_id: 300 })], actor, read);
    const asRead = { table, jobId: 201, keys: [mine.key] } as const;
    const none = { table, jobId: 203, keys: [] } as const;
    const secrets = await rowOfJob(store, "Secret_References");
    await kit.raw(insertPolicy(203));
    for (const read of [
      [asRead, none],
      [{ ...asRead, keys: [] }],
      [{ ...asRead, keys: [mine.key, "999"] }],
      [{ ...asRead, keys: ["999"] }],
      [asRead, { table: "Secret_References", jobId: 201, keys: [`${Number(secrets.key) + 1}`] }],
    ] as const)
      await assert.rejects(addJob(...read), (error: unknown) => {
        assert.ok(error instanceof ConflictError, String(error));
        assert.match(
          error.message,
          /^The rows of job 20[13] in (Access_Policies|Secret_References) were changed/,
        );
        return true;
      });
    assert.equal(await store.getJob(300), null);
    await addJob(asRead, { table: "Secret_References", jobId: 201, keys: [secrets.key] });
    assert.notEqual(await store.getJob(300), null);
  });

  fact("a change inside a list or an object is a conflict, another spelling of it is none", async (kit) => {
    const { store } = kit;
    await seed(store);
    const policy = await rowOfJob(store, "Access_Policies");
    await kit.raw(`UPDATE Access_Policies SET permissions = '[ "read_model" ]' WHERE job_id = 201`);
    await change(store, update(policy, { role: "Reader" }));
    const read = await rowOfJob(store, "Access_Policies");
    await kit.raw(
      `UPDATE Access_Policies SET permissions = '["read_model","x"]', role = 'Other' WHERE job_id = 201`,
    );
    await kit.raw("UPDATE Access_Policies SET role = 'Reader' WHERE job_id = 201");
    await assert.rejects(change(store, update(read, { role: "Writer" })), ConflictError);
  });

  fact("a row that is gone is a conflict, and so is one that came back as another", async (kit) => {
    const { store } = kit;
    await seed(store);
    const [cluster, job] = [await rowOfJob(store, "Cluster_Configs"), await rowOf(store, "Jobs", "201")];
    await kit.raw("DELETE FROM Jobs WHERE job_id = 201");
    for (const late of [update(cluster, { max_workers: 9 }), remove(cluster), remove(job)])
      await assert.rejects(change(store, late), ConflictError);
    await kit.raw("INSERT INTO Jobs (job_id) VALUES (201)");
    await assert.rejects(change(store, remove(job)), ConflictError);
    await resolveAll(store);
  });

  fact("of two people who change what both read, the second one is told", async (kit) => {
    await seed(kit.store);
    const second = await kit.secondHandle();
    const read = await rowOf(kit.store, "Jobs", "201");
    await change(kit.store, update(read, { name: "first" }));
    await assert.rejects(change(second, update(read, { name: "second" })), ConflictError);
    assert.equal((await second.getJob(201))?.name, "first");
  });
}

const awkward = `quote ' "double" \\ back\\\\slash % _ [x] ; -- /* */ \t tab
line Zoë 日本語 \u{1f680} \u202eright to left @name ?1 \${x} `;

function valueCases(fact: Case): void {
  fact("text comes back as it was written", async ({ store }) => {
    await seed(store);
    await change(
      store,
      insert("Jobs", { job_id: 300, name: awkward, task_path: "é".repeat(1_024) }),
      insert("Models", { name: "ml.models.Straße", description: awkward, owner: "o'brien@contoso.example" }),
    );
    const { values } = await rowOf(store, "Jobs", "300");
    assert.deepEqual([values.name, values.task_path], [awkward, "é".repeat(1_024)]);
    const model = await rowOf(store, "Models", "ml.models.Straße");
    assert.equal(model.values.description, awkward);
    await change(store, update(model, { description: "short" }));
    await change(store, remove(await rowOf(store, "Models", "ml.models.Straße")));
  });

  fact("lists and objects come back equal, of any length and depth", async ({ store }) => {
    await seed(store);
    const permissions = Array.from({ length: 1_000 }, (_, index) => `${awkward} ${index}`);
    const parameters = {
      [awkward]: awkward,
      "": "",
      numbers: [0, -1, 0.1, 1e21, 1e-7, Number.MAX_SAFE_INTEGER],
      deep: [[[[{ a: [null, true, false, {}] }]]]],
      long: "x".repeat(10_000),
    };
    await change(
      store,
      update(await rowOfJob(store, "Access_Policies"), { permissions }),
      update(await rowOfJob(store, "Pipeline_Settings"), { parameters }),
      update(await rowOfJob(store, "Network_Rules"), { firewall_ranges: [] }),
    );
    assert.deepEqual((await rowOfJob(store, "Access_Policies")).values.permissions, permissions);
    const setting = await rowOfJob(store, "Pipeline_Settings");
    assert.deepEqual(setting.values.parameters, parameters);
    assert.deepEqual((await rowOfJob(store, "Network_Rules")).values.firewall_ranges, []);
    await change(store, update(setting, { parameters: {} }));
  });

  fact("numbers come back as they were written", async ({ store }) => {
    await seed(store);
    const thresholds = [0, -1.5, 0.1 + 0.2, 1e-300, 1e300, 2 ** 53, -(2 ** 40), 7];
    for (const threshold of thresholds) {
      const rule = await rowOfJob(store, "Alert_Rules");
      await change(store, update(rule, { threshold }));
      assert.equal((await rowOfJob(store, "Alert_Rules")).values.threshold, threshold);
    }
    const most = 2 ** 31 - 1;
    await change(
      store,
      insert("Jobs", { job_id: most }),
      insert("Jobs", { job_id: -(2 ** 31) }),
      insert("Models", { name: "ml.models.most", version: most }),
    );
    assert.deepEqual(
      (await store.readRows({ tables: ["Jobs", "Models"] })).map(({ key, values }) => [key, values.version]),
      [
        ["ml.models.most", most],
        ...[-(2 ** 31), 201, 202, 203, most].map((jobId) => [String(jobId), undefined]),
      ],
    );
  });
}

function readCases(fact: Case): void {
  fact("rows are read by table, then by key: numbers by size, text by code point", async ({ store }) => {
    await seed(store);
    await store.insertRows([
      { table: "Jobs", values: { job_id: 9 } },
      { table: "Jobs", values: { job_id: 1_000 } },
      ...["b", "B", "a", "é", "_", "10", "9"].map((name) => ({ table: "Models", values: { name } }) as const),
    ]);
    const keys = (await store.readRows({})).map(({ table, key }) => [table, key]);
    assert.deepEqual(
      keys.filter(([table]) => table === "Models" || table === "Jobs"),
      [
        ...["10", "9", "B", "_", "a", "b", "é"].map((name) => ["Models", name]),
        ...["9", "201", "202", "203", "1000"].map((jobId) => ["Jobs", jobId]),
      ],
    );
    assert.deepEqual(
      [...new Set(keys.map(([table]) => table))],
      ["Environments", "Models", "Jobs", ...childRows(201).map(({ table }) => table)],
    );
  });

  fact("only the tables asked for are read, in the order of all tables", async ({ store }) => {
    await seed(store);
    const rows = await store.readRows({ tables: ["Network_Rules", "Environments"] });
    assert.deepEqual(
      rows.map(({ table }) => table),
      ["Environments", "Environments", "Network_Rules"],
    );
    assert.deepEqual(await store.readRows({ tables: [] }), []);
  });

  fact("of a job only its own row and those that belong to it are read", async ({ store }) => {
    await seed(store);
    await store.insertRows(childRows(202));
    const rows = await store.readRows({ jobId: 201 });
    assert.deepEqual(
      rows.map(({ table, values }) => [table, values.job_id]),
      ["Jobs", ...childRows(201).map(({ table }) => table)].map((table) => [table, 201]),
    );
    assert.deepEqual(await store.readRows({ jobId: 201, tables: ["Environments"] }), []);
    assert.deepEqual(
      (await store.readRows({ jobId: 202, tables: ["Alert_Rules", "Jobs"] })).map(({ table }) => table),
      ["Jobs", "Alert_Rules"],
    );
    assert.deepEqual(await store.readRows({ jobId: 999 }), []);
  });

  fact("values are as people write them: true and false, lists and objects, numbers", async ({ store }) => {
    await seed(store);
    const environment = await rowOf(store, "Environments", "eastus");
    assert.deepEqual([environment.values.is_default, environment.values.own_group_members], [true, []]);
    const setting = await rowOfJob(store, "Pipeline_Settings");
    assert.deepEqual(setting.values, {
      setting_id: Number(setting.key),
      job_id: 201,
      data_source: null,
      integration_runtime: null,
      sink_path: null,
      concurrency: 1,
      timeout_minutes: 120,
      retry_count: 2,
      retry_interval_seconds: 60,
      parameters: {},
      enabled: true,
    });
    assert.equal((await rowOfJob(store, "Alert_Rules")).values.threshold, 0.85);
  });
}
