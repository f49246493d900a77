/** Looks at what a rule watches, at one instant, and says whether its condition is met. */
import { type Body, bodiesAt, at as pathAt, textAt, textsAt } from "../json.ts";
import type { CallContext } from "../resource-type.ts";
import type { CloudObject } from "../store.ts";
import { metricRuleToken, queryRuleToken, tableOfRule } from "./alert-rules.ts";
import { type Finding, settle } from "./alerts.ts";
import { combine, parseKql, runKql } from "./kql.ts";
import { columnsOf, rowsBetween } from "./log-analytics.ts";
import { pointsBetween } from "./metrics.ts";
import { aggregations, isAggregation, minutesOf, operators } from "./monitor-words.ts";

const minuteMs = 60_000;

export interface Evaluation {
  readonly rule: string;
  readonly at: string;
  /** why the rule could not be evaluated */
  readonly fault: string | null;
}

/** How many times faster than on Azure rules are looked at; windows of data stay as they are. */
export const speedOf = (ctx: CallContext): number => Number(ctx.store.fact("monitorSpeed") ?? "1");

/** Evaluates enabled rules at an instant: all, or those whose time has come. */
export function evaluateRules(ctx: CallContext, at: Date, which: "all" | "due"): Evaluation[] {
  const speed = speedOf(ctx);
  const clocks = new Map(
    ctx.store
      .all("select rule_key, evaluated_at from rule_clocks")
      .map((row) => [String(row.rule_key), Date.parse(String(row.evaluated_at))]),
  );
  const isDue = (rule: CloudObject): boolean => {
    const last = clocks.get(rule.id.toLowerCase());
    return last === undefined || at.getTime() - last >= (frequencyOf(rule) * minuteMs) / speed;
  };
  return [queryRuleToken, metricRuleToken]
    .flatMap((type) => ctx.store.ofType(type))
    .filter((rule) => rule.body.enabled !== false && (which === "all" || isDue(rule)))
    .map((rule) => evaluateOne(ctx, rule, at));
}

function evaluateOne(ctx: CallContext, rule: CloudObject, at: Date): Evaluation {
  const fault = faultOf(ctx, rule, at);
  ctx.store.run(
    `insert into rule_clocks (rule_key, evaluated_at, fault) values (?, ?, ?)
     on conflict (rule_key) do update set evaluated_at = excluded.evaluated_at, fault = excluded.fault`,
    rule.id.toLowerCase(),
    at.toISOString(),
    fault,
  );
  return { rule: rule.id, at: at.toISOString(), fault };
}

function faultOf(ctx: CallContext, rule: CloudObject, at: Date): string | null {
  const evaluate = rule.type === queryRuleToken ? evaluateQuery : evaluateMetric;
  try {
    return ctx.store.transaction(() => evaluate(ctx, rule, at));
  } catch (error) {
    // a rule that somebody changed by hand may be anything; it must not stop the clock of the others
    return error instanceof Error ? error.message : String(error);
  }
}

const frequencyOf = (rule: CloudObject): number => minutesOf(textAt(rule.body, "evaluationFrequency")) ?? 5;

/** Microsoft, "Azure Monitor log alerts": how long a condition is clear before its alert is resolved. */
function cleanLooks(frequency: number): number {
  if (frequency < 5) return Math.ceil(10 / frequency);
  if (frequency <= 15) return 3;
  return frequency < 660 ? 2 : 1;
}

/** A metric alert is resolved by three looks in a row at which its condition is not met. */
const cleanMetricLooks = 3;

interface Period {
  readonly from: Date;
  readonly to: Date;
  readonly value: number | null;
  readonly isFailing: boolean;
}

/** Answers what kept it from being evaluated, or null. */
function evaluateQuery(ctx: CallContext, rule: CloudObject, at: Date): string | null {
  const [condition = {}] = bodiesAt(rule.body, "criteria.allOf");
  const parsed = parseKql(textAt(condition, "query"));
  if (parsed.status === "refused") return parsed.reason;
  const { query } = parsed;
  const table = tableOfRule({ ctx }, rule.body, query.table);
  if (!table) return `Failed to resolve table or column expression named '${query.table}'`;
  const unknown = query.filters.find(({ column }) => !columnsOf(table.body).has(column));
  if (unknown) return `Failed to resolve table or column expression named '${unknown.column}'`;
  const windowMs = (minutesOf(textAt(rule.body, "windowSize")) ?? 5) * minuteMs;
  const count = Number(pathAt(condition, "failingPeriods.numberOfEvaluationPeriods") ?? 1);
  const needed = Number(pathAt(condition, "failingPeriods.minFailingPeriodsToAlert") ?? 1);
  const periods = Array.from({ length: count }, (_none, index): Period => {
    const to = new Date(at.getTime() - index * windowMs);
    const from = new Date(to.getTime() - windowMs);
    const value = measure(condition, runKql(query, rowsBetween(ctx.store, table, from, to)));
    const compare = operators[textAt(condition, "operator")];
    return { from, to, value, isFailing: value !== null && !!compare?.(value, Number(condition.threshold)) };
  });
  const target = textsAt(rule.body, "scopes")[0] ?? "";
  const isMet = periods.filter((period) => period.isFailing).length >= needed;
  const context = queryContext(rule, condition, periods, target);
  settle(ctx, rule, { instance: "", isMet, at, target, context }, cleanLooks(frequencyOf(rule)));
  return null;
}

/** The number that a window's result comes to; null: there is none, and so nothing to compare. */
function measure(condition: Body, result: readonly Body[]): number | null {
  const column = textAt(condition, "metricMeasureColumn");
  if (column === "") return result.length;
  const aggregation = textAt(condition, "timeAggregation");
  const values = result.map((row) => row[column]).filter((value) => typeof value === "number");
  return isAggregation(aggregation) ? combine(aggregations[aggregation], values) : null;
}

function queryContext(rule: CloudObject, condition: Body, periods: readonly Period[], target: string): Body {
  const failing = periods.find((period) => period.isFailing) ?? periods[0];
  return {
    properties: {},
    conditionType: "LogQueryCriteria",
    condition: {
      windowSize: textAt(rule.body, "windowSize"),
      allOf: [
        {
          searchQuery: textAt(condition, "query"),
          metricMeasureColumn: textAt(condition, "metricMeasureColumn") || null,
          targetResourceTypes: `['${target.split("/").slice(6, 8).join("/")}']`,
          operator: textAt(condition, "operator"),
          threshold: String(condition.threshold),
          timeAggregation: textAt(condition, "timeAggregation"),
          dimensions: [],
          metricValue: failing?.value ?? null,
          failingPeriods: condition.failingPeriods ?? {
            numberOfEvaluationPeriods: 1,
            minFailingPeriodsToAlert: 1,
          },
        },
      ],
      windowStartTime: periods.at(-1)?.from.toISOString() ?? "",
      windowEndTime: periods[0]?.to.toISOString() ?? "",
    },
  };
}

/** A metric rule has one instance for each set of dimension values that it splits by. */
function evaluateMetric(ctx: CallContext, rule: CloudObject, at: Date): string | null {
  const windowMs = (minutesOf(textAt(rule.body, "windowSize")) ?? 5) * minuteMs;
  const from = new Date(at.getTime() - windowMs);
  for (const target of textsAt(rule.body, "scopes")) {
    const criteria = bodiesAt(rule.body, "criteria.allOf").map((criterion) => {
      const points = pointsBetween(ctx.store, {
        target,
        metric: textAt(criterion, "metricName"),
        from,
        to: at,
      });
      return { criterion, points: points.filter((point) => isAsked(criterion, point.dimensions)) };
    });
    const instances = new Set([
      ...criteria.flatMap(({ criterion, points }) =>
        points.map((point) => instanceOf(criterion, point.dimensions)),
      ),
      ...openInstances(ctx, rule),
    ]);
    for (const instance of instances) {
      const measured = criteria.map(({ criterion, points }) => {
        const own = points.filter((point) => instanceOf(criterion, point.dimensions) === instance);
        const how = textAt(criterion, "timeAggregation");
        const value = isAggregation(how)
          ? combine(
              aggregations[how],
              own.map((point) => point.value),
            )
          : null;
        const compare = operators[textAt(criterion, "operator")];
        return { criterion, value, isMet: value !== null && !!compare?.(value, Number(criterion.threshold)) };
      });
      const finding: Finding = {
        instance,
        isMet: measured.every((each) => each.isMet),
        at,
        target,
        context: metricContext(rule, measured, { instance, from, at }),
      };
      settle(ctx, rule, finding, cleanMetricLooks);
    }
  }
  return null;
}

/** Instances that have fired and of which no data comes any more. */
const openInstances = (ctx: CallContext, rule: CloudObject): string[] =>
  ctx.store
    .all(
      "select distinct instance from alerts where rule_key = ? and condition = 'Fired'",
      rule.id.toLowerCase(),
    )
    .map((row) => String(row.instance));

function isAsked(criterion: Body, dimensions: Body): boolean {
  return bodiesAt(criterion, "dimensions").every((dimension) => {
    const values = textsAt(dimension, "values");
    const isIn = values.includes("*") || values.includes(textAt(dimensions, textAt(dimension, "name")));
    return textAt(dimension, "operator") === "Exclude" ? !isIn : isIn;
  });
}

const instanceOf = (criterion: Body, dimensions: Body): string =>
  JSON.stringify(
    bodiesAt(criterion, "dimensions").map((dimension) => {
      const name = textAt(dimension, "name");
      return { name, value: textAt(dimensions, name) };
    }),
  );

function metricContext(
  rule: CloudObject,
  measured: readonly { readonly criterion: Body; readonly value: number | null }[],
  { instance, from, at }: { instance: string; from: Date; at: Date },
): Body {
  return {
    properties: {},
    conditionType: textAt(rule.body, "criteria.odataType").split(".").at(-1) ?? "",
    condition: {
      windowSize: textAt(rule.body, "windowSize"),
      allOf: measured.map(({ criterion, value }) => ({
        metricName: textAt(criterion, "metricName"),
        metricNamespace: textAt(criterion, "metricNamespace"),
        operator: textAt(criterion, "operator"),
        threshold: String(criterion.threshold),
        timeAggregation: textAt(criterion, "timeAggregation"),
        dimensions: JSON.parse(instance) as Body[],
        metricValue: value,
      })),
      windowStartTime: from.toISOString(),
      windowEndTime: at.toISOString(),
    },
  };
}
