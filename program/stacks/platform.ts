import type { AccessConnector } from "@pulumi/azure-native/databricks/accessConnector.js";
import type { Workspace } from "@pulumi/azure-native/databricks/workspace.js";
import { ResourceGroup } from "@pulumi/azure-native/resources/resourceGroup.js";
import type { ComponentResourceOptions, CustomResourceOptions, Resource } from "@pulumi/pulumi";
import {
  type EnvironmentFacts,
  type NetworkService,
  networkServices,
  type PlatformSpec,
} from "../../metadata-schema/desired-state.ts";
import { accessConnector, connectorPrincipal } from "../components/access-connector.ts";
import { Alerting } from "../components/alerting.ts";
import { AuditTrail } from "../components/audit-trail.ts";
import { type AzurePlace, azurePlaces } from "../components/azure-places.ts";
import { customRole } from "../components/custom-role.ts";
import { DataFactory } from "../components/data-factory.ts";
import { DataLake } from "../components/data-lake.ts";
import { FactoryConnections } from "../components/factory-connections.ts";
import { keyVault } from "../components/key-vault.ts";
import { metadataDatabase } from "../components/metadata-database.ts";
import { mlWorkspace } from "../components/ml-workspace.ts";
import { Monitoring } from "../components/monitoring.ts";
import { ownGroup } from "../components/own-group.ts";
import { PrivateLink } from "../components/private-link.ts";
import { PrivateNetwork } from "../components/private-network.ts";
import { entraProvider } from "../components/providers.ts";
import { ServiceZone } from "../components/service-zone.ts";
import { SqlServer } from "../components/sql-server.ts";
import { environmentTags } from "../components/tags.ts";
import {
  accessConnectorId,
  actionGroupId,
  armPlace,
  factoryId,
  lakeHost,
  lakeId,
  logAnalyticsId,
  privateDnsZoneId,
  resourceGroupId,
  sqlHost,
  sqlServerId,
  subnetId,
  vaultId,
  vaultNameOfId,
  vaultUri,
  virtualNetworkId,
  workspaceId,
  workspaceStorageId,
} from "../layout/names.ts";
import type { PromisedOutputs } from "../outputs.ts";

/**
 * What the jobs of an environment share. Each thing is made, or left to its owner when the environment's row
 * names it; what belongs inside a thing of somebody else is still made there.
 */
export function platform(spec: PlatformSpec): PromisedOutputs<"platform"> {
  const { environment } = spec;
  const places = azurePlaces(environment);
  const { provider: own } = places(resourceGroupId(environment));
  const group = resourceGroup(environment, { provider: own });
  const inGroup = { providers: [own], dependsOn: [group] };
  const net = new PrivateNetwork("network", spec, inGroup);
  const zones = serviceZones(environment, { providers: [own], dependsOn: [group, net] });
  const connector = accessConnector(environment, {
    provider: places(accessConnectorId(environment)).provider,
    dependsOn: [group],
  });
  const data = dataServices(environment, connector, places, [group]);
  const workspace = mlWorkspace(environment, {
    provider: places(workspaceId(environment)).provider,
    dependsOn: [net, connector],
  });
  workspaceStorageLinks(environment, { providers: [own], dependsOn: [workspace, ...zones] });
  const factory = dataFactory(environment, places, workspace, [group, ...data]);
  const monitoring = new Monitoring("monitoring", { environment, places }, inGroup);
  new Alerting("alerting", spec, inGroup);
  new AuditTrail("audit-trail", environment, {
    providers: [own],
    dependsOn: [monitoring, workspace, factory, ...data],
  });
  const entra =
    spec.ownGroup === null ? null : ownGroup(spec.ownGroup, { provider: entraProvider(environment) });
  return {
    ...namedOutputs(environment),
    workspace_id: workspace.workspaceId,
    workspace_url: workspace.workspaceUrl,
    factory_client_id: factory.identity.clientId,
    factory_principal_id: factory.identity.principalId,
    connector_principal_id: connectorPrincipal(environment, connector),
    metrics_endpoint: monitoring.metricsEndpoint,
    metrics_rule_id: monitoring.metricsRuleId,
    own_group_object_id: entra === null ? null : entra.objectId,
  };
}

const resourceGroup = (environment: EnvironmentFacts, opts: CustomResourceOptions): ResourceGroup =>
  new ResourceGroup(
    "resource-group",
    {
      resourceGroupName: environment.resourceGroup,
      location: environment.location,
      tags: environmentTags(environment),
    },
    opts,
  );

/** Empty where the environment names the group that has them all. */
const serviceZones = (environment: EnvironmentFacts, opts: ComponentResourceOptions): ServiceZone[] =>
  environment.existing.private_dns_zones === undefined
    ? networkServices.map((service) => new ServiceZone(service, { environment, service }, opts))
    : [];

/** What holds data or secrets, as far as it is the environment's own, */
function dataServices(
  environment: EnvironmentFacts,
  connector: AccessConnector,
  places: (armId: string) => AzurePlace,
  group: Resource[],
): Resource[] {
  const { existing } = environment;
  const { provider: own } = places(resourceGroupId(environment));
  const made: Resource[] = [];
  if (existing.key_vault === undefined) made.push(keyVault(environment, { provider: own, dependsOn: group }));
  if (existing.lake === undefined) {
    made.push(new DataLake("data-lake", environment, { providers: [own], dependsOn: [...group, connector] }));
  }
  const server =
    existing.sql_server === undefined
      ? [new SqlServer("sql", environment, { providers: [own], dependsOn: group })]
      : [];
  if (existing.metadata_database === undefined) {
    const onServer = { provider: places(sqlServerId(environment)).provider, dependsOn: server };
    made.push(metadataDatabase(environment, onServer));
  }
  return [...made, ...server];
}

/** Cluster nodes reach the workspace's own storage account by these; its public side is off. */
function workspaceStorageLinks(environment: EnvironmentFacts, opts: ComponentResourceOptions): void {
  if (environment.existing.workspace !== undefined) return;
  const targetId = workspaceStorageId(environment);
  for (const service of ["dfs", "blob"] as const) {
    const endpoint = { name: `pe-${armPlace(targetId).name}-${service}`, targetId, groupId: service };
    new PrivateLink(`workspace-storage-${service}`, { environment, service, endpoint }, opts);
  }
}

function dataFactory(
  environment: EnvironmentFacts,
  places: (armId: string) => AzurePlace,
  workspace: Workspace,
  dependsOn: Resource[],
): DataFactory {
  const providers = [places(resourceGroupId(environment)).provider];
  const factory = new DataFactory("data-factory", { environment, places }, { providers, dependsOn });
  const { provider } = places(factoryId(environment));
  new FactoryConnections(
    "factory-connections",
    { environment, workspaceHost: workspace.workspaceUrl },
    { providers: [provider], dependsOn: [factory] },
  );
  for (const role of ["pipelineOperator", "pipelineEditor"] as const)
    customRole(environment, role, { provider, dependsOn: [factory] });
  return factory;
}

/** Outputs that the environment's names decide. */
const namedOutputs = (environment: EnvironmentFacts) => ({
  resource_group: environment.resourceGroup,
  virtual_network_id: virtualNetworkId(environment),
  private_endpoint_subnet_id: subnetId(environment, "private-endpoints"),
  private_dns_zone_ids: zoneIds(environment),
  workspace_resource_id: workspaceId(environment),
  key_vault_id: vaultId(environment),
  key_vault_uri: vaultUri(vaultNameOfId(vaultId(environment))),
  lake_id: lakeId(environment),
  lake_dfs_endpoint: `https://${lakeHost(environment, "dfs")}`,
  sql_server_id: sqlServerId(environment),
  sql_server_host: sqlHost(sqlServerId(environment)),
  factory_id: factoryId(environment),
  factory_name: armPlace(factoryId(environment)).name,
  log_analytics_id: logAnalyticsId(environment),
  action_group_id: actionGroupId(environment),
});

const zoneIds = (environment: EnvironmentFacts): Record<NetworkService, string> => ({
  databricks: privateDnsZoneId(environment, "databricks"),
  keyvault: privateDnsZoneId(environment, "keyvault"),
  dfs: privateDnsZoneId(environment, "dfs"),
  blob: privateDnsZoneId(environment, "blob"),
  sql: privateDnsZoneId(environment, "sql"),
  factory: privateDnsZoneId(environment, "factory"),
  portal: privateDnsZoneId(environment, "portal"),
});
