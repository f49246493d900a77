/** Objects that most tests need to be there already. */
import type { TestClouds } from "./clouds.ts";
import type { Properties, ProviderClient, Resource } from "./provider-client.ts";
import { subscription } from "./seed.ts";

export const resourceGroupName = "rg-test";

export const groupType = "azure-native:resources:ResourceGroup";
export const networkType = "azure-native:network:VirtualNetwork";
export const subnetType = "azure-native:network:Subnet";
export const securityGroupType = "azure-native:network:NetworkSecurityGroup";
export const endpointType = "azure-native:network:PrivateEndpoint";
export const zoneType = "azure-native:privatedns:PrivateZone";
export const zoneGroupType = "azure-native:network:PrivateDnsZoneGroup";
export const linkType = "azure-native:privatedns:VirtualNetworkLink";
export const vaultType = "azure-native:keyvault:Vault";
export const workspaceType = "azure-native:databricks:Workspace";
export const identityType = "azure-native:managedidentity:UserAssignedIdentity";
export const roleAssignmentType = "azure-native:authorization:RoleAssignment";
export const accountType = "azure-native:storage:StorageAccount";
export const containerType = "azure-native:storage:BlobContainer";
export const encryptionScopeType = "azure-native:storage:EncryptionScope";
export const sqlServerType = "azure-native:sql:Server";
export const jobType = "databricks:index/job:Job";
export const permissionsType = "databricks:index/permissions:Permissions";
export const grantType = "databricks:index/grant:Grant";
export const policyType = "databricks:index/clusterPolicy:ClusterPolicy";
export const poolType = "databricks:index/instancePool:InstancePool";
export const experimentType = "databricks:index/mlflowExperiment:MlflowExperiment";
export const servingType = "databricks:index/modelServing:ModelServing";
export const warehouseType = "databricks:index/sqlEndpoint:SqlEndpoint";
export const scopeType = "databricks:index/secretScope:SecretScope";
export const secretAclType = "databricks:index/secretAcl:SecretAcl";
export const assignmentType = "databricks:index/permissionAssignment:PermissionAssignment";
export const ruleSetType = "databricks:index/accessControlRuleSet:AccessControlRuleSet";
export const modelType = "databricks:index/registeredModel:RegisteredModel";
export const tableType = "databricks:index/sqlTable:SqlTable";
export const monitorType = "databricks:index/qualityMonitor:QualityMonitor";
export const credentialType = "databricks:index/storageCredential:StorageCredential";
export const locationType = "databricks:index/externalLocation:ExternalLocation";
export const principalType = "databricks:index/servicePrincipal:ServicePrincipal";

export const makeGroup = (azure: ProviderClient, name = resourceGroupName): Promise<Resource> =>
  azure.create(groupType, { resourceGroupName: name, location: "eastus" });

export const makeNetwork = (azure: ProviderClient, virtualNetworkName = "vnet"): Promise<Resource> =>
  azure.create(networkType, {
    resourceGroupName,
    virtualNetworkName,
    addressSpace: { addressPrefixes: ["10.0.0.0/22"] },
  });

export const makeSubnet = (azure: ProviderClient, inputs: Properties = {}): Promise<Resource> =>
  azure.create(subnetType, {
    resourceGroupName,
    virtualNetworkName: "vnet",
    subnetName: "endpoints",
    addressPrefix: "10.0.0.0/29",
    ...inputs,
  });

export const workspaceInputs = (inputs: Properties = {}): Properties => ({
  resourceGroupName,
  workspaceName: "dbw",
  computeMode: "Hybrid",
  managedResourceGroupId: `${subscription}/resourceGroups/rg-managed`,
  publicNetworkAccess: "Disabled",
  sku: { name: "premium" },
  ...inputs,
});

export const makeWorkspace = (azure: ProviderClient, inputs: Properties = {}): Promise<Resource> =>
  azure.create(workspaceType, workspaceInputs(inputs));

export const makeIdentity = (azure: ProviderClient, resourceName = "id-job-201"): Promise<Resource> =>
  azure.create(identityType, { resourceGroupName, resourceName });

export const accountInputs = (inputs: Properties = {}): Properties => ({
  resourceGroupName,
  accountName: "stlake",
  kind: "StorageV2",
  sku: { name: "Standard_ZRS" },
  isHnsEnabled: true,
  ...inputs,
});

export const makeAccount = (azure: ProviderClient, inputs: Properties = {}): Promise<Resource> =>
  azure.create(accountType, accountInputs(inputs));

export const makeServer = (azure: ProviderClient, inputs: Properties = {}): Promise<Resource> =>
  azure.create(sqlServerType, {
    resourceGroupName,
    serverName: "sql-test",
    administrators: {
      administratorType: "ActiveDirectory",
      login: "admins",
      azureADOnlyAuthentication: true,
    },
    ...inputs,
  });

export const endpointInputs = (subnet: Resource, target: string, inputs: Properties = {}): Properties => ({
  resourceGroupName,
  privateEndpointName: "pe",
  location: "eastus",
  subnet: { id: subnet.id },
  privateLinkServiceConnections: [
    { name: "c", privateLinkServiceId: target, groupIds: ["databricks_ui_api"] },
  ],
  ...inputs,
});

/** A resource group with a workspace, and a databricks connection to it. */
export async function openWorkspace(
  clouds: TestClouds,
): Promise<{ workspace: Resource; databricks: ProviderClient }> {
  await makeGroup(clouds.azure);
  const workspace = await makeWorkspace(clouds.azure);
  const host = `https://${workspace.outputs.workspaceUrl}`;
  return { workspace, databricks: await clouds.databricks({ host }) };
}

/** A cluster that a job may make. */
export const cluster = (inputs: Properties = {}): Properties => ({
  sparkVersion: "16.4.x-scala2.12",
  nodeTypeId: "Standard_D4ds_v5",
  autoscale: { minWorkers: 1, maxWorkers: 4 },
  ...inputs,
});

export const jobInputs = (inputs: Properties = {}): Properties => ({
  name: "job-201",
  tasks: [{ taskKey: "run", notebookTask: { notebookPath: "/jobs/201" } }],
  ...inputs,
});
