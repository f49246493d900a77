/** Every resource type that the simulated clouds know. Anything else is refused, never faked. */
import { accessConnector } from "./azure/access-connector.ts";
import { actionGroup } from "./azure/action-group.ts";
import { activityLogAlert, metricAlert, scheduledQueryRule } from "./azure/alert-rules.ts";
import { dataCollectionEndpoint, dataCollectionRule } from "./azure/data-collection.ts";
import { factory, managedNetwork } from "./azure/data-factory.ts";
import {
  credential,
  dataset,
  integrationRuntime,
  linkedService,
  pipeline,
  trigger,
} from "./azure/data-factory-documents.ts";
import { diagnosticSetting } from "./azure/diagnostic-setting.ts";
import { federatedIdentityCredential, userAssignedIdentity } from "./azure/identity.ts";
import { logTable, logWorkspace } from "./azure/log-analytics.ts";
import { managedPrivateEndpoint } from "./azure/managed-private-endpoint.ts";
import { natGateway, publicIPAddress } from "./azure/outbound.ts";
import { privateDnsZoneGroup, privateZone, virtualNetworkLink } from "./azure/private-dns.ts";
import { privateEndpoint } from "./azure/private-endpoint.ts";
import { resourceGroup } from "./azure/resource-group.ts";
import { roleAssignment } from "./azure/role-assignment.ts";
import { roleDefinition } from "./azure/role-definitions.ts";
import { sqlAuditingPolicy, sqlDatabase, sqlFirewallRule, sqlServer } from "./azure/sql.ts";
import { blobContainer, blobServiceProperties, encryptionScope, storageAccount } from "./azure/storage.ts";
import { vault } from "./azure/vault.ts";
import { networkSecurityGroup, subnet, virtualNetwork } from "./azure/virtual-network.ts";
import { workspace } from "./azure/workspace.ts";
import { clusterPolicy } from "./databricks/cluster-policy.ts";
import { directory } from "./databricks/directory.ts";
import { mlflowExperiment } from "./databricks/experiment.ts";
import { grant } from "./databricks/grant.ts";
import { instancePool } from "./databricks/instance-pool.ts";
import { ipAccessList, workspaceConf } from "./databricks/ip-access.ts";
import { job } from "./databricks/job.ts";
import { disableLegacyAccessSetting } from "./databricks/legacy-access.ts";
import { permissionAssignment } from "./databricks/permission-assignment.ts";
import { permissions } from "./databricks/permissions.ts";
import { qualityMonitor } from "./databricks/quality-monitor.ts";
import { registeredModel } from "./databricks/registered-model.ts";
import { accessControlRuleSet } from "./databricks/rule-set.ts";
import { secretAcl, secretScope } from "./databricks/secret-scope.ts";
import { servicePrincipal } from "./databricks/service-principal.ts";
import { modelServing } from "./databricks/serving-endpoint.ts";
import { sqlTable } from "./databricks/sql-table.ts";
import { sqlWarehouse } from "./databricks/sql-warehouse.ts";
import { externalLocation, storageCredential } from "./databricks/storage.ts";
import { group } from "./entra/group.ts";
import { groupMember } from "./entra/group-member.ts";
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
    roleDefinition,
    federatedIdentityCredential,
    natGateway,
    publicIPAddress,
    storageAccount,
    blobServiceProperties,
    blobContainer,
    encryptionScope,
    sqlServer,
    sqlDatabase,
    sqlAuditingPolicy,
    sqlFirewallRule,
    accessConnector,
    diagnosticSetting,
    group,
    groupMember,
    servicePrincipal,
    clusterPolicy,
    job,
    permissions,
    grant,
    ipAccessList,
    workspaceConf,
    instancePool,
    mlflowExperiment,
    modelServing,
    secretScope,
    secretAcl,
    sqlWarehouse,
    permissionAssignment,
    accessControlRuleSet,
    registeredModel,
    sqlTable,
    qualityMonitor,
    storageCredential,
    externalLocation,
    directory,
    disableLegacyAccessSetting,
    factory,
    managedNetwork,
    managedPrivateEndpoint,
    integrationRuntime,
    credential,
    linkedService,
    dataset,
    pipeline,
    trigger,
    logWorkspace,
    logTable,
    dataCollectionEndpoint,
    dataCollectionRule,
    actionGroup,
    scheduledQueryRule,
    metricAlert,
    activityLogAlert,
  ].map((type) => [type.token, type]),
);
