import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { existingResources } from "../../../metadata-schema/desired-state.ts";
import { armPlace, factoryId, virtualNetworkId, workspaceId } from "../../../program/layout/names.ts";
import { mockRun } from "../support/mock-run.ts";
import { environment, platformSpec, runtimesSpec, sqlFirewallSpec, takenOver } from "../support/specs.ts";

const { existing } = takenOver;
const run = await mockRun({ ...platformSpec, environment: takenOver });
const shared = "azure-99999999-9999-4999-8999-999999999999";
const typesMade = (found: typeof run) =>
  new Set(found.resources.filter(({ read }) => !read).map(({ type }) => type));

describe("a platform stack whose environment names everything that exists", () => {
  it("has a fixture that names all that can be named", () => {
    assert.deepEqual(Object.keys(existing).sort(), [...existingResources].sort());
  });

  it("makes none of it", () => {
    const made = typesMade(run);
    for (const type of [
      "network:VirtualNetwork",
      "network:Subnet",
      "network:NetworkSecurityGroup",
      "network:NatGateway",
      "network:PublicIPAddress",
      "network:PrivateEndpoint",
      "privatedns:PrivateZone",
      "keyvault:Vault",
      "storage:StorageAccount",
      "storage:BlobServiceProperties",
      "sql:Server",
      "sql:Database",
      "databricks:Workspace",
      "databricks:AccessConnector",
      "datafactory:Factory",
      "resources:Resource",
      "operationalinsights:Workspace",
      "monitor:ActionGroup",
      "monitor:DiagnosticSetting",
      "authorization:RoleAssignment",
    ])
      assert.ok(!made.has(`azure-native:${type}`), type);
  });

  it("reads the workspace and the connector, in their subscription", () => {
    const read = run.resources.filter((resource) => resource.read);
    assert.deepEqual(read.map(({ type }) => type).sort(), [
      "azure-native:databricks:AccessConnector",
      "azure-native:databricks:Workspace",
    ]);
    for (const { provider } of read) assert.equal(provider, shared);
  });

  it("makes what belongs inside them there: in their group, by a provider for their subscription", () => {
    const inside = run.resources.filter(
      ({ type, read }) =>
        !read && /^azure-native:(datafactory|operationalinsights|authorization):/.test(type),
    );
    assert.equal(inside.length, 14);
    for (const { name, inputs, provider } of inside) {
      assert.equal(provider, shared, name);
      if ("resourceGroupName" in inputs) assert.equal(inputs.resourceGroupName, "rg-shared", name);
      if ("factoryName" in inputs) assert.equal(inputs.factoryName, "adf-shared", name);
    }
    const own = run.resources.filter(({ type }) => /:(UserAssignedIdentity|DataCollectionRule)$/.test(type));
    assert.deepEqual(new Set(own.map(({ provider }) => provider)), new Set(["azure"]));
    const { subscriptionId } = run.resources.find(({ name }) => name === shared)?.inputs ?? {};
    assert.equal(subscriptionId, armPlace(factoryId(takenOver)).subscriptionId);
  });

  it("promises their ids and names", () => {
    const zones = run.outputs.private_dns_zone_ids as Record<string, string>;
    assert.deepEqual(run.outputs, {
      ...run.outputs,
      virtual_network_id: existing.virtual_network,
      private_endpoint_subnet_id: existing.private_endpoint_subnet,
      workspace_resource_id: existing.workspace,
      key_vault_id: existing.key_vault,
      key_vault_uri: "https://ml-vault.vault.azure.net",
      lake_id: existing.lake,
      lake_dfs_endpoint: "https://sharedlake.dfs.core.windows.net",
      sql_server_id: existing.sql_server,
      sql_server_host: "sql-shared.database.windows.net",
      factory_id: existing.factory,
      factory_name: "adf-shared",
      log_analytics_id: existing.log_analytics,
      action_group_id: existing.action_group,
    });
    assert.equal(
      zones.sql,
      `${existing.private_dns_zones}/providers/Microsoft.Network/privateDnsZones/privatelink.database.windows.net`,
    );
  });
});

/** A platform stack that names these, and makes the rest. */
const naming = (...names: readonly (keyof typeof existing)[]) =>
  mockRun({
    ...platformSpec,
    environment: {
      ...environment,
      existing: Object.fromEntries(names.map((name) => [name, existing[name]])),
    },
  });

describe("a platform stack whose environment names some of it", () => {
  it("with a workspace that exists makes neither its subnets nor its way out", async () => {
    const some = await naming("workspace");
    assert.deepEqual(some.names("azure-native:network:Subnet"), ["subnet-private-endpoints"]);
    assert.deepEqual(some.names("azure-native:network:NatGateway"), []);
    assert.deepEqual(some.names("azure-native:network:NetworkSecurityGroup"), [
      "security-group-private-endpoints",
    ]);
  });

  it("with a network of its own subscription cuts the subnets out of that", async () => {
    const id = `/subscriptions/${environment.subscriptionId}/resourceGroups/rg-net/providers/Microsoft.Network/virtualNetworks/vnet-corp`;
    const inNetwork = { ...environment, existing: { virtual_network: id } };
    const some = await mockRun({ ...platformSpec, environment: inNetwork });
    assert.deepEqual(some.names("azure-native:network:VirtualNetwork"), []);
    const subnets = some.resources.filter(({ type }) => type === "azure-native:network:Subnet");
    assert.equal(subnets.length, 3);
    for (const { inputs } of subnets) {
      assert.deepEqual([inputs.resourceGroupName, inputs.virtualNetworkName], ["rg-net", "vnet-corp"]);
    }
    const { parameters } = some.only("azure-native:databricks:Workspace").inputs;
    assert.equal(
      (parameters as { customVirtualNetworkId: { value: string } }).customVirtualNetworkId.value,
      virtualNetworkId(inNetwork),
    );
  });

  it("with a network of another subscription and no subnets says what to name", async () => {
    await assert.rejects(
      naming("virtual_network"),
      /is in another subscription.*name each in existing_resources: private_endpoint_subnet/,
    );
  });

  it("with subnets that exist gives the workspace their names", async () => {
    const some = await naming("databricks_host_subnet", "databricks_container_subnet");
    const { parameters } = some.only("azure-native:databricks:Workspace").inputs;
    const { customPublicSubnetName, customPrivateSubnetName } = parameters as Record<string, unknown>;
    assert.deepEqual(
      [customPublicSubnetName, customPrivateSubnetName],
      [{ value: "host" }, { value: "container" }],
    );
    assert.deepEqual(some.names("azure-native:network:NatGateway"), []);
  });

  it("with a lake that exists makes none, and tells who Unity Catalog is for it", async () => {
    const some = await naming("lake");
    assert.deepEqual(some.names("azure-native:storage:StorageAccount"), []);
    assert.equal(some.outputs.connector_principal_id, "connector-principal");
  });

  it("with a database that exists asks its server, not the environment's", async () => {
    const some = await naming("metadata_database");
    assert.deepEqual(some.names("azure-native:sql:Database"), []);
    const endpoint = some.resources.find(({ name }) => name === "mpe-sql")?.inputs.properties;
    assert.equal((endpoint as { privateLinkResourceId: string }).privateLinkResourceId, existing.sql_server);
    const service = some.resources.find(({ name }) => name === "ls_metadata")?.inputs.properties;
    const { server, database } = service as Record<string, unknown>;
    assert.deepEqual([server, database], ["sql-shared.database.windows.net", "metadata"]);
  });

  it("with one thing that exists makes all the others", async () => {
    const all = typesMade(await naming());
    for (const name of ["key_vault", "factory", "log_analytics", "action_group"] as const) {
      const some = typesMade(await naming(name));
      const missing = [...all].filter((type) => !some.has(type));
      assert.ok(missing.length <= 2, `${name}: ${missing}`);
    }
    assert.ok(!typesMade(await naming("factory")).has("azure-native:resources:Resource"));
    assert.equal(workspaceId(takenOver), existing.workspace);
  });
});

describe("other stacks of an environment that names what exists", () => {
  it("make runtimes and firewall rules where factory and server are", async () => {
    const runtimes = await mockRun({ ...runtimesSpec, environment: takenOver });
    const rules = await mockRun({ ...sqlFirewallSpec, environment: takenOver });
    const made = [...runtimes.resources, ...rules.resources].filter(({ type }) =>
      type.startsWith("azure-native:"),
    );
    assert.equal(made.length, 4);
    for (const { provider, inputs } of made) {
      assert.equal(provider, shared);
      assert.equal(inputs.resourceGroupName, "rg-shared");
    }
  });
});
