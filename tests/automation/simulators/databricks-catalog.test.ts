import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openTestClouds } from "./support/clouds.ts";
import type { Properties, ProviderClient } from "./support/provider-client.ts";
import { subscription } from "./support/seed.ts";
import {
  credentialType,
  grantType,
  locationType,
  modelType,
  monitorType,
  openWorkspace,
  servingType,
  tableType,
  warehouseType,
} from "./support/world.ts";

const model = (inputs: Properties = {}): Properties => ({
  catalogName: "ml",
  schemaName: "models",
  name: "job_202",
  ...inputs,
});

describe("registered models", () => {
  it("a model's id is its full name, and its schema exists", async (t) => {
    const { databricks } = await openWorkspace(await openTestClouds(t));
    const made = await databricks.create(modelType, model());
    assert.equal(made.id, "ml.models.job_202");
    assert.match(made.outputs.owner, /^[0-9a-f-]{36}$/);
    assert.deepEqual((await databricks.read(made))?.inputs, made.inputs);
    const twice = databricks.create(modelType, model({ name: "JOB_202" }));
    await assert.rejects(twice, { message: "Routine or Model 'ml.models.JOB_202' already exists" });
    const lost = databricks.create(modelType, model({ schemaName: "none" }));
    await assert.rejects(lost, { message: "Schema 'ml.none' does not exist." });
    const replaces = async (news: Properties) =>
      (await databricks.diff(modelType, made.inputs, news)).replaces;
    assert.deepEqual(await replaces(model({ name: "other" })), ["name"]);
    assert.deepEqual(await replaces(model({ name: "Job_202", comment: "c", owner: "ds_team" })), []);
  });

  it("an owner is somebody, and can be changed", async (t) => {
    const { databricks } = await openWorkspace(await openTestClouds(t));
    await assert.rejects(
      databricks.create(modelType, model({ owner: "nobody" })),
      /Could not find principal with name nobody/,
    );
    const made = await databricks.create(modelType, model());
    const owned = await databricks.update(made, model({ owner: "ds_team" }));
    assert.equal((await databricks.read(owned))?.inputs.owner, "ds_team");
  });

  it("a model starts without versions, and takes them and its grants along", async (t) => {
    const clouds = await openTestClouds(t);
    const { databricks } = await openWorkspace(clouds);
    const made = await databricks.create(modelType, model());
    const serving = {
      name: "e",
      config: { servedEntities: [{ entityName: made.id, entityVersion: "1" }] },
    };
    await assert.rejects(databricks.create(servingType, serving), /Model version does not exist/);
    await clouds.http("POST", `/sandbox/models/${made.id}/versions`);
    const endpoint = await databricks.create(servingType, serving);
    await databricks.delete(endpoint);
    const grant = { model: made.id, principal: "ds_team", privileges: ["EXECUTE"] };
    const granted = await databricks.create(grantType, grant);
    await databricks.delete(made);
    assert.equal(await databricks.read(granted), undefined);
    await databricks.create(modelType, model());
    await assert.rejects(databricks.create(servingType, serving), /Model version does not exist/);
  });

  it("a person who deletes a model in the portal deletes its grants too", async (t) => {
    const clouds = await openTestClouds(t);
    const { databricks } = await openWorkspace(clouds);
    const grant = { model: "ml.models.job_201", principal: "ds_team", privileges: ["EXECUTE"] };
    const granted = await databricks.create(grantType, grant);
    const id = encodeURIComponent("metastore/models/ml.models.job_201");
    assert.equal((await clouds.http("DELETE", `/sandbox/objects/${id}`)).status, 204);
    assert.equal(await databricks.read(granted), undefined);
  });
});

const makeTable = async (databricks: ProviderClient, name = "outputs") => {
  const warehouse = await databricks.create(warehouseType, { name: `w-${name}`, clusterSize: "Small" });
  return databricks.create(tableType, {
    catalogName: "ml",
    schemaName: "models",
    name,
    tableType: "MANAGED",
    dataSourceFormat: "DELTA",
    warehouseId: warehouse.id,
    columns: [{ name: "score", type: "double" }],
  });
};

describe("tables and their monitors", () => {
  it("a managed table is made by a warehouse that exists", async (t) => {
    const { databricks } = await openWorkspace(await openTestClouds(t));
    const made = await makeTable(databricks);
    assert.equal(made.id, "ml.models.outputs");
    assert.deepEqual((await databricks.read(made))?.inputs, made.inputs);
    const { warehouseId: _id, ...without } = made.inputs;
    await assert.rejects(databricks.create(tableType, { ...without, name: "b" }), /a warehouseId is needed/);
    await assert.rejects(
      databricks.create(tableType, { ...without, name: "b", warehouseId: "0" }),
      /SQL warehouse 0 does not exist/,
    );
    await assert.rejects(databricks.create(tableType, made.inputs), /TABLE_OR_VIEW_ALREADY_EXISTS/);
    await assert.rejects(
      databricks.create(tableType, { ...made.inputs, name: "c", tableType: "EXTERNAL" }),
      /not one of MANAGED/,
    );
    const grant = { table: made.id, principal: "ds_team", privileges: ["SELECT"] };
    assert.equal((await databricks.create(grantType, grant)).id, "table/ml.models.outputs/ds_team");
  });

  it("a monitor watches a table that exists, one a table", async (t) => {
    const { databricks } = await openWorkspace(await openTestClouds(t));
    const monitor = (inputs: Properties = {}): Properties => ({
      tableName: "ml.models.scores",
      assetsDir: "/Shared/monitors",
      outputSchemaName: "ml.models",
      inferenceLog: {
        granularities: ["1 day"],
        timestampCol: "at",
        modelIdCol: "model",
        predictionCol: "prediction",
        problemType: "PROBLEM_TYPE_CLASSIFICATION",
      },
      ...inputs,
    });
    const made = await databricks.create(monitorType, monitor());
    assert.equal(made.id, "ml.models.scores");
    assert.equal(made.outputs.driftMetricsTableName, "ml.models.scores_drift_metrics");
    assert.equal(made.outputs.profileMetricsTableName, "ml.models.scores_profile_metrics");
    await assert.rejects(databricks.create(monitorType, monitor()), /already exists/);
    await assert.rejects(
      databricks.create(monitorType, monitor({ tableName: "ml.models.none" })),
      /Table 'ml.models.none' does not exist/,
    );
    await assert.rejects(
      databricks.create(monitorType, monitor({ snapshot: {} })),
      /exactly one of inferenceLog, snapshot, timeSeries/,
    );
    const slowly = await databricks.update(made, monitor({ slicingExprs: ["a"] }));
    assert.equal(slowly.outputs.dashboardId, made.outputs.dashboardId);
    await databricks.delete(made);
    assert.equal(await databricks.read(made), undefined);
  });
});

describe("storage credentials and external locations", () => {
  const connectorId = `${subscription}/resourceGroups/rg-test/providers/Microsoft.Databricks/accessConnectors/uc`;
  const credential = { name: "lake", azureManagedIdentity: { accessConnectorId: connectorId } };
  const location = (inputs: Properties = {}): Properties => ({
    name: "job-201",
    credentialName: "lake",
    url: "abfss://job-201@contosolake.dfs.core.windows.net/",
    ...inputs,
  });

  it("a credential is an access connector that exists; a location is opened by a credential", async (t) => {
    const clouds = await openTestClouds(t);
    const { databricks } = await openWorkspace(clouds);
    await assert.rejects(databricks.create(credentialType, credential), /access connector .* was not found/);
    const type = "azure-native:databricks:AccessConnector";
    await clouds.http("PUT", `/sandbox/objects/${encodeURIComponent(connectorId)}`, { type });
    await assert.rejects(databricks.create(locationType, location()), {
      message: "Storage Credential 'lake' does not exist.",
    });
    const made = await databricks.create(credentialType, credential);
    assert.equal(made.outputs.azureManagedIdentity.credentialId, made.outputs.storageCredentialId);
    assert.deepEqual((await databricks.read(made))?.inputs, made.inputs);
    const opened = await databricks.create(locationType, location());
    assert.deepEqual([opened.id, opened.outputs.credentialId], ["job-201", made.outputs.storageCredentialId]);
    await assert.rejects(
      databricks.create(locationType, location({ name: "b", url: "https://contosolake/job-201" })),
      /abfss:\/\/<container>@<account>/,
    );
    await assert.rejects(
      databricks.create(locationType, location({ name: "b", url: `${location().url}inner` })),
      /overlaps with an existing external location .* Conflicting location: job-201/,
    );
    await assert.rejects(databricks.delete(made), /used by 1 external location\(s\): job-201/);
    const grant = { externalLocation: "job-201", principal: "ds_team", privileges: ["READ_FILES"] };
    await databricks.create(grantType, grant);
    await databricks.delete(opened);
    await databricks.delete(made);
  });

  it("a credential that would hold a secret is refused", async (t) => {
    const { azure: client } = await openTestClouds(t);
    const { failures } = await client.check(credentialType, { name: "lake" });
    assert.deepEqual(
      failures.map(({ property }) => property),
      ["azureManagedIdentity"],
    );
  });
});
