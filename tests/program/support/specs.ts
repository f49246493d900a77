/** One good spec of each kind, to vary. */
import type {
  AccessSpec,
  AclSpec,
  EnvironmentFacts,
  FirewallSpec,
  JobSpec,
  NetworkSpec,
  PlatformSpec,
  RuntimesSpec,
  WorkspaceFacts,
  WorkspaceSpec,
} from "../../../metadata-schema/desired-state.ts";
import {
  accessStack,
  aclStack,
  endpointTarget,
  firewallStack,
  jobStack,
  networkStack,
  platformStack,
  runtimesStack,
  vaultId,
  vaultNameOfId,
  vaultUri,
  workspaceId,
  workspaceStack,
} from "../../../program/layout/names.ts";

export const environment: EnvironmentFacts = {
  name: "eastus",
  location: "eastus",
  subscriptionId: "11111111-1111-4111-8111-111111111111",
  tenantId: "22222222-2222-4222-8222-222222222222",
  resourceGroup: "rg-ml-eastus",
  existing: {},
};
export const workspace: WorkspaceFacts = {
  host: "adb-1234567890123456.7.azuredatabricks.net",
  resourceId: workspaceId(environment),
};
export const teamId = "33333333-3333-4333-8333-333333333333";
export const keyVaultReader = "21090545-7ca7-4776-b22c-e363652d74d2";
export const owner = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";

const elsewhere = "/subscriptions/99999999-9999-4999-8999-999999999999/resourceGroups/rg-shared/providers";
const hub = `${elsewhere}/Microsoft.Network/virtualNetworks/vnet-hub`;
/** An environment that makes as little as it can: everything is in another subscription already. */
export const takenOver: EnvironmentFacts = {
  ...environment,
  existing: {
    virtual_network: hub,
    private_endpoint_subnet: `${hub}/subnets/endpoints`,
    databricks_host_subnet: `${hub}/subnets/host`,
    databricks_container_subnet: `${hub}/subnets/container`,
    nat_gateway: `${elsewhere}/Microsoft.Network/natGateways/nat-hub`,
    private_dns_zones: "/subscriptions/99999999-9999-4999-8999-999999999999/resourceGroups/rg-dns",
    key_vault: `${elsewhere}/Microsoft.KeyVault/vaults/ml-vault`,
    lake: `${elsewhere}/Microsoft.Storage/storageAccounts/sharedlake`,
    sql_server: `${elsewhere}/Microsoft.Sql/servers/sql-shared`,
    metadata_database: `${elsewhere}/Microsoft.Sql/servers/sql-shared/databases/metadata`,
    workspace: `${elsewhere}/Microsoft.Databricks/workspaces/dbw-shared`,
    access_connector: `${elsewhere}/Microsoft.Databricks/accessConnectors/dbac-shared`,
    factory: `${elsewhere}/Microsoft.DataFactory/factories/adf-shared`,
    log_analytics: `${elsewhere}/Microsoft.OperationalInsights/workspaces/log-shared`,
    action_group: `${elsewhere}/Microsoft.Insights/actionGroups/ag-shared`,
  },
};

export const platformSpec: PlatformSpec = {
  kind: "platform",
  stack: platformStack("eastus"),
  environment,
  addressSpace: "10.20.0.0/20",
  ownGroup: { displayName: "ds_team", memberObjectIds: [teamId] },
  serviceUrl: "https://rowgate.contoso.example",
  alertEmails: ["oncall@contoso.example"],
  production: true,
  deletionProtection: true,
};
export const workspaceSpec: WorkspaceSpec = {
  kind: "workspace",
  stack: workspaceStack("eastus"),
  environment,
  workspace,
  factoryClientId: "66666666-6666-4666-8666-666666666666",
};
export const runtimesSpec: RuntimesSpec = {
  kind: "runtimes",
  stack: runtimesStack("eastus"),
  environment,
  runtimes: [
    { name: "ir-cloud", type: "managed", description: null, coreCount: 8, timeToLiveMinutes: 10 },
    { name: "ir-plant-lyon", type: "self-hosted", description: "Lyon", coreCount: 8, timeToLiveMinutes: 0 },
  ],
};
export const networkSpec: NetworkSpec = {
  kind: "network",
  stack: networkStack("eastus", "databricks"),
  environment,
  service: "databricks",
  endpoints: ["pe-databricks-eastus", "pe-databricks-office"].map((name) => ({
    name,
    ...endpointTarget(environment, "databricks"),
  })),
};
export const firewallSpec = {
  kind: "firewall",
  stack: firewallStack("eastus", "databricks"),
  environment,
  service: "databricks",
  workspace,
  serviceAddress: "203.0.113.7/32",
  ranges: ["198.51.100.0/24", "203.0.113.7/32"],
} as const satisfies FirewallSpec;
export const sqlFirewallSpec: FirewallSpec = {
  kind: "firewall",
  stack: firewallStack("eastus", "sql"),
  environment,
  service: "sql",
  ranges: ["198.51.100.0/24", "203.0.113.7/32"],
};
export const jobSpec: JobSpec = {
  kind: "job",
  stack: jobStack("eastus", 201),
  environment,
  workspace,
  jobId: 201,
  name: "churn scoring",
  enabled: true,
  urgent: false,
  owner: "ada@example.com",
  schedule: { cron: "0 0 2 * * ?", timeZone: "UTC" },
  taskPath: "/Workspace/Jobs/job_201",
  model: "ml.models.churn",
  ownsModel: false,
  catalog: "ml",
  schema: "models",
  online: false,
  serving: null,
  federation: null,
  accountId: "44444444-4444-4444-8444-444444444444",
  connectorPrincipalId: "55555555-5555-4555-8555-555555555555",
  metrics: {
    endpoint: "https://dce-eastus-x1.eastus-1.ingest.monitor.azure.com",
    ruleId: "dcr-00112233445566778899aabbccddeeff",
  },
  driftWarehouseId: null,
  pipeline: null,
  alerts: [],
  cluster: {
    nodeType: "Standard_DS3_v2",
    sparkVersion: "16.4.x-cpu-ml-scala2.12",
    minWorkers: 1,
    maxWorkers: 4,
    spot: true,
    autoTerminationMinutes: 30,
  },
  secrets: [
    {
      vaultId: vaultId(environment),
      vaultUri: vaultUri(vaultNameOfId(vaultId(environment))),
      secretName: "databricks-token",
    },
  ],
};
export const accessSpec: AccessSpec = {
  kind: "access",
  stack: accessStack("eastus", teamId),
  environment,
  workspace,
  principal: { type: "Group", objectId: teamId, displayName: "ds_team" },
  roleAssignments: [{ scope: vaultId(environment), roleId: keyVaultReader, roleName: "Key Vault Reader" }],
  workspaceMember: true,
  unityGrants: [
    { securable: "catalog", name: "ml", privileges: ["USE_CATALOG"] },
    { securable: "model", name: "ml.models.churn", privileges: ["EXECUTE"] },
    { securable: "schema", name: "ml.models", privileges: ["USE_SCHEMA"] },
  ],
};
export const aclSpec: AclSpec = {
  kind: "acl",
  stack: aclStack("eastus", 201),
  environment,
  workspace,
  objects: [
    {
      type: "job",
      id: "4242",
      accessControls: [{ principal: "group", name: "ds_team", level: "CAN_MANAGE_RUN" }],
    },
  ],
};
