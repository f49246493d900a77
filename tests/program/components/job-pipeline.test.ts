import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import type { DataSourceSpec, JobSpec, PipelineSpec } from "../../../metadata-schema/desired-state.ts";
import { fillPipeline } from "../../../program/adf/fill-pipeline.ts";
import { flatActivity, literal, type RawActivity } from "../../../program/adf/pipeline-json.ts";
import { factoryId } from "../../../program/layout/names.ts";
import { readTriggerMarks } from "../../../program/layout/trigger-marks.ts";
import { fullJobSpec, onlineJobSpec, pipelineSpec, sqlSource } from "../support/job-specs.ts";
import { mockRun } from "../support/mock-run.ts";
import { shapeFaults } from "../support/sdk-shape.ts";
import { environment, jobSpec } from "../support/specs.ts";

const adf = (name: string): string => `azure-native:datafactory:${name}`;
const withPipeline = (change: Partial<PipelineSpec>, base: JobSpec = jobSpec) =>
  mockRun({ ...base, pipeline: { ...pipelineSpec, ...change } });
const withSource = (change: Partial<DataSourceSpec>) => withPipeline({ source: { ...sqlSource, ...change } });
const filled = (change: Partial<PipelineSpec>, base: JobSpec = jobSpec) =>
  fillPipeline(base, { ...pipelineSpec, ...change }).properties.activities;
const named = (activities: readonly RawActivity[], name: string): RawActivity =>
  activities.find((activity) => activity.name === name) ?? assert.fail(`no ${name}`);
const namesOf = (activities: unknown): string[] => (activities as { name: string }[]).map(({ name }) => name);

const full = await mockRun(fullJobSpec);

describe("the pipeline of a job", () => {
  it("is the checked-in one, filled in", () => {
    const golden = readFileSync(new URL("../adf/pl-job-201.json", import.meta.url), "utf8");
    assert.deepEqual(fillPipeline(fullJobSpec, pipelineSpec), JSON.parse(golden));
  });

  it("has no place left open", () => {
    assert.doesNotMatch(JSON.stringify(fillPipeline(fullJobSpec, pipelineSpec)), /\{\w+\}/);
  });

  it("waits for the service, or fails where the service is not to be called", () => {
    const branch = (change: Partial<PipelineSpec>) =>
      namesOf(named(filled(change), "IsReady").typeProperties.ifFalseActivities);
    assert.deepEqual(branch({}), ["Reconcile", "GetOutputs", "KeepOutputs"]);
    assert.deepEqual(branch({ serviceUrl: null }), ["NotReady"]);
    assert.doesNotMatch(JSON.stringify(filled({ serviceUrl: null })), /https:|MSI/);
  });

  it("calls addresses that whoever starts it can't choose, and keeps what carries tokens out of its logs", () => {
    const branch = named(filled({}), "IsReady").typeProperties.ifFalseActivities as readonly RawActivity[];
    for (const name of ["Reconcile", "GetOutputs"]) {
      const { typeProperties, policy } = named(branch, name);
      assert.match(String(typeProperties.url), /^https:\/\/rowgate\.contoso\.example\/api\/jobs\/201\//);
      assert.equal((typeProperties.authentication as { resource: string }).resource, pipelineSpec.serviceUrl);
      assert.ok(policy?.secureInput && policy.secureOutput);
    }
  });

  it("copies only where there is a source, and runs a job only where there is one", () => {
    assert.deepEqual(namesOf(filled({})), ["GetJobContext", "IsReady", "CopySource", "RunJob"]);
    const noSource = filled({ source: null });
    assert.deepEqual(namesOf(noSource), ["GetJobContext", "IsReady", "RunJob"]);
    assert.deepEqual(named(noSource, "RunJob").dependsOn, [
      { activity: "IsReady", dependencyConditions: ["Succeeded"] },
    ]);
    assert.deepEqual(namesOf(filled({}, onlineJobSpec)), ["GetJobContext", "IsReady", "CopySource"]);
  });

  it("gives the row's time and retries to what does the row's work", () => {
    const activities = filled({ timeoutMinutes: 1501, retryCount: 4, retryIntervalSeconds: 90 });
    for (const name of ["CopySource", "RunJob"]) {
      const { policy } = named(activities, name);
      assert.equal(policy?.timeout, "1.01:01:00");
      assert.equal(policy?.retry, 4);
      assert.equal(policy?.retryIntervalInSeconds, 90);
    }
    assert.equal(named(activities, "GetJobContext").policy?.retry, 2);
  });

  it("hands the row's parameters on, each as what it is", () => {
    const parameters = { days: 28, share: 0.5, dry: true, name: "x", list: [1], more: { a: 1 } };
    const { properties } = fillPipeline(jobSpec, { ...pipelineSpec, parameters });
    assert.deepEqual(properties.parameters, {
      days: { type: "Int", defaultValue: 28 },
      share: { type: "Float", defaultValue: 0.5 },
      dry: { type: "Bool", defaultValue: true },
      name: { type: "String", defaultValue: "x" },
      list: { type: "Array", defaultValue: [1] },
      more: { type: "Object", defaultValue: { a: 1 } },
    });
    const run = named(properties.activities, "RunJob").typeProperties.jobParameters as Record<
      string,
      unknown
    >;
    assert.deepEqual(run.days, { value: "@string(pipeline().parameters.days)", type: "Expression" });
  });

  it("reaches Azure flat, as the SDK declares each activity", () => {
    const { inputs } = full.only(adf("Pipeline"));
    assert.doesNotMatch(JSON.stringify(inputs), /typeProperties/);
    const [, isReady] = inputs.activities as Record<string, unknown>[];
    assert.deepEqual(namesOf(isReady?.ifFalseActivities), ["Reconcile", "GetOutputs", "KeepOutputs"]);
  });

  it("ends a run whose settings Data Factory would refuse", async () => {
    await assert.rejects(
      withPipeline({ retryIntervalSeconds: 1, parameters: { model: 1 } }),
      /Pipeline of job 201: retry_interval_seconds 1: .*; parameter "model" is the job's own/,
    );
  });
});

describe("flattening", () => {
  it("goes into every kind of branch", () => {
    const inner = { name: "W", type: "Wait", dependsOn: [], typeProperties: { waitTimeInSeconds: 1 } };
    const flat = { name: "W", type: "Wait", dependsOn: [], waitTimeInSeconds: 1 };
    const outer = (typeProperties: object) =>
      flatActivity({ name: "O", type: "Any", dependsOn: [], typeProperties: { ...typeProperties } });
    assert.deepEqual(outer({ activities: [inner] }).activities, [flat]);
    assert.deepEqual(outer({ defaultActivities: [inner], cases: [{ value: "a", activities: [inner] }] }), {
      name: "O",
      type: "Any",
      dependsOn: [],
      defaultActivities: [flat],
      cases: [{ value: "a", activities: [flat] }],
    });
  });

  it("leaves no text of a row to be computed", () => {
    assert.equal(literal("raw/orders"), "raw/orders");
    assert.equal(literal("@pipeline().RunId"), "@@pipeline().RunId");
    assert.equal(literal("a@b"), "a@b");
    assert.equal(literal("x@{pipeline().RunId}y@{z}"), "x@@{pipeline().RunId}y@@{z}");
    assert.equal(literal("@{a}"), "@@{a}");
  });
});

describe("what a pipeline reads", () => {
  it("is reached through the row's runtime, encrypted, with its password left in the vault", () => {
    const { inputs } = full.only(adf("LinkedService"));
    assert.deepEqual(inputs, {
      resourceGroupName: "rg-ml-eastus",
      factoryName: factoryId(environment).split("/").at(-1),
      linkedServiceName: "ls_job_201_source_sql_server",
      properties: {
        type: "SqlServer",
        description: "Data source erp-orders",
        connectVia: { referenceName: "ir-plant-lyon", type: "IntegrationRuntimeReference" },
        server: "sql01.lyon.contoso.example",
        database: "erp",
        encrypt: "mandatory",
        trustServerCertificate: false,
        authenticationType: "SQL",
        userName: "erp-reader",
        password: {
          type: "AzureKeyVaultSecret",
          store: { referenceName: "ls_key_vault", type: "LinkedServiceReference" },
          secretName: "erp-reader",
        },
      },
    });
    const datasets = ["source-dataset-sql-server", "sink-dataset-sql-server"].map(
      (name) => full.resources.find((resource) => resource.name === name) ?? assert.fail(name),
    );
    assert.deepEqual(
      datasets.map(({ inputs: { datasetName, properties } }) => [datasetName, properties]),
      [
        [
          "ds_job_201_source_sql_server",
          {
            type: "SqlServerTable",
            linkedServiceName: {
              referenceName: "ls_job_201_source_sql_server",
              type: "LinkedServiceReference",
            },
            schema: "sales",
            table: "orders",
          },
        ],
        [
          "ds_job_201_sink_sql_server",
          {
            type: "Parquet",
            linkedServiceName: { referenceName: "ls_lake", type: "LinkedServiceReference" },
            location: { type: "AzureBlobFSLocation", fileSystem: "job-201", folderPath: "raw/orders" },
            compressionCodec: "snappy",
          },
        ],
      ],
    );
  });

  it("lies in the own lake where the row has no host, and needs no linked service then", async () => {
    const run = await withSource({
      type: "adls",
      host: null,
      database: "landing",
      path: "/sales",
      credential: null,
    });
    assert.deepEqual(run.names(adf("LinkedService")), []);
    const source = run.resources.find(({ name }) => name.startsWith("source-dataset"))?.inputs.properties;
    assert.deepEqual(source, {
      type: "Binary",
      linkedServiceName: { referenceName: "ls_lake", type: "LinkedServiceReference" },
      location: { type: "AzureBlobFSLocation", fileSystem: "landing", folderPath: "sales" },
    });
  });

  const hosts: Readonly<Record<DataSourceSpec["type"], string>> = {
    "sql-server": "sql01.lyon.contoso.example",
    "azure-sql": "erp.database.windows.net",
    adls: "partner.dfs.core.windows.net",
    blob: "https://partner.blob.core.windows.net",
    rest: "https://api.contoso.example/v1",
  };
  for (const [type, host] of Object.entries(hosts) as [DataSourceSpec["type"], string][]) {
    for (const credential of [null, sqlSource.credential]) {
      it(`can be ${type} ${credential === null ? "as the factory" : "by a secret"}, never by a value or in clear`, async () => {
        const run = await withSource({ type, host, credential, path: "@{x}" });
        const { properties } = run.only(adf("LinkedService")).inputs;
        const text = JSON.stringify(properties);
        assert.equal(/"cred_factory"/.test(text), credential === null);
        assert.equal(/"AzureKeyVaultSecret"/.test(text), credential !== null);
        assert.doesNotMatch(text, /http:|SecureString|accountKey|connectionString/);
        if (type.includes("sql")) assert.match(text, /"encrypt":"mandatory"/);
        for (const { type: token, inputs } of run.resources) {
          if (token.startsWith(adf(""))) assert.deepEqual(shapeFaults(token, inputs), []);
        }
        assert.match(
          JSON.stringify(run.resources.find(({ name }) => name.startsWith("source-dataset"))?.inputs),
          /"@@\{x\}"/,
        );
      });
    }
  }

  it("has names of its own for each kind, since what has a name keeps its type", async () => {
    const named = new Map<string, string>();
    for (const [type, host] of Object.entries(hosts) as [DataSourceSpec["type"], string][]) {
      const run = await withSource({ type, host });
      for (const { type: token, inputs } of run.resources) {
        const name = inputs.linkedServiceName ?? inputs.datasetName;
        if (typeof name !== "string") continue;
        const is = (inputs.properties as { type: string }).type;
        assert.equal(named.get(name) ?? is, is, `${name} of ${token}`);
        named.set(name, is);
      }
    }
    assert.equal(named.size, 3 * Object.keys(hosts).length);
  });

  it("ends a run without a host, or with a credential in a vault that the factory doesn't reach", async () => {
    await assert.rejects(withSource({ host: null }), /Data source erp-orders has no host/);
    const vaultId = "/subscriptions/s/resourceGroups/other/providers/Microsoft.KeyVault/vaults/elsewhere";
    const credential = { vaultId, vaultUri: "https://elsewhere.vault.azure.net", secretName: "x" };
    await assert.rejects(withSource({ credential }), /its credential in another vault/);
  });
});

describe("the trigger of a pipeline", () => {
  const trigger = pipelineSpec.trigger ?? assert.fail();

  it("says when it fires and, in its annotations, whether it shall", () => {
    const { inputs } = full.only(adf("Trigger"));
    const properties = inputs.properties as Record<string, unknown>;
    assert.equal(inputs.triggerName, "tr-job-201");
    assert.deepEqual(properties.pipelines, [
      { pipelineReference: { referenceName: "pl-job-201", type: "PipelineReference" } },
    ]);
    assert.deepEqual(properties.recurrence, {
      frequency: "Day",
      interval: 1,
      startTime: "2026-01-01T00:00:00",
      timeZone: "Romance Standard Time",
      schedule: { minutes: [30], hours: [2] },
    });
    assert.equal(readTriggerMarks(properties.annotations as unknown[])?.state, "started");
  });

  it("is marked anew when its pipeline changes, and keeps its mark when it is stopped", async () => {
    const marksOf = async (change: Partial<PipelineSpec>) => {
      const { inputs } = (await withPipeline(change, fullJobSpec)).only(adf("Trigger"));
      return readTriggerMarks((inputs.properties as { annotations: unknown[] }).annotations);
    };
    const before = await marksOf({});
    const stopped = await marksOf({ trigger: { ...trigger, started: false } });
    assert.deepEqual(stopped, { state: "stopped", spec: before?.spec });
    assert.notEqual((await marksOf({ sinkPath: "raw/other", retryCount: 3 }))?.spec, before?.spec);
    assert.notEqual((await marksOf({ trigger: { ...trigger, hours: [3] } }))?.spec, before?.spec);
  });

  it("begins in UTC with UTC's letter, has no schedule where the frequency says all, and may be left out", async () => {
    const everyMinute = { ...trigger, frequency: "Minute", timeZone: "UTC", minutes: [], hours: [] } as const;
    const run = await withPipeline({ trigger: everyMinute });
    assert.deepEqual((run.only(adf("Trigger")).inputs.properties as { recurrence: object }).recurrence, {
      frequency: "Minute",
      interval: 1,
      startTime: "2026-01-01T00:00:00Z",
      timeZone: "UTC",
    });
    const none = await withPipeline({ trigger: null });
    assert.deepEqual(none.names(adf("Trigger")), []);
    assert.equal(none.outputs.trigger_name, null);
    assert.equal(none.outputs.pipeline_name, "pl-job-201");
  });
});

describe("the whole job stack", () => {
  it("registers nothing that the SDKs don't declare", async () => {
    for (const { resources } of [full, await mockRun(onlineJobSpec), await mockRun(jobSpec)]) {
      for (const { type, name, inputs } of resources) {
        if (type.startsWith("pulumi:") || type.startsWith("rowgate:")) continue;
        assert.deepEqual(shapeFaults(type, inputs), [], name);
      }
    }
  });

  it("would be told if it did", () => {
    const { inputs } = full.only(adf("Pipeline"));
    const [lookup] = inputs.activities as object[];
    const planted = { ...lookup, typeProperties: {}, policy: { timeouts: 1 }, dataset: undefined };
    assert.deepEqual(shapeFaults(adf("Pipeline"), { ...inputs, activities: [planted] }), [
      "Pipeline.activities[0].dataset: required",
      "Pipeline.activities[0].policy.timeouts: unknown",
      "Pipeline.activities[0].typeProperties: unknown",
    ]);
  });

  it("hands no secret to anything: names of secrets only", () => {
    for (const { inputs } of full.resources)
      assert.doesNotMatch(JSON.stringify(inputs), /SecureString|AccountKey=/);
  });
});
