/** What objects are about, as names: two objects of one name are two for one thing. */

export interface ExpectedThing {
  readonly stack: string;
  readonly thing: string;
  /** what the object must hold, sorted; null: that it is there is enough */
  readonly holds: readonly string[] | null;
}

/** An expected thing before it is told whose it is. */
export type Thing = Omit<ExpectedThing, "stack">;

/** A thing's name: its type, and what it is about. Clouds compare names and ids without case. */
export const thing = (type: string, ...about: readonly string[]): string =>
  `${type} ${about.join(" ").toLowerCase()}`;

export const types = {
  assignment: "azure-native:authorization:RoleAssignment",
  clusterPolicy: "databricks:index/clusterPolicy:ClusterPolicy",
  encryptionScope: "azure-native:storage:EncryptionScope",
  endpoint: "azure-native:network:PrivateEndpoint",
  experiment: "databricks:index/mlflowExperiment:MlflowExperiment",
  grant: "databricks:index/grant:Grant",
  group: "azuread:index/group:Group",
  identity: "azure-native:managedidentity:UserAssignedIdentity",
  ipAccessList: "databricks:index/ipAccessList:IpAccessList",
  job: "databricks:index/job:Job",
  legacyAccess: "databricks:index/disableLegacyAccessSetting:DisableLegacyAccessSetting",
  member: "databricks:index/permissionAssignment:PermissionAssignment",
  permissions: "databricks:index/permissions:Permissions",
  pool: "databricks:index/instancePool:InstancePool",
  principal: "databricks:index/servicePrincipal:ServicePrincipal",
  resourceGroup: "azure-native:resources:ResourceGroup",
  ruleSet: "databricks:index/accessControlRuleSet:AccessControlRuleSet",
  serving: "databricks:index/modelServing:ModelServing",
  vault: "azure-native:keyvault:Vault",
  warehouse: "databricks:index/sqlEndpoint:SqlEndpoint",
  workspace: "azure-native:databricks:Workspace",
  workspaceConf: "databricks:index/workspaceConf:WorkspaceConf",
  zone: "azure-native:privatedns:PrivateZone",
  zoneGroup: "azure-native:network:PrivateDnsZoneGroup",
} as const;

/** Of what a cloud numbers itself, the workspace and the name tell what it is about. */
export const namedInWorkspace: readonly string[] = [
  types.clusterPolicy,
  types.experiment,
  types.ipAccessList,
  types.member,
  types.pool,
  types.principal,
  types.serving,
  types.warehouse,
];

/** That it is there is enough. */
export const there = (name: string): Thing => ({ thing: name, holds: null });

/** A private endpoint is there with its name in a zone. */
export const endpointThings = (id: string): readonly Thing[] => [
  there(thing(types.endpoint, id)),
  there(thing(types.zoneGroup, `${id}/privateDnsZoneGroups/default`)),
];
