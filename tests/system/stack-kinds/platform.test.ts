/** The stacks of an environment itself, platform and workspace: made, changed, replaced, put right, destroyed. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { lakeId, resourceGroupId, vaultId, vaultNameOfId } from "../../../program/layout/names.ts";
import { type CloudObject, makeHome, removeHome, TestService, until } from "../../support/service.ts";
import { environment } from "../../support/small-rows.ts";
import {
  act,
  isDrifted,
  madeBy,
  objectOf,
  putsRight,
  ranBy,
  remainsOf,
  stepsOf,
} from "../../support/stack-acts.ts";

const platform = "platform-eastus";
const workspace = "workspace-eastus";
const identityType = "azure-native:managedidentity:UserAssignedIdentity";

describe("an environment's own stacks", () => {
  let service: TestService;
  let seed: readonly CloudObject[];
  const row = environment({
    key_vault_id: null,
    own_group: "ml_oncall",
    own_group_members: ["ines.moreau@contoso.example"],
    service_url: "https://rowgate.contoso.example",
    alert_emails: ["ml-platform@contoso.example"],
  });
  const facts = {
    name: "eastus",
    location: "eastus",
    subscriptionId: String(row.values.subscription_id),
    tenantId: String(row.values.tenant_id),
    resourceGroup: "rg-ml-eastus",
    existing: {},
  };
  const vaultName = vaultNameOfId(vaultId(facts));

  before(async () => {
    service = new TestService(await makeHome([row]));
    await service.start();
    seed = await service.objects();
    await service.settled();
  });
  after(async () => {
    await service.stop();
    await removeHome(service.home);
  });

  const set = (values: string) => () => service.script(`UPDATE Environments SET ${values}`);

  it("are made: everything that jobs share", async () => {
    assert.deepEqual(await madeBy(service, platform), {
      AccessConnector: 1,
      ActionGroup: 1,
      ActivityLogAlert: 4,
      BlobServiceProperties: 1,
      CredentialOperation: 1,
      DataCollectionEndpoint: 1,
      DataCollectionRule: 1,
      Database: 1,
      Dataset: 1,
      DiagnosticSetting: 5,
      ExtendedServerBlobAuditingPolicy: 1,
      Factory: 1,
      Group: 1,
      IntegrationRuntime: 1,
      LinkedService: 4,
      ManagedPrivateEndpoint: 4,
      NatGateway: 1,
      NetworkSecurityGroup: 2,
      PrivateDnsZoneGroup: 2,
      PrivateEndpoint: 2,
      PrivateZone: 7,
      PublicIPAddress: 1,
      // the factory's managed network, which azure-native has no type for
      Resource: 1,
      ResourceGroup: 1,
      RoleDefinition: 2,
      Server: 1,
      StorageAccount: 1,
      Subnet: 3,
      Table: 1,
      UserAssignedIdentity: 2,
      Vault: 1,
      VirtualNetwork: 1,
      VirtualNetworkLink: 7,
      // Databricks' and Log Analytics'
      Workspace: 2,
    });
    assert.deepEqual(await madeBy(service, workspace), {
      Directory: 1,
      DisableLegacyAccessSetting: 1,
      ServicePrincipal: 1,
      SqlEndpoint: 1,
      StorageCredential: 1,
      WorkspaceConf: 1,
    });
  });

  it("approve the factory's way to each target, so that it is not Pending", async () => {
    const endpoints = await service.objects("?type=ManagedPrivateEndpoint");
    assert.deepEqual(
      endpoints.map(({ body }) => {
        const { connectionState } = body.properties as { connectionState: { status: string } };
        return connectionState.status;
      }),
      Array(4).fill("Approved"),
    );
  });

  it("have nothing to do when they run again", async () => {
    for (const stack of [platform, workspace]) {
      const { status, changes } = await act(service, stack, "reconcile");
      assert.deepEqual([status, Object.keys(changes)], ["succeeded", ["same"]]);
    }
  });

  it("are changed where a row asks for it, and nowhere else", async () => {
    const emails = await ranBy(service, set(`alert_emails = '["oncall@contoso.example"]'`));
    assert.deepEqual(emails, { [platform]: ["update ActionGroup"] });
    const members = await ranBy(service, set(`own_group_members = '["elif.demir@contoso.example"]'`));
    assert.deepEqual(members, { [platform]: ["update Group"] });
  });

  it("put right what a person opened", async () => {
    const lake = lakeId(facts);
    const account = { stack: platform, type: "azure-native:storage:StorageAccount", name: lake };
    await putsRight(service, { ...account, set: { publicNetworkAccess: "Enabled" } });
    await putsRight(service, {
      stack: platform,
      type: "azure-native:network:NetworkSecurityGroup",
      name: "nsg-eastus-private-endpoints",
      set: { securityRules: [] },
    });
    await putsRight(service, {
      stack: workspace,
      type: "databricks:index/sqlEndpoint:SqlEndpoint",
      name: "rowgate-eastus",
      set: { autoStopMins: 600 },
    });
  });

  it("make what a person deleted again, and replace what was made for the one before", async () => {
    const deleted = await objectOf(service, identityType, "id-adf-eastus");
    await service.deleteObject(deleted.id);
    await act(service, platform, "refresh");
    assert.ok(await isDrifted(service, platform));
    const before = service.runs(workspace).length;
    const run = await act(service, platform, "reconcile");
    assert.deepEqual(await stepsOf(service, run.runId), ["create UserAssignedIdentity"]);
    await until("the workspace's stack ran", () => service.runs(workspace).length > before);
    await service.settled();
    const followed = service.runs(workspace).at(-1);
    assert.deepEqual(await stepsOf(service, String(followed?.run_id)), [
      "create-replacement ServicePrincipal",
      "delete-replaced ServicePrincipal",
      "replace ServicePrincipal",
    ]);
    const { body } = await objectOf(service, identityType, "id-adf-eastus");
    const principals = await service.objects("?type=databricks:index/servicePrincipal:ServicePrincipal");
    assert.deepEqual(
      principals.map((principal) => principal.body.applicationId),
      [body.clientId],
    );
  });

  it("replace what lies in a thing that is taken over, and make their own again", async () => {
    await ranBy(service, set("production = 0, deletion_protection = 0"));
    const logs = `${resourceGroupId({ ...facts, resourceGroup: "rg-shared-eastus" })}/providers/Microsoft.OperationalInsights/workspaces/log-shared`;
    await service.setObject(
      logs,
      { location: "eastus", sku: { name: "PerGB2018" }, customerId: crypto.randomUUID() },
      "azure-native:operationalinsights:Workspace",
    );
    const theirs = await objectOf(service, "azure-native:operationalinsights:Workspace", logs);
    const moved = [
      "create-replacement Table",
      "delete-replaced Table",
      "replace Table",
      "update DataCollectionRule",
      ...Array<string>(5).fill("update DiagnosticSetting"),
    ];
    const taken = await ranBy(service, set(`existing_resources = '{"log_analytics":"${logs}"}'`));
    assert.deepEqual(taken, { [platform]: ["delete Workspace", ...moved].toSorted() });
    const back = await ranBy(service, set("existing_resources = '{}'"));
    assert.deepEqual(back, { [platform]: ["create Workspace", ...moved].toSorted() });
    const after = await objectOf(service, "azure-native:operationalinsights:Workspace", logs);
    assert.deepEqual(after.body, theirs.body, "what is somebody else's is as it was");
    await service.deleteObject(logs);
    await ranBy(service, set("production = 1, deletion_protection = 1"));
  });

  it("are not destroyed with what is protected in them", async () => {
    service.script("CREATE TABLE Kept AS SELECT * FROM Environments; DELETE FROM Environments");
    await until("the destruction was refused", () => service.runs(platform).at(-1)?.status === "failed");
    const refused = service.runs(platform).at(-1);
    assert.equal(`${refused?.kind} ${refused?.failure_class}`, "destroy permanent");
    assert.match(String(refused?.failure_message), /^Protected: /);
    for (const type of ["keyvault:Vault", "storage:StorageAccount", "sql:Database", "databricks:Workspace"]) {
      const there = await service.objects(`?type=azure-native:${type}`);
      assert.ok(
        there.some(({ id }) => id.includes("/rg-ml-eastus/")),
        type,
      );
    }
    service.script(`UPDATE Kept SET production = 0, deletion_protection = 0;
      INSERT INTO Environments SELECT * FROM Kept; DROP TABLE Kept`);
    await until("it is whole again", () => {
      const last = service.runs(platform).at(-1);
      return last?.kind === "update" && last.status === "succeeded";
    });
    await service.settled();
  });

  it("are destroyed once nothing is: what Azure keeps for a while is all that is left", async () => {
    const ran = await ranBy(service, () => service.script("DELETE FROM Environments"));
    assert.deepEqual(Object.keys(ran).toSorted(), [platform, workspace]);
    assert.deepEqual(await remainsOf(service, seed), {
      live: [],
      // A vault for 90 days, logs for 14, a group for 30; the refused destruction took the first of the two.
      deleted: [
        "Group ml_oncall",
        "Group ml_oncall",
        `Vault ${vaultName}`,
        "Workspace log-eastus",
        "Workspace log-shared",
      ],
      missing: [],
    });
    assert.deepEqual(await service.stateStacks(), []);
  });
});
