/**
 * An environment in an enterprise, where most of it is there already: it makes the rest, changes nothing of what it
 * takes over, and leaves it behind. What is there was made by another environment, as if it were another team's.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { EnvironmentFacts, ExistingResource } from "../../../metadata-schema/desired-state.ts";
import type { NewRow } from "../../../metadata-schema/store.ts";
import * as names from "../../../program/layout/names.ts";
import { type CloudObject, makeHome, removeHome, TestService } from "../../support/service.ts";
import { cluster, environment, groupId, job, network, policy } from "../../support/small-rows.ts";
import { act, changesOf, insertRows, madeBy, objectOf, ranBy, remainsOf } from "../../support/stack-acts.ts";

const row = (table: NewRow["table"], values: NewRow["values"]): NewRow => ({ table, values });
const { values } = environment();
const theirs: EnvironmentFacts = {
  name: "shared",
  location: "eastus",
  subscriptionId: String(values.subscription_id),
  tenantId: String(values.tenant_id),
  resourceGroup: "rg-hub",
  existing: {},
};

/** Everything that an environment can take over; the vault has a column of its own. */
const existing: Readonly<Record<Exclude<ExistingResource, "key_vault">, string>> = {
  virtual_network: names.virtualNetworkId(theirs),
  private_endpoint_subnet: names.subnetId(theirs, "private-endpoints"),
  databricks_host_subnet: names.subnetId(theirs, "databricks-host"),
  databricks_container_subnet: names.subnetId(theirs, "databricks-container"),
  nat_gateway: names.natGatewayId(theirs),
  private_dns_zones: names.resourceGroupId(theirs),
  lake: names.lakeId(theirs),
  sql_server: names.sqlServerId(theirs),
  metadata_database: names.metadataDatabaseId(theirs),
  workspace: names.workspaceId(theirs),
  access_connector: names.accessConnectorId(theirs),
  factory: names.factoryId(theirs),
  log_analytics: names.logAnalyticsId(theirs),
  action_group: names.actionGroupId(theirs),
};

const hub = `${names.resourceGroupId(theirs)}/`;
/** What an installation puts into a factory and a Log Analytics of somebody else's, in the order it can be deleted. */
const ours = [
  "Dataset",
  "LinkedService",
  "IntegrationRuntime",
  "ManagedPrivateEndpoint",
  "CredentialOperation",
  "Table",
  "RoleDefinition",
];

const platform = "platform-mine";
const stacks = [
  platform,
  "workspace-mine",
  "network-mine-databricks",
  "job-mine-201",
  "acl-mine-job-201",
  `access-mine-${groupId("ds_team")}`,
];

describe("an environment that takes over what is there", () => {
  let service: TestService;
  let there: readonly CloudObject[];

  before(async () => {
    service = new TestService(
      await makeHome([environment({ name: "shared", resource_group: "rg-hub", key_vault_id: null })]),
    );
    await service.start();
    await service.settled();
    // The other team has nothing of an installation's.
    for (const type of ours) {
      const found = await service.objects(`?type=${type}`);
      for (const { id } of found.filter((object) => object.id.startsWith(hub)))
        await service.deleteObject(id);
    }
    there = await service.objects();
    await insertRows(service, [
      environment({
        name: "mine",
        is_default: false,
        resource_group: "rg-mine",
        key_vault_id: names.vaultId(theirs),
        existing_resources: existing,
      }),
      job(201, { environment: "mine", schedule: "0 0 2 * * ?" }),
      cluster(201, 1, 2),
      policy(201, ["execute_inference", "read_model", "view_monitoring"]),
      row("Pipeline_Settings", { job_id: 201 }),
      network(201, { private_endpoint: "pe-mine", firewall_ranges: [] }),
      row("Alert_Rules", { job_id: 201, metric: "model_accuracy", operator: "LessThan", threshold: 0.85 }),
    ]);
    await service.jobIs(201, "Ready");
    await service.settled();
  });
  after(async () => {
    await service.stop();
    await removeHome(service.home);
  });

  it("makes what is not there: all that tells its jobs from others, inside what it takes over", async () => {
    assert.deepEqual(await madeBy(service, platform), {
      ActivityLogAlert: 4,
      CredentialOperation: 1,
      DataCollectionEndpoint: 1,
      DataCollectionRule: 1,
      Dataset: 1,
      IntegrationRuntime: 1,
      LinkedService: 4,
      ManagedPrivateEndpoint: 4,
      ResourceGroup: 1,
      RoleDefinition: 2,
      Table: 1,
      UserAssignedIdentity: 1,
    });
    // What closes a workspace is its owner's to switch.
    assert.deepEqual(await madeBy(service, "workspace-mine"), {
      Directory: 1,
      ServicePrincipal: 1,
      SqlEndpoint: 1,
      StorageCredential: 1,
    });
    const endpoint = { PrivateDnsZoneGroup: 1, PrivateEndpoint: 1 };
    assert.deepEqual(await madeBy(service, "network-mine-databricks"), endpoint);
    const made = (await service.objects()).filter(({ id }) => !there.some((object) => object.id === id));
    const inHub = made.filter(({ id }) => id.startsWith(hub)).map(({ id }) => id.slice(hub.length));
    // Roles and connections, and what pipelines and metrics need; nothing beside what is there.
    assert.deepEqual([...new Set(inHub.map((path) => path.split("/")[2]))].toSorted(), [
      "factories",
      "privateDnsZones",
      "roleDefinitions",
      "servers",
      "storageAccounts",
      "vaults",
      "workspaces",
    ]);
  });

  it("writes to nothing that it did not make: only what Azure itself lists there is more", async () => {
    const ids = new Set(there.map(({ id }) => id.toLowerCase()));
    const wrote = (await service.calls()).filter(
      ({ call, stack, id }) =>
        ["create", "update", "delete"].includes(call) && stack.includes("-mine") && ids.has(id.toLowerCase()),
    );
    assert.deepEqual(wrote, []);
    assert.deepEqual(changesOf(there, await service.objects()).toSorted(), [
      "PrivateZone: numberOfRecordSets",
      "Server: privateEndpointConnections",
      "StorageAccount: privateEndpointConnections",
      "Subnet: privateEndpoints",
      "Vault: properties.privateEndpointConnections",
      "Workspace: privateEndpointConnections",
    ]);
  });

  it("has nothing to do when it runs again", async () => {
    for (const stack of stacks) {
      const { status, changes } = await act(service, stack, "reconcile");
      assert.deepEqual([stack, status, Object.keys(changes)], [stack, "succeeded", ["same"]]);
    }
  });

  it("leaves no object of its own, and all that was there as it was", async () => {
    service.script("UPDATE Environments SET production = 0, deletion_protection = 0 WHERE name = 'mine'");
    await service.settled();
    const ran = await ranBy(service, () =>
      service.script("DELETE FROM Jobs; DELETE FROM Environments WHERE name = 'mine'"),
    );
    assert.deepEqual(
      stacks.filter((stack) => ran[stack] === undefined),
      [],
    );
    // Azure deletes no encryption scope; without its job it is disabled.
    const remains = { live: ["EncryptionScope job-201"], deleted: [], missing: [] };
    assert.deepEqual(await remainsOf(service, there), remains);
    const scope = await objectOf(service, "azure-native:storage:EncryptionScope", "job-201");
    assert.equal(scope.body.state, "Disabled");
    assert.deepEqual(changesOf(there, await service.objects()), []);
    assert.deepEqual((await service.stateStacks()).toSorted(), ["platform-shared", "workspace-shared"]);
  });
});
