/** Small stacks of every kind, which together make every type of resource. */
import type {
  AccessSpec,
  AclSpec,
  AlertSpec,
  EnvironmentFacts,
  FirewallSpec,
  JobSpec,
  NetworkSpec,
  PipelineSpec,
  PlatformSpec,
  RuntimesSpec,
  WorkspaceFacts,
  WorkspaceSpec,
} from "../../metadata-schema/desired-state.ts";
import type { OutputValues } from "../../metadata-schema/store.ts";
import {
  accessStack,
  aclStack,
  endpointTarget,
  firewallStack,
  jobStack,
  networkStack,
  ownModelName,
  platformStack,
  runtimesStack,
  vaultNameOfId,
  vaultUri,
  workspaceId,
  workspaceStack,
} from "../../program/layout/names.ts";
import { environment, groupId, vaultId } from "./small-rows.ts";

export const facts: EnvironmentFacts = {
  name: "eastus",
  location: "eastus",
  subscriptionId: String(environment().values.subscription_id),
  tenantId: String(environment().values.tenant_id),
  resourceGroup: "rg-ml-eastus",
  existing: {},
};

export const platformSpec: PlatformSpec = {
  kind: "platform",
  stack: platformStack("eastus"),
  environment: facts,
  addressSpace: "10.20.0.0/16",
  ownGroup: { displayName: "rowgate-own", memberObjectIds: [groupId("ds_team")] },
  serviceUrl: "https://rowgate.contoso.example",
  alertEmails: ["oncall@contoso.example"],
  // Tests take it away again.
  production: false,
  deletionProtection: false,
};

const runtimeName = "ir-plant-lyon";
const selfHosted = {
  name: runtimeName,
  type: "self-hosted",
  description: null,
  coreCount: 8,
  timeToLiveMinutes: 10,
} as const;
export const runtimesSpec: RuntimesSpec = {
  kind: "runtimes",
  stack: runtimesStack("eastus"),
  environment: facts,
  runtimes: [selfHosted],
};

/** A server of somebody else: our own has no public side, and Azure takes no firewall rules for such a one. */
export const sharedServer = {
  type: "azure-native:sql:Server",
  id: vaultId.replace(/\/providers\/.*$/, "/providers/Microsoft.Sql/servers/sql-shared-eastus"),
  properties: { publicNetworkAccess: "Enabled" },
} as const;
export const sqlFirewallSpec: FirewallSpec = {
  kind: "firewall",
  stack: firewallStack("eastus", "sql"),
  environment: { ...facts, existing: { sql_server: sharedServer.id } },
  service: "sql",
  ranges: ["198.51.100.0/24"],
};

export const networkSpec: NetworkSpec = {
  kind: "network",
  stack: networkStack("eastus", "databricks"),
  environment: facts,
  service: "databricks",
  endpoints: [{ name: "pe-databricks-eastus", ...endpointTarget(facts, "databricks") }],
};

const secret = { vaultId, vaultUri: vaultUri(vaultNameOfId(vaultId)), secretName: "databricks-token" };

/** From another network, once a night. */
const pipeline: PipelineSpec = {
  source: {
    name: "erp-orders",
    type: "sql-server",
    host: "sql01.lyon.contoso.example",
    database: "erp",
    path: "sales.orders",
    credential: null,
  },
  runtime: runtimeName,
  sinkPath: "raw/orders",
  concurrency: 1,
  timeoutMinutes: 120,
  retryCount: 2,
  retryIntervalSeconds: 60,
  parameters: { horizon_days: 28 },
  trigger: {
    frequency: "Day",
    interval: 1,
    timeZone: "Romance Standard Time",
    minutes: [30],
    hours: [2],
    weekDays: [],
    monthDays: [],
    started: false,
  },
  serviceUrl: "https://rowgate.contoso.example",
};

const accuracy: AlertSpec = {
  metric: "model_accuracy",
  operator: "LessThan",
  threshold: 0.85,
  windowMinutes: 60,
  frequencyMinutes: 15,
  severity: 2,
  missingData: "alert",
  enabled: true,
};
const failures: AlertSpec = {
  ...accuracy,
  metric: "pipeline_failures",
  operator: "GreaterThan",
  threshold: 0,
};

/** Specs of the stacks that need what the platform has made. */
export function specsIn(outputs: OutputValues) {
  const workspace: WorkspaceFacts = { host: String(outputs.workspace_url), resourceId: workspaceId(facts) };
  const inside: WorkspaceSpec = {
    kind: "workspace",
    stack: workspaceStack("eastus"),
    environment: facts,
    workspace,
    factoryClientId: String(outputs.factory_client_id),
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
    model: "ml.models.fraud_scoring",
    ownsModel: false,
    catalog: "ml",
    schema: "models",
    online: false,
    serving: null,
    federation: null,
    accountId: "8f0e2b7c-41d3-4a57-9c1e-6b5d2f90a3c4",
    connectorPrincipalId: String(outputs.connector_principal_id),
    metrics: { endpoint: String(outputs.metrics_endpoint), ruleId: String(outputs.metrics_rule_id) },
    driftWarehouseId: null,
    pipeline: null,
    alerts: [],
    cluster: {
      nodeType: "Standard_D4ds_v5",
      sparkVersion: "15.4.x-cpu-ml-scala2.12",
      minWorkers: 1,
      maxWorkers: 4,
      spot: true,
      autoTerminationMinutes: 30,
    },
    secrets: [secret],
    ...change,
  });
  /** With all that a batch job can have. */
  const fullJob = (jobId: number, warehouseId: string): JobSpec =>
    job(jobId, {
      urgent: true,
      schedule: null,
      model: ownModelName("ml", "models", jobId),
      ownsModel: true,
      federation: {
        issuer: "https://token.actions.githubusercontent.com",
        subject: "repo:contoso/churn:environment:prod",
      },
      driftWarehouseId: warehouseId,
      pipeline,
      alerts: [accuracy, failures],
    });
  /** Answers at an endpoint. */
  const onlineJob = (jobId: number): JobSpec =>
    job(jobId, {
      schedule: null,
      model: "ml.models.recommender",
      online: true,
      serving: { version: "14", size: "Small" },
    });
  const access = (group: string, change: Partial<AccessSpec> = {}): AccessSpec => ({
    kind: "access",
    stack: accessStack("eastus", groupId(group)),
    environment: facts,
    workspace,
    principal: { type: "Group", objectId: groupId(group), displayName: group },
    workspaceMember: true,
    roleAssignments: [
      { scope: vaultId, roleId: "21090545-7ca7-4776-b22c-e363652d74d2", roleName: "Key Vault Reader" },
    ],
    unityGrants: [{ securable: "model", name: "ml.models.fraud_scoring", privileges: ["EXECUTE"] }],
    ...change,
  });
  const acl = (
    databricksJobId: string,
    { group = "ds_team", level = "CAN_MANAGE_RUN" }: { group?: string; level?: string } = {},
  ): AclSpec => ({
    kind: "acl",
    stack: aclStack("eastus", 201),
    environment: facts,
    workspace,
    objects: [
      {
        type: "job",
        id: databricksJobId,
        accessControls: [{ principal: "group", name: group, level }],
      },
    ],
  });
  return { inside, firewall, job, fullJob, onlineJob, access, acl };
}
