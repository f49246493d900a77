/** What a snapshot has of pipelines, alerts, exceptions and of the rows that jobs share. */
import assert from "node:assert/strict";
import type { MetadataStore, NewRow, RowValues } from "../../../metadata-schema/store.ts";
import { type Case, childRows, seed } from "./kit.ts";

const runtime = (name: string, environment: string | null, location = "plant-lyon"): NewRow => ({
  table: "Integration_Runtimes",
  values: { name, environment, kind: "self-hosted", location },
});
const source = (name: string, values: RowValues = {}): NewRow => ({
  table: "Data_Sources",
  values: { name, kind: "sql-server", location: "plant-lyon", ...values },
});
const model = (name: string): NewRow => ({ table: "Models", values: { name } });
const policy = (jobId: number, model: string): NewRow => {
  const permissions = ["read_model"];
  return {
    table: "Access_Policies",
    values: { job_id: jobId, role: "DataScientist", permissions, entra_id_group: "ds", model },
  };
};

const names = (rows: readonly { readonly name: string }[]): readonly string[] => rows.map(({ name }) => name);
const runtimesOf = async (store: MetadataStore, jobId: number) =>
  names((await store.loadJob(jobId)).integrationRuntimes);
const modelsOf = async (store: MetadataStore, jobId: number) => names((await store.loadJob(jobId)).models);

export function snapshotCases(fact: Case): void {
  ownRowCases(fact);
  sharedRowCases(fact);
  modelCases(fact);
  malformedCases(fact);
}

function ownRowCases(fact: Case): void {
  fact("a job's snapshot holds its pipeline settings, alert rules and guardrail exceptions", async (kit) => {
    const { store } = kit;
    await seed(store);
    await store.insertRows([
      { table: "Alert_Rules", values: { job_id: 201, metric: "drift", threshold: 0.2, enabled: false } },
      ...childRows(202),
    ]);
    const { pipelineSettings, alertRules, guardrailExceptions } = await store.loadJob(201);
    assert.deepEqual(
      pipelineSettings.map(({ job_id, retry_count, parameters, enabled }) => [
        job_id,
        retry_count,
        parameters,
        enabled,
      ]),
      [[201, 2, {}, true]],
    );
    assert.deepEqual(
      alertRules.map(({ metric, threshold, enabled }) => [metric, threshold, enabled]),
      [
        ["model_accuracy", 0.85, true],
        ["drift", 0.2, false],
      ],
    );
    assert.deepEqual(
      guardrailExceptions.map(({ exception_id, ...rest }) => [typeof exception_id, rest]),
      [
        [
          "number",
          {
            job_id: 201,
            guardrail: "range-width",
            subject: "203.0.0.0/20",
            reason: "the partner's office",
            expires_at: "2026-12-31T00:00:00Z",
          },
        ],
      ],
    );
    const { job: _, environment, malformed, ...rest } = await store.loadJob(203);
    assert.equal(environment?.name, "eastus");
    assert.deepEqual(malformed, []);
    for (const [part, rows] of Object.entries(rest))
      if (Array.isArray(rows)) assert.deepEqual(rows, [], part);
  });
}

function sharedRowCases(fact: Case): void {
  fact("it holds the data source that its pipeline names, and no other", async ({ store, raw }) => {
    await seed(store);
    await store.insertRows([source("erp"), source("mes")]);
    assert.deepEqual((await store.loadJob(201)).dataSources, []);
    await raw("UPDATE Pipeline_Settings SET data_source = 'erp' WHERE job_id = 201");
    const { dataSources } = await store.loadJob(201);
    assert.deepEqual(names(dataSources), ["erp"]);
    assert.equal(dataSources[0]?.location, "plant-lyon");
  });

  fact(
    "it holds the runtimes of its environment; those that name none are the default one's",
    async (kit) => {
      const { store, raw } = kit;
      await seed(store);
      await store.insertRows([
        runtime("ir-c", "eastus"),
        runtime("ir-b", null),
        runtime("ir-a", "eastus", "elsewhere"),
        runtime("ir-w", "westus"),
      ]);
      assert.deepEqual(await runtimesOf(store, 201), ["ir-a", "ir-b", "ir-c"]);
      assert.deepEqual(await runtimesOf(store, 202), ["ir-w"]);
      await raw("UPDATE Environments SET is_default = 0");
      assert.deepEqual(await runtimesOf(store, 201), [], "the job has no environment");
      await raw("UPDATE Jobs SET environment = 'eastus' WHERE job_id = 201");
      assert.deepEqual(await runtimesOf(store, 201), ["ir-a", "ir-c"]);
    },
  );

  fact("an environment's snapshot holds the same runtimes", async ({ store, raw }) => {
    await seed(store);
    await store.insertRows([runtime("ir-b", null), runtime("ir-a", "eastus"), runtime("ir-w", "westus")]);
    const of = async (name: string) => names((await store.loadEnvironment(name)).integrationRuntimes);
    assert.deepEqual([await of("eastus"), await of("westus")], [["ir-a", "ir-b"], ["ir-w"]]);
    assert.deepEqual(await of("nowhere"), []);
    await raw("UPDATE Environments SET is_default = 0");
    await raw("UPDATE Environments SET is_default = 1 WHERE name = 'westus'");
    assert.deepEqual([await of("eastus"), await of("westus")], [["ir-a"], ["ir-b", "ir-w"]]);
  });
}

function modelCases(fact: Case): void {
  fact("it holds the models that the job and its policies name", async ({ store, raw }) => {
    await seed(store);
    const models = ["ml.models.churn", "ml.models.fraud", "ml.models.other", "ml.models.job_201"];
    await store.insertRows([
      ...models.map(model),
      policy(201, "ml.models.fraud"),
      policy(202, "ml.models.other"),
    ]);
    await raw("UPDATE Jobs SET model = 'ml.models.churn' WHERE job_id = 201");
    assert.deepEqual(await modelsOf(store, 201), ["ml.models.churn", "ml.models.fraud"]);
    assert.deepEqual(await modelsOf(store, 202), ["ml.models.other"]);
  });

  fact("of a job that names no model it holds the one of its default name", async ({ store, raw }) => {
    await seed(store);
    await store.insertRows(["ml.models.job_201", "ml.models.job_202", "x.y.job_201"].map(model));
    assert.deepEqual(await modelsOf(store, 201), ["ml.models.job_201"]);
    assert.deepEqual(await modelsOf(store, 203), []);
    await raw("UPDATE Environments SET catalog_name = 'x', schema_name = 'y' WHERE name = 'eastus'");
    assert.deepEqual(await modelsOf(store, 201), ["x.y.job_201"]);
    await raw("UPDATE Environments SET is_default = 0 WHERE name = 'eastus'");
    assert.deepEqual(await modelsOf(store, 201), [], "without an environment it has no such name");
  });
}

function malformedCases(fact: Case): void {
  fact(
    "a row of a pipeline that cannot be parsed is named, and its source is read all the same",
    async (kit) => {
      const { store, raw } = kit;
      await seed(store);
      await store.insertRows([source("erp")]);
      await raw("UPDATE Pipeline_Settings SET data_source = 'erp', parameters = '[1]' WHERE job_id = 201");
      const { pipelineSettings, dataSources, malformed } = await store.loadJob(201);
      assert.deepEqual([pipelineSettings, names(dataSources)], [[], ["erp"]]);
      assert.deepEqual(
        malformed.map(({ ref, field }) => [ref.table, field]),
        [["Pipeline_Settings", "parameters"]],
      );
    },
  );

  fact(
    "existing resources and addresses that are not text make an environment's row malformed",
    async (kit) => {
      const { store, raw } = kit;
      await seed(store);
      for (const [column, value] of [
        ["existing_resources", '{"virtual_network":1}'],
        ["existing_resources", "[]"],
        ["alert_emails", "[1]"],
      ] as const) {
        await raw(`UPDATE Environments SET ${column} = '${value}' WHERE name = 'eastus'`);
        for (const snapshot of [await store.loadJob(201), await store.loadEnvironment("eastus")])
          assert.deepEqual(
            snapshot.malformed.map(({ ref, field }) => [ref.key, field]),
            [["eastus", column]],
          );
        await raw(
          `UPDATE Environments SET existing_resources = '{}', alert_emails = '[]' WHERE name = 'eastus'`,
        );
      }
    },
  );
}
