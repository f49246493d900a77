import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { mockRun } from "../support/mock-run.ts";
import { environment, platformSpec, teamId } from "../support/specs.ts";

const group = `/subscriptions/${environment.subscriptionId}/resourceGroups/rg-ml-eastus`;
const run = await mockRun(platformSpec);
const position = (name: string) => run.resources.findIndex((resource) => resource.name === name);
const ofType = (type: string) => run.resources.filter((resource) => resource.type === type);
/** That of each of these, the earlier one is registered first. */
const inOrder = (...names: readonly string[]) => {
  const order = names.map(position);
  assert.ok(
    order.every((at) => at >= 0),
    `one of ${names} is missing`,
  );
  assert.deepEqual(
    order,
    order.toSorted((a, b) => a - b),
  );
};

describe("a platform stack", () => {
  it("tags what can be tagged with environment and manager", () => {
    const tagged = run.resources.filter(
      ({ type, inputs }) => type.startsWith("azure-native:") && "tags" in inputs,
    );
    assert.equal(tagged.length, 39);
    for (const { inputs } of tagged) {
      assert.deepEqual(inputs.tags, { environment: "eastus", managed_by: "rowgate" });
    }
    const notes = run.resources.filter(({ type }) =>
      /datafactory:(LinkedService|Dataset|Credential)/.test(type),
    );
    assert.equal(notes.length, 6);
    for (const { inputs } of notes) {
      const { annotations } = inputs.properties as { annotations: unknown };
      assert.deepEqual(annotations, ["managed_by:rowgate", "environment:eastus"]);
    }
  });

  it("makes the environment's group with exactly its members", () => {
    const { inputs } = run.only("azuread:index/group:Group");
    assert.deepEqual(inputs, {
      displayName: "ds_team",
      members: [teamId],
      preventDuplicateNames: true,
      securityEnabled: true,
    });
  });

  it("without a group asks for no credentials of Entra ID", async () => {
    const other = await mockRun({ ...platformSpec, ownGroup: null });
    assert.deepEqual(other.names("azuread:index/group:Group"), []);
    assert.deepEqual(other.names("pulumi:providers:azuread"), []);
    assert.equal(other.outputs.own_group_object_id, null);
  });

  it("promises its outputs", () => {
    const at = (path: string) => `${group}/providers/${path}`;
    const zone = (name: string) => at(`Microsoft.Network/privateDnsZones/privatelink.${name}`);
    const unique = String(run.only("azure-native:keyvault:Vault").inputs.vaultName).slice(-8);
    assert.match(unique, /^[a-z0-9]{8}$/);
    assert.deepEqual(run.outputs, {
      resource_group: "rg-ml-eastus",
      virtual_network_id: at("Microsoft.Network/virtualNetworks/vnet-eastus"),
      private_endpoint_subnet_id: at(
        "Microsoft.Network/virtualNetworks/vnet-eastus/subnets/snet-private-endpoints",
      ),
      private_dns_zone_ids: {
        databricks: zone("azuredatabricks.net"),
        keyvault: zone("vaultcore.azure.net"),
        dfs: zone("dfs.core.windows.net"),
        blob: zone("blob.core.windows.net"),
        sql: zone("database.windows.net"),
        factory: zone("datafactory.azure.net"),
        portal: zone("adf.azure.com"),
      },
      workspace_resource_id: at("Microsoft.Databricks/workspaces/dbw-eastus"),
      workspace_id: "1234567890123456",
      workspace_url: "adb-1234567890123456.7.azuredatabricks.net",
      key_vault_id: at(`Microsoft.KeyVault/vaults/kv-eastus-${unique}`),
      key_vault_uri: `https://kv-eastus-${unique}.vault.azure.net`,
      lake_id: at(`Microsoft.Storage/storageAccounts/steastus${unique}`),
      lake_dfs_endpoint: `https://steastus${unique}.dfs.core.windows.net`,
      sql_server_id: at(`Microsoft.Sql/servers/sql-eastus-${unique}`),
      sql_server_host: `sql-eastus-${unique}.database.windows.net`,
      factory_id: at(`Microsoft.DataFactory/factories/adf-eastus-${unique}`),
      factory_name: `adf-eastus-${unique}`,
      factory_client_id: "client-1",
      factory_principal_id: "principal-1",
      connector_principal_id: "connector-principal",
      log_analytics_id: at("Microsoft.OperationalInsights/workspaces/log-eastus"),
      metrics_endpoint: "https://dce-eastus-x1.eastus-1.ingest.monitor.azure.com",
      metrics_rule_id: "dcr-00112233445566778899aabbccddeeff",
      action_group_id: at("Microsoft.Insights/actionGroups/ag-eastus"),
      own_group_object_id: "group-1",
    });
  });
});

describe("the network of a platform stack", () => {
  const subnets = ofType("azure-native:network:Subnet");

  it("is made after its group, one subnet after the other, before what lives in it", () => {
    inOrder(
      "resource-group",
      "virtual-network",
      "subnet-private-endpoints",
      "subnet-databricks-host",
      "subnet-databricks-container",
      "workspace",
    );
    inOrder("nat-address", "nat-gateway", "subnet-databricks-host");
  });

  it("has a security group on every subnet, and none with a way out of its own", () => {
    assert.deepEqual(
      subnets.map(({ inputs }) => [inputs.subnetName, inputs.addressPrefix]),
      [
        ["snet-private-endpoints", "10.20.0.0/24"],
        ["snet-databricks-host", "10.20.8.0/22"],
        ["snet-databricks-container", "10.20.12.0/22"],
      ],
    );
    const groups = ofType("azure-native:network:NetworkSecurityGroup").map(
      ({ inputs }) =>
        `${group}/providers/Microsoft.Network/networkSecurityGroups/${inputs.networkSecurityGroupName}`,
    );
    for (const { inputs } of subnets) {
      assert.equal(inputs.defaultOutboundAccess, false);
      assert.ok(groups.includes((inputs.networkSecurityGroup as { id: string }).id));
    }
  });

  it("delegates the two Databricks subnets and lets them out by one gateway with one fixed address", () => {
    const [endpoints, ...others] = subnets;
    assert.equal(endpoints?.inputs.privateEndpointNetworkPolicies, "NetworkSecurityGroupEnabled");
    assert.equal(endpoints?.inputs.delegations, undefined);
    assert.equal(endpoints?.inputs.natGateway, undefined);
    for (const { inputs } of others) {
      assert.deepEqual(inputs.delegations, [
        { name: "databricks", serviceName: "Microsoft.Databricks/workspaces" },
      ]);
      assert.deepEqual(inputs.natGateway, {
        id: `${group}/providers/Microsoft.Network/natGateways/nat-eastus`,
      });
    }
    const { inputs } = run.only("azure-native:network:NatGateway");
    assert.equal(inputs.natGatewayName, "nat-eastus");
    assert.deepEqual(inputs.publicIpAddresses, [{ id: "/mock/nat-address" }]);
    assert.equal(run.only("azure-native:network:PublicIPAddress").inputs.publicIPAllocationMethod, "Static");
  });

  it("lets nodes out to the services that they need, by their tags, and nowhere else", () => {
    const groups = ofType("azure-native:network:NetworkSecurityGroup");
    const nodes = groups.find(({ name }) => name === "security-group-databricks");
    type Rule = Record<"direction" | "access" | "destinationAddressPrefix" | "destinationPortRange", string>;
    const rules = ((nodes?.inputs.securityRules ?? []) as Rule[]).filter(
      ({ direction }) => direction === "Outbound",
    );
    assert.deepEqual(
      rules.map((rule) => `${rule.access} ${rule.destinationAddressPrefix} ${rule.destinationPortRange}`),
      [
        "Allow Sql 3306",
        "Allow Storage 443",
        "Allow VirtualNetwork *",
        "Allow EventHub 9093",
        "Allow AzureActiveDirectory 443",
        "Allow AzureFrontDoor.Frontend 443",
        "Allow AzureMonitor 443",
        "Deny * *",
      ],
    );
  });

  it("asks its security groups in an order without ties, and ends each side with a refusal", () => {
    for (const { name, inputs } of ofType("azure-native:network:NetworkSecurityGroup")) {
      const rules = inputs.securityRules as { direction: string; priority: number; access: string }[];
      for (const direction of new Set(rules.map((rule) => rule.direction))) {
        const side = rules.filter((rule) => rule.direction === direction);
        assert.equal(new Set(side.map(({ priority }) => priority)).size, side.length, name);
        const last = side.toSorted((a, b) => a.priority - b.priority).at(-1);
        assert.deepEqual([last?.access, last?.priority], ["Deny", 4096]);
      }
      assert.equal(
        new Set(rules.map((rule) => (rule as unknown as { name: string }).name)).size,
        rules.length,
      );
    }
  });

  it("has one private zone a service, linked to it, where only endpoints get names", () => {
    assert.equal(ofType("azure-native:privatedns:PrivateZone").length, 7);
    const links = ofType("azure-native:privatedns:VirtualNetworkLink");
    assert.equal(links.length, 7);
    for (const { inputs } of links) {
      assert.equal(inputs.registrationEnabled, false);
      assert.deepEqual(inputs.virtualNetwork, {
        id: `${group}/providers/Microsoft.Network/virtualNetworks/vnet-eastus`,
      });
    }
  });
});

describe("the workspace of a platform stack", () => {
  it("has no public access and no public addresses, and is inside the network", () => {
    const { inputs, replaceOnChanges, deleteBeforeReplace } = run.only("azure-native:databricks:Workspace");
    const { parameters, ...rest } = inputs as { parameters: Record<string, { value: unknown }> };
    assert.deepEqual(rest, {
      ...rest,
      publicNetworkAccess: "Disabled",
      requiredNsgRules: "NoAzureDatabricksRules",
      computeMode: "Hybrid",
      sku: { name: "premium" },
      defaultStorageFirewall: "Enabled",
      accessConnector: {
        id: `${group}/providers/Microsoft.Databricks/accessConnectors/dbac-eastus`,
        identityType: "SystemAssigned",
      },
    });
    assert.deepEqual(parameters, {
      customVirtualNetworkId: { value: `${group}/providers/Microsoft.Network/virtualNetworks/vnet-eastus` },
      customPublicSubnetName: { value: "snet-databricks-host" },
      customPrivateSubnetName: { value: "snet-databricks-container" },
      enableNoPublicIp: { value: true },
      storageAccountName: parameters.storageAccountName,
    });
    assert.match(String(parameters.storageAccountName?.value), /^dbweastus[a-z0-9]{8}$/);
    assert.ok(replaceOnChanges.includes("parameters.customVirtualNetworkId.value"));
    assert.ok(replaceOnChanges.includes("computeMode"));
    assert.ok(deleteBeforeReplace);
  });

  it("has private endpoints to its own storage, which the network's nodes use", () => {
    const { inputs } = run.only("azure-native:databricks:Workspace");
    const { storageAccountName } = inputs.parameters as { storageAccountName: { value: string } };
    const links = ofType("azure-native:network:PrivateEndpoint").map(({ inputs: endpoint }) => {
      const [link] = endpoint.privateLinkServiceConnections as {
        privateLinkServiceId: string;
        groupIds: string[];
      }[];
      return [link?.privateLinkServiceId, ...(link?.groupIds ?? [])];
    });
    const account = `${inputs.managedResourceGroupId}/providers/Microsoft.Storage/storageAccounts/${storageAccountName.value}`;
    assert.deepEqual(links.toSorted(), [
      [account, "blob"],
      [account, "dfs"],
    ]);
    inOrder("workspace", "workspace-storage-dfs");
  });
});
