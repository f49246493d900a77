/** What a simulated resource shows is what the SDK says a real one shows. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { openTestClouds } from "./support/clouds.ts";
import type { Properties, ProviderClient, Resource } from "./support/provider-client.ts";
import { subscription } from "./support/seed.ts";
import {
  containerType,
  encryptionScopeType,
  makeAccount,
  makeGroup,
  makeIdentity,
  makeServer,
  resourceGroupName,
} from "./support/world.ts";

const sdk = dirname(createRequire(import.meta.url).resolve("@pulumi/azure-native/package.json"));

interface Declared {
  readonly all: ReadonlySet<string>;
  /** those that are never undefined */
  readonly always: readonly string[];
}

/** The outputs of a resource's class, as its declaration lists them. */
async function declared(token: string): Promise<Declared> {
  const [, module = "", name = ""] = token.split(":");
  const file = join(sdk, module, `${name[0]?.toLowerCase()}${name.slice(1)}.d.ts`);
  const [body = ""] = (await readFile(file, "utf8")).split("export interface");
  const found = [...body.matchAll(/readonly (\w+): pulumi\.Output<([\s\S]*?)>;\n/g)];
  assert.ok(found.length > 3, `no outputs found in ${file}`);
  return {
    all: new Set(found.map(([, property = ""]) => property)),
    always: found
      .filter(([, , type = ""]) => !type.endsWith("| undefined"))
      .map(([, property = ""]) => property),
  };
}

const inAccount = { resourceGroupName, accountName: "stlake" };
const inServer = { resourceGroupName, serverName: "sql-test" };

const makers: Readonly<Record<string, (azure: ProviderClient) => Promise<Resource>>> = {
  identity: (azure) => makeIdentity(azure, "id-other"),
  account: (azure) => makeAccount(azure, { identity: { type: "SystemAssigned" } }),
  server: (azure) => makeServer(azure),
  ...simple("azure-native:storage:BlobServiceProperties", { ...inAccount, blobServicesName: "default" }),
  ...simple(containerType, { ...inAccount, containerName: "job-201" }),
  ...simple(encryptionScopeType, { ...inAccount, encryptionScopeName: "job201" }),
  ...simple("azure-native:sql:Database", { ...inServer, databaseName: "metadata" }),
  ...simple("azure-native:sql:FirewallRule", {
    ...inServer,
    firewallRuleName: "hq",
    startIpAddress: "203.0.113.1",
    endIpAddress: "203.0.113.1",
  }),
  ...simple("azure-native:sql:ExtendedServerBlobAuditingPolicy", {
    ...inServer,
    blobAuditingPolicyName: "default",
    state: "Enabled",
    isAzureMonitorTargetEnabled: true,
  }),
  ...simple("azure-native:network:PublicIPAddress", {
    resourceGroupName,
    publicIpAddressName: "pip",
    sku: { name: "Standard" },
    publicIPAllocationMethod: "Static",
  }),
  ...simple("azure-native:network:NatGateway", {
    resourceGroupName,
    natGatewayName: "nat",
    sku: { name: "Standard" },
  }),
  ...simple("azure-native:databricks:AccessConnector", {
    resourceGroupName,
    connectorName: "ac",
    identity: { type: "SystemAssigned" },
  }),
  ...simple("azure-native:managedidentity:FederatedIdentityCredential", {
    resourceGroupName,
    resourceName: "id-job-201",
    federatedIdentityCredentialResourceName: "ci",
    issuer: "https://token.example",
    subject: "repo:a",
    audiences: ["api://AzureADTokenExchange"],
  }),
  ...simple("azure-native:authorization:RoleDefinition", {
    scope: subscription,
    roleDefinitionId: "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa",
    roleName: "Pipeline runner",
    assignableScopes: [subscription],
    permissions: [{ actions: ["Microsoft.DataFactory/factories/read"] }],
  }),
  ...simple("azure-native:monitor:DiagnosticSetting", {
    resourceUri: subscription,
    name: "audit",
    workspaceId: `${subscription}/resourceGroups/rg-test/providers/Microsoft.OperationalInsights/workspaces/law`,
    logs: [{ category: "Administrative", enabled: true }],
  }),
};

function simple(token: string, inputs: Properties) {
  return { [token]: (azure: ProviderClient) => azure.create(token, inputs) };
}

/** what the SDK calls always there, and Azure leaves out where the feature is off */
const leftOut = new Set([
  ...["customDomain", "keyPolicy", "sasPolicy"],
  ...["blobRestoreStatus", "geoReplicationStats", "lastGeoFailoverTime", "secondaryEndpoints"],
  ...["secondaryLocation", "statusOfSecondary", "storageAccountSkuConversionStatus"],
  ...["deletedTime", "immutabilityPolicy", "leaseDuration", "legalHold", "version"],
  ...["failoverGroupId", "pausedDate", "resumedDate", "workspaceFeature", "ipConfiguration"],
]);

describe("outputs", () => {
  it("each resource of Azure shows what its SDK declares, and nothing else", async (t) => {
    const { azure } = await openTestClouds(t);
    await makeGroup(azure);
    await makeIdentity(azure);
    for (const make of Object.values(makers)) {
      const { type, outputs } = await make(azure);
      const { all, always } = await declared(type);
      const shown = Object.keys(outputs).filter((key) => !key.startsWith("__"));
      assert.deepEqual(
        shown.filter((key) => !all.has(key)),
        [],
        `${type} shows what it has not`,
      );
      const missing = always.filter((key) => outputs[key] === undefined && !leftOut.has(key));
      assert.deepEqual(missing, [], `${type} does not show what it always has`);
    }
  });
});
