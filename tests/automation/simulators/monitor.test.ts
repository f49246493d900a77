import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openTestClouds } from "./support/clouds.ts";
import { makeFactory } from "./support/factory.ts";
import {
  accuracyQuery,
  actionGroupInputs,
  actionGroupType,
  activityRuleType,
  collectionEndpointType,
  collectionRuleType,
  logTableType,
  logWorkspaceType,
  makeWorkspace,
  metricRuleType,
  openMonitor,
  post,
  queryRuleInputs,
  queryRuleType,
  row,
  ruleInputs,
  stream,
  tableColumns,
  tableInputs,
} from "./support/monitor.ts";
import type { Properties } from "./support/provider-client.ts";
import { adaId, subscription } from "./support/seed.ts";
import { makeGroup, resourceGroupName } from "./support/world.ts";

const noon = "2026-06-01T12:00:00.000Z";
const at = (minutes: number): string => new Date(Date.parse(noon) + minutes * 60_000).toISOString();

describe("Log Analytics", () => {
  it("a deleted workspace is had back with its tables, rows and id; in another region its name is held", async (t) => {
    const clouds = await openTestClouds(t);
    const { azure, http } = clouds;
    const world = await openMonitor(clouds);
    await post(clouds, world, [row(0.9, at(0))]);
    await azure.delete(world.workspace);
    assert.equal(await azure.read(world.table), undefined);
    await assert.rejects(
      makeWorkspace(azure, { location: "westeurope" }),
      /held by a soft-deleted workspace in eastus/,
    );
    const again = await makeWorkspace(azure);
    assert.equal(again.outputs.customerId, world.workspace.outputs.customerId);
    assert.ok(await azure.read(world.table));
    // a rule on it validates, because the table has its rows again
    await azure.create(queryRuleType, queryRuleInputs(world, { skipQueryValidation: false }));
    const listed = await http("GET", "/sandbox/objects?type=azure-native:operationalinsights:Workspace");
    assert.equal(listed.body.value.length, 1);
  });

  it("a custom table's name ends with _CL, and a column keeps its type", async (t) => {
    const { azure } = await openTestClouds(t);
    await makeGroup(azure);
    await makeWorkspace(azure);
    const bad = await azure.check(logTableType, tableInputs({ tableName: "ModelMetrics" }));
    assert.match(bad.failures[0]?.reason ?? "", /ends with _CL/);
    const untimed = await azure.check(
      logTableType,
      tableInputs({ schema: { name: "ModelMetrics_CL", columns: [{ name: "JobId", type: "string" }] } }),
    );
    assert.match(untimed.failures[0]?.reason ?? "", /TimeGenerated/);
    const made = await azure.create(logTableType, tableInputs());
    const retyped = tableColumns.map((column) =>
      column.name === "MetricValue" ? { ...column, type: "string" } : column,
    );
    await assert.rejects(
      azure.update(made, { ...made.inputs, schema: { name: "ModelMetrics_CL", columns: retyped } }),
      /The type of column 'MetricValue' can't be changed from real to string/,
    );
    const days = await azure.check(logWorkspaceType, {
      resourceGroupName,
      workspaceName: "law-two",
      retentionInDays: 7,
    });
    assert.match(days.failures[0]?.reason ?? "", /from 30 to 730/);
  });
});

describe("data collection", () => {
  it("a rule needs its table, its streams and its destinations", async (t) => {
    const { azure } = await openTestClouds(t);
    await makeGroup(azure);
    const workspace = await makeWorkspace(azure);
    await assert.rejects(
      azure.create(collectionRuleType, ruleInputs(workspace)),
      /Code="InvalidOutputTable" Message="Table for output stream 'Custom-ModelMetrics_CL' is not available/,
    );
    const flow = (more: Properties): Properties => ({
      dataFlows: [{ streams: [stream], destinations: ["law"], outputStream: stream, ...more }],
    });
    const reasonOf = async (more: Properties): Promise<string> =>
      (await azure.check(collectionRuleType, ruleInputs(workspace, more))).failures[0]?.reason ?? "";
    assert.match(await reasonOf(flow({ destinations: ["x"] })), /destination 'x' is not declared/);
    assert.match(await reasonOf(flow({ streams: ["Custom-X"] })), /stream 'Custom-X' is not declared/);
    assert.match(await reasonOf(flow({ transformKql: "source | take 1" })), /transforms nothing/);
    await azure.create(logTableType, tableInputs());
    const wrong = {
      streamDeclarations: {
        [stream]: {
          columns: [
            { name: "TimeGenerated", type: "datetime" },
            { name: "MetricValue", type: "string" },
          ],
        },
      },
    };
    await assert.rejects(
      azure.create(collectionRuleType, ruleInputs(workspace, wrong)),
      /produced:'string', output:'real'/,
    );
    const made = await azure.create(collectionRuleType, ruleInputs(workspace));
    assert.match(made.outputs.immutableId, /^dcr-[0-9a-f]{32}$/);
    const again = await azure.update(made, { ...made.inputs, description: "x" });
    assert.equal(again.outputs.immutableId, made.outputs.immutableId);
  });

  it("an endpoint shows where logs go, and stays while a rule uses it", async (t) => {
    const clouds = await openTestClouds(t);
    const { azure } = clouds;
    const world = await openMonitor(clouds);
    const endpoint = await azure.create(collectionEndpointType, {
      resourceGroupName,
      dataCollectionEndpointName: "dce",
      networkAcls: { publicNetworkAccess: "Disabled" },
    });
    assert.match(
      endpoint.outputs.logsIngestion.endpoint,
      /^https:\/\/dce-[0-9a-f]{4}\.eastus-1\.ingest\.monitor\.azure\.com$/,
    );
    await azure.update(world.rule, { ...world.rule.inputs, dataCollectionEndpointId: endpoint.id });
    await assert.rejects(azure.delete(endpoint), /is used by data collection rule/);
  });

  it("rows are taken from who may publish, in the columns that the stream declares", async (t) => {
    const clouds = await openTestClouds(t);
    const world = await openMonitor(clouds);
    assert.equal((await post(clouds, world, [row(0.9, at(0))])).status, 204);
    const refusals: readonly (readonly [number, string, Promise<{ status: number; body: Properties }>])[] = [
      [403, "OperationFailed", post(clouds, world, [], { principal: adaId })],
      [403, "OperationFailed", post(clouds, world, [], { principal: "" })],
      [404, "NotFound", post(clouds, world, [], { immutableId: "dcr-0" })],
      [400, "InvalidStream", post(clouds, world, [], { stream: "Custom-Other" })],
      [400, "InvalidPayload", post(clouds, world, { rows: [] })],
      [400, "InvalidPayload", post(clouds, world, [row(0.9, at(0), { Extra: 1 })])],
      [400, "InvalidPayload", post(clouds, world, [row(0.9, at(0), { JobId: 201 })])],
      [400, "InvalidPayload", post(clouds, world, [row(0.9, "yesterday")])],
    ];
    for (const [status, code, answer] of refusals) {
      const { status: was, body } = await answer;
      assert.deepEqual([was, body.error.code], [status, code], JSON.stringify(body));
    }
  });
});

describe("action groups and rules refuse what Azure refuses", () => {
  it("a short name over 12 characters, a receiver twice, a region that has none", async (t) => {
    const { azure } = await openTestClouds(t);
    await makeGroup(azure);
    const reason = async (more: Properties): Promise<string> =>
      (await azure.check(actionGroupType, actionGroupInputs(more))).failures[0]?.reason ?? "";
    assert.match(await reason({ groupShortName: "a-name-too-long" }), /at most 12/);
    assert.match(
      await reason({ emailReceivers: [{ name: "rowgate", emailAddress: "a@b.example" }] }),
      /used twice/,
    );
    assert.match(
      await reason({ smsReceivers: [{ name: "s", countryCode: "1", phoneNumber: "2" }] }),
      /not simulated/,
    );
    await assert.rejects(
      azure.create(actionGroupType, actionGroupInputs({ location: "eastus" })),
      /LocationNotAvailableForResourceType/,
    );
  });

  const condition = (more: Properties): Properties => ({
    criteria: {
      allOf: [
        {
          query: accuracyQuery,
          metricMeasureColumn: "Value",
          timeAggregation: "Average",
          operator: "LessThan",
          threshold: 0.85,
          ...more,
        },
      ],
    },
  });
  const wrong: readonly (readonly [string, Properties, RegExp])[] = [
    ["a frequency that is none", { evaluationFrequency: "PT7M" }, /Supported granularities are: 1, 5, 10/],
    ["a window that is none", { windowSize: "P3D" }, /'P3D' is not supported/],
    ["a window shorter than the frequency", { evaluationFrequency: "PT6H" }, /must not be less/],
    ["a severity of 5", { severity: 5 }, /from 0 to 4/],
    ["two scopes", { scopes: ["/a", "/b"] }, /exactly one scope/],
    ["no condition", { criteria: { allOf: [] } }, /exactly one condition/],
    ["an operator that is none", condition({ operator: "lt" }), /'lt' is not one of/],
    ["an aggregation that is none", condition({ timeAggregation: "Median" }), /'Median' is not one of/],
    ["a measure of nothing", condition({ metricMeasureColumn: "" }), /needs a column to measure/],
    [
      "more failing than periods",
      condition({ failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 2 } }),
      /no more failing than periods/,
    ],
    ["muting what resolves itself", { autoMitigate: true, muteActionsDuration: "PT5M" }, /must be left out/],
  ];
  it("inputs of a query rule", async (t) => {
    const clouds = await openTestClouds(t);
    const world = await openMonitor(clouds);
    for (const [is, more, says] of wrong) {
      const { failures } = await clouds.azure.check(queryRuleType, queryRuleInputs(world, more));
      assert.match(failures.map((failure) => failure.reason).join("; "), says, is);
    }
    await assert.rejects(
      clouds.azure.create(
        queryRuleType,
        queryRuleInputs(world, { scopes: [`${subscription}/resourceGroups/none`] }),
      ),
      /The scope .* was not found/,
    );
    await assert.rejects(
      clouds.azure.create(queryRuleType, queryRuleInputs(world, { actions: { actionGroups: ["/none"] } })),
      /InvalidResourceReference/,
    );
  });

  it("a query is validated against the table, and a table without rows can't be", async (t) => {
    const clouds = await openTestClouds(t);
    const world = await openMonitor(clouds);
    const strict = (query: string, measured = "Value"): Promise<unknown> =>
      clouds.azure.create(
        queryRuleType,
        queryRuleInputs(world, {
          skipQueryValidation: false,
          ...condition({ query, metricMeasureColumn: measured }),
        }),
      );
    await assert.rejects(
      strict(accuracyQuery),
      /Failed to resolve table .* 'ModelMetrics_CL'.*skipQueryValidation/,
    );
    await post(clouds, world, [row(0.9, at(0))]);
    await assert.rejects(strict(accuracyQuery.replace("JobId", "Job")), /named 'Job'/);
    await assert.rejects(strict(accuracyQuery, "Other"), /named 'Other'/);
    await assert.rejects(strict("ModelMetrics_CL | join x"), /'join x' is not simulated here.*reads Table/);
    await strict(accuracyQuery);
  });
});

describe("rules on metrics and on activity", () => {
  const metricInputs = (factoryId: string, actionGroupId: string, more: Properties = {}): Properties => ({
    resourceGroupName,
    ruleName: "alert-pipeline-failed",
    location: "global",
    enabled: true,
    severity: 1,
    scopes: [factoryId],
    evaluationFrequency: "PT5M",
    windowSize: "PT15M",
    criteria: {
      odataType: "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria",
      allOf: [
        {
          criterionType: "StaticThresholdCriterion",
          name: "failed",
          metricName: "PipelineFailedRuns",
          metricNamespace: "Microsoft.DataFactory/factories",
          timeAggregation: "Total",
          operator: "GreaterThan",
          threshold: 0,
          dimensions: [{ name: "Name", operator: "Include", values: ["PL_RunJob"] }],
        },
      ],
    },
    actions: [{ actionGroupId, webHookProperties: { job_id: "201" } }],
    ...more,
  });

  it("a metric rule is global, on a metric that there is", async (t) => {
    const clouds = await openTestClouds(t);
    const world = await openMonitor(clouds);
    const factory = await makeFactory(clouds.azure);
    const create = (more: Properties): Promise<unknown> =>
      clouds.azure.create(metricRuleType, metricInputs(factory.id, world.actionGroup.id, more));
    await assert.rejects(create({ location: "eastus" }), /List of available regions .* is 'global'/);
    const other = metricInputs(factory.id, world.actionGroup.id).criteria;
    other.allOf[0].metricName = "Nothing";
    await assert.rejects(create({ criteria: other }), /Couldn't find a metric named Nothing/);
    await assert.rejects(create({ windowSize: "PT7M" }), /'PT7M' is not supported/);
    await create({});
  });

  it("an activity rule names a category", async (t) => {
    const clouds = await openTestClouds(t);
    const world = await openMonitor(clouds);
    const inputs = (leaves: readonly Properties[]): Properties => ({
      resourceGroupName,
      activityLogAlertName: "tamper",
      location: "global",
      scopes: [subscription],
      condition: { allOf: leaves },
      actions: { actionGroups: [{ actionGroupId: world.actionGroup.id }] },
    });
    const bad = await clouds.azure.check(activityRuleType, inputs([{ field: "caller", equals: "x" }]));
    assert.match(bad.failures[0]?.reason ?? "", /must hold a category/);
    const category = { field: "category", equals: "Administrative" };
    const both = await clouds.azure.check(activityRuleType, inputs([category, { field: "status" }]));
    assert.match(both.failures[0]?.reason ?? "", /one of equals and containsAny/);
    await clouds.azure.create(activityRuleType, inputs([category]));
  });
});
