/**
 * What the specs ask for, as things: each is named by what it is about, not by the id that a cloud gave it, so that
 * two objects for one thing can be told. Written beside the program and not with it: it would repeat its faults.
 */
import type { JobSpec, PlatformSpec, StackSpec } from "../../metadata-schema/desired-state.ts";
import * as names from "../../program/layout/names.ts";

export interface ExpectedThing {
  readonly stack: string;
  readonly thing: string;
  /** what the object must hold, sorted; null: that it is there is enough */
  readonly holds: readonly string[] | null;
}

/** A thing's name: its type, and what it is about. Clouds compare names and ids without case. */
export const thing = (type: string, ...about: readonly string[]): string =>
  `${type} ${about.join(" ").toLowerCase()}`;

export const types = {
  assignment: "azure-native:authorization:RoleAssignment",
  clusterPolicy: "databricks:index/clusterPolicy:ClusterPolicy",
  endpoint: "azure-native:network:PrivateEndpoint",
  grant: "databricks:index/grant:Grant",
  group: "azuread:index/group:Group",
  identity: "azure-native:managedidentity:UserAssignedIdentity",
  ipAccessList: "databricks:index/ipAccessList:IpAccessList",
  job: "databricks:index/job:Job",
  permissions: "databricks:index/permissions:Permissions",
  principal: "databricks:index/servicePrincipal:ServicePrincipal",
  resourceGroup: "azure-native:resources:ResourceGroup",
  workspace: "azure-native:databricks:Workspace",
  zoneGroup: "azure-native:network:PrivateDnsZoneGroup",
} as const;

/** `principalOf` tells the principal id of an identity in the clouds by its ARM id. */
export function expectedThings(
  specs: readonly StackSpec[],
  principalOf: (identityId: string) => string,
): readonly ExpectedThing[] {
  return specs.flatMap((spec) => {
    const ask = (name: string, holds: readonly string[] | null = null): ExpectedThing => ({
      stack: spec.stack,
      thing: name,
      holds,
    });
    switch (spec.kind) {
      case "platform":
        return platformThings(spec).map((each) => ask(each));
      case "network":
        return spec.endpoints.flatMap(({ name }) => {
          const id = names.privateEndpointId(spec.environment, name);
          return [
            ask(thing(types.endpoint, id)),
            ask(thing(types.zoneGroup, `${id}/privateDnsZoneGroups/default`)),
          ];
        });
      case "firewall":
        return [
          ask(
            thing(types.ipAccessList, spec.workspace.host, `rowgate-${spec.environment.name}`),
            [...new Set([spec.serviceAddress, ...spec.ranges])].toSorted(),
          ),
          ask(
            thing("databricks:index/workspaceConf:WorkspaceConf", `${spec.workspace.host}/workspace-conf/_`),
          ),
        ];
      case "job":
        return jobThings(spec, principalOf).map(({ name, holds }) => ask(name, holds));
      case "access":
        return [
          ...spec.roleAssignments.map(({ scope, roleId }) =>
            ask(thing(types.assignment, scope, roleId, spec.principal.objectId)),
          ),
          ...spec.unityGrants.map(({ securable, name, privileges }) =>
            ask(
              thing(types.grant, `metastore/grants/${securable}/${name}/${spec.principal.displayName}`),
              privileges.toSorted(),
            ),
          ),
        ];
      case "acl": {
        const folder = spec.object.type === "job" ? "jobs" : "cluster-policies";
        const id = `${spec.workspace.host}/permissions/${folder}/${spec.object.id}`;
        const holds = spec.accessControls.map(({ groupName, level }) => `${groupName} ${level}`).toSorted();
        return holds.length === 0 ? [] : [ask(thing(types.permissions, id), holds)];
      }
      default:
        return spec satisfies never;
    }
  });
}

function platformThings({ environment, vault, ownGroup }: PlatformSpec): readonly string[] {
  const net = "azure-native:network";
  const services = ["databricks", "keyvault"] as const;
  const zones = services.map((service) => names.privateDnsZoneId(environment, service));
  const link = names.zoneLinkName(environment);
  return [
    thing(types.resourceGroup, names.resourceGroupId(environment)),
    thing(`${net}:VirtualNetwork`, names.virtualNetworkId(environment)),
    ...names.subnetRoles.map((role) => thing(`${net}:Subnet`, names.subnetId(environment, role))),
    ...(["private-endpoints", "databricks"] as const).map((role) =>
      thing(`${net}:NetworkSecurityGroup`, names.securityGroupId(environment, role)),
    ),
    ...zones.map((id) => thing("azure-native:privatedns:PrivateZone", id)),
    ...zones.map((id) =>
      thing("azure-native:privatedns:VirtualNetworkLink", `${id}/virtualNetworkLinks/${link}`),
    ),
    thing(types.workspace, names.workspaceId(environment)),
    ...(vault.mode === "own" ? [thing("azure-native:keyvault:Vault", names.ownVaultId(environment))] : []),
    ...(ownGroup === null ? [] : [thing(types.group, ownGroup.displayName)]),
  ];
}

const secretsUserRole = "4633458b-17de-408a-b874-0445c86b69e6";

function jobThings(
  spec: JobSpec,
  principalOf: (identityId: string) => string,
): readonly { readonly name: string; readonly holds: readonly string[] | null }[] {
  const { environment, jobId, workspace, cluster } = spec;
  const identityName = names.workloadIdentityName(jobId);
  const identity = `${names.resourceGroupId(environment)}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${identityName}`;
  const workers = [`${cluster.minWorkers} to ${cluster.maxWorkers} workers`];
  return [
    { name: thing(types.identity, identity), holds: null },
    { name: thing(types.principal, workspace.host, identityName), holds: null },
    { name: thing(types.clusterPolicy, workspace.host, names.clusterPolicyName(jobId)), holds: workers },
    { name: thing(types.job, workspace.host, `job-${jobId}`), holds: workers },
    ...spec.secrets.map(({ vaultId, secretName }) => ({
      name: thing(
        types.assignment,
        names.secretId(vaultId, secretName),
        secretsUserRole,
        principalOf(identity),
      ),
      holds: null,
    })),
  ];
}
