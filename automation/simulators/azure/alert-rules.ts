/** The three kinds of alert rules: on a query of logs, on a metric, on what is done to resources. */
import { hasUnknown, oneOf } from "../check.ts";
import { armError } from "../cloud-error.ts";
import { at, type Body, bodiesAt, textAt, textsAt } from "../json.ts";
import type { InputFault, ResourceType } from "../resource-type.ts";
import type { CloudObject } from "../store.ts";
import { type ArmCall, armType, requireReference } from "./arm-type.ts";
import { factoryToken } from "./data-factory.ts";
import { columnsGiven, columnsRead, parseKql } from "./kql.ts";
import { columnsOf, hasRows, logWorkspaceToken, tableOf } from "./log-analytics.ts";
import {
  aggregations,
  between,
  duration,
  operators,
  requireActionGroups,
  requireGlobal,
  requireScopes,
  windowCovers,
} from "./monitor-words.ts";

export const queryRuleToken = "azure-native:monitor:ScheduledQueryRule";
export const metricRuleToken = "azure-native:monitor:MetricAlert";
export const activityRuleToken = "azure-native:monitor:ActivityLogAlert";
const group =
  "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.Insights";

/** minutes, as Azure's refusal of any other names them; rules on logs may look two days back */
const queryFrequencies = [1, 5, 10, 15, 30, 45, 60, 120, 180, 240, 300, 360, 1440];
const queryWindows = [...queryFrequencies, 2880];
const metricSpans = [1, 5, 15, 30, 60, 360, 720, 1440];

const fault = (property: string, reason: string): InputFault => ({ property, reason });

export const scheduledQueryRule: ResourceType = armType({
  token: queryRuleToken,
  armType: "Microsoft.Insights/scheduledQueryRules",
  path: `${group}/scheduledQueryRules/{ruleName}`,
  required: ["criteria", "scopes", "evaluationFrequency", "windowSize", "severity"],
  replaceOn: ["location", "kind"],
  check: (inputs) => [
    ...oneOf(inputs, "kind", ["LogAlert"]),
    ...between(inputs, "severity", 0, 4),
    ...duration(inputs, "evaluationFrequency", queryFrequencies),
    ...duration(inputs, "windowSize", queryWindows),
    ...windowCovers(inputs),
    ...queryFaults(inputs),
    ...(inputs.autoMitigate === true && inputs.muteActionsDuration !== undefined
      ? [fault("muteActionsDuration", "must be left out when autoMitigate is true")]
      : []),
    ...["overrideQueryTimeRange", "resolveConfiguration", "identity"]
      .filter((key) => inputs[key] !== undefined)
      .map((key) => fault(key, "is not simulated")),
  ],
  build: (call) => {
    requireScopes(call);
    requireActionGroups(call, textsAt(call.inputs, "actions.actionGroups"));
    if (call.inputs.skipQueryValidation !== true) validateQuery(call);
    return {
      enabled: call.inputs.enabled ?? true,
      autoMitigate: call.inputs.autoMitigate ?? true,
      createdWithApiVersion: "2025-01-01-preview",
    };
  },
});

function queryFaults(inputs: Body): InputFault[] {
  if (hasUnknown(inputs.criteria) || hasUnknown(inputs.scopes)) return [];
  const [condition, ...more] = bodiesAt(inputs, "criteria.allOf");
  const path = "criteria.allOf[0]";
  const scopes = textsAt(inputs, "scopes");
  if (scopes.length !== 1) return [fault("scopes", "exactly one scope is supported")];
  if (!condition || more.length > 0) return [fault("criteria.allOf", "exactly one condition is supported")];
  const periods = Number(at(condition, "failingPeriods.numberOfEvaluationPeriods") ?? 1);
  const failing = Number(at(condition, "failingPeriods.minFailingPeriodsToAlert") ?? 1);
  const aggregation = textAt(condition, "timeAggregation");
  const faults = [
    ...oneOf({ x: condition.operator ?? "" }, "x", Object.keys(operators)),
    ...oneOf({ x: condition.timeAggregation ?? "" }, "x", Object.keys(aggregations)),
  ].map(({ reason }) => fault(path, reason));
  if (textAt(condition, "query") === "") faults.push(fault(`${path}.query`, "a query is needed"));
  if (typeof condition.threshold !== "number") faults.push(fault(`${path}.threshold`, "must be a number"));
  if (aggregation !== "Count" && textAt(condition, "metricMeasureColumn") === "") {
    faults.push(fault(`${path}.metricMeasureColumn`, `${aggregation} needs a column to measure`));
  }
  if (!(periods >= 1 && periods <= 6 && failing >= 1 && failing <= periods)) {
    faults.push(fault(`${path}.failingPeriods`, "must be 1 to 6 periods, and no more failing than periods"));
  }
  if (bodiesAt(condition, "dimensions").length > 0) {
    faults.push(fault(`${path}.dimensions`, "the simulated Monitor splits a query's result by no dimension"));
  }
  return faults;
}

/** The table that a rule's query reads, in the workspace that the rule looks at. */
export function tableOfRule(
  call: Pick<ArmCall, "ctx">,
  rule: Body,
  tableName: string,
): CloudObject | undefined {
  return tableOf(call.ctx.store, textsAt(rule, "scopes")[0] ?? "", tableName);
}

function validateQuery(call: ArmCall): void {
  requireReference(call, textsAt(call.inputs, "scopes")[0] ?? "", [logWorkspaceToken]);
  const [condition] = bodiesAt(call.inputs, "criteria.allOf");
  const parsed = parseKql(textAt(condition, "query"));
  if (parsed.status === "refused") throw armError(400, "BadRequest", parsed.reason);
  const { query } = parsed;
  const table = tableOfRule(call, call.inputs, query.table);
  const unresolved = (name: string, hint = "") =>
    armError(400, "BadRequest", `Failed to resolve table or column expression named '${name}'${hint}`);
  // on Azure a custom table can't be queried before its first rows have come in
  if (!table || !hasRows(call.ctx.store, table)) {
    throw unresolved(query.table, ". If the table is new, set skipQueryValidation.");
  }
  const known = columnsOf(table.body);
  const missing = columnsRead(query).find((column) => !known.has(column));
  if (missing !== undefined) throw unresolved(missing);
  const measured = textAt(condition, "metricMeasureColumn");
  const given = columnsGiven(query) ?? [...known.keys()];
  if (measured && !given.includes(measured)) throw unresolved(measured);
}

/** Metrics that the simulated clouds write, by type of resource. */
const metrics: Readonly<Record<string, readonly string[]>> = {
  [factoryToken]: ["PipelineFailedRuns", "PipelineSucceededRuns", "ActivityFailedRuns"],
};

export const metricAlert: ResourceType = armType({
  token: metricRuleToken,
  armType: "Microsoft.Insights/metricAlerts",
  path: `${group}/metricAlerts/{ruleName}`,
  required: ["criteria", "enabled", "evaluationFrequency", "scopes", "severity", "windowSize"],
  replaceOn: ["location"],
  outputsOnly: ["lastUpdatedTime", "isMigrated"],
  check: (inputs) => [
    ...between(inputs, "severity", 0, 4),
    ...duration(inputs, "evaluationFrequency", metricSpans),
    ...duration(inputs, "windowSize", metricSpans),
    ...windowCovers(inputs),
    ...oneOf(inputs, "criteria.odataType", [
      "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria",
      "Microsoft.Azure.Monitor.MultipleResourceMultipleMetricCriteria",
    ]),
    ...metricFaults(inputs),
  ],
  build: (call) => {
    requireGlobal(call, "microsoft.insights/metricalerts");
    requireScopes(call);
    requireActionGroups(
      call,
      bodiesAt(call.inputs, "actions").map((action) => textAt(action, "actionGroupId")),
    );
    requireMetrics(call);
    return { autoMitigate: call.inputs.autoMitigate ?? true, lastUpdatedTime: new Date().toISOString() };
  },
});

function metricFaults(inputs: Body): InputFault[] {
  if (hasUnknown(inputs.criteria)) return [];
  const criteria = bodiesAt(inputs, "criteria.allOf");
  if (criteria.length === 0) return [fault("criteria.allOf", "at least one criterion is needed")];
  return criteria.flatMap((criterion, index) => {
    const path = `criteria.allOf[${index}]`;
    const words = [
      ...oneOf({ x: criterion.criterionType ?? "" }, "x", ["StaticThresholdCriterion"]),
      ...oneOf({ x: criterion.operator ?? "" }, "x", Object.keys(operators)),
      ...oneOf({ x: criterion.timeAggregation ?? "" }, "x", Object.keys(aggregations)),
      ...bodiesAt(criterion, "dimensions").flatMap((dimension) =>
        oneOf({ x: dimension.operator ?? "" }, "x", ["Include", "Exclude"]),
      ),
    ].map(({ reason }) => fault(path, reason));
    return typeof criterion.threshold === "number"
      ? words
      : [...words, fault(`${path}.threshold`, "must be a number")];
  });
}

function requireMetrics(call: ArmCall): void {
  for (const scope of textsAt(call.inputs, "scopes")) {
    const known = metrics[call.ctx.store.get("azure", scope)?.type ?? ""] ?? [];
    for (const criterion of bodiesAt(call.inputs, "criteria.allOf")) {
      const name = textAt(criterion, "metricName");
      if (known.includes(name) || criterion.skipMetricValidation === true) continue;
      throw armError(
        400,
        "BadRequest",
        `Couldn't find a metric named ${name} for ${scope}. Make sure the name is correct; the simulated clouds write ${known.join(", ") || "no metric of this resource"}.`,
      );
    }
  }
}

const activityCategories = ["Administrative", "Security", "ServiceHealth", "ResourceHealth", "Policy"];

export const activityLogAlert: ResourceType = armType({
  token: activityRuleToken,
  armType: "Microsoft.Insights/activityLogAlerts",
  path: `${group}/activityLogAlerts/{activityLogAlertName}`,
  required: ["actions", "condition", "scopes"],
  replaceOn: ["location"],
  check: activityFaults,
  build: (call) => {
    requireGlobal(call, "microsoft.insights/activitylogalerts");
    requireScopes(call);
    requireActionGroups(
      call,
      bodiesAt(call.inputs, "actions.actionGroups").map((action) => textAt(action, "actionGroupId")),
    );
    return { enabled: call.inputs.enabled ?? true };
  },
});

function activityFaults(inputs: Body): InputFault[] {
  if (hasUnknown(inputs.condition)) return [];
  const leaves = bodiesAt(inputs, "condition.allOf");
  const category = leaves.find((leaf) => textAt(leaf, "field") === "category");
  if (!category || !activityCategories.includes(textAt(category, "equals"))) {
    return [
      fault("condition.allOf", `must hold a category that equals one of ${activityCategories.join(", ")}`),
    ];
  }
  return leaves.flatMap((leaf, index) => {
    const any = bodiesAt(leaf, "anyOf");
    const all = any.length > 0 ? any : [leaf];
    const bad = all.filter(
      (each) => !textAt(each, "field") || (each.equals === undefined) === (each.containsAny === undefined),
    );
    return bad.length === 0
      ? []
      : [fault(`condition.allOf[${index}]`, "needs a field, and one of equals and containsAny")];
  });
}
