import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { openTestClouds } from "./support/clouds.ts";
import {
  evaluate,
  missingQuery,
  openMonitor,
  openReceiver,
  post,
  queryRuleInputs,
  queryRuleType,
  row,
} from "./support/monitor.ts";
import type { Properties } from "./support/provider-client.ts";
import { subscription } from "./support/seed.ts";

const noon = "2026-06-01T12:00:00.000Z";
const at = (minutes: number): string => new Date(Date.parse(noon) + minutes * 60_000).toISOString();
const alertsPath = `${subscription}/providers/Microsoft.AlertsManagement/alerts`;
const api = "?api-version=2019-05-05-preview";

describe("alerts", () => {
  it("accuracy under the threshold fires once, is delivered, and is resolved when it is good again", async (t) => {
    const clouds = await openTestClouds(t);
    const receiver = await openReceiver(t);
    const world = await openMonitor(clouds);
    await clouds.http("PUT", "/sandbox/hosts/rowgate.contoso.example", { url: receiver.url });
    const rule = await clouds.azure.create(queryRuleType, queryRuleInputs(world));
    const listed = await clouds.http("GET", `/sandbox/objects/${encodeURIComponent(rule.id)}`);
    assert.equal(listed.body.summary, "severity 2: Average Value LessThan 0.85 over PT1H");
    await post(clouds, world, [row(0.84, at(-10)), row(0.99, at(-10), { JobId: "202" })]);
    assert.deepEqual((await evaluate(clouds, at(0))).body.value[0].fault, null);
    await evaluate(clouds, at(5));
    assert.equal(receiver.received.length, 1);
    const [first] = receiver.received;
    assert.equal(first?.path, "/v1/alerts?code=x");
    assert.equal(first?.headers["x-forwarded-host"], "rowgate.contoso.example");
    const { essentials, alertContext, customProperties } = first?.body.data ?? {};
    assert.equal(first?.body.schemaId, "azureMonitorCommonAlertSchema");
    assert.deepEqual(
      [essentials.monitorCondition, essentials.severity, essentials.alertRule, essentials.firedDateTime],
      ["Fired", "Sev2", "alert-job-201-accuracy", at(0)],
    );
    assert.deepEqual(customProperties, { job_id: "201" });
    assert.equal(alertContext.condition.allOf[0].metricValue, 0.84);
    const shown = await clouds.http("GET", `${essentials.alertId}${api}`);
    assert.equal(shown.body.properties.essentials.alertRule, rule.id);
    assert.equal(shown.body.properties.essentials.targetResource, world.workspace.id.toLowerCase());
    assert.equal(shown.body.properties.essentials.monitorCondition, "Fired");
    assert.deepEqual(shown.body.properties.customProperties, { job_id: "201" });
    await post(clouds, world, [row(0.95, at(100))]);
    // a look every five minutes needs three good ones in a row
    for (const minute of [110, 115, 120]) await evaluate(clouds, at(minute));
    assert.equal(receiver.received[1]?.body.data.essentials.monitorCondition, "Resolved");
    assert.equal(receiver.received[1]?.body.data.essentials.resolvedDateTime, at(120));
    const list = await clouds.http("GET", `${alertsPath}${api}`);
    assert.deepEqual(
      list.body.value.map((alert: Properties) => alert.properties.essentials.monitorCondition),
      ["Resolved"],
    );
    const { deliveries } = (await clouds.http("GET", "/sandbox/monitor")).body;
    assert.deepEqual(
      deliveries.map((each: Properties) => [each.channel, each.state, each.condition]),
      [
        ["webhook", "delivered", "Fired"],
        ["email", "recorded", "Fired"],
        ["webhook", "delivered", "Resolved"],
        ["email", "recorded", "Resolved"],
      ],
    );
    assert.equal(deliveries[0].target, "https://rowgate.contoso.example/v1/alerts");
  });

  it("no data in the window fires the alert on missing data, and not the other", async (t) => {
    const clouds = await openTestClouds(t);
    const world = await openMonitor(clouds);
    const missing = {
      ruleName: "alert-job-201-missing",
      criteria: {
        allOf: [
          {
            query: missingQuery,
            metricMeasureColumn: "Count",
            timeAggregation: "Total",
            operator: "LessThan",
            threshold: 1,
          },
        ],
      },
    };
    await clouds.azure.create(queryRuleType, queryRuleInputs(world));
    await clouds.azure.create(queryRuleType, queryRuleInputs(world, missing));
    await post(clouds, world, [row(0.5, at(-120))]);
    await evaluate(clouds, at(0));
    const names = async (): Promise<string[]> =>
      (await clouds.http("GET", `${alertsPath}${api}`)).body.value.map((alert: Properties) => alert.name);
    assert.deepEqual(await names(), ["alert-job-201-missing"]);
  });

  it("a rule that does not mitigate itself fires every time, and a disabled one never", async (t) => {
    const clouds = await openTestClouds(t);
    const world = await openMonitor(clouds);
    await post(clouds, world, [row(0.5, at(-10))]);
    await clouds.azure.create(queryRuleType, queryRuleInputs(world, { autoMitigate: false }));
    await clouds.azure.create(queryRuleType, queryRuleInputs(world, { ruleName: "off", enabled: false }));
    await evaluate(clouds, at(0));
    await evaluate(clouds, at(5));
    const list = (await clouds.http("GET", `${alertsPath}${api}`)).body.value;
    assert.deepEqual(
      list.map((alert: Properties) => alert.name),
      ["alert-job-201-accuracy", "alert-job-201-accuracy"],
    );
  });

  it("several periods: as many as the rule asks must fail", async (t) => {
    const clouds = await openTestClouds(t);
    const world = await openMonitor(clouds);
    const inputs = queryRuleInputs(world);
    inputs.criteria.allOf[0].failingPeriods = { numberOfEvaluationPeriods: 3, minFailingPeriodsToAlert: 2 };
    await clouds.azure.create(queryRuleType, inputs);
    await post(clouds, world, [row(0.5, at(-10)), row(0.9, at(-70))]);
    const count = async (): Promise<number> =>
      (await clouds.http("GET", `${alertsPath}${api}`)).body.value.length;
    await evaluate(clouds, at(0));
    assert.equal(await count(), 0);
    await post(clouds, world, [row(0.5, at(-130))]);
    await evaluate(clouds, at(1));
    assert.equal(await count(), 1);
  });

  it("a query that can't be read is refused when it is evaluated", async (t) => {
    const clouds = await openTestClouds(t);
    const world = await openMonitor(clouds);
    const inputs = queryRuleInputs(world);
    inputs.criteria.allOf[0].query = "ModelMetrics_CL | take 1";
    await clouds.azure.create(queryRuleType, inputs);
    const answer = await evaluate(clouds, at(0));
    assert.match(answer.body.value[0].fault, /'take 1' is not simulated/);
    const { rules } = (await clouds.http("GET", "/sandbox/monitor")).body;
    assert.match(rules[0].fault, /'take 1'/);
  });

  it("the clock looks by itself, faster when told", async (t) => {
    const clouds = await openTestClouds(t);
    const world = await openMonitor(clouds);
    await clouds.http("PUT", "/sandbox/monitor", { speed: 1000, isPaused: false });
    await clouds.azure.create(queryRuleType, queryRuleInputs(world));
    await post(clouds, world, [row(0.5, new Date().toISOString())]);
    const deadline = Date.now() + 10_000;
    for (;;) {
      const { value } = (await clouds.http("GET", `${alertsPath}${api}`)).body;
      if (value.length === 1) break;
      assert.ok(Date.now() < deadline, "no alert within ten seconds");
      await sleep(100);
    }
  });
});

describe("deliveries", () => {
  it("a webhook is called again after an outage and given up after a refusal", async (t) => {
    const clouds = await openTestClouds(t);
    const receiver = await openReceiver(t);
    const world = await openMonitor(clouds);
    await clouds.http("PUT", "/sandbox/hosts/rowgate.contoso.example", { url: receiver.url });
    // five seconds of Azure's first wait become five milliseconds
    await clouds.http("PUT", "/sandbox/monitor", { speed: 1000 });
    await post(clouds, world, [row(0.5, at(-10))]);
    await clouds.azure.create(queryRuleType, queryRuleInputs(world, { autoMitigate: false }));
    receiver.answers.push(503, 503);
    const webhook = async (): Promise<Properties> =>
      (await clouds.http("GET", "/sandbox/monitor")).body.deliveries.find(
        (each: Properties) => each.channel === "webhook",
      );
    await evaluate(clouds, at(0));
    const deadline = Date.now() + 10_000;
    while ((await webhook()).state !== "delivered") {
      assert.ok(Date.now() < deadline, JSON.stringify(await webhook()));
      await sleep(50);
    }
    assert.deepEqual([(await webhook()).attempts, (await webhook()).lastStatus], [3, 200]);
    receiver.answers.push(401);
    await evaluate(clouds, at(1));
    const { deliveries } = (await clouds.http("GET", "/sandbox/monitor")).body;
    const last = deliveries.filter((each: Properties) => each.channel === "webhook").at(-1);
    assert.deepEqual([last.state, last.attempts, last.lastStatus], ["failed", 1, 401]);
  });

  it("a name that nobody mapped is not found, and the attempt is recorded without the URL's query", async (t) => {
    const clouds = await openTestClouds(t);
    const world = await openMonitor(clouds);
    await post(clouds, world, [row(0.5, at(-10))]);
    await clouds.azure.create(queryRuleType, queryRuleInputs(world));
    await evaluate(clouds, at(0));
    const [call] = (await clouds.http("GET", "/sandbox/outgoing")).body.value;
    assert.match(call.fault, /could not be resolved: 'rowgate.contoso.example'/);
    assert.deepEqual([call.host, call.path, call.status], ["rowgate.contoso.example", "/v1/alerts", null]);
  });

  it("hosts are mapped to this machine only, shown and unmapped", async (t) => {
    const { http } = await openTestClouds(t);
    const host = "/sandbox/hosts/a.example";
    for (const url of ["https://127.0.0.1:1", "http://10.0.0.1", "x"]) {
      assert.equal((await http("PUT", host, { url })).status, 400, url);
    }
    assert.equal((await http("PUT", host, { url: "http://127.0.0.1:81/x" })).status, 200);
    assert.deepEqual((await http("GET", host)).body, { host: "a.example", url: "http://127.0.0.1:81" });
    assert.equal((await http("DELETE", host)).status, 204);
    assert.equal((await http("DELETE", host)).status, 404);
  });
});
