import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openTestClouds } from "./support/clouds.ts";
import type { Properties } from "./support/provider-client.ts";
import { mlVault } from "./support/seed.ts";
import {
  experimentType,
  makeIdentity,
  monitorType,
  openWorkspace,
  permissionsType,
  poolType,
  principalType,
  scopeType,
  secretAclType,
  servingType,
  warehouseType,
} from "./support/world.ts";

const legacyType = "databricks:index/disableLegacyAccessSetting:DisableLegacyAccessSetting";
const confType = "databricks:index/workspaceConf:WorkspaceConf";

const pool = (inputs: Properties = {}): Properties => ({
  instancePoolName: "urgent",
  nodeTypeId: "Standard_D4ds_v5",
  idleInstanceAutoterminationMinutes: 15,
  ...inputs,
});

describe("instance pools", () => {
  it("almost everything about a pool replaces it, its name and sizes do not", async (t) => {
    const { databricks } = await openWorkspace(await openTestClouds(t));
    const made = await databricks.create(poolType, pool());
    assert.match(made.id, /^\d{4}-\d{6}-[0-9a-f]{6}-pool-[0-9a-f]{8}$/);
    const replaces = async (inputs: Properties) =>
      (await databricks.diff(poolType, made.inputs, pool(inputs))).replaces;
    assert.deepEqual(await replaces({ nodeTypeId: "Standard_E8ds_v5" }), ["nodeTypeId"]);
    assert.deepEqual(await replaces({ azureAttributes: { availability: "SPOT_AZURE" } }), [
      "azureAttributes",
    ]);
    assert.deepEqual(await replaces({ instancePoolName: "renamed", maxCapacity: 4 }), []);
    const renamed = await databricks.update(made, pool({ instancePoolName: "renamed" }));
    assert.equal((await databricks.read(renamed))?.inputs.instancePoolName, "renamed");
  });

  it("a pool's name is unique, and its machines exist", async (t) => {
    const { databricks } = await openWorkspace(await openTestClouds(t));
    await databricks.create(poolType, pool());
    await assert.rejects(databricks.create(poolType, pool()), /must be unique/);
    const odd = pool({ instancePoolName: "odd", nodeTypeId: "m4.large" });
    await assert.rejects(
      databricks.create(poolType, odd),
      /^Error: Node type m4.large is not supported. Supported node types: Standard_DS3_v2, /,
    );
    const old = pool({ instancePoolName: "old", preloadedSparkVersions: ["2"] });
    await assert.rejects(databricks.create(poolType, old), { message: "Invalid spark version 2." });
  });
});

describe("experiments", () => {
  it("an experiment's name is a workspace path, and taken once", async (t) => {
    const { databricks } = await openWorkspace(await openTestClouds(t));
    await assert.rejects(databricks.create(experimentType, { name: "job-201" }), /absolute workspace path/);
    const made = await databricks.create(experimentType, { name: "/Shared/job-201" });
    assert.match(made.id, /^\d{15}$/);
    await assert.rejects(databricks.create(experimentType, { name: "/Shared/job-201" }), {
      message: "Node named 'job-201' already exists",
    });
    const same = await databricks.diff(experimentType, made.inputs, { name: "/Workspace/Shared/job-201" });
    assert.deepEqual(same.paths, []);
  });
});

describe("folders", () => {
  const folderType = "databricks:index/directory:Directory";
  it("an experiment needs its folder, and a folder with one in it goes only whole", async (t) => {
    const { databricks } = await openWorkspace(await openTestClouds(t));
    const name = "/rowgate-eastus/job-201";
    await assert.rejects(databricks.create(experimentType, { name }), {
      message: "Parent directory /rowgate-eastus does not exist.",
    });
    const folder = await databricks.create(folderType, { path: "/rowgate-eastus" });
    assert.equal(folder.id, "/rowgate-eastus");
    const experiment = await databricks.create(experimentType, { name });
    await assert.rejects(databricks.delete(folder), /is not empty/);
    const changed = await databricks.update(folder, { path: "/rowgate-eastus", deleteRecursive: true });
    await databricks.delete(changed);
    assert.equal(await databricks.read(changed), undefined);
    assert.equal(await databricks.read(experiment), undefined);
  });
});

describe("serving endpoints", () => {
  const endpoint = (inputs: Properties = {}): Properties => ({
    name: "job-201",
    config: {
      servedEntities: [
        {
          entityName: "ml.models.job_201",
          entityVersion: "2",
          workloadSize: "Small",
          scaleToZeroEnabled: true,
        },
      ],
    },
    ...inputs,
  });

  it("the engine knows an endpoint by its name, permissions by an id of the service", async (t) => {
    const { databricks } = await openWorkspace(await openTestClouds(t));
    const made = await databricks.create(servingType, endpoint());
    assert.equal(made.id, "job-201");
    const { servingEndpointId } = made.outputs;
    assert.match(servingEndpointId, /^[0-9a-f]{32}$/);
    const accessControls = [{ groupName: "ds_team", permissionLevel: "CAN_QUERY" }];
    const byName = { servingEndpointId: made.id, accessControls };
    await assert.rejects(databricks.create(permissionsType, byName), /job-201 does not exist/);
    const list = await databricks.create(permissionsType, { servingEndpointId, accessControls });
    assert.equal(list.id, `/serving-endpoints/${servingEndpointId}`);
    assert.deepEqual((await databricks.read(list))?.inputs, { servingEndpointId, accessControls });
    await databricks.delete(made);
    assert.equal(await databricks.read(list), undefined);
  });

  it("what is served exists: the model, and that version of it", async (t) => {
    const clouds = await openTestClouds(t);
    const { databricks } = await openWorkspace(clouds);
    const serving = (entityVersion: string): Properties =>
      endpoint({ config: { servedEntities: [{ entityName: "ml.models.job_201", entityVersion }] } });
    await assert.rejects(databricks.create(servingType, serving("3")), /version 3 of registered model/);
    const added = await clouds.http("POST", "/sandbox/models/ml.models.job_201/versions");
    assert.deepEqual([added.status, added.body.version], [201, 3]);
    const made = await databricks.create(servingType, serving("3"));
    assert.equal(made.outputs.config.servedEntities[0].name, "job_201-3");
    await assert.rejects(databricks.create(servingType, serving("3")), /already exists/);
    const unversioned = endpoint({ config: { servedEntities: [{ entityName: "ml.models.job_201" }] } });
    await assert.rejects(databricks.create(servingType, unversioned), /'entityVersion'/);
  });

  it("a new name replaces, a new version does not", async (t) => {
    const { databricks } = await openWorkspace(await openTestClouds(t));
    const made = await databricks.create(servingType, endpoint());
    const replaces = async (news: Properties) =>
      (await databricks.diff(servingType, made.inputs, news)).replaces;
    assert.deepEqual(await replaces(endpoint({ name: "job-202" })), ["name"]);
    assert.deepEqual(await replaces(endpoint({ routeOptimized: true })), ["routeOptimized"]);
    const older = endpoint({
      config: { servedEntities: [{ entityName: "ml.models.job_201", entityVersion: "1" }] },
    });
    assert.deepEqual(await replaces(older), []);
    const updated = await databricks.update(made, older);
    assert.equal(updated.outputs.servingEndpointId, made.outputs.servingEndpointId);
  });
});

describe("secret scopes", () => {
  const scope = (inputs: Properties = {}): Properties => ({
    name: "job-201",
    keyvaultMetadata: { resourceId: mlVault, dnsName: "https://ml-vault.vault.azure.net/" },
    ...inputs,
  });

  it("a scope of a vault needs a sign-in with Entra ID", async (t) => {
    const clouds = await openTestClouds(t);
    const { databricks, workspace } = await openWorkspace(clouds);
    await assert.rejects(databricks.create(scopeType, scope()), {
      message: "Scope with Azure KeyVault must have userAADToken defined!",
    });
    // the engine sends a provider's settings as text
    const signedIn = { host: workspace.outputs.workspaceUrl, azureUseMsi: "true" };
    const entra = await clouds.databricks(signedIn);
    const made = await entra.create(scopeType, scope());
    assert.deepEqual([made.id, made.outputs.backendType], ["job-201", "AZURE_KEYVAULT"]);
    await assert.rejects(entra.create(scopeType, scope()), { message: "Scope job-201 already exists!" });
    const lost = scope({ name: "lost", keyvaultMetadata: { resourceId: `${mlVault}x`, dnsName: "d" } });
    await assert.rejects(entra.create(scopeType, lost), /vault was not found/);
    const plain = await databricks.create(scopeType, { name: "plain" });
    assert.equal(plain.outputs.backendType, "DATABRICKS");
  });

  it("every change replaces a scope, and its list goes with it", async (t) => {
    const { databricks } = await openWorkspace(await openTestClouds(t));
    const made = await databricks.create(scopeType, { name: "s" });
    const differed = await databricks.diff(scopeType, made.inputs, { name: "t" });
    assert.deepEqual([differed.replaces, differed.deleteBeforeReplace], [["name"], true]);
    const acl = { scope: "s", principal: "ds_team", permission: "READ" };
    const reads = await databricks.create(secretAclType, acl);
    assert.equal(reads.id, "s|||ds_team");
    const more = await databricks.diff(secretAclType, reads.inputs, { ...acl, permission: "MANAGE" });
    assert.deepEqual(more.replaces, ["permission"]);
    await assert.rejects(
      databricks.create(secretAclType, { ...acl, permission: "LIST" }),
      /READ, WRITE, MANAGE/,
    );
    await assert.rejects(databricks.create(secretAclType, { ...acl, scope: "x" }), /scope x does not exist/);
    await assert.rejects(
      databricks.create(secretAclType, { ...acl, principal: "nobody" }),
      /Could not find principal/,
    );
    await databricks.delete(made);
    assert.equal(await databricks.read(reads), undefined);
  });
});

describe("a person in the portal", () => {
  it("who deletes a scope deletes its list, and who adds a table can have it monitored", async (t) => {
    const clouds = await openTestClouds(t);
    const { databricks, workspace } = await openWorkspace(clouds);
    await databricks.create(scopeType, { name: "s" });
    const acl = { scope: "s", principal: "ds_team", permission: "READ" };
    const reads = await databricks.create(secretAclType, acl);
    const scope = encodeURIComponent(`${workspace.outputs.workspaceUrl}/secret-scopes/s`);
    assert.equal((await clouds.http("DELETE", `/sandbox/objects/${scope}`)).status, 204);
    assert.equal(await databricks.read(reads), undefined);
    await clouds.portal("metastore/tables/ml.models.byhand", {});
    const monitor = {
      tableName: "ml.models.byhand",
      assetsDir: "/Shared/m",
      outputSchemaName: "ml.models",
      snapshot: {},
    };
    assert.equal((await databricks.create(monitorType, monitor)).id, "ml.models.byhand");
  });
});

describe("SQL warehouses", () => {
  it("a warehouse has a size that exists, and an access list of its own path", async (t) => {
    const { databricks } = await openWorkspace(await openTestClouds(t));
    await assert.rejects(
      databricks.create(warehouseType, { name: "w", clusterSize: "Huge" }),
      /'Huge' is not one of 2X-Small/,
    );
    const made = await databricks.create(warehouseType, { name: "w", clusterSize: "2X-Small" });
    assert.match(made.id, /^[0-9a-f]{16}$/);
    assert.equal(made.outputs.odbcParams.path, `/sql/1.0/warehouses/${made.id}`);
    assert.deepEqual((await databricks.read(made))?.inputs, made.inputs);
    await assert.rejects(
      databricks.create(warehouseType, { name: "w", clusterSize: "Small" }),
      /already exists/,
    );
    const accessControls = [{ groupName: "ds_team", permissionLevel: "CAN_USE" }];
    const list = await databricks.create(permissionsType, { sqlEndpointId: made.id, accessControls });
    assert.equal(list.id, `/sql/warehouses/${made.id}`);
    assert.equal(list.outputs.objectType, "warehouses");
    await databricks.delete(list);
    assert.equal(await databricks.read(list), undefined);
  });
});

describe("settings of a workspace", () => {
  it("two resources hold different keys of the one document", async (t) => {
    const clouds = await openTestClouds(t);
    const { databricks, workspace } = await openWorkspace(clouds);
    const keys = (...names: string[]): Properties => ({
      customConfig: Object.fromEntries(names.map((name) => [name, "true"])),
    });
    const lists = await databricks.create(confType, keys("enableIpAccessLists"));
    const other = await databricks.create(confType, keys("enableTokensConfig", "enableDcs"));
    assert.deepEqual((await databricks.read(lists))?.inputs, lists.inputs);
    assert.deepEqual((await databricks.read(other))?.inputs, other.inputs);
    const fewer = await databricks.update(other, keys("enableDcs"));
    assert.deepEqual((await databricks.read(fewer))?.inputs, keys("enableDcs"));
    const document = `/sandbox/objects/${encodeURIComponent(`${workspace.outputs.workspaceUrl}/workspace-conf/_`)}`;
    const shown = (await clouds.http("GET", document)).body.body.customConfig;
    assert.deepEqual(shown, { enableIpAccessLists: "true", enableDcs: "true" });
    await databricks.delete(lists);
    assert.deepEqual((await databricks.read(fewer))?.inputs, keys("enableDcs"));
    // the key that went is read back as unset by whoever still holds it
    assert.equal((await databricks.read(lists))?.inputs.customConfig.enableIpAccessLists, "false");
    await databricks.delete(fewer);
    assert.equal((await clouds.http("GET", document)).status, 404);
  });

  it("legacy access is switched off once a workspace", async (t) => {
    const { databricks } = await openWorkspace(await openTestClouds(t));
    await assert.rejects(databricks.create(legacyType, { disableLegacyAccess: {} }), /"value" is required/);
    const made = await databricks.create(legacyType, { disableLegacyAccess: { value: true } });
    assert.equal(made.id, "global");
    const off = await databricks.update(made, { disableLegacyAccess: { value: false } });
    assert.equal((await databricks.read(off))?.inputs.disableLegacyAccess.value, false);
    await databricks.delete(off);
    assert.equal(await databricks.read(off), undefined);
  });
});

describe("a new workspace", () => {
  it("answers after ten seconds, times the time factor", async (t) => {
    const clouds = await openTestClouds(t);
    const { databricks } = await openWorkspace(clouds);
    const factor = (timeFactor: number) => clouds.http("PUT", "/sandbox/settings", { timeFactor });
    await factor(0.01);
    await assert.rejects(databricks.create(experimentType, { name: "/a" }), /temporarily unavailable/);
    await new Promise((resolve) => setTimeout(resolve, 1_950));
    await factor(0.01);
    await databricks.create(experimentType, { name: "/a" });
  });
});

describe("service principals of the account", () => {
  it("one application has the same number in every workspace", async (t) => {
    const clouds = await openTestClouds(t);
    const { databricks } = await openWorkspace(clouds);
    const { clientId: applicationId } = (await makeIdentity(clouds.azure)).outputs;
    const made = await databricks.create(principalType, { applicationId });
    await databricks.delete(made);
    assert.equal((await databricks.create(principalType, { applicationId })).id, made.id);
  });
});
