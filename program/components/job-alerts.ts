import { MetricAlert } from "@pulumi/azure-native/monitor/metricAlert.js";
import { ScheduledQueryRule } from "@pulumi/azure-native/monitor/scheduledQueryRule.js";
import { all, ComponentResource, type ComponentResourceOptions, type Output, RunError } from "@pulumi/pulumi";
import type { AlertSpec, JobSpec } from "../../metadata-schema/desired-state.ts";
import { type AlertTiming, alertTiming } from "../layout/alert-timing.ts";
import {
  actionGroupId,
  alertName,
  factoryId,
  isMetricName,
  logAnalyticsId,
  metricsTable,
  pipelineName,
} from "../layout/names.ts";
import { jobTags } from "./tags.ts";

type AlertWhat = Parameters<typeof alertName>[2];
type Planned = Extract<AlertTiming, { status: "planned" }>;

/** What a fired alert says about itself: this service and people read it. */
const properties = (spec: JobSpec, { metric }: AlertSpec, kind: AlertWhat) => ({
  job_id: String(spec.jobId),
  metric,
  kind,
});

const common = (spec: JobSpec, alert: AlertSpec, what: AlertWhat) => ({
  resourceGroupName: spec.environment.resourceGroup,
  ruleName: alertName(spec.jobId, alert, what),
  description:
    what === "value"
      ? `${alert.metric} of job ${spec.jobId} is ${alert.operator} ${alert.threshold}`
      : `Job ${spec.jobId} has reported no ${alert.metric} for ${alert.windowMinutes} minutes`,
  severity: alert.severity,
  enabled: alert.enabled,
  // The alert ends by itself once its condition does.
  autoMitigate: true,
  tags: jobTags(spec),
});

/** Watches what jobs report; `missing` is told when nothing is. */
function queryRule(spec: JobSpec, alert: AlertSpec, timing: Planned, what: AlertWhat, parent: JobAlerts) {
  const rows = `${metricsTable} | where JobId == "${spec.jobId}" and Metric == "${alert.metric}"`;
  const criterion =
    what === "value"
      ? {
          query: `${rows} | summarize Value = avg(MetricValue) by bin(TimeGenerated, ${alert.windowMinutes}m)`,
          metricMeasureColumn: "Value",
          timeAggregation: "Average",
          operator: alert.operator,
          threshold: alert.threshold,
        }
      : {
          query: `${rows} | summarize Count = count()`,
          metricMeasureColumn: "Count",
          timeAggregation: "Total",
          operator: "LessThan",
          threshold: 1,
        };
  const args = common(spec, alert, what);
  return new ScheduledQueryRule(
    args.ruleName,
    {
      ...args,
      location: spec.environment.location,
      kind: "LogAlert",
      displayName: args.description,
      scopes: [logAnalyticsId(spec.environment)],
      evaluationFrequency: timing.evaluationFrequency,
      windowSize: timing.windowSize,
      criteria: {
        allOf: [
          { ...criterion, failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 } },
        ],
      },
      // The table may be too new for Azure to have seen its columns.
      skipQueryValidation: true,
      actions: {
        actionGroups: [actionGroupId(spec.environment)],
        customProperties: properties(spec, alert, what),
      },
    },
    { parent },
  );
}

/** Watches what Azure counts: failed runs of the job's pipeline. No run is no failure, so nothing can be missing. */
function failureRule(spec: JobSpec, alert: AlertSpec, timing: Planned, parent: JobAlerts) {
  const args = common(spec, alert, "value");
  return new MetricAlert(
    args.ruleName,
    {
      ...args,
      location: "global",
      scopes: [factoryId(spec.environment)],
      evaluationFrequency: timing.evaluationFrequency,
      windowSize: timing.windowSize,
      criteria: {
        odataType: "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria",
        allOf: [
          {
            criterionType: "StaticThresholdCriterion",
            name: "failed-runs",
            metricNamespace: "Microsoft.DataFactory/factories",
            metricName: "PipelineFailedRuns",
            dimensions: [{ name: "Name", operator: "Include", values: [pipelineName(spec.jobId)] }],
            timeAggregation: "Total",
            operator: alert.operator,
            threshold: alert.threshold,
          },
        ],
      },
      actions: [
        {
          actionGroupId: actionGroupId(spec.environment),
          webHookProperties: properties(spec, alert, "value"),
        },
      ],
    },
    { parent },
  );
}

/** Who is told when: one rule for a value, and one for a value that is missing. */
export class JobAlerts extends ComponentResource {
  readonly ids: Output<string[]>;

  constructor(name: string, spec: JobSpec, opts: ComponentResourceOptions) {
    super("rowgate:components:JobAlerts", name, {}, opts);
    this.ids = all(spec.alerts.flatMap((alert) => this.#rules(spec, alert).map(({ id }) => id)));
    this.registerOutputs();
  }

  #rules(spec: JobSpec, alert: AlertSpec) {
    if (!isMetricName(alert.metric)) {
      throw new RunError(
        `"${alert.metric}" can't name a metric: write letters, digits, _ and -, a letter first.`,
      );
    }
    const timing = alertTiming(alert);
    if (timing.status === "refused") throw new RunError(`Alert of job ${spec.jobId}: ${timing.reason}.`);
    if (timing.kind === "metric") return [failureRule(spec, alert, timing, this)];
    const value = queryRule(spec, alert, timing, "value", this);
    return alert.missingData === "alert" ? [value, queryRule(spec, alert, timing, "missing", this)] : [value];
  }
}
