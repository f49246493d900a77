import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AlertSpec } from "../../../metadata-schema/desired-state.ts";
import { actionGroupId, factoryId, logAnalyticsId } from "../../../program/layout/names.ts";
import { accuracyAlert, failuresAlert, fullJobSpec } from "../support/job-specs.ts";
import { mockRun } from "../support/mock-run.ts";
import { environment, jobSpec } from "../support/specs.ts";

const queryRule = "azure-native:monitor:ScheduledQueryRule";
const metricAlert = "azure-native:monitor:MetricAlert";
const full = await mockRun(fullJobSpec);
const withAlerts = (...alerts: AlertSpec[]) => mockRun({ ...jobSpec, alerts });
const ruleNamed = (name: string) =>
  full.resources.find((resource) => resource.name === name)?.inputs ?? assert.fail(name);

describe("the alerts of a job", () => {
  it("query what jobs report, in windows that Azure knows", () => {
    const rule = ruleNamed("alert-job-201-model_accuracy-lessthan");
    assert.deepEqual(rule.criteria, {
      allOf: [
        {
          query:
            'ModelMetrics_CL | where JobId == "201" and Metric == "model_accuracy" | ' +
            "summarize Value = avg(MetricValue) by bin(TimeGenerated, 60m)",
          metricMeasureColumn: "Value",
          timeAggregation: "Average",
          operator: "LessThan",
          threshold: 0.85,
          failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 },
        },
      ],
    });
    assert.deepEqual(
      [rule.windowSize, rule.evaluationFrequency, rule.severity, rule.enabled, rule.autoMitigate],
      ["PT1H", "PT15M", 2, true, true],
    );
    assert.deepEqual(rule.scopes, [logAnalyticsId(environment)]);
    assert.equal(rule.skipQueryValidation, true);
    assert.deepEqual(rule.actions, {
      actionGroups: [actionGroupId(environment)],
      customProperties: { job_id: "201", metric: "model_accuracy", kind: "value" },
    });
  });

  it("tell too when nothing is reported, by counting what there is", () => {
    const rule = ruleNamed("alert-job-201-model_accuracy-lessthan-missing");
    assert.deepEqual(rule.criteria, {
      allOf: [
        {
          query:
            'ModelMetrics_CL | where JobId == "201" and Metric == "model_accuracy" | summarize Count = count()',
          metricMeasureColumn: "Count",
          timeAggregation: "Total",
          operator: "LessThan",
          threshold: 1,
          failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 },
        },
      ],
    });
    assert.deepEqual((rule.actions as { customProperties: object }).customProperties, {
      job_id: "201",
      metric: "model_accuracy",
      kind: "missing",
    });
  });

  it("leave missing values alone where the row says so", async () => {
    const run = await withAlerts({ ...accuracyAlert, missingData: "ignore" });
    assert.deepEqual(run.names(queryRule), ["alert-job-201-model_accuracy-lessthan"]);
  });

  it("watch failures of the job's own pipeline by Azure's count, where nothing can be missing", () => {
    const { inputs } = full.only(metricAlert);
    assert.deepEqual(inputs.scopes, [factoryId(environment)]);
    assert.equal(inputs.location, "global");
    assert.deepEqual(inputs.criteria, {
      odataType: "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria",
      allOf: [
        {
          criterionType: "StaticThresholdCriterion",
          name: "failed-runs",
          metricNamespace: "Microsoft.DataFactory/factories",
          metricName: "PipelineFailedRuns",
          dimensions: [{ name: "Name", operator: "Include", values: ["pl-job-201"] }],
          timeAggregation: "Total",
          operator: "GreaterThan",
          threshold: 0,
        },
      ],
    });
    assert.deepEqual(inputs.actions, [
      {
        actionGroupId: actionGroupId(environment),
        webHookProperties: { job_id: "201", metric: "pipeline_failures", kind: "value" },
      },
    ]);
    assert.equal(full.names(queryRule).length, 2);
  });

  it("stay when they are off, and tell nobody", async () => {
    const run = await withAlerts({ ...failuresAlert, enabled: false });
    assert.equal(run.only(metricAlert).inputs.enabled, false);
  });

  it("end a run whose metric would change the query, or that Azure would refuse", async () => {
    await assert.rejects(withAlerts({ ...accuracyAlert, metric: 'x" or "' }), /can't name a metric/);
    await assert.rejects(withAlerts({ ...accuracyAlert, windowMinutes: 7 }), /window_minutes 7: Azure takes/);
  });
});
