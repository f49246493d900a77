/** Alert_Rules rows → alerts of the job's own stack. */
import type { Entry } from "../../metadata-schema/contributions.ts";
import type { AlertSpec } from "../../metadata-schema/desired-state.ts";
import { type AlertRuleRow, type RowRef, rowName } from "../../metadata-schema/rows.ts";
import { alertTiming, pipelineFailures } from "../../program/layout/alert-timing.ts";
import { isMetricName } from "../../program/layout/names.ts";
import { type JobContext, textOutput, workspaceOutput } from "./job-context.ts";
import { blocked, good, type PlacedEntry, type Refusal, type RowOutcome, refused } from "./outcome.ts";
import { placeInJob } from "./resolve-compute.ts";

const operators = ["LessThan", "GreaterThan", "LessThanOrEqual", "GreaterThanOrEqual"] as const;
const missingDataWords = ["alert", "ignore"] as const;

/** The metric that the job's predictions are watched for; Databricks computes it. */
const driftMetric = "drift";
export const alertAsk = ({ metric, operator }: AlertRuleRow): string => `alert|${metric}|${operator}`;

export function resolveAlert(alert: AlertRuleRow, context: JobContext): RowOutcome {
  const row: RowRef = { table: "Alert_Rules", key: String(alert.alert_id) };
  const ask = alertAsk(alert);
  const asks = (entry: Entry): boolean => entry.ask === ask;
  const operator = operators.find((word) => word === alert.operator);
  const missingData = missingDataWords.find((word) => word === alert.missing_data);
  const fault = faultOf(alert, context);
  if (fault !== null || operator === undefined || missingData === undefined) {
    const refusal = fault ?? blocked("InvalidAlert", "operator: it is unknown.");
    return refused(row, { ...refusal, message: `${rowName(row)}, ${refusal.message}` }, asks);
  }
  const spec: AlertSpec = {
    metric: alert.metric,
    operator,
    threshold: alert.threshold,
    windowMinutes: alert.window_minutes,
    frequencyMinutes: alert.frequency_minutes,
    severity: alert.severity,
    missingData,
    enabled: alert.enabled,
  };
  return good(row, [placeAlert(row, ask, spec, context)]);
}

/** Drift is watched in a table that a warehouse makes. */
function placeAlert(row: RowRef, ask: string, alert: AlertSpec, context: JobContext): PlacedEntry {
  const warehouse = workspaceOutput(context, "warehouse_id");
  const driftWarehouseId = alert.metric === driftMetric ? textOutput(context, warehouse) : null;
  const placed = placeInJob(row, ask, { kind: "alert", alert, driftWarehouseId }, context);
  if (alert.metric !== driftMetric) return placed;
  const { target, entry } = placed;
  return {
    target: {
      ...target,
      base: driftWarehouseId === null ? null : target.base,
      references: [warehouse, ...target.references],
    },
    entry,
  };
}

function faultOf(alert: AlertRuleRow, context: JobContext): Refusal | null {
  if (!isMetricName(alert.metric)) {
    const message = `metric: "${alert.metric}" is not a metric's name. Use a letter, then letters, digits, "_" or "-"; 64 at most.`;
    return blocked("InvalidMetric", message);
  }
  if (!operators.some((word) => word === alert.operator)) {
    const message = `operator: "${alert.operator}" is unknown. Write one of: ${operators.join(", ")}.`;
    return blocked("UnknownOperator", message);
  }
  if (!missingDataWords.some((word) => word === alert.missing_data)) {
    const message = `missing_data: "${alert.missing_data}" is unknown. Write alert or ignore.`;
    return blocked("UnknownMissingData", message);
  }
  if (alert.severity < 0 || alert.severity > 4)
    return blocked("InvalidSeverity", `severity: ${alert.severity} is not 0 (critical) to 4 (verbose).`);
  if (alert.metric === pipelineFailures && !context.hasPipeline) {
    const message = `metric: ${pipelineFailures} is counted of the job's pipeline, and it has none. Add a row in Pipeline_Settings, or remove this one.`;
    return blocked("NoPipeline", message);
  }
  const timing = alertTiming({
    metric: alert.metric,
    windowMinutes: alert.window_minutes,
    frequencyMinutes: alert.frequency_minutes,
  });
  return timing.status === "refused" ? blocked("InvalidTiming", `${timing.reason}.`) : null;
}
