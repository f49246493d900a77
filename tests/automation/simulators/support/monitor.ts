/** A workspace with the metrics table, a rule that fills it, and who may; and a real receiver of webhooks. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import type { HttpAnswer, TestClouds } from "./clouds.ts";
import type { Properties, ProviderClient, Resource } from "./provider-client.ts";
import { roleId } from "./seed.ts";
import { makeGroup, makeIdentity, resourceGroupName, roleAssignmentType } from "./world.ts";

export const logWorkspaceType = "azure-native:operationalinsights:Workspace";
export const logTableType = "azure-native:operationalinsights:Table";
export const collectionEndpointType = "azure-native:monitor:DataCollectionEndpoint";
export const collectionRuleType = "azure-native:monitor:DataCollectionRule";
export const actionGroupType = "azure-native:monitor:ActionGroup";
export const queryRuleType = "azure-native:monitor:ScheduledQueryRule";
export const metricRuleType = "azure-native:monitor:MetricAlert";
export const activityRuleType = "azure-native:monitor:ActivityLogAlert";
export const publisher = roleId("3913510d-42f4-4e42-8a64-420c390055eb");
export const stream = "Custom-ModelMetrics_CL";

const columns: readonly (readonly [string, string])[] = [
  ["TimeGenerated", "datetime"],
  ["JobId", "string"],
  ["Model", "string"],
  ["Metric", "string"],
  ["MetricValue", "real"],
  ["RunId", "string"],
];
const streamColumns = columns.map(([name, type]) => ({ name, type }));
export const tableColumns = columns.map(([name, type]) => ({
  name,
  type: type === "datetime" ? "dateTime" : type,
}));

export const makeWorkspace = (azure: ProviderClient, inputs: Properties = {}): Promise<Resource> =>
  azure.create(logWorkspaceType, { resourceGroupName, workspaceName: "law-test", ...inputs });

export const tableInputs = (inputs: Properties = {}): Properties => ({
  resourceGroupName,
  workspaceName: "law-test",
  tableName: "ModelMetrics_CL",
  schema: { name: "ModelMetrics_CL", columns: tableColumns },
  ...inputs,
});

export const ruleInputs = (workspace: Resource, inputs: Properties = {}): Properties => ({
  resourceGroupName,
  dataCollectionRuleName: "dcr-metrics",
  streamDeclarations: { [stream]: { columns: streamColumns } },
  destinations: { logAnalytics: [{ name: "law", workspaceResourceId: workspace.id }] },
  dataFlows: [{ streams: [stream], destinations: ["law"], outputStream: stream, transformKql: "source" }],
  ...inputs,
});

export const actionGroupInputs = (inputs: Properties = {}): Properties => ({
  resourceGroupName,
  actionGroupName: "ag-ops",
  groupShortName: "ops",
  enabled: true,
  location: "Global",
  webhookReceivers: [
    {
      name: "rowgate",
      serviceUri: "https://rowgate.contoso.example/v1/alerts?code=x",
      useCommonAlertSchema: true,
    },
  ],
  emailReceivers: [{ name: "team", emailAddress: "ops@contoso.example" }],
  ...inputs,
});

export const accuracyQuery =
  'ModelMetrics_CL | where JobId == "201" and Metric == "model_accuracy" | summarize Value = avg(MetricValue) by bin(TimeGenerated, 60m)';
export const missingQuery =
  'ModelMetrics_CL | where JobId == "201" and Metric == "model_accuracy" | summarize Count = count()';

export const queryRuleInputs = (world: MonitorWorld, inputs: Properties = {}): Properties => ({
  resourceGroupName,
  ruleName: "alert-job-201-accuracy",
  description: "model_accuracy of job 201 below 0.85",
  scopes: [world.workspace.id],
  severity: 2,
  evaluationFrequency: "PT5M",
  windowSize: "PT1H",
  skipQueryValidation: true,
  criteria: {
    allOf: [
      {
        query: accuracyQuery,
        metricMeasureColumn: "Value",
        timeAggregation: "Average",
        operator: "LessThan",
        threshold: 0.85,
        failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 },
      },
    ],
  },
  actions: { actionGroups: [world.actionGroup.id], customProperties: { job_id: "201" } },
  ...inputs,
});

export interface MonitorWorld {
  readonly workspace: Resource;
  readonly table: Resource;
  readonly rule: Resource;
  readonly actionGroup: Resource;
  readonly identity: Resource;
}

/** The clock is paused, so that nothing looks at a rule but the test. */
export async function openMonitor({ azure, http }: TestClouds): Promise<MonitorWorld> {
  await http("PUT", "/sandbox/monitor", { isPaused: true });
  await makeGroup(azure);
  const workspace = await makeWorkspace(azure);
  const table = await azure.create(logTableType, tableInputs());
  const rule = await azure.create(collectionRuleType, ruleInputs(workspace));
  const actionGroup = await azure.create(actionGroupType, actionGroupInputs());
  const identity = await makeIdentity(azure);
  await azure.create(roleAssignmentType, {
    scope: rule.id,
    principalId: identity.outputs.principalId,
    principalType: "ServicePrincipal",
    roleDefinitionId: publisher,
  });
  return { workspace, table, rule, actionGroup, identity };
}

export const row = (MetricValue: number, TimeGenerated: string, more: Properties = {}): Properties => ({
  TimeGenerated,
  JobId: "201",
  Model: "churn",
  Metric: "model_accuracy",
  MetricValue,
  RunId: "run-1",
  ...more,
});

export const post = (
  clouds: TestClouds,
  world: MonitorWorld,
  rows: unknown,
  more: { principal?: string; stream?: string; immutableId?: string } = {},
): Promise<HttpAnswer> => {
  const { principal = world.identity.outputs.principalId, immutableId = world.rule.outputs.immutableId } =
    more;
  return clouds.http(
    "POST",
    `/dataCollectionRules/${immutableId}/streams/${more.stream ?? stream}?api-version=2023-01-01`,
    rows,
    { "x-simulated-principal": principal },
  );
};

export const evaluate = (clouds: TestClouds, at: string): Promise<HttpAnswer> =>
  clouds.http("POST", "/sandbox/monitor/evaluate", { at });

export interface Receiver {
  readonly url: string;
  readonly received: { readonly path: string; readonly headers: Properties; readonly body: Properties }[];
  /** answers of the calls to come, in order; then 200 */
  readonly answers: number[];
}

/** A real HTTP server that keeps what it is sent. */
export async function openReceiver(test: TestContext): Promise<Receiver> {
  const received: Receiver["received"] = [];
  const answers: number[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString("utf8");
    received.push({
      path: request.url ?? "",
      headers: request.headers,
      body: text === "" ? {} : (JSON.parse(text) as Properties),
    });
    response.writeHead(answers.shift() ?? 200).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  test.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received, answers };
}
