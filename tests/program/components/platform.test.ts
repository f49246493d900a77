import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { mockRun } from "../support/mock-run.ts";
import { environment, platformSpec, teamId } from "../support/specs.ts";

const group = `/subscriptions/${environment.subscriptionId}/resourceGroups/rg-ml-eastus`;
const run = await mockRun(platformSpec);
const position = (name: string) => run.resources.findIndex((resource) => resource.name === name);

describe("a platform stack", () => {
  it("tags what can be tagged with environment and manager", () => {
    const tagged = run.resources.filter(({ inputs }) => "tags" in inputs);
    assert.equal(tagged.length, 10);
    for (const { inputs } of tagged) {
      assert.deepEqual(inputs.tags, { environment: "eastus", managed_by: "rowgate" });
    }
  });

  it("registers group, network and subnets one after the other", () => {
    const order = [
      "resource-group",
      "virtual-network",
      "subnet-private-endpoints",
      "subnet-databricks-host",
      "subnet-databricks-container",
      "workspace",
    ].map(position);
    assert.ok(order.every((at) => at >= 0));
    assert.deepEqual(
      order,
      order.toSorted((a, b) => a - b),
    );
  });

  it("puts a security group on every subnet and gives none a way out of its own", () => {
    const subnets = run.resources.filter(({ type }) => type === "azure-native:network:Subnet");
    assert.deepEqual(
      subnets.map(({ inputs }) => [inputs.subnetName, inputs.addressPrefix]),
      [
        ["snet-private-endpoints", "10.20.0.0/24"],
        ["snet-databricks-host", "10.20.8.0/22"],
        ["snet-databricks-container", "10.20.12.0/22"],
      ],
    );
    const groups = run.resources
      .filter(({ type }) => type === "azure-native:network:NetworkSecurityGroup")
      .map(
        ({ inputs }) =>
          `${group}/providers/Microsoft.Network/networkSecurityGroups/${inputs.networkSecurityGroupName}`,
      );
    for (const { inputs } of subnets) {
      assert.equal(inputs.defaultOutboundAccess, false);
      assert.ok(groups.includes((inputs.networkSecurityGroup as { id: string }).id));
    }
  });

  it("delegates the two Databricks subnets, and lets rules apply to private endpoints in the third", () => {
    const [endpoints, ...others] = run.resources.filter(({ type }) => type === "azure-native:network:Subnet");
    assert.equal(endpoints?.inputs.privateEndpointNetworkPolicies, "NetworkSecurityGroupEnabled");
    assert.equal(endpoints?.inputs.delegations, undefined);
    for (const { inputs } of others) {
      assert.deepEqual(inputs.delegations, [
        { name: "databricks", serviceName: "Microsoft.Databricks/workspaces" },
      ]);
    }
  });

  it("makes and links one private zone a service, where only endpoints get names", () => {
    const zones = run.resources.filter(({ type }) => type === "azure-native:privatedns:PrivateZone");
    assert.deepEqual(
      zones.map(({ inputs }) => inputs.privateZoneName),
      ["privatelink.azuredatabricks.net", "privatelink.vaultcore.azure.net"],
    );
    const links = run.resources.filter(({ type }) => type === "azure-native:privatedns:VirtualNetworkLink");
    assert.equal(links.length, 2);
    for (const { inputs } of links) {
      assert.equal(inputs.registrationEnabled, false);
      assert.deepEqual(inputs.virtualNetwork, {
        id: `${group}/providers/Microsoft.Network/virtualNetworks/vnet-eastus`,
      });
    }
  });

  it("makes a vault that is closed, decided by roles and can't be purged", () => {
    const { properties, vaultName } = run.only("azure-native:keyvault:Vault").inputs;
    assert.match(String(vaultName), /^kv-eastus-[a-z0-9]{8}$/);
    assert.deepEqual(properties, {
      ...(properties as object),
      enableRbacAuthorization: true,
      enableSoftDelete: true,
      enablePurgeProtection: true,
      publicNetworkAccess: "disabled",
      networkAcls: { bypass: "None", defaultAction: "Deny" },
      tenantId: environment.tenantId,
    });
  });

  it("makes a workspace without public access or public addresses, inside the network", () => {
    const { inputs, replaceOnChanges } = run.only("azure-native:databricks:Workspace");
    assert.equal(inputs.publicNetworkAccess, "Disabled");
    assert.equal(inputs.requiredNsgRules, "NoAzureDatabricksRules");
    assert.equal(inputs.computeMode, "Hybrid");
    assert.deepEqual(inputs.sku, { name: "premium" });
    assert.deepEqual(inputs.parameters, {
      customVirtualNetworkId: { value: `${group}/providers/Microsoft.Network/virtualNetworks/vnet-eastus` },
      customPublicSubnetName: { value: "snet-databricks-host" },
      customPrivateSubnetName: { value: "snet-databricks-container" },
      enableNoPublicIp: { value: true },
    });
    assert.ok(replaceOnChanges.includes("parameters.customVirtualNetworkId.value"));
    assert.ok(replaceOnChanges.includes("computeMode"));
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

  it("promises its outputs", () => {
    assert.deepEqual(run.outputs, {
      resource_group: "rg-ml-eastus",
      virtual_network_id: `${group}/providers/Microsoft.Network/virtualNetworks/vnet-eastus`,
      private_endpoint_subnet_id: `${group}/providers/Microsoft.Network/virtualNetworks/vnet-eastus/subnets/snet-private-endpoints`,
      workspace_resource_id: "workspace-id",
      workspace_id: "1234567890123456",
      workspace_url: "adb-1234567890123456.7.azuredatabricks.net",
      key_vault_id: "key-vault-id",
      key_vault_uri: `https://${platformSpec.vault.mode === "own" ? platformSpec.vault.name : ""}.vault.azure.net`,
      private_dns_zone_ids: { databricks: "zone-databricks-id", keyvault: "zone-keyvault-id" },
      own_group_object_id: "group-1",
    });
  });

  it("with a referenced vault and no group makes neither", async () => {
    const id = `${group}/providers/Microsoft.KeyVault/vaults/ml-vault`;
    const other = await mockRun({ ...platformSpec, vault: { mode: "referenced", id }, ownGroup: null });
    assert.deepEqual(other.names("azure-native:keyvault:Vault"), []);
    assert.deepEqual(other.names("azuread:index/group:Group"), []);
    assert.deepEqual(other.names("pulumi:providers:azuread"), []);
    assert.equal(other.outputs.key_vault_id, id);
    assert.equal(other.outputs.key_vault_uri, "https://ml-vault.vault.azure.net");
    assert.equal(other.outputs.own_group_object_id, null);
  });
});
