/** Every resource type that the simulated clouds know. Anything else is refused, never faked. */
import { userAssignedIdentity } from "./azure/identity.ts";
import { privateDnsZoneGroup, privateZone, virtualNetworkLink } from "./azure/private-dns.ts";
import { privateEndpoint } from "./azure/private-endpoint.ts";
import { resourceGroup } from "./azure/resource-group.ts";
import { roleAssignment } from "./azure/role-assignment.ts";
import { vault } from "./azure/vault.ts";
import { networkSecurityGroup, subnet, virtualNetwork } from "./azure/virtual-network.ts";
import { workspace } from "./azure/workspace.ts";
import { clusterPolicy } from "./databricks/cluster-policy.ts";
import { grant } from "./databricks/grant.ts";
import { ipAccessList, workspaceConf } from "./databricks/ip-access.ts";
import { job } from "./databricks/job.ts";
import { permissions } from "./databricks/permissions.ts";
import { servicePrincipal } from "./databricks/service-principal.ts";
import { group } from "./entra/group.ts";
import type { ResourceType } from "./resource-type.ts";

export const resourceTypes: ReadonlyMap<string, ResourceType> = new Map(
  [
    resourceGroup,
    virtualNetwork,
    subnet,
    networkSecurityGroup,
    privateEndpoint,
    privateDnsZoneGroup,
    privateZone,
    virtualNetworkLink,
    vault,
    workspace,
    userAssignedIdentity,
    roleAssignment,
    group,
    servicePrincipal,
    clusterPolicy,
    job,
    permissions,
    grant,
    ipAccessList,
    workspaceConf,
  ].map((type) => [type.token, type]),
);
