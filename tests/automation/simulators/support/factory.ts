/** A data factory with its network and its usual contents, for tests. */
import type { Properties, ProviderClient, Resource } from "./provider-client.ts";
import { resourceGroupName } from "./world.ts";

export const factoryType = "azure-native:datafactory:Factory";
export const anyResourceType = "azure-native:resources:Resource";
export const runtimeType = "azure-native:datafactory:IntegrationRuntime";
export const managedEndpointType = "azure-native:datafactory:ManagedPrivateEndpoint";
export const credentialType = "azure-native:datafactory:CredentialOperation";
export const linkedServiceType = "azure-native:datafactory:LinkedService";
export const datasetType = "azure-native:datafactory:Dataset";
export const pipelineType = "azure-native:datafactory:Pipeline";
export const triggerType = "azure-native:datafactory:Trigger";

const factoryName = "adf-test";
const inFactory = { resourceGroupName, factoryName };

export const makeFactory = (azure: ProviderClient, inputs: Properties = {}): Promise<Resource> =>
  azure.create(factoryType, { ...inFactory, publicNetworkAccess: "Disabled", ...inputs });

export const managedNetworkInputs = (inputs: Properties = {}): Properties => ({
  resourceGroupName,
  resourceProviderNamespace: "Microsoft.DataFactory",
  parentResourcePath: `factories/${factoryName}`,
  resourceType: "managedVirtualNetworks",
  resourceName: "default",
  apiVersion: "2018-06-01",
  properties: {},
  ...inputs,
});

export const makeManagedNetwork = (azure: ProviderClient): Promise<Resource> =>
  azure.create(anyResourceType, managedNetworkInputs());

export const makeRuntime = (
  azure: ProviderClient,
  integrationRuntimeName: string,
  properties: Properties,
): Promise<Resource> => azure.create(runtimeType, { ...inFactory, integrationRuntimeName, properties });

export const makeEndpoint = (azure: ProviderClient, properties: Properties): Promise<Resource> =>
  azure.create(managedEndpointType, {
    ...inFactory,
    managedVirtualNetworkName: "default",
    managedPrivateEndpointName: "mpe-vault",
    properties,
  });

export const makeCredential = (azure: ProviderClient, resourceId: string): Promise<Resource> =>
  azure.create(credentialType, {
    ...inFactory,
    credentialName: "uami",
    properties: { type: "ManagedIdentity", resourceId },
  });

export const metadataService = {
  type: "AzureSqlDatabase",
  server: "sql.example.net",
  database: "metadata",
  encrypt: "mandatory",
};

export const makeLinkedService = (
  azure: ProviderClient,
  linkedServiceName = "LS_Metadata",
  properties: Properties = metadataService,
): Promise<Resource> => azure.create(linkedServiceType, { ...inFactory, linkedServiceName, properties });

export const makeDataset = (azure: ProviderClient, datasetName = "DS_Metadata"): Promise<Resource> =>
  azure.create(datasetType, {
    ...inFactory,
    datasetName,
    properties: { type: "AzureSqlTable", linkedServiceName: reference("LinkedService", "LS_Metadata") },
  });

export const makePipeline = (
  azure: ProviderClient,
  activities: readonly Properties[],
  inputs: Properties = {},
): Promise<Resource> =>
  azure.create(pipelineType, { ...inFactory, pipelineName: "PL_RunJob", activities, ...inputs });

export const makeTrigger = (azure: ProviderClient, properties: Properties = {}): Promise<Resource> =>
  azure.create(triggerType, {
    ...inFactory,
    triggerName: "TR_RunJob",
    properties: {
      type: "ScheduleTrigger",
      pipelines: [{ pipelineReference: reference("Pipeline", "PL_RunJob") }],
      recurrence: { frequency: "Day", interval: 1 },
      ...properties,
    },
  });

export const reference = (kind: string, referenceName: string): Properties => ({
  referenceName,
  type: `${kind}Reference`,
});

export const expression = (value: string): Properties => ({ value, type: "Expression" });

export const wait = (name: string, more: Properties = {}): Properties => ({
  name,
  type: "Wait",
  waitTimeInSeconds: 1,
  ...more,
});
