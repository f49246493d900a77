/**
 * Every name and id that can be known before anything exists: stack names, ARM names, ARM ids.
 *
 * Names are deterministic, so that a stack never needs another stack's outputs to refer to its objects,
 * and so that an object whose creation was interrupted can be looked up again. Limits are those of
 * Microsoft's "Naming rules and restrictions for Azure resources".
 */
import { createHash } from "node:crypto";
import { v5 as uuidV5 } from "uuid";
import type {
  AclObjectType,
  EnvironmentFacts,
  NetworkService,
  PrivateEndpointSpec,
  StackKind,
} from "../../metadata-schema/desired-state.ts";

/** Namespace of this project's uuid v5 names. Changing it renames, and so replaces, every role assignment. */
const nameSpace = "9c38b2ee-21d1-4690-8611-42ab7eecb356";

export const platformStack = (env: string): string => `platform-${env}`;
export const networkStack = (env: string, service: NetworkService): string => `network-${env}-${service}`;
export const firewallStack = (env: string, service: NetworkService): string => `firewall-${env}-${service}`;
export const jobStack = (env: string, jobId: number): string => `job-${env}-${jobId}`;
/** Keyed by object id, never by display name: names change and aren't unique. */
export const accessStack = (env: string, principalObjectId: string): string =>
  `access-${env}-${principalObjectId.toLowerCase()}`;
export const aclStack = (env: string, objectType: AclObjectType, jobId: number): string =>
  `acl-${env}-${objectType}-${jobId}`;

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

const layers = { platform: 1, network: 2, firewall: 2, job: 3, access: 4, acl: 4 } as const satisfies Record<
  StackKind,
  number
>;
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
const networkId = (env: EnvironmentFacts, path: string): string =>
  `${resourceGroupId(env)}/providers/Microsoft.Network/${path}`;

export const virtualNetworkName = (env: EnvironmentFacts): string => `vnet-${env.name}`;
export const virtualNetworkId = (env: EnvironmentFacts): string =>
  networkId(env, `virtualNetworks/${virtualNetworkName(env)}`);

export const subnetRoles = ["private-endpoints", "databricks-host", "databricks-container"] as const;
export type SubnetRole = (typeof subnetRoles)[number];
export const subnetName = (role: SubnetRole): string => `snet-${role}`;
export const subnetId = (env: EnvironmentFacts, role: SubnetRole): string =>
  `${virtualNetworkId(env)}/subnets/${subnetName(role)}`;

/** The two Databricks subnets share one group: Databricks writes the same rules into both. */
export type SecurityGroupRole = "private-endpoints" | "databricks";
export const securityGroupName = (env: EnvironmentFacts, role: SecurityGroupRole): string =>
  `nsg-${env.name}-${role}`;
export const securityGroupId = (env: EnvironmentFacts, role: SecurityGroupRole): string =>
  networkId(env, `networkSecurityGroups/${securityGroupName(env, role)}`);

export const workspaceName = (env: EnvironmentFacts): string => `dbw-${env.name}`;
export const workspaceId = (env: EnvironmentFacts): string =>
  `${resourceGroupId(env)}/providers/Microsoft.Databricks/workspaces/${workspaceName(env)}`;
/** The group that Databricks fills itself. Its name must be free in the whole subscription, hence the hash. */
export const managedResourceGroupId = (env: EnvironmentFacts): string =>
  `/subscriptions/${env.subscriptionId}/resourceGroups/${workspaceName(env)}-managed-${shortHash(resourceGroupId(env), env.name)}`;

/** Vault names are unique in all of Azure and at most 24 characters: 3 + 12 (environment) + 1 + 8. */
export const ownVaultName = (env: EnvironmentFacts): string =>
  `kv-${env.name}-${shortHash(resourceGroupId(env), env.name)}`;
export const ownVaultId = (env: EnvironmentFacts): string =>
  `${resourceGroupId(env)}/providers/Microsoft.KeyVault/vaults/${ownVaultName(env)}`;

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
} as const satisfies Record<NetworkService, string>;
export const privateDnsZoneName = (service: NetworkService): string => zoneNames[service];
export const privateDnsZoneId = (env: EnvironmentFacts, service: NetworkService): string =>
  networkId(env, `privateDnsZones/${privateDnsZoneName(service)}`);
export const zoneLinkName = (env: EnvironmentFacts): string => `link-${virtualNetworkName(env)}`;

const groupIds = { databricks: "databricks_ui_api", keyvault: "vault" } as const satisfies Record<
  NetworkService,
  string
>;
/** Sub-resource that a private endpoint of this service leads to. */
export const endpointGroupId = (service: NetworkService): (typeof groupIds)[NetworkService] =>
  groupIds[service];
/**
 * What a private endpoint of a service leads to in an environment.
 * @param vaultId ARM id of the environment's vault, its own or a referenced one
 */
export const endpointTarget = (
  env: EnvironmentFacts,
  service: NetworkService,
  vaultId: string,
): Pick<PrivateEndpointSpec, "targetId" | "groupId"> => ({
  targetId: service === "databricks" ? workspaceId(env) : vaultId,
  groupId: endpointGroupId(service),
});
export const privateEndpointId = (env: EnvironmentFacts, endpointName: string): string =>
  networkId(env, `privateEndpoints/${endpointName}`);
/** 2 to 64 characters; the name comes from a row and becomes part of an ARM id. */
export const isPrivateEndpointName = (name: string): boolean => /^[0-9A-Za-z][\w.-]{0,62}\w$/.test(name);

export const workloadIdentityName = (jobId: number): string => `id-job-${jobId}`;
export const clusterPolicyName = (jobId: number): string => `rowgate-job-${jobId}`;

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
