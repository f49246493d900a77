/** docs/alerts.yaml has the shape that Prometheus loads, and asks for metrics and labels that there are. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { parse } from "yaml";
import { z } from "zod";
import { type MetricDefinition, metricDefinitions } from "../../../automation/observe/metric-definitions.ts";
import { slotStates, watchedConditions } from "../../../automation/observe/metric-sources.ts";
import { checkout } from "../../support/service.ts";

const duration = z.string().regex(/^([0-9]+(ms|[smhdwy]))+$/);
const texts = z.record(z.string().regex(/^[a-zA-Z_]\w*$/), z.string());
const ruleFile = z.strictObject({
  groups: z
    .array(
      z.strictObject({
        name: z.string().min(1),
        interval: duration.optional(),
        rules: z
          .array(
            z.strictObject({
              alert: z.string().regex(/^[A-Z]\w*$/),
              expr: z.string().min(1),
              for: duration.optional(),
              labels: texts,
              annotations: texts,
            }),
          )
          .min(1),
      }),
    )
    .min(1),
});

const file = ruleFile.parse(parse(readFileSync(path.join(checkout, "docs", "alerts.yaml"), "utf8")));
const rules = file.groups.flatMap((group) => group.rules);
const definitions: Readonly<Record<string, MetricDefinition>> = metricDefinitions;
/** Values that a label can have, where they are known. */
const known: Readonly<Record<string, readonly string[]>> = {
  state: slotStates,
  lane: ["urgent", "normal", "upgrade"],
  condition: watchedConditions.map(({ type }) => type),
  reason: ["LeftoverUnresolved", "StateMissing"],
};

describe("the example alert rules", () => {
  it("have names of their own, a severity, what is wrong and what to do", () => {
    assert.equal(new Set(rules.map(({ alert }) => alert)).size, rules.length);
    for (const { alert, labels, annotations } of rules) {
      assert.match(labels.severity ?? "", /^(warning|critical)$/, alert);
      assert.deepEqual(Object.keys(annotations), ["summary", "next_step"], alert);
    }
  });

  it("compare metrics that are defined, with balanced brackets", () => {
    for (const { alert, expr } of rules) {
      const metrics = expr.match(/\browgate_\w+/g) ?? [];
      assert.ok(metrics.length > 0 || alert === "RowgateDown", alert);
      for (const name of metrics) assert.ok(name in definitions, `${alert}: ${name}`);
      assert.match(expr, /(>|<|==) [0-9.]+$/, alert);
      for (const [open, close] of ["()", "{}", "[]"].map((pair) => [...pair]))
        assert.equal(expr.split(open ?? "").length, expr.split(close ?? "").length, alert);
    }
  });

  it("select by labels that their metrics have, and values that these can take", () => {
    let selectors = 0;
    for (const { alert, expr } of rules)
      for (const [, name = "", inside = ""] of expr.matchAll(/(rowgate_\w+)\{([^}]*)\}/g))
        for (const [, label = "", values = ""] of inside.matchAll(/(\w+)(?:=|!=|=~|!~)"([^"]*)"/g)) {
          selectors += 1;
          assert.ok(definitions[name]?.labels.includes(label), `${alert}: ${label}`);
          for (const value of values.split("|"))
            assert.ok(known[label]?.includes(value), `${alert}: ${value}`);
        }
    assert.ok(selectors >= 4);
  });

  it("are there for each thing that must not go unnoticed", () => {
    const names = rules.map(({ alert }) => alert);
    for (const needed of ["SlotStuck", "OldestDue", "StacksGivenUp", "GateClosed", "LeftoversUnresolved"])
      assert.ok(names.includes(`Rowgate${needed}`), needed);
  });
});
