/** One good spec of each kind, to vary. */
import type {
  AccessSpec,
  AclSpec,
  EnvironmentFacts,
  FirewallSpec,
  JobSpec,
  NetworkSpec,
  PlatformSpec,
  WorkspaceFacts,
} from "../../../metadata-schema/desired-state.ts";
import {
  accessStack,
  aclStack,
  endpointTarget,
  firewallStack,
  jobStack,
  networkStack,
  ownVaultId,
  ownVaultName,
  platformStack,
  vaultUri,
  workspaceId,
} from "../../../program/layout/names.ts";

export const environment: EnvironmentFacts = {
  name: "eastus",
  location: "eastus",
  subscriptionId: "11111111-1111-4111-8111-111111111111",
  tenantId: "22222222-2222-4222-8222-222222222222",
  resourceGroup: "rg-ml-eastus",
};
export const workspace: WorkspaceFacts = {
  host: "adb-1234567890123456.7.azuredatabricks.net",
  resourceId: workspaceId(environment),
};
export const teamId = "33333333-3333-4333-8333-333333333333";
export const keyVaultReader = "21090545-7ca7-4776-b22c-e363652d74d2";
export const owner = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";

export const platformSpec: PlatformSpec = {
  kind: "platform",
  stack: platformStack("eastus"),
  environment,
  addressSpace: "10.20.0.0/20",
  vault: { mode: "own", name: ownVaultName(environment) },
  ownGroup: { displayName: "ds_team", memberObjectIds: [teamId] },
};
export const networkSpec: NetworkSpec = {
  kind: "network",
  stack: networkStack("eastus", "databricks"),
  environment,
  service: "databricks",
  endpoints: ["pe-databricks-eastus", "pe-databricks-office"].map((name) => ({
    name,
    ...endpointTarget(environment, "databricks", ownVaultId(environment)),
  })),
};
export const firewallSpec: FirewallSpec = {
  kind: "firewall",
  stack: firewallStack("eastus", "databricks"),
  environment,
  service: "databricks",
  workspace,
  serviceAddress: "203.0.113.7/32",
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
  cluster: {
    nodeType: "Standard_DS3_v2",
    sparkVersion: "16.4.x-cpu-ml-scala2.12",
    minWorkers: 1,
    maxWorkers: 4,
  },
  secrets: [
    {
      vaultId: ownVaultId(environment),
      vaultUri: vaultUri(ownVaultName(environment)),
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
  roleAssignments: [{ scope: ownVaultId(environment), roleId: keyVaultReader, roleName: "Key Vault Reader" }],
  unityGrants: [
    { securable: "catalog", name: "ml", privileges: ["USE_CATALOG"] },
    { securable: "model", name: "ml.models.churn", privileges: ["EXECUTE"] },
    { securable: "schema", name: "ml.models", privileges: ["USE_SCHEMA"] },
  ],
};
export const aclSpec: AclSpec = {
  kind: "acl",
  stack: aclStack("eastus", "job", 201),
  environment,
  workspace,
  object: { type: "job", id: "4242" },
  accessControls: [{ groupName: "ds_team", level: "CAN_MANAGE_RUN" }],
};
