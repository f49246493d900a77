/** The one list of resource types whose declarations are kept: all that a program of ours may make. */

const azureNative: Readonly<Record<string, readonly string[]>> = {
  authorization: ["RoleAssignment", "RoleDefinition"],
  databricks: ["AccessConnector", "Workspace"],
  datafactory: [
    "CredentialOperation",
    "Dataset",
    "Factory",
    "IntegrationRuntime",
    "LinkedService",
    "ManagedPrivateEndpoint",
    "Pipeline",
    "Trigger",
  ],
  keyvault: ["Vault"],
  managedidentity: ["FederatedIdentityCredential", "UserAssignedIdentity"],
  monitor: [
    "ActionGroup",
    "ActivityLogAlert",
    "DataCollectionEndpoint",
    "DataCollectionRule",
    "DiagnosticSetting",
    "MetricAlert",
    "ScheduledQueryRule",
  ],
  network: [
    "NatGateway",
    "NetworkSecurityGroup",
    "PrivateDnsZoneGroup",
    "PrivateEndpoint",
    "PublicIPAddress",
    "Subnet",
    "VirtualNetwork",
  ],
  operationalinsights: ["Table", "Workspace"],
  privatedns: ["PrivateZone", "VirtualNetworkLink"],
  resources: ["Resource", "ResourceGroup"],
  sql: ["Database", "ExtendedServerBlobAuditingPolicy", "FirewallRule", "Server"],
  storage: ["BlobContainer", "BlobServiceProperties", "EncryptionScope", "StorageAccount"],
};

const azuread = ["Group", "GroupMember"];

const databricks = [
  "AccessControlRuleSet",
  "ClusterPolicy",
  "Directory",
  "DisableLegacyAccessSetting",
  "ExternalLocation",
  "Grant",
  "InstancePool",
  "IpAccessList",
  "Job",
  "MlflowExperiment",
  "ModelServing",
  "PermissionAssignment",
  "Permissions",
  "QualityMonitor",
  "RegisteredModel",
  "SecretAcl",
  "SecretScope",
  "ServicePrincipal",
  "SqlEndpoint",
  "SqlTable",
  "StorageCredential",
  "WorkspaceConf",
];

export const lowerFirst = (text: string): string => text.slice(0, 1).toLowerCase() + text.slice(1);

const indexToken =
  (sdk: string) =>
  (name: string): string =>
    `${sdk}:index/${lowerFirst(name)}:${name}`;

/** Tokens, as the engine writes them. */
export const declaredTypes: readonly string[] = [
  ...Object.entries(azureNative).flatMap(([module, names]) =>
    names.map((name) => `azure-native:${module}:${name}`),
  ),
  ...azuread.map(indexToken("azuread")),
  ...databricks.map(indexToken("databricks")),
];
