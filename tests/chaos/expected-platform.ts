/** What an environment's own specs ask for. */
import {
  type EnvironmentFacts,
  networkServices,
  type PlatformSpec,
  type WorkspaceSpec,
} from "../../metadata-schema/desired-state.ts";
import * as names from "../../program/layout/names.ts";
import { endpointThings, type Thing, there, thing, types } from "./things.ts";

type Kind = readonly [type: string, id: string];

const network = "azure-native:network";
const monitor = "azure-native:monitor";
const factoryType = "azure-native:datafactory";

/** Of an environment that takes over nothing but, perhaps, a vault: these proofs have no other. */
export function platformThings({ environment, ownGroup }: PlatformSpec): readonly Thing[] {
  const storage = names.armPlace(names.workspaceStorageId(environment)).name;
  return [
    ...[
      ...networkKinds(environment),
      ...dataKinds(environment),
      ...factoryKinds(environment),
      ...monitorKinds(environment),
    ].map(([type, id]) => there(thing(type, id))),
    ...["dfs", "blob"].flatMap((service) =>
      endpointThings(names.privateEndpointId(environment, `pe-${storage}-${service}`)),
    ),
    ...(ownGroup === null ? [] : [there(thing(types.group, ownGroup.displayName))]),
  ];
}

function networkKinds(environment: EnvironmentFacts): readonly Kind[] {
  const group = names.resourceGroupId(environment);
  const zones = networkServices.map((service) => names.privateDnsZoneId(environment, service));
  const link = names.zoneLinkName(environment);
  return [
    [types.resourceGroup, group],
    [`${network}:VirtualNetwork`, names.virtualNetworkId(environment)],
    ...names.subnetRoles.map((role): Kind => [`${network}:Subnet`, names.subnetId(environment, role)]),
    ...(["private-endpoints", "databricks"] as const).map(
      (role): Kind => [`${network}:NetworkSecurityGroup`, names.securityGroupId(environment, role)],
    ),
    [
      `${network}:PublicIPAddress`,
      `${group}/providers/Microsoft.Network/publicIPAddresses/${names.natAddressName(environment)}`,
    ],
    [`${network}:NatGateway`, names.natGatewayId(environment)],
    ...zones.map((id): Kind => [types.zone, id]),
    ...zones.map(
      (id): Kind => ["azure-native:privatedns:VirtualNetworkLink", `${id}/virtualNetworkLinks/${link}`],
    ),
  ];
}

function dataKinds(environment: EnvironmentFacts): readonly Kind[] {
  const [lake, server] = [names.lakeId(environment), names.sqlServerId(environment)];
  return [
    ...(environment.existing.key_vault === undefined
      ? [[types.vault, names.vaultId(environment)] as const]
      : []),
    ["azure-native:storage:StorageAccount", lake],
    ["azure-native:storage:BlobServiceProperties", `${lake}/blobServices/default`],
    [types.identity, identityId(environment, names.sqlAdministratorName(environment))],
    ["azure-native:sql:Server", server],
    ["azure-native:sql:ExtendedServerBlobAuditingPolicy", `${server}/extendedAuditingSettings/default`],
    ["azure-native:sql:Database", names.metadataDatabaseId(environment)],
    [types.workspace, names.workspaceId(environment)],
    ["azure-native:databricks:AccessConnector", names.accessConnectorId(environment)],
  ];
}

function factoryKinds(environment: EnvironmentFacts): readonly Kind[] {
  const factory = names.factoryId(environment);
  const managedNetwork = `${factory}/managedVirtualNetworks/default`;
  const endpoints = ["mpe-lake-dfs", "mpe-lake-blob", "mpe-key-vault", "mpe-sql"];
  const roles = Object.keys(names.customRoles) as names.CustomRole[];
  return [
    [types.identity, identityId(environment, names.factoryIdentityName(environment))],
    [`${factoryType}:Factory`, factory],
    ["azure-native:resources:Resource", managedNetwork],
    ...endpoints.map(
      (name): Kind => [
        `${factoryType}:ManagedPrivateEndpoint`,
        `${managedNetwork}/managedPrivateEndpoints/${name}`,
      ],
    ),
    [`${factoryType}:IntegrationRuntime`, names.runtimeId(environment, names.managedRuntimeName)],
    [`${factoryType}:CredentialOperation`, `${factory}/credentials/${names.factoryCredentialName}`],
    ...Object.values(names.linkedServices).map(
      (name): Kind => [`${factoryType}:LinkedService`, `${factory}/linkedservices/${name}`],
    ),
    [`${factoryType}:Dataset`, `${factory}/datasets/${names.metadataDatasetName}`],
    ...roles.map(
      (role): Kind => [
        "azure-native:authorization:RoleDefinition",
        `${names.resourceGroupId(environment)}/providers/Microsoft.Authorization/roleDefinitions/${names.customRoleId(role, factory)}`,
      ],
    ),
  ];
}

function monitorKinds(environment: EnvironmentFacts): readonly Kind[] {
  const insights = `${names.resourceGroupId(environment)}/providers/Microsoft.Insights`;
  const audited = [
    ...(environment.existing.key_vault === undefined ? [names.vaultId(environment)] : []),
    `${names.lakeId(environment)}/blobServices/default`,
    `${names.sqlServerId(environment)}/databases/master`,
    names.factoryId(environment),
    names.workspaceId(environment),
  ];
  return [
    ["azure-native:operationalinsights:Workspace", names.logAnalyticsId(environment)],
    ["azure-native:operationalinsights:Table", names.metricsTableId(environment)],
    [
      `${monitor}:DataCollectionEndpoint`,
      `${insights}/dataCollectionEndpoints/${names.collectionEndpointName(environment)}`,
    ],
    [`${monitor}:DataCollectionRule`, names.collectionRuleId(environment)],
    [`${monitor}:ActionGroup`, names.actionGroupId(environment)],
    ...["role-assignment", "vault", "security-group", "private-endpoint"].map(
      (what): Kind => [
        `${monitor}:ActivityLogAlert`,
        `${insights}/activityLogAlerts/${names.tamperAlertName(environment, what)}`,
      ],
    ),
    ...audited.map(
      (id): Kind => [
        `${monitor}:DiagnosticSetting`,
        `${id}/providers/Microsoft.Insights/diagnosticSettings/rowgate-audit`,
      ],
    ),
  ];
}

export const identityId = (environment: EnvironmentFacts, name: string): string =>
  `${names.resourceGroupId(environment)}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;

export const workspaceThings = ({ environment, workspace }: WorkspaceSpec): readonly Thing[] => [
  there(
    thing(
      "databricks:index/directory:Directory",
      `${workspace.host}/directories${names.workspaceFolder(environment)}`,
    ),
  ),
  there(thing(types.legacyAccess, `${workspace.host}/settings/disable_legacy_access`)),
  there(thing(types.workspaceConf, `${workspace.host}/workspace-conf/_`)),
  there(
    thing(
      "databricks:index/storageCredential:StorageCredential",
      `metastore/storage-credentials/${names.storageCredentialName(environment)}`,
    ),
  ),
  there(thing(types.principal, workspace.host, names.factoryIdentityName(environment))),
  there(thing(types.warehouse, workspace.host, names.warehouseName(environment))),
];
