/** What is made of Azure's answer for an alert: every kind of answer, and alerts of nobody's job. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { AlertIntake } from "../../../automation/alerts/alert-intake.ts";
import type { ArmAnswer } from "../../../automation/azure/arm-client.ts";
import { createLogger } from "../../../automation/log.ts";
import type { Condition, MetadataStore } from "../../../metadata-schema/store.ts";
import { environment, job } from "../../support/small-rows.ts";
import { openTempStore, type TempStore } from "../../support/temp-store.ts";

const subscription = String(environment().values.subscription_id);
const idOf = (number: number): string =>
  `/subscriptions/${subscription}/providers/Microsoft.AlertsManagement/alerts/00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;
const ok = (body: unknown): ArmAnswer => ({ status: "ok", httpStatus: 200, body, operationUrl: null });

/** As Azure tells of a rule on a query. */
const told = (change: {
  readonly essentials?: Readonly<Record<string, unknown>>;
  readonly customProperties?: unknown;
  readonly operator?: string;
  readonly context?: unknown;
}) => ({
  name: "alert",
  properties: {
    essentials: {
      severity: "Sev2",
      signalType: "Log",
      monitorCondition: "Fired",
      alertState: "New",
      alertRule: "/subscriptions/s/resourceGroups/rg/providers/microsoft.insights/scheduledqueryrules/r",
      startDateTime: "2026-03-01T08:00:00.1234567Z",
      description: "model_accuracy of job 201 is LessThan 0.85",
      ...change.essentials,
    },
    context: change.context ?? {
      context: {
        condition: {
          allOf: [{ operator: change.operator ?? "LessThan", threshold: "0.85", metricValue: 0.84 }],
        },
      },
    },
    customProperties:
      "customProperties" in change
        ? change.customProperties
        : { job_id: "201", metric: "model_accuracy", kind: "value" },
  },
});

describe("the intake of alerts", () => {
  let temp: TempStore;
  let store: MetadataStore;
  let answers: Map<string, ArmAnswer>;
  let asked: string[];
  let intake: AlertIntake;

  beforeEach(async () => {
    temp = await openTempStore();
    store = temp.store;
    answers = new Map();
    asked = [];
    await store.insertRows([environment(), job(201)]);
    intake = new AlertIntake({
      store,
      log: createLogger(null, "info"),
      arm: {
        get: async (id) => {
          asked.push(id);
          return answers.get(id) ?? { status: "missing", message: "404" };
        },
      },
    });
  });
  afterEach(() => temp.close());

  const alerting = async (): Promise<Condition | undefined> =>
    (await store.conditions({ kind: "job", jobId: 201 })).find(({ type }) => type === "Alerting");
  const take = (number: number, change: Parameters<typeof told>[0] = {}) => {
    answers.set(idOf(number), ok(told(change)));
    return intake.take(idOf(number));
  };
  const recorded = () => store.listAlerts({ limit: 10 });

  it("asks of nothing but alerts in subscriptions of its environments, in one spelling", async () => {
    const other = "00000000-0000-4000-8000-0000000000ff";
    for (const id of [
      "",
      "x",
      idOf(1).replace(subscription, other),
      `${idOf(1)}/..`,
      `${idOf(1)}?x=1`,
      `/subscriptions/${subscription}`,
      idOf(1).replace("AlertsManagement/alerts", "KeyVault/vaults"),
    ])
      assert.deepEqual(await intake.take(id), { status: "unknown" }, id);
    assert.deepEqual(asked, []);
    assert.equal((await intake.take(idOf(1).toUpperCase())).status, "unavailable");
    assert.deepEqual(asked, [idOf(1)]);
    assert.deepEqual(await recorded(), []);
  });

  it("is told again of an alert that Azure does not show yet, and records it then", async () => {
    const early = await intake.take(idOf(1));
    assert.deepEqual(early, { status: "unavailable", message: "Azure does not show it (yet)" });
    assert.deepEqual(await recorded(), []);
    assert.equal((await take(1)).status, "recorded");
    assert.equal((await recorded()).length, 1);
  });

  it("records nothing where Azure gives no answer, or one that is not of an alert", async () => {
    const away: readonly ArmAnswer[] = [
      { status: "unavailable", message: "away" },
      { status: "throttled", retryAfterSeconds: 5, message: "slow down" },
      { status: "refused", httpStatus: 403, code: "AuthorizationFailed", message: "no" },
      ok(null),
      ok(told({ essentials: { severity: "Sev9" } })),
      ok(told({ essentials: { startDateTime: "yesterday" } })),
    ];
    for (const answer of away) {
      answers.set(idOf(1), answer);
      assert.equal((await intake.take(idOf(1))).status, "unavailable", JSON.stringify(answer));
    }
    assert.deepEqual([await recorded(), await alerting()], [[], undefined]);
  });

  it("tells by its reason what is wrong with the job", async () => {
    const reasons: readonly (readonly [Parameters<typeof told>[0], string])[] = [
      [{ operator: "LessThanOrEqual" }, "MetricBelowThreshold"],
      [{ operator: "GreaterThan" }, "MetricAboveThreshold"],
      [{ customProperties: { job_id: "201", metric: "m", kind: "missing" } }, "MetricMissing"],
      [{ context: { anything: [1] } }, "AlertFired"],
      [{ context: "none" }, "AlertFired"],
    ];
    let number = 0;
    for (const [change, reason] of reasons) {
      number += 1;
      assert.equal((await take(number, change)).status, "recorded");
      assert.deepEqual([(await alerting())?.status, (await alerting())?.reason], ["True", reason]);
    }
    assert.match((await alerting())?.message ?? "", / 4 more are open\./);
  });

  it("is over once the last open alert is resolved", async () => {
    await take(1);
    await take(2, { customProperties: { job_id: "201", metric: "m", kind: "missing" } });
    const resolved = {
      essentials: { monitorCondition: "Resolved", monitorConditionResolvedDateTime: "2026-03-01T09:00:00Z" },
    };
    await take(2, resolved);
    assert.deepEqual(
      [(await alerting())?.status, (await alerting())?.reason],
      ["True", "MetricBelowThreshold"],
    );
    await take(1, resolved);
    assert.deepEqual([(await alerting())?.status, (await alerting())?.reason], ["False", "AlertsResolved"]);
    assert.deepEqual(
      (await recorded()).map(({ state, resolvedAt }) => [state, resolvedAt]),
      [
        ["Resolved", "2026-03-01T09:00:00.000Z"],
        ["Resolved", "2026-03-01T09:00:00.000Z"],
      ],
    );
  });

  it("records alerts of no job, and of a job that is gone", async () => {
    for (const [number, customProperties] of [
      [1, null],
      [2, { job_id: "a lot" }],
      [3, { job_id: "99999999999999" }],
      [4, { job_id: "7", metric: "m" }],
    ] as const)
      assert.equal((await take(number, { customProperties })).status, "recorded");
    assert.deepEqual(
      (await recorded()).map(({ jobId, metric }) => [jobId, metric]),
      [
        [7, "m"],
        [null, null],
        [null, null],
        [null, null],
      ],
    );
    assert.equal(await alerting(), undefined);
  });

  it("of many at once ends with what is so", async () => {
    const resolved = { essentials: { monitorCondition: "Resolved", monitorConditionResolvedDateTime: null } };
    await Promise.all([take(1), take(2), take(3)]);
    await Promise.all([take(1, resolved), take(2, resolved), take(3, resolved)]);
    assert.equal((await alerting())?.status, "False");
  });
});
