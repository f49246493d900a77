/** Private endpoints of every service that we reach privately: names, records, connections. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openTestClouds, type TestClouds } from "./support/clouds.ts";
import type { Resource } from "./support/provider-client.ts";
import { mlVault, subscription } from "./support/seed.ts";
import {
  endpointInputs,
  endpointType,
  makeAccount,
  makeGroup,
  makeNetwork,
  makeServer,
  makeSubnet,
  makeWorkspace,
  resourceGroupName,
  zoneGroupType,
  zoneType,
} from "./support/world.ts";

interface World extends TestClouds {
  readonly subnet: Resource;
}

async function openNetwork(clouds: TestClouds): Promise<World> {
  await makeGroup(clouds.azure);
  await makeNetwork(clouds.azure);
  const subnet = await makeSubnet(clouds.azure, { addressPrefix: "10.0.0.0/26" });
  return { ...clouds, subnet };
}

const connect = (
  { azure, subnet }: World,
  target: string,
  groupId: string,
  privateEndpointName = `pe-${groupId.toLowerCase().replaceAll("_", "-")}`,
): Promise<Resource> =>
  azure.create(
    endpointType,
    endpointInputs(subnet, target, {
      privateEndpointName,
      privateLinkServiceConnections: [{ name: "c", privateLinkServiceId: target, groupIds: [groupId] }],
    }),
  );

async function makeZone({ azure }: TestClouds, privateZoneName: string): Promise<Resource> {
  return azure.create(zoneType, { resourceGroupName, privateZoneName, location: "Global" });
}

const makeRecords = ({ azure }: TestClouds, endpoint: Resource, zone: Resource): Promise<Resource> =>
  azure.create(zoneGroupType, {
    resourceGroupName,
    privateEndpointName: endpoint.outputs.name,
    privateDnsZoneGroupName: "default",
    privateDnsZoneConfigs: [{ name: "z", privateDnsZoneId: zone.id }],
  });

const recordsOf = async ({ http }: TestClouds): Promise<string[]> =>
  (await http("GET", "/sandbox/objects?type=azure-native:privatedns:PrivateRecordSet")).body.value.map(
    (record: { summary: string }) => record.summary,
  );

const factory = `${subscription}/resourceGroups/${resourceGroupName}/providers/Microsoft.DataFactory/factories/adf-test`;

async function targets({ azure, http }: TestClouds) {
  await http("PUT", `/sandbox/objects/${encodeURIComponent(factory)}`, {
    type: "azure-native:datafactory:Factory",
    properties: { location: "East US" },
  });
  const workspace = await makeWorkspace(azure);
  return {
    dfs: { id: (await makeAccount(azure)).id, fqdn: "stlake.dfs.core.windows.net" },
    sqlServer: { id: (await makeServer(azure)).id, fqdn: "sql-test.database.windows.net" },
    vault: { id: mlVault, fqdn: "ml-vault.vault.azure.net" },
    dataFactory: { id: factory, fqdn: "adf-test.eastus.datafactory.azure.net" },
    portal: { id: factory, fqdn: "adf.azure.com" },
    databricks_ui_api: { id: workspace.id, fqdn: workspace.outputs.workspaceUrl },
    browser_authentication: { id: workspace.id, fqdn: "eastus.pl-auth.azuredatabricks.net" },
  };
}

const zoneNames: Readonly<Record<string, string>> = {
  dfs: "privatelink.dfs.core.windows.net",
  blob: "privatelink.blob.core.windows.net",
  sqlServer: "privatelink.database.windows.net",
  vault: "privatelink.vaultcore.azure.net",
  dataFactory: "privatelink.datafactory.azure.net",
  portal: "privatelink.adf.azure.com",
  databricks_ui_api: "privatelink.azuredatabricks.net",
  browser_authentication: "privatelink.azuredatabricks.net",
};

describe("private link", () => {
  it("an endpoint of each service answers to its public name, by a record in its zone", async (t) => {
    const world = await openNetwork(await openTestClouds(t));
    const zones = new Map<string, Resource>();
    for (const [groupId, { id, fqdn }] of Object.entries(await targets(world))) {
      const endpoint = await connect(world, id, groupId);
      const [dns] = endpoint.outputs.customDnsConfigs;
      assert.equal(dns.fqdn, fqdn);
      const zoneName = zoneNames[groupId] ?? "";
      const zone = zones.get(zoneName) ?? (await makeZone(world, zoneName));
      zones.set(zoneName, zone);
      const group = await makeRecords(world, endpoint, zone);
      const [record] = group.outputs.privateDnsZoneConfigs[0].recordSets;
      assert.deepEqual(record.ipAddresses, dns.ipAddresses);
    }
    const records = (await recordsOf(world)).map((record) => record.split(" → ")[0]);
    assert.deepEqual(
      records.sort(),
      [
        `${(await targetHost(world)) ?? ""}.privatelink.azuredatabricks.net`,
        "adf-test.eastus.privatelink.datafactory.azure.net",
        "eastus.pl-auth.privatelink.azuredatabricks.net",
        "ml-vault.privatelink.vaultcore.azure.net",
        "privatelink.adf.azure.com",
        "sql-test.privatelink.database.windows.net",
        "stlake.privatelink.dfs.core.windows.net",
      ].sort(),
    );
  });

  it("a second endpoint for a name takes the record over, and whichever goes takes it along", async (t) => {
    const world = await openNetwork(await openTestClouds(t));
    const account = await makeAccount(world.azure);
    const zone = await makeZone(world, zoneNames.blob ?? "");
    const name = "stlake.privatelink.blob.core.windows.net";
    const first = await connect(world, account.id, "blob", "pe-one");
    await makeRecords(world, first, zone);
    assert.deepEqual(await recordsOf(world), [`${name} → 10.0.0.4`]);
    await makeRecords(world, await connect(world, account.id, "blob", "pe-two"), zone);
    assert.deepEqual(await recordsOf(world), [`${name} → 10.0.0.5`]);
    await world.azure.delete(first);
    assert.deepEqual(await recordsOf(world), []);
  });

  it("browser sign-in needs a private workspace first, and is there once in a region", async (t) => {
    const world = await openNetwork(await openTestClouds(t));
    const one = await makeWorkspace(world.azure);
    const two = await makeWorkspace(world.azure, {
      workspaceName: "dbw-two",
      managedResourceGroupId: `${subscription}/resourceGroups/rg-managed-two`,
    });
    await assert.rejects(connect(world, one.id, "browser_authentication"), /databricks_ui_api/);
    await connect(world, one.id, "databricks_ui_api");
    await connect(world, one.id, "browser_authentication");
    await connect(world, two.id, "databricks_ui_api", "pe-ui-two");
    await assert.rejects(
      connect(world, two.id, "browser_authentication", "pe-login-two"),
      /Status=409.*region eastus has already/,
    );
  });

  it("a workspace's own storage can be reached privately, and touched by nobody else", async (t) => {
    const world = await openNetwork(await openTestClouds(t));
    const workspace = await makeWorkspace(world.azure);
    const name = workspace.outputs.parameters.storageAccountName.value;
    const root = `${subscription}/resourceGroups/rg-managed/providers/Microsoft.Storage/storageAccounts/${name}`;
    const endpoint = await connect(world, root, "dfs");
    assert.equal(endpoint.outputs.customDnsConfigs[0].fqdn, `${name}.dfs.core.windows.net`);
    const held = { ...endpoint, type: "azure-native:storage:StorageAccount", id: root };
    await assert.rejects(world.azure.delete(held), /Status=403 Code="DenyAssignmentAuthorizationFailed"/);
    await assert.rejects(
      makeAccount(world.azure, { resourceGroupName: "rg-managed", accountName: "stother" }),
      /DenyAssignmentAuthorizationFailed/,
    );
    assert.deepEqual((await world.azure.read(workspace))?.inputs, workspace.inputs);
    await world.azure.delete(workspace);
    assert.equal((await world.http("GET", `${root}?api-version=2024-01-01`)).status, 404);
  });
});

async function targetHost({ http }: TestClouds): Promise<string | undefined> {
  const { body } = await http("GET", "/sandbox/objects?type=azure-native:databricks:Workspace");
  return body.value[0]?.body.workspaceUrl.replace(".azuredatabricks.net", "");
}

describe("private endpoint connections", () => {
  it("the owner approves and rejects; what is disconnected can only be removed", async (t) => {
    const world = await openNetwork(await openTestClouds(t));
    const { azure, http, portal, subnet } = world;
    const account = await makeAccount(azure);
    const { privateLinkServiceConnections: _auto, ...rest } = endpointInputs(subnet, account.id);
    const endpoint = await azure.create(endpointType, {
      ...rest,
      manualPrivateLinkServiceConnections: [
        { name: "c", privateLinkServiceId: account.id, groupIds: ["blob"], requestMessage: "please" },
      ],
    });
    const version = "?api-version=2024-01-01";
    const listed = await http("GET", `${account.id}/privateEndpointConnections${version}`);
    const [pending] = listed.body.value;
    assert.equal(pending.properties.privateLinkServiceConnectionState.status, "Pending");
    assert.equal(pending.properties.privateEndpoint.id, endpoint.id);
    const judge = (status: string) =>
      http("PUT", `${pending.id}${version}`, {
        properties: { privateLinkServiceConnectionState: { status, description: "by a test" } },
      });
    const shown = async () => {
      const outputs = (await azure.read(endpoint))?.outputs;
      return outputs?.manualPrivateLinkServiceConnections[0].privateLinkServiceConnectionState.status;
    };
    for (const status of ["Approved", "Rejected", "Approved"]) {
      assert.equal((await judge(status)).status, 200);
      assert.equal(await shown(), status);
    }
    assert.equal((await judge("Disconnected")).status, 400);
    await portal(pending.id, { privateLinkServiceConnectionState: { status: "Disconnected" } });
    const refused = await judge("Approved");
    assert.equal(refused.status, 409);
    assert.match(refused.body.error.message, /can only be deleted/);
    assert.equal((await http("DELETE", `${pending.id}${version}`)).status, 200);
    assert.equal(await shown(), "Disconnected");
    assert.equal((await http("GET", `${pending.id}${version}`)).status, 404);
  });
});
