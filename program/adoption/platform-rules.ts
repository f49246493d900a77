/** Rules for what platform, runtimes and firewall stacks alone make. */
import { arm, inGroup } from "./arm-id.ts";
import {
  type AdoptionRule,
  type IdRule,
  idsOf,
  isProperties,
  type LookupRule,
  type Properties,
  textOf,
} from "./rules.ts";

const inFactory = (path: string) => inGroup(`Microsoft.DataFactory/factories/{factoryName}/${path}`);

/**
 * An object on another one, whose ARM id is an input.
 * @param parent name of that input
 * @param path of the object under its parent
 */
const underId = (parent: string, path: string): IdRule => ({
  kind: "id",
  id: (inputs, provider) => {
    const id = arm(`{${parent}}/providers/${path}`).id(inputs, provider);
    return id === null ? null : `/${id.replace(/^\/+/, "")}`;
  },
});

/** Names of warehouses are unique in a workspace; ours bear their environment's tags. */
const warehouse: LookupRule = {
  kind: "lookup",
  search: (inputs) => {
    const name = textOf(inputs, "name");
    const token = "databricks:index/getSqlWarehouse:getSqlWarehouse";
    return name === null ? null : { token, args: { name } };
  },
  ids: (answer) => idsOf(answer, "id"),
  absent: /can't find SQL warehouse with the name/i,
  several: /there are multiple SQL warehouses with the name/i,
  inspect: null,
  judge: (answer, inputs) => {
    if (answer.name !== inputs.name) return "other";
    const marks = tagsOf(inputs);
    const found = tagsOf(answer);
    return marks.length > 0 && marks.every((tag) => found.includes(tag)) ? "ours" : "namesake";
  },
};

/** As `key=value`. */
function tagsOf({ tags }: Properties): readonly string[] {
  const list = isProperties(tags) && Array.isArray(tags.customTags) ? tags.customTags : [];
  return list.filter(isProperties).map(({ key, value }) => `${key}=${value}`);
}

export const platformRules: Readonly<Record<string, AdoptionRule>> = {
  "azure-native:network:PublicIPAddress": inGroup(
    "Microsoft.Network/publicIPAddresses/{publicIpAddressName}",
  ),
  "azure-native:network:NatGateway": inGroup("Microsoft.Network/natGateways/{natGatewayName}"),
  "azure-native:storage:StorageAccount": inGroup("Microsoft.Storage/storageAccounts/{accountName}"),
  "azure-native:storage:BlobServiceProperties": inGroup(
    "Microsoft.Storage/storageAccounts/{accountName}/blobServices/{blobServicesName}",
  ),
  "azure-native:sql:Server": inGroup("Microsoft.Sql/servers/{serverName}"),
  "azure-native:sql:Database": inGroup("Microsoft.Sql/servers/{serverName}/databases/{databaseName}"),
  "azure-native:sql:ExtendedServerBlobAuditingPolicy": inGroup(
    "Microsoft.Sql/servers/{serverName}/extendedAuditingSettings/{blobAuditingPolicyName}",
  ),
  "azure-native:sql:FirewallRule": inGroup(
    "Microsoft.Sql/servers/{serverName}/firewallRules/{firewallRuleName}",
  ),
  "azure-native:databricks:AccessConnector": inGroup("Microsoft.Databricks/accessConnectors/{connectorName}"),
  "azure-native:datafactory:Factory": inGroup("Microsoft.DataFactory/factories/{factoryName}"),
  "azure-native:datafactory:IntegrationRuntime": inFactory("integrationRuntimes/{integrationRuntimeName}"),
  "azure-native:datafactory:ManagedPrivateEndpoint": inFactory(
    "managedVirtualNetworks/{managedVirtualNetworkName}/managedPrivateEndpoints/{managedPrivateEndpointName}",
  ),
  "azure-native:datafactory:CredentialOperation": inFactory("credentials/{credentialName}"),
  "azure-native:resources:Resource": inGroup(
    "{resourceProviderNamespace}/{parentResourcePath}/{resourceType}/{resourceName}",
  ),
  "azure-native:operationalinsights:Workspace": inGroup(
    "Microsoft.OperationalInsights/workspaces/{workspaceName}",
  ),
  "azure-native:operationalinsights:Table": inGroup(
    "Microsoft.OperationalInsights/workspaces/{workspaceName}/tables/{tableName}",
  ),
  "azure-native:monitor:DataCollectionEndpoint": inGroup(
    "Microsoft.Insights/dataCollectionEndpoints/{dataCollectionEndpointName}",
  ),
  "azure-native:monitor:DataCollectionRule": inGroup(
    "Microsoft.Insights/dataCollectionRules/{dataCollectionRuleName}",
  ),
  "azure-native:monitor:ActionGroup": inGroup("Microsoft.Insights/actionGroups/{actionGroupName}"),
  "azure-native:monitor:ActivityLogAlert": inGroup(
    "Microsoft.Insights/activityLogAlerts/{activityLogAlertName}",
  ),
  "azure-native:monitor:DiagnosticSetting": underId(
    "resourceUri",
    "Microsoft.Insights/diagnosticSettings/{name}",
  ),
  "azure-native:authorization:RoleDefinition": underId(
    "scope",
    "Microsoft.Authorization/roleDefinitions/{roleDefinitionId}",
  ),
  // its name, which is unique in the metastore
  "databricks:index/storageCredential:StorageCredential": {
    kind: "id",
    id: (inputs) => textOf(inputs, "name"),
  },
  "databricks:index/sqlEndpoint:SqlEndpoint": warehouse,
  // its path is its id
  "databricks:index/directory:Directory": { kind: "id", id: (inputs) => textOf(inputs, "path") },
  // one a workspace; the provider's id for it
  "databricks:index/disableLegacyAccessSetting:DisableLegacyAccessSetting": {
    kind: "id",
    id: () => "global",
  },
};
