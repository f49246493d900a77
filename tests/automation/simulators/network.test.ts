import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openTestClouds, type TestClouds } from "./support/clouds.ts";
import type { ProviderClient, Resource } from "./support/provider-client.ts";
import { mlVault } from "./support/seed.ts";
import {
  endpointInputs,
  endpointType,
  linkType,
  makeGroup,
  makeNetwork,
  makeSubnet,
  makeWorkspace,
  resourceGroupName,
  securityGroupType,
  zoneGroupType,
  zoneType,
} from "./support/world.ts";

async function networkWithWorkspace(azure: ProviderClient) {
  await makeGroup(azure);
  const network = await makeNetwork(azure);
  const subnet = await makeSubnet(azure);
  const workspace = await makeWorkspace(azure);
  return { network, subnet, workspace };
}

const makeZone = (
  azure: ProviderClient,
  group = resourceGroupName,
  name = "privatelink.azuredatabricks.net",
) => azure.create(zoneType, { resourceGroupName: group, privateZoneName: name, location: "Global" });

const makeZoneGroup = (azure: ProviderClient, zone: Resource, privateDnsZoneGroupName = "default") =>
  azure.create(zoneGroupType, {
    resourceGroupName,
    privateEndpointName: "pe",
    privateDnsZoneGroupName,
    privateDnsZoneConfigs: [{ name: "z", privateDnsZoneId: zone.id }],
  });

async function records(clouds: TestClouds): Promise<string[]> {
  const { body } = await clouds.http("GET", "/sandbox/objects?type=azure-native:privatedns:PrivateRecordSet");
  return body.value.map((record: { summary: string }) => record.summary);
}

describe("subnets", () => {
  it("a subnet outside its network is refused", async (t) => {
    const { azure } = await openTestClouds(t);
    await makeGroup(azure);
    await makeNetwork(azure);
    await assert.rejects(makeSubnet(azure, { addressPrefix: "10.9.0.0/24" }), /NetcfgInvalidSubnet/);
  });

  it("a subnet that overlaps another of its network is refused", async (t) => {
    const { azure } = await openTestClouds(t);
    await makeGroup(azure);
    await makeNetwork(azure);
    await makeSubnet(azure, { addressPrefix: "10.0.0.0/24" });
    await assert.rejects(
      makeSubnet(azure, { subnetName: "two", addressPrefix: "10.0.0.128/25" }),
      /NetcfgSubnetRangesOverlap/,
    );
  });

  it("a network cannot give up addresses that a subnet uses", async (t) => {
    const { azure } = await openTestClouds(t);
    await makeGroup(azure);
    const network = await makeNetwork(azure);
    await makeSubnet(azure);
    const smaller = { ...network.inputs, addressSpace: { addressPrefixes: ["10.0.2.0/24"] } };
    await assert.rejects(azure.update(network, smaller), /InUsePrefixCannotBeDeleted/);
  });

  it("a subnet with a private endpoint cannot be deleted, nor its network", async (t) => {
    const { azure } = await openTestClouds(t);
    const { network, subnet, workspace } = await networkWithWorkspace(azure);
    const endpoint = await azure.create(endpointType, endpointInputs(subnet, workspace.id));
    await assert.rejects(azure.delete(subnet), /InUseSubnetCannotBeDeleted.*pe/);
    await assert.rejects(azure.delete(network), /InUseSubnetCannotBeDeleted/);
    await azure.delete(endpoint);
    await azure.delete(subnet);
  });

  it("a security group in use cannot be deleted", async (t) => {
    const { azure } = await openTestClouds(t);
    await makeGroup(azure);
    await makeNetwork(azure);
    const rules = await azure.create(securityGroupType, {
      resourceGroupName,
      networkSecurityGroupName: "nsg",
    });
    await makeSubnet(azure, { networkSecurityGroup: { id: rules.id } });
    await assert.rejects(azure.delete(rules), /InUseNetworkSecurityGroupCannotBeDeleted/);
  });

  it("a workspace needs subnets that are delegated to it, and holds them", async (t) => {
    const { azure } = await openTestClouds(t);
    await makeGroup(azure);
    const network = await makeNetwork(azure);
    const rules = await azure.create(securityGroupType, {
      resourceGroupName,
      networkSecurityGroupName: "nsg",
    });
    const parameters = {
      customVirtualNetworkId: { value: network.id },
      customPublicSubnetName: { value: "host" },
      customPrivateSubnetName: { value: "container" },
    };
    await assert.rejects(makeWorkspace(azure, { parameters }), /InvalidResourceReference/);
    const host = await makeSubnet(azure, { subnetName: "host", addressPrefix: "10.0.1.0/25" });
    await assert.rejects(makeWorkspace(azure, { parameters }), /InvalidSubnetDelegation/);
    const delegated = {
      networkSecurityGroup: { id: rules.id },
      delegations: [{ name: "d", serviceName: "Microsoft.Databricks/workspaces" }],
    };
    await azure.update(host, { ...host.inputs, ...delegated });
    await makeSubnet(azure, { subnetName: "container", addressPrefix: "10.0.1.128/25", ...delegated });
    await makeWorkspace(azure, { parameters });
    await assert.rejects(azure.delete(host), /InUseSubnetCannotBeDeleted/);
  });
});

describe("private endpoints", () => {
  it("an endpoint takes the first address after Azure's four, and shows the target's name", async (t) => {
    const { azure } = await openTestClouds(t);
    const { subnet, workspace } = await networkWithWorkspace(azure);
    const { outputs } = await azure.create(endpointType, endpointInputs(subnet, workspace.id));
    assert.deepEqual(outputs.customDnsConfigs, [
      { fqdn: workspace.outputs.workspaceUrl, ipAddresses: ["10.0.0.4"] },
    ]);
    assert.equal(outputs.networkInterfaces.length, 1);
  });

  it("a /29 has room for three endpoints", async (t) => {
    const { azure } = await openTestClouds(t);
    const { subnet, workspace } = await networkWithWorkspace(azure);
    const make = (name: string) =>
      azure.create(endpointType, endpointInputs(subnet, workspace.id, { privateEndpointName: name }));
    for (const name of ["a", "b", "c"]) await make(name);
    await assert.rejects(make("d"), /SubnetIsFull/);
  });

  it("a connection asked for automatically is approved, one asked for manually is pending", async (t) => {
    const { azure } = await openTestClouds(t);
    const { subnet, workspace } = await networkWithWorkspace(azure);
    const made = await azure.create(endpointType, endpointInputs(subnet, workspace.id));
    const state = made.outputs.privateLinkServiceConnections[0].privateLinkServiceConnectionState;
    assert.equal(state.status, "Approved");
    const { privateLinkServiceConnections: connections, ...rest } = endpointInputs(subnet, workspace.id);
    const manual = await azure.create(endpointType, {
      ...rest,
      privateEndpointName: "manual",
      manualPrivateLinkServiceConnections: connections,
    });
    const [asked] = manual.outputs.manualPrivateLinkServiceConnections;
    assert.equal(asked.privateLinkServiceConnectionState.status, "Pending");
  });

  it("the endpoint shows that its connection was rejected on the target", async (t) => {
    const clouds = await openTestClouds(t);
    const { subnet, workspace } = await networkWithWorkspace(clouds.azure);
    const made = await clouds.azure.create(endpointType, endpointInputs(subnet, workspace.id));
    const target = await clouds.azure.read(workspace);
    const [connection] = target?.outputs.privateEndpointConnections ?? [];
    await clouds.portal(connection.id, { privateLinkServiceConnectionState: { status: "Rejected" } });
    const now = await clouds.azure.read(made);
    const [shown] = now?.outputs.privateLinkServiceConnections ?? [];
    assert.equal(shown.privateLinkServiceConnectionState.status, "Rejected");
  });

  it("an endpoint whose target is gone is disconnected", async (t) => {
    const { azure } = await openTestClouds(t);
    const { subnet, workspace } = await networkWithWorkspace(azure);
    const made = await azure.create(endpointType, endpointInputs(subnet, workspace.id));
    await azure.delete(workspace);
    const now = await azure.read(made);
    const [shown] = now?.outputs.privateLinkServiceConnections ?? [];
    assert.equal(shown.privateLinkServiceConnectionState.status, "Disconnected");
  });

  it("a target that does not exist, and a group id that it does not have, are refused", async (t) => {
    const { azure } = await openTestClouds(t);
    const { subnet, workspace } = await networkWithWorkspace(azure);
    await assert.rejects(
      azure.create(endpointType, endpointInputs(subnet, `${workspace.id}-other`)),
      /InvalidResourceReference/,
    );
    await assert.rejects(
      azure.create(endpointType, endpointInputs(subnet, mlVault)),
      /exactly one of \[vault\]/,
    );
  });

  it("an endpoint in another region than its network is refused", async (t) => {
    const { azure } = await openTestClouds(t);
    const { subnet, workspace } = await networkWithWorkspace(azure);
    const inputs = endpointInputs(subnet, workspace.id, { location: "westeurope" });
    await assert.rejects(azure.create(endpointType, inputs), /InvalidResourceReference/);
  });

  it("an existing endpoint cannot be led elsewhere", async (t) => {
    const { azure } = await openTestClouds(t);
    const { subnet, workspace } = await networkWithWorkspace(azure);
    const made = await azure.create(endpointType, endpointInputs(subnet, workspace.id));
    const news = endpointInputs(subnet, mlVault);
    await assert.rejects(azure.update(made, news), /CannotChangePrivateLinkConnectionOnPrivateEndpoint/);
  });

  it("the target of an endpoint lists the connection, and loses it with the endpoint", async (t) => {
    const { azure } = await openTestClouds(t);
    const { subnet, workspace } = await networkWithWorkspace(azure);
    const made = await azure.create(endpointType, endpointInputs(subnet, workspace.id));
    const connected = await azure.read(workspace);
    assert.equal(connected?.outputs.privateEndpointConnections[0].properties.privateEndpoint.id, made.id);
    assert.deepEqual(connected?.inputs, workspace.inputs);
    await azure.delete(made);
    assert.deepEqual((await azure.read(workspace))?.outputs.privateEndpointConnections, []);
  });
});

describe("private DNS", () => {
  it("a zone group writes the endpoint's record into the zone, and takes it back", async (t) => {
    const clouds = await openTestClouds(t);
    const { azure } = clouds;
    const { subnet, workspace } = await networkWithWorkspace(azure);
    await azure.create(endpointType, endpointInputs(subnet, workspace.id));
    const zone = await makeZone(azure);
    const group = await makeZoneGroup(azure, zone);
    const name = workspace.outputs.workspaceUrl.replace(".azuredatabricks.net", "");
    assert.deepEqual(await records(clouds), [`${name}.privatelink.azuredatabricks.net → 10.0.0.4`]);
    const record = await clouds.http("GET", `${zone.id}/A/${name}?api-version=2024-06-01`);
    assert.equal(record.body.properties.aRecords[0].ipv4Address, "10.0.0.4");
    assert.equal(group.outputs.privateDnsZoneConfigs[0].recordSets[0].ipAddresses[0], "10.0.0.4");
    await azure.delete(group);
    assert.deepEqual(await records(clouds), []);
  });

  it("a vault's record has the vault's name", async (t) => {
    const clouds = await openTestClouds(t);
    const { subnet } = await networkWithWorkspace(clouds.azure);
    const connection = { name: "c", privateLinkServiceId: mlVault, groupIds: ["vault"] };
    await clouds.azure.create(
      endpointType,
      endpointInputs(subnet, mlVault, { privateLinkServiceConnections: [connection] }),
    );
    await makeZoneGroup(
      clouds.azure,
      await makeZone(clouds.azure, resourceGroupName, "privatelink.vaultcore.azure.net"),
    );
    assert.deepEqual(await records(clouds), ["ml-vault.privatelink.vaultcore.azure.net → 10.0.0.4"]);
  });

  it("an endpoint has one zone group", async (t) => {
    const { azure } = await openTestClouds(t);
    const { subnet, workspace } = await networkWithWorkspace(azure);
    await azure.create(endpointType, endpointInputs(subnet, workspace.id));
    const zone = await makeZone(azure);
    await makeZoneGroup(azure, zone);
    await assert.rejects(makeZoneGroup(azure, zone, "second"), /MaxPrivateDnsZoneGroupsReached/);
  });

  it("a zone with links cannot be deleted", async (t) => {
    const { azure } = await openTestClouds(t);
    const { network } = await networkWithWorkspace(azure);
    const zone = await makeZone(azure);
    const link = await azure.create(linkType, {
      resourceGroupName,
      privateZoneName: zone.outputs.name,
      virtualNetworkLinkName: "l",
      location: "Global",
      virtualNetwork: { id: network.id },
    });
    await assert.rejects(azure.delete(zone), /CannotDeleteResource/);
    await azure.delete(link);
    await azure.delete(zone);
  });

  it("a network is linked to one zone of a name", async (t) => {
    const { azure } = await openTestClouds(t);
    const { network } = await networkWithWorkspace(azure);
    await makeGroup(azure, "rg-other");
    await makeZone(azure);
    const other = await makeZone(azure, "rg-other");
    const link = (group: string) =>
      azure.create(linkType, {
        resourceGroupName: group,
        privateZoneName: other.outputs.name,
        virtualNetworkLinkName: "l",
        location: "Global",
        virtualNetwork: { id: network.id },
      });
    await link(resourceGroupName);
    await assert.rejects(link("rg-other"), /multiple zones with overlapping namespaces/);
  });
});
