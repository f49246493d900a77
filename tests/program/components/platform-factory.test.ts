import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { lakeId, sqlServerId, vaultId, workspaceId } from "../../../program/layout/names.ts";
import { mockRun } from "../support/mock-run.ts";
import { environment, platformSpec, runtimesSpec } from "../support/specs.ts";

const run = await mockRun(platformSpec);
const inFactory = run.resources.filter(({ type }) => type.startsWith("azure-native:datafactory:"));
const byName = (a: { readonly name: string }, b: { readonly name: string }) => (a.name < b.name ? -1 : 1);
const position = (name: string) => run.resources.findIndex((resource) => resource.name === name);
type Properties = Readonly<Record<string, unknown>>;
const linkedService = (name: string): Properties => {
  const found = inFactory.find(({ inputs }) => inputs.linkedServiceName === name);
  return (found?.inputs.properties ?? assert.fail(`no ${name}`)) as Properties;
};
const credential = { referenceName: "cred_factory", type: "CredentialReference" };
const connectVia = { referenceName: "ir-managed", type: "IntegrationRuntimeReference" };

describe("the factory of a platform stack", () => {
  it("is closed, has an identity that others can name, and its managed network", () => {
    const { inputs } = run.only("azure-native:datafactory:Factory");
    assert.equal(inputs.publicNetworkAccess, "Disabled");
    assert.deepEqual(inputs.identity, {
      type: "SystemAssigned,UserAssigned",
      userAssignedIdentities: { "factory-identity-id": {} },
    });
    const network = run.only("azure-native:resources:Resource");
    assert.ok(network.retainOnDelete);
    assert.deepEqual(network.inputs, {
      resourceGroupName: "rg-ml-eastus",
      resourceProviderNamespace: "Microsoft.DataFactory",
      parentResourcePath: `factories/${inputs.factoryName}`,
      resourceType: "managedVirtualNetworks",
      resourceName: "default",
      apiVersion: "2018-06-01",
      properties: {},
    });
  });

  it("has a runtime of its own in that network", () => {
    const { inputs } = run.only("azure-native:datafactory:IntegrationRuntime");
    assert.equal(inputs.integrationRuntimeName, "ir-managed");
    const { type, managedVirtualNetwork } = inputs.properties as Properties;
    assert.equal(type, "Managed");
    assert.deepEqual(managedVirtualNetwork, {
      referenceName: "default",
      type: "ManagedVirtualNetworkReference",
    });
  });

  it("reaches lake, vault and SQL server by private endpoints, which are replaced when their target changes", () => {
    const endpoints = inFactory.filter(({ type }) => type.endsWith(":ManagedPrivateEndpoint")).sort(byName);
    assert.deepEqual(
      endpoints.map(({ inputs }) => [inputs.managedPrivateEndpointName, inputs.properties]),
      [
        ["mpe-key-vault", { groupId: "vault", privateLinkResourceId: vaultId(environment) }],
        ["mpe-lake-blob", { groupId: "blob", privateLinkResourceId: lakeId(environment) }],
        ["mpe-lake-dfs", { groupId: "dfs", privateLinkResourceId: lakeId(environment) }],
        ["mpe-sql", { groupId: "sqlServer", privateLinkResourceId: sqlServerId(environment) }],
      ],
    );
    for (const { inputs, replaceOnChanges, deleteBeforeReplace } of endpoints) {
      assert.equal(inputs.managedVirtualNetworkName, "default");
      assert.deepEqual(replaceOnChanges, ["properties.groupId", "properties.privateLinkResourceId"]);
      assert.ok(deleteBeforeReplace);
    }
  });

  it("connects to everything as one identity, from the managed network, without a secret", () => {
    assert.deepEqual(
      (run.only("azure-native:datafactory:CredentialOperation").inputs.properties as Properties).resourceId,
      "factory-identity-id",
    );
    const { annotations, ...lake } = linkedService("ls_lake");
    assert.deepEqual(lake, {
      type: "AzureBlobFS",
      url: `https://${lakeId(environment).split("/").at(-1)}.dfs.core.windows.net`,
      credential,
      connectVia,
    });
    assert.deepEqual(linkedService("ls_key_vault"), {
      type: "AzureKeyVault",
      baseUrl: `https://${vaultId(environment).split("/").at(-1)}.vault.azure.net/`,
      credential,
      annotations,
    });
    assert.deepEqual(linkedService("ls_databricks"), {
      type: "AzureDatabricks",
      domain: "https://adb-1234567890123456.7.azuredatabricks.net",
      authentication: "MSI",
      workspaceResourceId: workspaceId(environment),
      credential,
      connectVia,
      annotations,
    });
    assert.deepEqual(linkedService("ls_metadata"), {
      type: "AzureSqlDatabase",
      server: `${sqlServerId(environment).split("/").at(-1)}.database.windows.net`,
      database: "rowgate",
      encrypt: "mandatory",
      trustServerCertificate: false,
      authenticationType: "UserAssignedManagedIdentity",
      credential,
      connectVia,
      annotations,
    });
    assert.deepEqual(run.only("azure-native:datafactory:Dataset").inputs.properties, {
      type: "AzureSqlTable",
      linkedServiceName: { referenceName: "ls_metadata", type: "LinkedServiceReference" },
      annotations,
    });
  });

  it("gets each thing after what it refers to by name", () => {
    for (const [earlier, later] of [
      ["lake", "mpe-lake-dfs"],
      ["sql-server", "mpe-sql"],
      ["factory", "managed-network"],
      ["managed-network", "runtime-ir-managed"],
      ["factory-credential", "ls_lake"],
      ["runtime-ir-managed", "ls_lake"],
      ["ls_metadata", "dataset-metadata"],
    ] as const) {
      assert.ok(position(earlier) >= 0 && position(earlier) < position(later), `${earlier} before ${later}`);
    }
  });
});

describe("a runtimes stack", () => {
  it("makes each runtime in the environment's factory, by its kind", async () => {
    const made = await mockRun(runtimesSpec);
    const runtimes = made.resources.filter(({ type }) => type.endsWith(":IntegrationRuntime")).sort(byName);
    const factoryName = run.only("azure-native:datafactory:Factory").inputs.factoryName;
    assert.deepEqual(
      runtimes.map(({ inputs }) => inputs),
      [
        {
          resourceGroupName: "rg-ml-eastus",
          factoryName,
          integrationRuntimeName: "ir-cloud",
          properties: {
            type: "Managed",
            managedVirtualNetwork: { referenceName: "default", type: "ManagedVirtualNetworkReference" },
            computeProperties: {
              location: "AutoResolve",
              dataFlowProperties: { computeType: "General", coreCount: 8, timeToLive: 10, cleanup: false },
            },
          },
        },
        {
          resourceGroupName: "rg-ml-eastus",
          factoryName,
          integrationRuntimeName: "ir-plant-lyon",
          properties: { type: "SelfHosted", description: "Lyon" },
        },
      ],
    );
    for (const { replaceOnChanges, deleteBeforeReplace } of runtimes) {
      assert.deepEqual(replaceOnChanges, ["properties.type"]);
      assert.ok(deleteBeforeReplace);
    }
    assert.deepEqual(made.outputs, {
      integration_runtimes: {
        "ir-cloud": { id: "runtime-ir-cloud-id", type: "managed" },
        "ir-plant-lyon": { id: "runtime-ir-plant-lyon-id", type: "self-hosted" },
      },
    });
  });
});
