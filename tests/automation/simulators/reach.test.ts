/** The oracle of the simulated network: a question to a store, without a socket. */
import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { resolveName } from "../../../automation/simulators/network/names.ts";
import { type Journey, type Reach, reach } from "../../../automation/simulators/network/reach.ts";
import { publicAddressOf } from "../../../automation/simulators/network/services.ts";
import { internet, type Vantage } from "../../../automation/simulators/network/vantage.ts";
import { Store } from "../../../automation/simulators/store.ts";
import type { Properties } from "./support/provider-client.ts";

const group = "/subscriptions/s/resourceGroups/rg";
const network = `${group}/providers/Microsoft.Network/virtualNetworks/vnet`;
const endpointId = `${group}/providers/Microsoft.Network/privateEndpoints/pe`;
const zoneId = `${group}/providers/Microsoft.Network/privateDnsZones/privatelink.vaultcore.azure.net`;
const vaultId = `${group}/providers/Microsoft.KeyVault/vaults/kv`;
const fqdn = "kv.vault.azure.net";
const workload: Vantage = { kind: "subnet", id: `${network}/subnets/workload` };
const callerAddress = "203.0.113.7";

interface World {
  put(id: string, type: string, body: Properties): void;
  remove(id: string): void;
  ask(journey: Partial<Journey>): Reach;
  readonly store: Store;
}

/** A vault with an approved endpoint in one subnet, and a workload in another. */
function openWorld(test: TestContext): World {
  const store = new Store(":memory:");
  test.after(() => store.close());
  const put: World["put"] = (id, type, body) => {
    const before = store.get("azure", id)?.body ?? {};
    const name = id.split("/").at(-1) ?? "";
    store.put({
      cloud: "azure",
      id,
      type: `azure-native:${type}`,
      name,
      scope: group,
      body: { ...before, ...body },
    });
  };
  put(network, "network:VirtualNetwork", { addressSpace: { addressPrefixes: ["10.0.0.0/16"] } });
  put(`${network}/subnets/workload`, "network:Subnet", { addressPrefix: "10.0.1.0/24" });
  put(`${network}/subnets/endpoints`, "network:Subnet", { addressPrefix: "10.0.0.0/24" });
  put(vaultId, "keyvault:Vault", { location: "eastus", properties: { publicNetworkAccess: "disabled" } });
  put(endpointId, "network:PrivateEndpoint", {
    subnet: { id: `${network}/subnets/endpoints` },
    privateLinkServiceConnections: [{ privateLinkServiceId: vaultId, groupIds: ["vault"] }],
    customDnsConfigs: [{ fqdn, ipAddresses: ["10.0.0.4"] }],
  });
  put(`${group}/providers/Microsoft.Network/networkInterfaces/nic`, "network:NetworkInterface", {
    privateEndpoint: { id: endpointId },
    ipConfigurations: [{ privateIPAddress: "10.0.0.4", subnet: { id: `${network}/subnets/endpoints` } }],
  });
  put(`${vaultId}/privateEndpointConnections/c`, "keyvault:PrivateEndpointConnection", {
    privateEndpoint: { id: endpointId },
    privateLinkServiceConnectionState: { status: "Approved" },
  });
  put(zoneId, "privatedns:PrivateZone", {});
  put(`${zoneId}/A/kv`, "privatedns:PrivateRecordSet", { aRecords: [{ ipv4Address: "10.0.0.4" }] });
  put(`${zoneId}/virtualNetworkLinks/l`, "privatedns:VirtualNetworkLink", {
    virtualNetwork: { id: network },
  });
  const usual: Journey = { from: workload, address: "10.0.0.4", port: 443, serverName: fqdn };
  return {
    store,
    put,
    remove: (id) => assert.ok(store.remove("azure", id)),
    ask: (journey) => reach(store, callerAddress, { ...usual, ...journey }),
  };
}

const outcome = (answer: Reach): string =>
  answer.status === "open" ? `open ${answer.path}` : `${answer.layer} ${answer.reason}`;

const publicly = { from: internet, address: publicAddressOf(fqdn) };

describe("who reaches a private endpoint", () => {
  it("a subnet of its network does; the internet, another network and a stranger's address do not", (test) => {
    const world = openWorld(test);
    const other = network.replace("vnet", "other");
    world.put(`${other}/subnets/workload`, "network:Subnet", { addressPrefix: "10.0.1.0/24" });
    const cases: [Partial<Journey>, string][] = [
      [{}, "open private"],
      [{ from: internet }, "tcp NobodyThere"],
      [{ from: { kind: "subnet", id: `${other}/subnets/workload` } }, "tcp NobodyThere"],
      [{ from: { kind: "subnet", id: `${network}/subnets/gone` } }, "tcp NoSuchSubnet"],
      [{ address: "10.0.0.5" }, "tcp NobodyThere"],
      [{ port: 1433 }, "tcp NoListener"],
      [{ serverName: "other.vault.azure.net" }, "tls WrongServerName"],
    ];
    for (const [journey, expected] of cases) assert.equal(outcome(world.ask(journey)), expected);
  });

  it("only an approved connection carries traffic", (test) => {
    const world = openWorld(test);
    const connection = `${vaultId}/privateEndpointConnections/c`;
    for (const status of ["Pending", "Rejected", "Disconnected"]) {
      world.put(connection, "keyvault:PrivateEndpointConnection", {
        privateLinkServiceConnectionState: { status },
      });
      assert.equal(outcome(world.ask({})), `tcp Endpoint${status}`);
    }
    world.remove(connection);
    assert.equal(outcome(world.ask({})), "tcp EndpointDisconnected");
  });

  it("an endpoint whose target is gone is disconnected", (test) => {
    const world = openWorld(test);
    world.store.softDelete("azure", vaultId);
    assert.equal(outcome(world.ask({})), "tcp EndpointDisconnected");
  });
});

describe("security groups on the way", () => {
  const groupId = `${group}/providers/Microsoft.Network/networkSecurityGroups/nsg`;
  const rule = (priority: number, access: string, more: Properties = {}): Properties => ({
    name: `r${priority}`,
    priority,
    access,
    direction: "Inbound",
    protocol: "*",
    sourceAddressPrefix: "*",
    destinationAddressPrefix: "*",
    destinationPortRange: "*",
    ...more,
  });
  const guard = (world: World, subnet: string, rules: Properties[], more: Properties = {}): void => {
    world.put(groupId, "network:NetworkSecurityGroup", { securityRules: rules });
    world.put(`${network}/subnets/${subnet}`, "network:Subnet", {
      networkSecurityGroup: { id: groupId },
      ...more,
    });
  };
  const inForce = { privateEndpointNetworkPolicies: "NetworkSecurityGroupEnabled" };

  it("rules count for endpoints only where the subnet's policies are in force", (test) => {
    const world = openWorld(test);
    guard(world, "endpoints", [rule(100, "Deny")], { privateEndpointNetworkPolicies: "Disabled" });
    assert.equal(outcome(world.ask({})), "open private");
    guard(world, "endpoints", [rule(100, "Deny")], inForce);
    assert.equal(outcome(world.ask({})), "tcp DeniedByRule");
  });

  it("the rule of the lowest number that fits decides; none: the network's own traffic passes", (test) => {
    const world = openWorld(test);
    const cases: [Properties[], string][] = [
      [[], "open private"],
      [[rule(200, "Deny"), rule(100, "Allow")], "open private"],
      [[rule(100, "Deny"), rule(200, "Allow")], "tcp DeniedByRule"],
      [[rule(100, "Deny", { destinationPortRange: "1433" })], "open private"],
      [
        [rule(100, "Deny", { destinationPortRange: "", destinationPortRanges: ["400-500"] })],
        "tcp DeniedByRule",
      ],
      [[rule(100, "Deny", { protocol: "Udp" })], "open private"],
      [[rule(100, "Deny", { direction: "Outbound" })], "open private"],
      [[rule(100, "Deny", { sourceAddressPrefix: "10.0.2.0/24" })], "open private"],
      [[rule(100, "Deny", { sourceAddressPrefix: "10.0.1.0/24" })], "tcp DeniedByRule"],
      [[rule(100, "Deny", { sourceAddressPrefix: "VirtualNetwork" })], "tcp DeniedByRule"],
      [[rule(100, "Deny", { sourceAddressPrefix: "Internet" })], "open private"],
    ];
    for (const [rules, expected] of cases) {
      guard(world, "endpoints", rules, inForce);
      assert.equal(outcome(world.ask({})), expected, JSON.stringify(rules));
    }
  });

  it("the caller's subnet must let it out, to the service's tag where one is named", (test) => {
    const world = openWorld(test);
    const out = { direction: "Outbound" };
    const toVault = { ...out, destinationAddressPrefix: "AzureKeyVault.eastus" };
    guard(world, "workload", [rule(100, "Deny", out)]);
    assert.equal(outcome(world.ask({})), "tcp DeniedByRule");
    const fromInside = { address: publicAddressOf(fqdn) };
    assert.equal(outcome(world.ask(fromInside)), "tcp DeniedByRule");
    guard(world, "workload", [rule(100, "Allow", toVault), rule(200, "Deny", out)]);
    assert.equal(outcome(world.ask(fromInside)), "service PublicNetworkAccessDisabled");
  });

  it("without default outbound access a subnet needs a NAT gateway to reach a public address", (test) => {
    const world = openWorld(test);
    const address = publicAddressOf(fqdn);
    const subnet = `${network}/subnets/workload`;
    world.put(subnet, "network:Subnet", { defaultOutboundAccess: false });
    assert.equal(outcome(world.ask({ address })), "tcp NoOutboundAccess");
    assert.equal(outcome(world.ask({})), "open private");
    world.put(subnet, "network:Subnet", { natGateway: { id: "g" } });
    assert.equal(outcome(world.ask({ address })), "service PublicNetworkAccessDisabled");
  });
});

describe("who reaches a public address", () => {
  it("a vault says no in its own words, and yes once it is open", (test) => {
    const world = openWorld(test);
    const refused = world.ask(publicly);
    assert.ok(refused.status === "refused" && refused.denial);
    assert.deepEqual([refused.denial.status, refused.denial.code], [403, "Forbidden"]);
    assert.match(
      refused.message,
      /^Public network access is disabled and request is not from a trusted service/,
    );
    world.put(vaultId, "keyvault:Vault", { properties: { publicNetworkAccess: "enabled" } });
    assert.equal(outcome(world.ask(publicly)), "open public");
    assert.equal(
      outcome(world.ask({ ...publicly, serverName: "no.vault.azure.net" })),
      "tls WrongServerName",
    );
    assert.equal(outcome(world.ask({ ...publicly, port: 80 })), "tcp NobodyThere");
  });

  it("the firewall lets in the addresses and subnets that it names", (test) => {
    const world = openWorld(test);
    const acls = (rules: Properties) =>
      world.put(vaultId, "keyvault:Vault", {
        properties: { networkAcls: { defaultAction: "Deny", ...rules } },
      });
    const fromInside = { address: publicAddressOf(fqdn) };
    acls({});
    assert.equal(outcome(world.ask(publicly)), "service DeniedByFirewall");
    acls({ ipRules: [{ value: "203.0.113.0/28" }] });
    assert.equal(outcome(world.ask(publicly)), "open public");
    assert.equal(outcome(world.ask(fromInside)), "service DeniedByFirewall");
    acls({ virtualNetworkRules: [{ id: `${network}/subnets/workload` }] });
    assert.equal(outcome(world.ask(fromInside)), "open public");
    acls({ defaultAction: "Allow" });
    assert.equal(outcome(world.ask(publicly)), "open public");
  });

  it("a workspace's access lists count once they are in force, and a block outranks an allow", (test) => {
    const world = openWorld(test);
    const host = "adb-1.2.azuredatabricks.net";
    const id = `${group}/providers/Microsoft.Databricks/workspaces/w`;
    world.put(id, "databricks:Workspace", { workspaceUrl: host, workspaceId: "1", location: "eastus" });
    const list = (listId: string, type: string, body: Properties): void => {
      const token = `databricks:index/${type}`;
      world.store.put({
        cloud: "databricks",
        id: `${host}/${listId}`,
        type: token,
        name: listId,
        scope: host,
        body,
      });
    };
    const journey = { from: internet, address: publicAddressOf(host), serverName: host };
    const allow = (ipAddresses: string[]) =>
      list("allow", "ipAccessList:IpAccessList", { listType: "ALLOW", ipAddresses });
    allow(["198.51.100.1"]);
    assert.equal(outcome(world.ask(journey)), "open public");
    list("conf", "workspaceConf:WorkspaceConf", { customConfig: { enableIpAccessLists: "true" } });
    assert.equal(outcome(world.ask(journey)), "service DeniedByFirewall");
    allow([callerAddress]);
    assert.equal(outcome(world.ask(journey)), "open public");
    list("block", "ipAccessList:IpAccessList", { listType: "BLOCK", ipAddresses: ["203.0.113.0/24"] });
    assert.equal(outcome(world.ask(journey)), "service DeniedByFirewall");
  });

  it("a SQL server lets in the ranges of its rules, and storage those of its rule set", (test) => {
    const world = openWorld(test);
    const server = `${group}/providers/Microsoft.Sql/servers/db`;
    world.put(server, "sql:Server", { location: "eastus", publicNetworkAccess: "Enabled" });
    const name = "db.database.windows.net";
    const toSql = { from: internet, address: publicAddressOf(name), port: 1433, serverName: name };
    const refused = world.ask(toSql);
    assert.ok(refused.status === "refused" && refused.denial?.code === "40615", JSON.stringify(refused));
    world.put(`${server}/firewallRules/office`, "sql:FirewallRule", {
      startIpAddress: "203.0.113.0",
      endIpAddress: "203.0.113.255",
    });
    assert.equal(outcome(world.ask(toSql)), "open public");
    const account = `${group}/providers/Microsoft.Storage/storageAccounts/lake`;
    const dfs = "lake.dfs.core.windows.net";
    const rules = (networkRuleSet: Properties) => {
      world.put(account, "storage:StorageAccount", { networkRuleSet });
      world.put(`${endpointId}2`, "network:PrivateEndpoint", {
        privateLinkServiceConnections: [{ privateLinkServiceId: account, groupIds: ["dfs"] }],
        customDnsConfigs: [{ fqdn: dfs, ipAddresses: ["10.0.0.5"] }],
      });
      return outcome(world.ask({ from: internet, address: publicAddressOf(dfs), serverName: dfs }));
    };
    assert.equal(rules({ defaultAction: "Deny" }), "service DeniedByFirewall");
    assert.equal(
      rules({ defaultAction: "Deny", ipRules: [{ iPAddressOrRange: callerAddress }] }),
      "open public",
    );
  });

  it("names that everybody shares stay public", (test) => {
    const world = openWorld(test);
    const id = `${group}/providers/Microsoft.Databricks/workspaces/w`;
    world.put(id, "databricks:Workspace", {
      workspaceUrl: "adb-1.2.azuredatabricks.net",
      location: "East US",
      publicNetworkAccess: "Disabled",
    });
    const auth = "eastus.pl-auth.azuredatabricks.net";
    const journey = { from: internet, address: publicAddressOf(auth), serverName: auth };
    assert.equal(outcome(world.ask(journey)), "open public");
  });
});

describe("names", () => {
  const ask = (world: World, from: Vantage, name = fqdn): string => {
    const { exists, records } = resolveName(world.store, from, name);
    return exists ? records.map(({ type, data }) => `${type} ${data}`).join(", ") : "does not exist";
  };
  const alias = "CNAME kv.privatelink.vaultcore.azure.net";
  const outside = `A ${publicAddressOf(fqdn)}`;

  it("a linked zone answers inside, the internet sees the same alias and a public address", (test) => {
    const world = openWorld(test);
    assert.equal(ask(world, workload), `${alias}, A 10.0.0.4`);
    assert.equal(ask(world, workload, "KV.Vault.Azure.Net."), `${alias}, A 10.0.0.4`);
    assert.equal(ask(world, internet), `${alias}, ${outside}`);
    assert.equal(ask(world, internet, "kv.privatelink.vaultcore.azure.net"), outside);
  });

  it("without a link the network sees what the internet sees", (test) => {
    const world = openWorld(test);
    world.remove(`${zoneId}/virtualNetworkLinks/l`);
    assert.equal(ask(world, workload), `${alias}, ${outside}`);
  });

  it("a name that a linked zone lacks does not exist, unless the link falls back to the internet", (test) => {
    const world = openWorld(test);
    world.remove(`${zoneId}/A/kv`);
    assert.equal(ask(world, workload), "does not exist");
    world.put(`${zoneId}/virtualNetworkLinks/l`, "privatedns:VirtualNetworkLink", {
      resolutionPolicy: "NxDomainRedirect",
    });
    assert.equal(ask(world, workload), `${alias}, ${outside}`);
  });

  it("every service has the private name that Microsoft gives it", (test) => {
    const world = openWorld(test);
    const names: [string, string, number][] = [
      ["lake.dfs.core.windows.net", "lake.privatelink.dfs.core.windows.net", 443],
      ["lake.blob.core.windows.net", "lake.privatelink.blob.core.windows.net", 443],
      ["db.database.windows.net", "db.privatelink.database.windows.net", 1433],
      ["adf.eastus.datafactory.azure.net", "adf.eastus.privatelink.datafactory.azure.net", 443],
      ["adf.azure.com", "privatelink.adf.azure.com", 443],
      ["eastus.pl-auth.azuredatabricks.net", "eastus.pl-auth.privatelink.azuredatabricks.net", 443],
    ];
    for (const [index, [name, privateName, port]] of names.entries()) {
      const address = `10.0.0.${10 + index}`;
      const zone = privateName.slice(privateName.indexOf("privatelink"));
      const label = privateName === zone ? "@" : privateName.slice(0, -zone.length - 1);
      const zoneAt = `${group}/providers/Microsoft.Network/privateDnsZones/${zone}`;
      const target = `${group}/providers/Microsoft.Any/things/${index}`;
      const endpoint = `${endpointId}${index}`;
      world.put(target, "any:Thing", {});
      world.put(`${target}/privateEndpointConnections/c`, "any:Connection", {
        privateEndpoint: { id: endpoint },
        privateLinkServiceConnectionState: { status: "Approved" },
      });
      world.put(endpoint, "network:PrivateEndpoint", {
        privateLinkServiceConnections: [{ privateLinkServiceId: target }],
        customDnsConfigs: [{ fqdn: name, ipAddresses: [address] }],
      });
      world.put(`${endpoint}-nic`, "network:NetworkInterface", {
        privateEndpoint: { id: endpoint },
        ipConfigurations: [{ privateIPAddress: address, subnet: { id: `${network}/subnets/endpoints` } }],
      });
      world.put(zoneAt, "privatedns:PrivateZone", {});
      world.put(`${zoneAt}/A/${label}`, "privatedns:PrivateRecordSet", {
        aRecords: [{ ipv4Address: address }],
      });
      world.put(`${zoneAt}/virtualNetworkLinks/l`, "privatedns:VirtualNetworkLink", {
        virtualNetwork: { id: network },
      });
      assert.equal(ask(world, workload, name), `CNAME ${privateName}, A ${address}`);
      assert.equal(outcome(world.ask({ address, port, serverName: name })), "open private");
    }
  });

  it("a service without any endpoint has no alias, so a linked zone does not hide it", (test) => {
    const world = openWorld(test);
    world.remove(`${vaultId}/privateEndpointConnections/c`);
    assert.equal(ask(world, workload), outside);
    assert.equal(ask(world, workload, "none.vault.azure.net"), "does not exist");
  });
});
