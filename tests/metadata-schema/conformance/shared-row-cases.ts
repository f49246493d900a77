/** Rows that jobs share: an edit touches each job that uses the row, and no other. */
import assert from "node:assert/strict";
import type { MetadataStore, NewRow } from "../../../metadata-schema/store.ts";
import { type Case, resolveAll, type StoreKit, seed, touchedBy } from "./kit.ts";

const runtime = (name: string, location: string): NewRow => ({
  table: "Integration_Runtimes",
  values: { name, kind: "self-hosted", location },
});
const source = (name: string, location: string, integrationRuntime: string | null = null): NewRow => ({
  table: "Data_Sources",
  values: { name, kind: "sql-server", location, integration_runtime: integrationRuntime },
});

/**
 * Job 201 reads erp, which is in plant-lyon and names no runtime; job 202 reads mes, which is in plant-lyon too
 * but names ir-rome; job 203 names ir-lyon itself; job 204 reads files, which is elsewhere.
 */
async function seedShared(store: MetadataStore): Promise<void> {
  await seed(store);
  await store.insertRows([
    runtime("ir-lyon", "plant-lyon"),
    runtime("ir-rome", "plant-rome"),
    source("erp", "plant-lyon"),
    source("mes", "plant-lyon", "ir-rome"),
    source("files", "plant-oslo"),
    { table: "Jobs", values: { job_id: 204 } },
    { table: "Pipeline_Settings", values: { job_id: 202, data_source: "mes" } },
    { table: "Pipeline_Settings", values: { job_id: 203, integration_runtime: "ir-lyon" } },
    { table: "Pipeline_Settings", values: { job_id: 204, data_source: "files" } },
  ]);
  const [setting] = await store.readRows({ tables: ["Pipeline_Settings"], jobId: 201 });
  assert.ok(setting);
  const { table, key, values: before } = setting;
  await store.changeRows([{ kind: "update", table, key, before, values: { data_source: "erp" } }], {
    name: "rowgate",
    kind: "service",
  });
  await resolveAll(store);
}

/** A fact about what statements touch, on the rows above. */
type TouchCase = (name: string, statements: readonly string[], subjects: readonly string[]) => void;

export function sharedRowCases(fact: Case): void {
  const touches: TouchCase = (name, statements, subjects) =>
    fact(name, async (kit) => {
      await seedShared(kit.store);
      assert.deepEqual(await touchedBy(kit, ...statements), subjects);
    });
  runtimeCases(touches, fact);
  runtimeEnvironmentCases(touches, fact);
  sourceCases(touches, fact);
  modelCases(fact);
}

const insertRuntime = (name: string, location: string): string =>
  `INSERT INTO Integration_Runtimes (name, kind, location) VALUES ('${name}', 'self-hosted', '${location}')`;

function runtimeCases(touches: TouchCase, fact: Case): void {
  touches(
    "an edit of a runtime touches the jobs that name it, and those that read a source of its location that names none",
    ["UPDATE Integration_Runtimes SET enabled = 0 WHERE name = 'ir-lyon'"],
    ["environment:eastus", "job:201", "job:203"],
  );
  touches(
    "an edit of a runtime touches the jobs that read a source that names it",
    ["UPDATE Integration_Runtimes SET description = 'x' WHERE name = 'ir-rome'"],
    ["environment:eastus", "job:202"],
  );
  touches(
    "a runtime that moves to another location touches the jobs that read from the old one and the new one",
    ["UPDATE Integration_Runtimes SET location = 'plant-oslo' WHERE name = 'ir-lyon'"],
    ["environment:eastus", "job:201", "job:203", "job:204"],
  );
  touches(
    "a new runtime touches the jobs that read a source of its location",
    [insertRuntime("ir-oslo", "plant-oslo")],
    ["environment:eastus", "job:204"],
  );
  touches(
    "a deleted runtime touches the jobs that read a source of its location",
    [insertRuntime("ir-lyon-2", "plant-lyon"), "DELETE FROM Integration_Runtimes WHERE name = 'ir-lyon-2'"],
    ["environment:eastus", "job:201"],
  );
  touches(
    "a runtime that nobody uses touches its environment alone",
    [
      insertRuntime("ir-none", "nowhere"),
      "UPDATE Integration_Runtimes SET name = 'ir-nobody' WHERE name = 'ir-none'",
      "DELETE FROM Integration_Runtimes WHERE name = 'ir-nobody'",
    ],
    ["environment:eastus"],
  );
  touches(
    "one statement on all runtimes touches the jobs of each",
    ["UPDATE Integration_Runtimes SET time_to_live_minutes = 5"],
    ["environment:eastus", "job:201", "job:202", "job:203"],
  );
  touches(
    "a job that turns to another runtime is touched, and nobody else",
    ["UPDATE Pipeline_Settings SET integration_runtime = 'ir-rome' WHERE job_id = 203"],
    ["job:203"],
  );

  fact("a runtime that a row names cannot be deleted", async (kit) => {
    await seedShared(kit.store);
    const statement = "DELETE FROM Integration_Runtimes WHERE name = 'ir-lyon'";
    await assert.rejects(kit.raw(statement));
    assert.deepEqual(await touchedBy(kit), []);
  });
}

function runtimeEnvironmentCases(touches: TouchCase, fact: Case): void {
  const inWestus =
    "INSERT INTO Integration_Runtimes (name, environment, kind, location) VALUES ('ir-w', 'westus', 'managed', 'w')";

  touches("a runtime that names an environment touches that one", [inWestus], ["environment:westus"]);
  fact(
    "a runtime that moves touches the environment that it leaves and the one that it gets",
    async (kit) => {
      await seedShared(kit.store);
      const move = (to: string) => `UPDATE Integration_Runtimes SET environment = ${to} WHERE name = 'ir-w'`;
      await kit.store.insertRows([
        {
          table: "Integration_Runtimes",
          values: { name: "ir-w", environment: "westus", kind: "managed", location: "w" },
        },
      ]);
      assert.deepEqual(await touchedBy(kit, move("NULL")), ["environment:eastus", "environment:westus"]);
      assert.deepEqual(await touchedBy(kit, move("'eastus'")), ["environment:eastus"]);
      assert.deepEqual(await touchedBy(kit, move("'westus'")), ["environment:eastus", "environment:westus"]);
      assert.deepEqual(await touchedBy(kit, "DELETE FROM Integration_Runtimes WHERE name = 'ir-w'"), [
        "environment:westus",
      ]);
    },
  );
  fact("without a default environment a runtime that names none touches no environment", async (kit) => {
    await seedShared(kit.store);
    await kit.raw("UPDATE Environments SET is_default = 0");
    const statement = "UPDATE Integration_Runtimes SET enabled = 0 WHERE name = 'ir-rome'";
    assert.deepEqual(await touchedBy(kit, statement), ["job:202"]);
  });
}

function sourceCases(touches: TouchCase, fact: Case): void {
  touches(
    "an edit of a data source touches the jobs whose pipeline reads it",
    ["UPDATE Data_Sources SET path = 'sales.orders' WHERE name = 'erp'"],
    ["job:201"],
  );
  touches(
    "a data source that turns to another runtime touches its own jobs alone",
    ["UPDATE Data_Sources SET integration_runtime = 'ir-lyon' WHERE name = 'mes'"],
    ["job:202"],
  );
  touches(
    "one statement on all data sources touches the jobs of each",
    ["UPDATE Data_Sources SET description = 'x'"],
    ["job:201", "job:202", "job:204"],
  );
  touches(
    "a data source that nobody reads touches nothing",
    [
      "INSERT INTO Data_Sources (name, kind, location) VALUES ('crm', 'rest', 'plant-lyon')",
      "UPDATE Data_Sources SET name = 'crm-2' WHERE name = 'crm'",
      "DELETE FROM Data_Sources WHERE name = 'crm-2'",
    ],
    [],
  );
  touches(
    "a pipeline that moves to another job touches both",
    [
      "DELETE FROM Pipeline_Settings WHERE job_id = 204",
      "UPDATE Pipeline_Settings SET job_id = 204 WHERE job_id = 202",
    ],
    ["job:202", "job:204"],
  );

  fact("a data source that a pipeline names cannot be deleted", async (kit) => {
    await seedShared(kit.store);
    await assert.rejects(kit.raw("DELETE FROM Data_Sources WHERE name = 'erp'"));
    assert.deepEqual(await touchedBy(kit), []);
  });
}

const insertModel = (name: string): string => `INSERT INTO Models (name) VALUES ('${name}')`;

/** Job 202 names the model, a policy of job 203 does. */
async function seedModels(kit: StoreKit): Promise<void> {
  await seed(kit.store);
  await kit.raw("UPDATE Jobs SET model = 'ml.models.churn' WHERE job_id = 202");
  await kit.raw(`INSERT INTO Access_Policies (job_id, role, permissions, entra_id_group, model)
    VALUES (203, 'DataScientist', '["read_model"]', 'ds_team', 'ml.models.churn')`);
}

function modelCases(fact: Case): void {
  const touches: TouchCase = (name, statements, subjects) =>
    fact(name, async (kit) => {
      await seedModels(kit);
      assert.deepEqual(await touchedBy(kit, ...statements), subjects);
    });

  touches(
    "a new model touches the jobs and the jobs of policies that name it",
    [insertModel("ml.models.churn")],
    ["job:202", "job:203"],
  );
  touches(
    "a renamed model touches those who name the old name or the new one",
    [insertModel("ml.models.other"), "UPDATE Models SET name = 'ml.models.churn'"],
    ["job:202", "job:203"],
  );
  touches(
    "a model of a job's default name touches that job",
    [insertModel("ml.models.job_201")],
    ["job:201"],
  );
  touches(
    "a model of a job's default name touches no job that names another model",
    [insertModel("ml.models.job_202")],
    [],
  );
  touches(
    "a model whose name only looks like a job's default name touches no job",
    ["ml.models.job_2010", "ml.models.job_201_old", "ml.models.job_", "ml.models.my_job_201"].map(
      insertModel,
    ),
    [],
  );
  touches(
    "a schema that is named like a job does not hide a model's job",
    [insertModel("ml.job_models.job_201"), insertModel("ml.job_1.job_203")],
    ["job:201", "job:203"],
  );
  touches(
    "a job with a number below zero is found by its model's default name",
    [
      "INSERT INTO Jobs (job_id) VALUES (-2147483648)",
      "DELETE FROM Job_Changes",
      insertModel("ml.models.job_-2147483648"),
    ],
    ["job:-2147483648"],
  );
  touches("a model that nobody uses touches nothing", [insertModel("ml.models.none")], []);

  fact("an edit and the end of a model touch those who use it", async (kit) => {
    await seedModels(kit);
    await kit.raw(insertModel("ml.models.churn"));
    await kit.raw(insertModel("ml.models.job_201"));
    const statement = "UPDATE Models SET version = 7";
    assert.deepEqual(await touchedBy(kit, statement), ["job:201", "job:202", "job:203"]);
    assert.deepEqual(await touchedBy(kit, "DELETE FROM Models"), ["job:201", "job:202", "job:203"]);
  });
}
