/**
 * The stack of what an environment has inside its Databricks workspace: made, changed, put right, destroyed. Its one
 * replacement follows the platform's (platform.test.ts).
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { sharedId } from "../../support/existing-resources.ts";
import { makeHome, removeHome, TestService, until } from "../../support/service.ts";
import { environment } from "../../support/small-rows.ts";
import { act, isDrifted, madeBy, objectOf, putsRight, ranBy, stepsOf } from "../../support/stack-acts.ts";

const workspace = "workspace-eastus";
const confType = "databricks:index/workspaceConf:WorkspaceConf";
const credentialType = "databricks:index/storageCredential:StorageCredential";
const legacyType = "databricks:index/disableLegacyAccessSetting:DisableLegacyAccessSetting";
const principalType = "databricks:index/servicePrincipal:ServicePrincipal";
const warehouseType = "databricks:index/sqlEndpoint:SqlEndpoint";
const connectorType = "azure-native:databricks:AccessConnector";
const connectorId = sharedId("Microsoft.Databricks/accessConnectors/dbac-shared");

describe("the stack of a workspace", () => {
  let service: TestService;
  before(async () => {
    service = new TestService(await makeHome([environment()]));
    await service.start();
    await service.settled();
  });
  after(async () => {
    await service.stop();
    await removeHome(service.home);
  });

  const set = (values: string) =>
    ranBy(service, () => service.script(`UPDATE Environments SET ${values} WHERE name = 'eastus'`));
  const only = async (type: string) => {
    const [found, ...more] = await service.objects(`?type=${type}`);
    assert.deepEqual(more, []);
    return found ?? assert.fail(`no ${type}`);
  };
  const connectorOf = async () =>
    ((await only(credentialType)).body.azureManagedIdentity as { accessConnectorId: string })
      .accessConnectorId;

  it("is made: its warehouse, its way to the lake, the factory's identity, and what closes it", async () => {
    assert.deepEqual(await madeBy(service, workspace), {
      Directory: 1,
      DisableLegacyAccessSetting: 1,
      ServicePrincipal: 1,
      SqlEndpoint: 1,
      StorageCredential: 1,
      WorkspaceConf: 1,
    });
    assert.deepEqual((await only(confType)).body.customConfig, { enableTokensConfig: "false" });
    assert.deepEqual((await only(legacyType)).body.disableLegacyAccess, { value: true });
    const warehouse = (await only(warehouseType)).body;
    assert.deepEqual([warehouse.warehouseType, warehouse.enableServerlessCompute], ["PRO", false]);
    assert.equal((await only(credentialType)).body.isolationMode, "ISOLATION_MODE_ISOLATED");
    assert.equal(await connectorOf(), (await only(connectorType)).id);
    const identity = await objectOf(
      service,
      "azure-native:managedidentity:UserAssignedIdentity",
      "id-adf-eastus",
    );
    assert.equal((await only(principalType)).body.applicationId, identity.body.clientId);
  });

  it("has nothing to do when it runs again, and does not run for what is not in it", async () => {
    const { status, changes } = await act(service, workspace, "reconcile");
    assert.deepEqual([status, Object.keys(changes)], ["succeeded", ["same"]]);
    const ran = await set(`alert_emails = '["oncall@contoso.example"]'`);
    assert.deepEqual(ran, { "platform-eastus": ["update ActionGroup"] });
  });

  it("puts right what a person opened", async () => {
    const opened = { stack: workspace, type: confType, name: "workspace settings" };
    await putsRight(service, { ...opened, set: { customConfig: { enableTokensConfig: "true" } } });
    const legacy = { stack: workspace, type: legacyType, name: "disable_legacy_access" };
    await putsRight(service, { ...legacy, set: { disableLegacyAccess: { value: false } } });
    const { name } = await only(credentialType);
    const credential = { stack: workspace, type: credentialType, name };
    await putsRight(service, { ...credential, set: { isolationMode: "ISOLATION_MODE_OPEN" } });
    const warehouse = { stack: workspace, type: warehouseType, name: "rowgate-eastus" };
    await putsRight(service, { ...warehouse, set: { enableServerlessCompute: true } });
  });

  it("makes what a person deleted again", async () => {
    await service.deleteObject((await only(principalType)).id);
    await act(service, workspace, "refresh");
    assert.ok(await isDrifted(service, workspace));
    const { runId } = await act(service, workspace, "reconcile");
    assert.deepEqual(await stepsOf(service, runId), ["create ServicePrincipal"]);
    await only(principalType);
  });

  it("is changed when the environment takes over an access connector, and back", async () => {
    const properties = {
      location: "eastus",
      identity: { type: "SystemAssigned", principalId: crypto.randomUUID() },
    };
    await service.setObject(connectorId, properties, connectorType);
    const taken = await set(`existing_resources = '${JSON.stringify({ access_connector: connectorId })}'`);
    assert.deepEqual(taken[workspace], ["update StorageCredential"]);
    assert.equal(await connectorOf(), connectorId);
    // It does not wait for the platform, which makes the environment's own again, but is tried until it is there.
    service.script("UPDATE Environments SET existing_resources = '{}'");
    await until("it has its own again", async () => (await connectorOf()) !== connectorId);
    await service.settled();
    const last = service.runs(workspace).at(-1);
    assert.deepEqual(await stepsOf(service, String(last?.run_id)), ["update StorageCredential"]);
  });

  it("is destroyed with its environment, and leaves nothing in Databricks", async () => {
    const unprotected = await set("production = 0, deletion_protection = 0");
    assert.equal(unprotected[workspace], undefined);
    const gone = await ranBy(service, () => service.script("DELETE FROM Environments"));
    assert.deepEqual(gone[workspace], [
      "delete Directory",
      "delete DisableLegacyAccessSetting",
      "delete ServicePrincipal",
      "delete SqlEndpoint",
      "delete StorageCredential",
      "delete WorkspaceConf",
    ]);
    const types = [confType, credentialType, legacyType, principalType, warehouseType];
    const left = (await service.objects()).filter(({ type }) => types.includes(type));
    assert.deepEqual(left, []);
    assert.deepEqual(await service.stateStacks(), []);
  });
});
