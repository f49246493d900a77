import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseKql, runKql } from "../../../automation/simulators/azure/kql.ts";
import type { Body } from "../../../automation/simulators/json.ts";

const rows: readonly Body[] = [
  { TimeGenerated: "2026-06-01T10:10:00.000Z", JobId: "201", MetricValue: 0.8 },
  { TimeGenerated: "2026-06-01T10:50:00.000Z", JobId: "201", MetricValue: 0.9 },
  { TimeGenerated: "2026-06-01T11:10:00.000Z", JobId: "201", MetricValue: 0.5 },
  { TimeGenerated: "2026-06-01T11:20:00.000Z", JobId: "202", MetricValue: 0.1 },
];

function answer(text: string, to: readonly Body[] = rows): Body[] {
  const parsed = parseKql(text);
  assert.equal(parsed.status, "parsed", JSON.stringify(parsed));
  return parsed.status === "parsed" ? runKql(parsed.query, to) : [];
}

describe("queries", () => {
  it("averages by hour", () => {
    const found = answer(
      'T | where JobId == "201" | summarize Value = avg(MetricValue) by bin(TimeGenerated, 60m)',
    );
    assert.deepEqual(
      found.map((row) => [row.TimeGenerated, Number(row.Value).toFixed(2)]),
      [
        ["2026-06-01T10:00:00.000Z", "0.85"],
        ["2026-06-01T11:00:00.000Z", "0.50"],
      ],
    );
  });

  it("a count of nothing is one row with a zero, and an hour of nothing is no row", () => {
    assert.deepEqual(answer("T | where JobId == '203' | summarize Count = count()"), [{ Count: 0 }]);
    assert.deepEqual(answer("T | summarize V = count() by bin(TimeGenerated, 1h)", []), []);
    assert.deepEqual(answer("T | summarize V = avg(MetricValue)", []), [{ V: null }]);
  });

  it("least, most, sum, numbers in conditions, columns by name", () => {
    assert.deepEqual(answer("T | summarize V = min(MetricValue)"), [{ V: 0.1 }]);
    assert.deepEqual(answer("T | summarize V = max(MetricValue)"), [{ V: 0.9 }]);
    assert.deepEqual(answer("T | where MetricValue == 0.5 | project JobId"), [{ JobId: "201" }]);
    assert.deepEqual(
      answer('T | where JobId == "201" and MetricValue == 0.5 | summarize V = sum(MetricValue)'),
      [{ V: 0.5 }],
    );
    assert.deepEqual(answer("T | summarize V = count() | project V"), [{ V: 4 }]);
  });

  it("a mark inside quotes is text", () => {
    assert.deepEqual(answer('T | where JobId == "a | b and c" | summarize C = count()'), [{ C: 0 }]);
  });

  const refused = [
    "",
    "T | take 1",
    "T | where JobId != '1'",
    "T | where JobId == '1' or JobId == '2'",
    "T | summarize avg(MetricValue)",
    "T | summarize V = avg()",
    "T | summarize V = count(JobId)",
    "T | summarize V = avg(MetricValue) by JobId",
    "T | summarize V = count() | where V == 1",
    "T | project a | project b",
    "T; drop",
  ];
  for (const text of refused) {
    it(`'${text}' is refused`, () => {
      const parsed = parseKql(text);
      assert.equal(parsed.status, "refused");
      assert.match(parsed.status === "refused" ? parsed.reason : "", /and no other query/);
    });
  }
});
