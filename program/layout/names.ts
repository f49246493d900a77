/**
 * Every name and id that can be known before anything exists: stack names, ARM names, ARM ids.
 *
 * Names are deterministic, so that a stack never needs another stack's outputs to refer to its objects,
 * and so that an object whose creation was interrupted can be looked up again. Limits are those of
 * Microsoft's "Naming rules and restrictions for Azure resources".
 */
import { createHash } from "node:crypto";
import { v5 as uuidV5 } from "uuid";
import {
  type AlertSpec,
  type DataSourceSpec,
  type EnvironmentFacts,
  type ExistingResource,
  type NetworkService,
  networkServices,
  type PrivateEndpointSpec,
  type StackKind,
} from "../../metadata-schema/desired-state.ts";

/** Namespace of this project's uuid v5 names. Changing it renames, and so replaces, every role assignment. */
const nameSpace = "9c38b2ee-21d1-4690-8611-42ab7eecb356";

export const platformStack = (env: string): string => `platform-${env}`;
/** What is inside the Databricks workspace, besides what jobs have there. */
export const workspaceStack = (env: string): string => `workspace-${env}`;
export const runtimesStack = (env: string): string => `runtimes-${env}`;
export const networkStack = (env: string, service: NetworkService): string => `network-${env}-${service}`;
export const firewallStack = (env: string, service: NetworkService): string => `firewall-${env}-${service}`;
export const jobStack = (env: string, jobId: number): string => `job-${env}-${jobId}`;
/** Keyed by object id, never by display name: names change and aren't unique. */
export const accessStack = (env: string, principalObjectId: string): string =>
  `access-${env}-${principalObjectId.toLowerCase()}`;
/** The permission lists of all Databricks objects of one job. */
export const aclStack = (env: string, jobId: number): string => `acl-${env}-job-${jobId}`;
export const warehouseAclStack = (env: string): string => `acl-${env}-warehouse`;

/**
 * Kind and environment of a stack, read from its name: an environment's name has no dash.
 * @throws RangeError if it is not the name of a stack of ours
 */
export function partsOfStackName(stack: string): { kind: StackKind; environment: string } {
  const [kind = "", environment = ""] = stack.split("-");
  if (!isStackKind(kind) || environment === "") throw new RangeError(`"${stack}" is not the name of a stack`);
  return { kind, environment };
}
const isStackKind = (word: string): word is StackKind => Object.hasOwn(layers, word);

const layers = {
  platform: 1,
  workspace: 2,
  runtimes: 2,
  network: 2,
  firewall: 2,
  job: 3,
  access: 4,
  acl: 4,
} as const satisfies Record<StackKind, number>;
export type StackLayer = (typeof layers)[StackKind];
/** A stack never reads one of a higher layer; destruction goes from the highest to the lowest. */
export const stackLayer = (kind: StackKind): StackLayer => layers[kind];

/** Eight base-36 characters (41 bits) that tell apart what must be unique beyond its own resource group. */
function shortHash(...parts: readonly string[]): string {
  const digest = createHash("sha256").update(parts.join("|").toLowerCase()).digest();
  return digest.readBigUInt64BE().toString(36).padStart(8, "0").slice(-8);
}

export const resourceGroupId = (env: EnvironmentFacts): string =>
  `/subscriptions/${env.subscriptionId}/resourceGroups/${env.resourceGroup}`;
/** ARM id of something that is taken over if the environment names it, else made in its resource group. */
const resourceId = (env: EnvironmentFacts, resource: ExistingResource, path: string): string =>
  env.existing[resource] ?? `${resourceGroupId(env)}/providers/${path}`;

/** Where a resource is: what its provider and its children are told. */
export interface ArmPlace {
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  /** the last name in the id */
  readonly name: string;
}
/**
 * @param id ARM id of a resource in a resource group, in any case
 * @throws RangeError if it is none
 */
export function armPlace(id: string): ArmPlace {
  const [, subscriptionId, resourceGroup] =
    /^\/subscriptions\/([^/]+)\/resourceGroups\/([^/]+)(?:\/.+)?$/i.exec(id) ?? [];
  const name = id.split("/").at(-1);
  if (!subscriptionId || !resourceGroup || !name) throw new RangeError(`"${id}" is not an ARM id`);
  return { subscriptionId, resourceGroup, name };
}

export const virtualNetworkName = (env: EnvironmentFacts): string => armPlace(virtualNetworkId(env)).name;
export const virtualNetworkId = (env: EnvironmentFacts): string =>
  resourceId(env, "virtual_network", `Microsoft.Network/virtualNetworks/vnet-${env.name}`);

export const subnetRoles = ["private-endpoints", "databricks-host", "databricks-container"] as const;
export type SubnetRole = (typeof subnetRoles)[number];
export const existingSubnets = {
  "private-endpoints": "private_endpoint_subnet",
  "databricks-host": "databricks_host_subnet",
  "databricks-container": "databricks_container_subnet",
} as const satisfies Record<SubnetRole, ExistingResource>;
export const subnetName = (role: SubnetRole): string => `snet-${role}`;
export const subnetId = (env: EnvironmentFacts, role: SubnetRole): string =>
  env.existing[existingSubnets[role]] ?? `${virtualNetworkId(env)}/subnets/${subnetName(role)}`;

/** The two Databricks subnets share one group: Databricks writes the same rules into both. */
export type SecurityGroupRole = "private-endpoints" | "databricks";
const networkId = (env: EnvironmentFacts, path: string): string =>
  `${resourceGroupId(env)}/providers/Microsoft.Network/${path}`;
export const securityGroupName = (env: EnvironmentFacts, role: SecurityGroupRole): string =>
  `nsg-${env.name}-${role}`;
export const securityGroupId = (env: EnvironmentFacts, role: SecurityGroupRole): string =>
  networkId(env, `networkSecurityGroups/${securityGroupName(env, role)}`);
/** The one way out of the network: cluster nodes have no addresses of their own. */
export const natGatewayId = (env: EnvironmentFacts): string =>
  resourceId(env, "nat_gateway", `Microsoft.Network/natGateways/nat-${env.name}`);
export const natAddressName = (env: EnvironmentFacts): string => `pip-nat-${env.name}`;

export const workspaceId = (env: EnvironmentFacts): string =>
  resourceId(env, "workspace", `Microsoft.Databricks/workspaces/dbw-${env.name}`);
export const workspaceName = (env: EnvironmentFacts): string => armPlace(workspaceId(env)).name;
/** The group that Databricks fills itself. Its name must be free in the whole subscription, hence the hash. */
export const managedResourceGroupId = (env: EnvironmentFacts): string =>
  `/subscriptions/${env.subscriptionId}/resourceGroups/${workspaceName(env)}-managed-${shortHash(resourceGroupId(env), env.name)}`;
/** The workspace's own storage account, which Databricks makes in its managed group: 3 + 12 + 8 characters. */
export const workspaceStorageId = (env: EnvironmentFacts): string =>
  `${managedResourceGroupId(env)}/providers/Microsoft.Storage/storageAccounts/dbw${env.name}${globalHash(env)}`;
export const accessConnectorId = (env: EnvironmentFacts): string =>
  resourceId(env, "access_connector", `Microsoft.Databricks/accessConnectors/dbac-${env.name}`);

/** For names that are unique in all of Azure. Eight characters of it, so that the longest environment name fits. */
const globalHash = (env: EnvironmentFacts): string => shortHash(resourceGroupId(env), env.name);

/** Vault names have at most 24 characters: 3 + 12 (environment) + 1 + 8. */
export const vaultId = (env: EnvironmentFacts): string =>
  resourceId(env, "key_vault", `Microsoft.KeyVault/vaults/kv-${env.name}-${globalHash(env)}`);
/** Names of storage accounts have at most 24 characters, a-z and 0-9 only: 2 + 12 + 8. */
export const lakeId = (env: EnvironmentFacts): string =>
  resourceId(env, "lake", `Microsoft.Storage/storageAccounts/st${env.name}${globalHash(env)}`);
export const sqlServerId = (env: EnvironmentFacts): string =>
  resourceId(env, "sql_server", `Microsoft.Sql/servers/sql-${env.name}-${globalHash(env)}`);
/** Who may do anything in the server. Nothing runs as it until a person lets it. */
export const sqlAdministratorName = (env: EnvironmentFacts): string => `id-sql-${env.name}`;
/** @param range CIDR; a slash cannot be in a name */
export const sqlFirewallRuleName = (range: string): string => `rowgate-${range.replaceAll("/", "-")}`;
export const metadataDatabaseId = (env: EnvironmentFacts): string =>
  env.existing.metadata_database ?? `${sqlServerId(env)}/databases/rowgate`;
export const factoryId = (env: EnvironmentFacts): string =>
  resourceId(env, "factory", `Microsoft.DataFactory/factories/adf-${env.name}-${globalHash(env)}`);
export const logAnalyticsId = (env: EnvironmentFacts): string =>
  resourceId(env, "log_analytics", `Microsoft.OperationalInsights/workspaces/log-${env.name}`);
export const actionGroupId = (env: EnvironmentFacts): string =>
  resourceId(env, "action_group", `Microsoft.Insights/actionGroups/ag-${env.name}`);
/** Name of the alert on one kind of change that anybody makes to the environment itself. */
export const tamperAlertName = (env: EnvironmentFacts, what: string): string =>
  `alert-tamper-${env.name}-${what}`;
export const collectionEndpointName = (env: EnvironmentFacts): string => `dce-${env.name}`;
export const collectionRuleName = (env: EnvironmentFacts): string => `dcr-${env.name}`;
export const collectionRuleId = (env: EnvironmentFacts): string =>
  `${resourceGroupId(env)}/providers/Microsoft.Insights/dataCollectionRules/${collectionRuleName(env)}`;
/** Custom tables of Log Analytics must end like this. */
export const metricsTable = "ModelMetrics_CL";
export const metricsTableId = (env: EnvironmentFacts): string =>
  `${logAnalyticsId(env)}/tables/${metricsTable}`;

/** The host name of a lake, for one of its two services; Azure public cloud. */
export const lakeHost = (env: EnvironmentFacts, service: "dfs" | "blob"): string =>
  `${armPlace(lakeId(env)).name}.${service}.core.windows.net`;
/** Host name of the server in the ARM id of a server or database. */
export function sqlHost(id: string): string {
  const server = /\/servers\/([^/]+)/i.exec(id)?.[1];
  if (server === undefined) throw new RangeError(`"${id}" is not the ARM id of an SQL server or database`);
  return `${server.toLowerCase()}.database.windows.net`;
}

/**
 * Name of the vault in an ARM id.
 * @param id ARM id of a vault, in any case
 * @throws RangeError if it is not the ARM id of a vault
 */
export function vaultNameOfId(id: string): string {
  const name =
    /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.KeyVault\/vaults\/([^/]+)$/i.exec(
      id,
    )?.[1];
  if (name === undefined) throw new RangeError(`"${id}" is not the ARM id of a key vault`);
  return name;
}
/** Without a closing slash. Azure public cloud. */
export const vaultUri = (vaultName: string): string => `https://${vaultName.toLowerCase()}.vault.azure.net`;
/** ARM id of one secret: the scope of a grant on that secret alone. */
export const secretId = (vaultId: string, secretName: string): string => `${vaultId}/secrets/${secretName}`;
/** Unversioned: readers get the newest version, and rotation changes nothing here. */
export const secretUri = (vault: string, secretName: string): string =>
  `${vault.replace(/\/+$/, "")}/secrets/${secretName}`;
/** Key Vault's own rule. A name from a row becomes part of a scope, so a slash in it would move the grant. */
export const isSecretName = (name: string): boolean => /^[0-9A-Za-z-]{1,127}$/.test(name);

const zoneNames = {
  databricks: "privatelink.azuredatabricks.net",
  keyvault: "privatelink.vaultcore.azure.net",
  dfs: "privatelink.dfs.core.windows.net",
  blob: "privatelink.blob.core.windows.net",
  sql: "privatelink.database.windows.net",
  factory: "privatelink.datafactory.azure.net",
  portal: "privatelink.adf.azure.com",
} as const satisfies Record<NetworkService, string>;
export const privateDnsZoneName = (service: NetworkService): string => zoneNames[service];
export const privateDnsZoneId = (env: EnvironmentFacts, service: NetworkService): string =>
  `${env.existing.private_dns_zones ?? resourceGroupId(env)}/providers/Microsoft.Network/privateDnsZones/${privateDnsZoneName(service)}`;
export const zoneLinkName = (env: EnvironmentFacts): string => `link-${virtualNetworkName(env)}`;

/** Sub-resource that a private endpoint of a service leads to. */
const groupIds = {
  databricks: "databricks_ui_api",
  keyvault: "vault",
  dfs: "dfs",
  blob: "blob",
  sql: "sqlServer",
  factory: "dataFactory",
  portal: "portal",
} as const satisfies Record<NetworkService, string>;
/** The sign-in page of Databricks has an endpoint of its own, shared by all workspaces of a region. */
export const browserAuthentication = "browser_authentication";
/** Zone in which endpoints that lead to a sub-resource have their addresses; null: no service has such one. */
export function zoneOfGroupId(groupId: string): string | null {
  if (groupId === browserAuthentication) return zoneNames.databricks;
  const service = networkServices.find((each) => groupIds[each].toLowerCase() === groupId.toLowerCase());
  return service === undefined ? null : zoneNames[service];
}

const targetIds = {
  databricks: workspaceId,
  keyvault: vaultId,
  dfs: lakeId,
  blob: lakeId,
  sql: sqlServerId,
  factory: factoryId,
  portal: factoryId,
} as const satisfies Record<NetworkService, (env: EnvironmentFacts) => string>;
/** What a private endpoint of a service leads to in an environment. */
export const endpointTarget = (
  env: EnvironmentFacts,
  service: NetworkService,
): Pick<PrivateEndpointSpec, "targetId" | "groupId"> => ({
  targetId: targetIds[service](env),
  groupId: groupIds[service],
});
export const privateEndpointId = (env: EnvironmentFacts, endpointName: string): string =>
  networkId(env, `privateEndpoints/${endpointName}`);
/** 2 to 64 characters; the name comes from a row and becomes part of an ARM id. */
export const isPrivateEndpointName = (name: string): boolean => /^[0-9A-Za-z][\w.-]{0,62}\w$/.test(name);

export const workloadIdentityName = (jobId: number): string => `id-job-${jobId}`;
/** Who the factory is, in Databricks and for the vault, the lake and the databases. */
export const factoryIdentityName = (env: EnvironmentFacts): string => `id-adf-${env.name}`;
export const clusterPolicyName = (jobId: number): string => `rowgate-job-${jobId}`;
export const interactivePolicyName = (jobId: number): string => `rowgate-job-${jobId}-interactive`;
export const instancePoolName = (jobId: number): string => `rowgate-job-${jobId}`;
export const servingEndpointName = (jobId: number): string => `job-${jobId}`;
/**
 * Path in the workspace, of what is no team's to see by its place alone: everybody manages what lies in /Shared, and
 * only admins what lies in a folder of the root (learn.microsoft.com, workspace object permissions).
 */
export const workspaceFolder = (env: EnvironmentFacts): string => `/rowgate-${env.name}`;
export const experimentName = (env: EnvironmentFacts, jobId: number): string =>
  `${workspaceFolder(env)}/job-${jobId}`;
export const monitorFolder = (env: EnvironmentFacts, jobId: number): string =>
  `${workspaceFolder(env)}/monitors/job-${jobId}`;
/** Container names take no two hyphens in a row, and a job's number may be negative. */
export const containerName = (jobId: number): string => (jobId < 0 ? `job-n${-jobId}` : `job-${jobId}`);
export const containerId = (env: EnvironmentFacts, jobId: number): string =>
  `${lakeId(env)}/blobServices/default/containers/${containerName(jobId)}`;
/** Where a job's data lies, as Spark and Unity Catalog take it; without a closing slash. */
export const containerUrl = (env: EnvironmentFacts, jobId: number): string =>
  `abfss://${containerName(jobId)}@${lakeHost(env, "dfs")}`;
/** Storage credentials and external locations have names that are unique in a metastore, which environments share. */
export const storageCredentialName = (env: EnvironmentFacts): string => `rowgate_${env.name}`;
export const externalLocationName = (env: EnvironmentFacts, jobId: number): string =>
  `rowgate_${env.name}_${containerName(jobId).replace("-", "_")}`;
/** The model that a job has of its own, and the table that its predictions are watched in. */
export const ownModelName = (catalog: string, schema: string, jobId: number): string =>
  `${catalog}.${schema}.job_${jobId}`;
export const driftTableName = (catalog: string, schema: string, jobId: number): string =>
  `${catalog}.${schema}.job_${jobId}_inference`;
export const warehouseName = (env: EnvironmentFacts): string => `rowgate-${env.name}`;

/** The factory's own runtime, in its managed network. */
export const managedRuntimeName = "ir-managed";
export const runtimeId = (env: EnvironmentFacts, name: string): string =>
  `${factoryId(env)}/integrationRuntimes/${name}`;
export const pipelineName = (jobId: number): string => `pl-job-${jobId}`;
export const triggerName = (jobId: number): string => `tr-job-${jobId}`;
export const triggerId = (env: EnvironmentFacts, jobId: number): string =>
  `${factoryId(env)}/triggers/${triggerName(jobId)}`;
/** Data Factory takes no hyphen in names of linked services and datasets. */
export const linkedServices = {
  lake: "ls_lake",
  keyVault: "ls_key_vault",
  databricks: "ls_databricks",
  metadata: "ls_metadata",
} as const;
export const factoryCredentialName = "cred_factory";
export const metadataDatasetName = "ds_metadata";
/** Data Factory keeps the type of what has a name, so each kind of data source has names of its own. */
export const jobLinkedServiceName = (jobId: number, kind: DataSourceSpec["type"]): string =>
  `ls_${jobWord(jobId)}_source_${kindWord(kind)}`;
export const jobDatasetName = (
  jobId: number,
  what: "source" | "sink",
  kind: DataSourceSpec["type"],
): string => `ds_${jobWord(jobId)}_${what}_${kindWord(kind)}`;
const kindWord = (kind: DataSourceSpec["type"]): string => kind.replaceAll("-", "_");
const jobWord = (jobId: number): string => containerName(jobId).replaceAll("-", "_");

/** Name of an alert, or of the one that tells that its metric is missing. */
export const alertName = (
  jobId: number,
  { metric, operator }: Pick<AlertSpec, "metric" | "operator">,
  what: "value" | "missing",
): string => `alert-job-${jobId}-${metric}-${operator.toLowerCase()}${what === "missing" ? "-missing" : ""}`;
/** Letters, digits, "_" and "-": a metric's name is part of ids and of queries. */
export const isMetricName = (name: string): boolean => /^[A-Za-z][\w-]{0,63}$/.test(name);

/** Limit of the Databricks Jobs API, in bytes of UTF-8. */
const databricksJobNameBytes = 4096;
/** The number comes first: names aren't unique in a workspace, job ids are. */
export function databricksJobName(jobId: number, name: string): string {
  let text = `job-${jobId} ${name}`.trim();
  while (Buffer.byteLength(text) > databricksJobNameBytes) {
    const surplus = Buffer.byteLength(text) - databricksJobNameBytes;
    // A character is at most 3 bytes a UTF-16 unit: this never cuts more than needed.
    text = text
      .slice(0, -Math.ceil(surplus / 3))
      .replace(/[\uD800-\uDBFF]$/, "")
      .trimEnd();
  }
  return text;
}

/**
 * Name of a role assignment: uuid v5 of scope, principal and role, all in lower case since ARM ids have no case.
 * Azure allows one assignment per (scope, principal, role), so equal names are the same assignment.
 */
export const roleAssignmentName = (scope: string, principalId: string, roleId: string): string =>
  uuidV5([scope, principalId, roleId].join("|").toLowerCase(), nameSpace);
export const roleAssignmentId = (scope: string, principalId: string, roleId: string): string =>
  `${scope}/providers/Microsoft.Authorization/roleAssignments/${roleAssignmentName(scope, principalId, roleId)}`;
export const roleDefinitionId = (subscriptionId: string, roleId: string): string =>
  `/subscriptions/${subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${roleId}`;

/** Roles of our own, each for one factory. */
export const customRoles = {
  pipelineOperator: "Pipeline Operator",
  pipelineEditor: "Pipeline Editor",
} as const;
export type CustomRole = keyof typeof customRoles;
/**
 * GUID of a role of our own.
 * @param scope ARM id of the resource that the role is made for and assigned on
 */
export const customRoleId = (role: CustomRole, scope: string): string =>
  uuidV5(["role", role, scope].join("|").toLowerCase(), nameSpace);
