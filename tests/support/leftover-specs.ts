/** Small stacks of every kind, which together make every type of resource. */
import type {
  AccessSpec,
  AclSpec,
  EnvironmentFacts,
  FirewallSpec,
  JobSpec,
  NetworkSpec,
  PlatformSpec,
  WorkspaceFacts,
} from "../../metadata-schema/desired-state.ts";
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
  vaultNameOfId,
  vaultUri,
  workspaceId,
} from "../../program/layout/names.ts";
import { environment, groupId, vaultId } from "./small-rows.ts";

export const facts: EnvironmentFacts = {
  name: "eastus",
  location: "eastus",
  subscriptionId: String(environment().values.subscription_id),
  tenantId: String(environment().values.tenant_id),
  resourceGroup: "rg-ml-eastus",
};

export const platformSpec: PlatformSpec = {
  kind: "platform",
  stack: platformStack("eastus"),
  environment: facts,
  addressSpace: "10.20.0.0/16",
  vault: { mode: "own", name: ownVaultName(facts) },
  ownGroup: { displayName: "rowgate-own", memberObjectIds: [groupId("ds_team")] },
};

/** Specs of the stacks that need the platform's workspace. */
export function specsIn(host: string) {
  const workspace: WorkspaceFacts = { host, resourceId: workspaceId(facts) };
  const network: NetworkSpec = {
    kind: "network",
    stack: networkStack("eastus", "databricks"),
    environment: facts,
    service: "databricks",
    endpoints: [{ name: "pe-databricks-eastus", ...endpointTarget(facts, "databricks", ownVaultId(facts)) }],
  };
  const firewall: FirewallSpec = {
    kind: "firewall",
    stack: firewallStack("eastus", "databricks"),
    environment: facts,
    service: "databricks",
    workspace,
    serviceAddress: "203.0.113.10/32",
    ranges: ["198.51.100.0/24"],
  };
  const job = (jobId: number, change: Partial<JobSpec> = {}): JobSpec => ({
    kind: "job",
    stack: jobStack("eastus", jobId),
    environment: facts,
    workspace,
    jobId,
    name: "churn scoring",
    enabled: true,
    urgent: false,
    owner: "ada@example.com",
    schedule: { cron: "0 0 2 * * ?", timeZone: "UTC" },
    taskPath: `/Workspace/Jobs/job_${jobId}`,
    model: "ml.models.job_201",
    cluster: {
      nodeType: "Standard_D4ds_v5",
      sparkVersion: "15.4.x-cpu-ml-scala2.12",
      minWorkers: 1,
      maxWorkers: 4,
    },
    secrets: [{ vaultId, vaultUri: vaultUri(vaultNameOfId(vaultId)), secretName: "databricks-token" }],
    ...change,
  });
  const access = (group: string, change: Partial<AccessSpec> = {}): AccessSpec => ({
    kind: "access",
    stack: accessStack("eastus", groupId(group)),
    environment: facts,
    workspace,
    principal: { type: "Group", objectId: groupId(group), displayName: group },
    roleAssignments: [
      { scope: vaultId, roleId: "21090545-7ca7-4776-b22c-e363652d74d2", roleName: "Key Vault Reader" },
    ],
    unityGrants: [{ securable: "model", name: "ml.models.job_201", privileges: ["EXECUTE"] }],
    ...change,
  });
  const acl = (databricksJobId: string, change: Partial<AclSpec> = {}): AclSpec => ({
    kind: "acl",
    stack: aclStack("eastus", "job", 201),
    environment: facts,
    workspace,
    object: { type: "job", id: databricksJobId },
    accessControls: [{ groupName: "ds_team", level: "CAN_MANAGE_RUN" }],
    ...change,
  });
  return { network, firewall, job, access, acl };
}

const arm = (type: string): string => `azure-native:${type}`;

/** Types of a platform stack; what the program makes at the same time is together. */
export const platformWaves = [
  [arm("resources:ResourceGroup"), "azuread:index/group:Group"],
  [arm("network:NetworkSecurityGroup"), arm("network:VirtualNetwork"), arm("keyvault:Vault")],
  [arm("network:Subnet")],
  [arm("privatedns:PrivateZone"), arm("databricks:Workspace")],
  [arm("privatedns:VirtualNetworkLink")],
];

/** The same for a job stack. */
export const jobWaves = [
  [arm("managedidentity:UserAssignedIdentity"), "databricks:index/clusterPolicy:ClusterPolicy"],
  ["databricks:index/servicePrincipal:ServicePrincipal", arm("authorization:RoleAssignment")],
  ["databricks:index/job:Job"],
];
