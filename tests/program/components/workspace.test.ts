import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { mockRun } from "../support/mock-run.ts";
import { environment, workspace, workspaceSpec } from "../support/specs.ts";

const run = await mockRun(workspaceSpec);

describe("a workspace stack", () => {
  it("takes no personal tokens and no legacy access", () => {
    assert.deepEqual(run.only("databricks:index/workspaceConf:WorkspaceConf").inputs, {
      customConfig: { enableTokensConfig: "false" },
    });
    const legacy = run.only("databricks:index/disableLegacyAccessSetting:DisableLegacyAccessSetting");
    assert.deepEqual(legacy.inputs, { disableLegacyAccess: { value: true } });
  });

  it("has a warehouse that stops by itself", () => {
    const warehouse = run.only("databricks:index/sqlEndpoint:SqlEndpoint").inputs;
    assert.equal(warehouse.name, "rowgate-eastus");
    assert.equal(warehouse.autoStopMins, 10);
    assert.equal(warehouse.enableServerlessCompute, false);
  });

  it("has the way into the lake for itself alone, and the factory as a principal", () => {
    const credential = run.only("databricks:index/storageCredential:StorageCredential").inputs;
    assert.equal(credential.name, "rowgate_eastus");
    assert.equal(credential.isolationMode, "ISOLATION_MODE_ISOLATED");
    assert.deepEqual(credential.azureManagedIdentity, {
      accessConnectorId: `/subscriptions/${environment.subscriptionId}/resourceGroups/rg-ml-eastus/providers/Microsoft.Databricks/accessConnectors/dbac-eastus`,
    });
    const principal = run.only("databricks:index/servicePrincipal:ServicePrincipal").inputs;
    assert.deepEqual(principal, {
      applicationId: workspaceSpec.factoryClientId,
      displayName: "id-adf-eastus",
    });
  });

  it("has a folder that is nobody's but admins' to see, where jobs' experiments lie", () => {
    const folder = run.only("databricks:index/directory:Directory").inputs;
    assert.deepEqual(folder, { path: "/rowgate-eastus", deleteRecursive: true });
  });

  it("promises its outputs", () => {
    assert.deepEqual(run.outputs, {
      warehouse_id: "warehouse-id",
      storage_credential: "rowgate_eastus",
    });
  });

  it("leaves the settings of a workspace that exists to its owner, and still makes what the environment has in it", async () => {
    const taken = { ...environment, existing: { workspace: workspace.resourceId } };
    const made = new Set(
      (await mockRun({ ...workspaceSpec, environment: taken })).resources.map(({ type }) => type),
    );
    assert.ok(!made.has("databricks:index/workspaceConf:WorkspaceConf"));
    assert.ok(!made.has("databricks:index/disableLegacyAccessSetting:DisableLegacyAccessSetting"));
    assert.ok(made.has("databricks:index/sqlEndpoint:SqlEndpoint"));
    assert.ok(made.has("databricks:index/storageCredential:StorageCredential"));
  });
});
