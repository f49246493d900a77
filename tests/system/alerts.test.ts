/** A metric of a job, from its report to the alert that fires, is asked of Azure, is recorded and is shown. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import type { AlertBody, JobBody } from "../../automation/http/contract.ts";
import { rowgate } from "../support/command-line.ts";
import { makeHome, removeHome, TestService, until } from "../support/service.ts";
import { job } from "../support/small-rows.ts";
import { askClouds, privateEnvironment, subscriptionId } from "./private-rows.ts";

const minuteMs = 60_000;

describe("alerts", () => {
  let service: TestService;

  before(async () => {
    service = new TestService(
      await makeHome([
        privateEnvironment,
        job(201),
        {
          table: "Alert_Rules",
          values: { job_id: 201, metric: "model_accuracy", operator: "LessThan", threshold: 0.85 },
        },
      ]),
    );
    await service.start();
    // Rules are looked at when a test says so, and not when their time comes.
    await askClouds(service.home, "PUT", "/sandbox/monitor", { isPaused: true });
    await service.settled();
    await service.jobIs(201, "Ready");
  });
  after(async () => {
    await service.stop();
    await removeHome(service.home);
  });

  const alerts = async (query = ""): Promise<readonly AlertBody[]> =>
    (await service.get<{ alerts: AlertBody[] }>(`/api/alerts?jobId=201${query}`)).alerts;
  const alerting = async () =>
    (await service.get<JobBody>("/api/jobs/201")).conditions.find(({ type }) => type === "Alerting");
  const said = async (...args: readonly string[]): Promise<string> => {
    const { code, out, err } = await rowgate(service.home, ...args);
    assert.equal(code, 0, out + err);
    return out;
  };
  /** Azure Monitor looks, and what it sends has been answered. */
  const evaluate = (at: number): Promise<string> =>
    said("sandbox", "evaluate", "--at", new Date(at).toISOString());
  const tell = (body: unknown): Promise<Response> =>
    service.fetch("/api/alerts/azure", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
  const payload = (alertId: string) => ({
    schemaId: "azureMonitorCommonAlertSchema",
    data: {
      essentials: { alertId, severity: "Sev0", monitorCondition: "Fired" },
      customProperties: { job_id: "201", metric: "model_accuracy", kind: "value" },
    },
  });
  const codeOf = async (answer: Response): Promise<unknown> =>
    ((await answer.json()) as { code: unknown }).code;
  let startedAt = 0;

  it("fire on a metric below its threshold, and the webhook reaches the service", async () => {
    assert.deepEqual(await alerts(), []);
    assert.match(
      await said("sandbox", "metric", "201", "model_accuracy", "0.84"),
      /^reported model_accuracy 0\.84/,
    );
    startedAt = Date.now();
    assert.match(await evaluate(startedAt), /looked at/);
    await until("the alert is recorded", async () => (await alerts()).length > 0);
    const [alert, ...more] = await alerts();
    assert.deepEqual(more, []);
    const { state, jobId, metric, severity, description, essentials } = alert ?? assert.fail("no alert");
    assert.deepEqual([state, jobId, metric, severity], ["Fired", 201, "model_accuracy", 2]);
    assert.equal(description, "model_accuracy of job 201 is LessThan 0.85");
    assert.deepEqual([essentials.kind, essentials.value, essentials.operator], ["value", 0.84, "LessThan"]);
    const sent = await askClouds(service.home, "GET", "/sandbox/outgoing");
    const calls = (sent as { value: { host: string; path: string; status: number; about: string }[] }).value;
    const guid = alert?.alertId.split("/").at(-1);
    assert.deepEqual(
      calls.filter(({ about }) => about === guid).map(({ host, path, status }) => [host, path, status]),
      [["rowgate.contoso.example", "/api/alerts/azure", 200]],
    );
  });

  it("that are open are shown, and make the job Alerting", async () => {
    const condition = await alerting();
    assert.deepEqual([condition?.status, condition?.reason], ["True", "MetricBelowThreshold"]);
    assert.match(condition?.message ?? "", /^model_accuracy of job 201 is LessThan 0\.85 \(0\.84\), since /);
    assert.match(
      await said("get", "alerts", "--job", "201"),
      /\nFired +2 +201 +model_accuracy +\d+\w +- +model_accuracy of/,
    );
    assert.match(await said("describe", "job", "201"), /\nopen alerts\n +STATE .*\n +Fired +2 +201 /);
    const text = await (await service.fetch("/metrics")).text();
    assert.match(text, /^rowgate_alerts_fired\{severity="2"\} 1$/m);
    assert.equal((await service.readyJobs()).get(201), "Ready", "what it runs on is as its rows ask for");
  });

  it("resolve once the metric is well, and the job is Alerting no more", async () => {
    const later = startedAt + 65 * minuteMs;
    await said("sandbox", "metric", "201", "model_accuracy", "0.91", "--at", new Date(later).toISOString());
    // a look every five minutes: three in a row without a breach resolve it
    for (const minutes of [70, 75, 80]) await evaluate(startedAt + minutes * minuteMs);
    await until("the alert is resolved", async () => (await alerts())[0]?.state === "Resolved");
    assert.deepEqual(await alerts("&state=Fired"), []);
    const [alert] = await alerts();
    assert.ok(Date.parse(alert?.resolvedAt ?? "") >= later);
    await until("the condition is told", async () => (await alerting())?.status === "False");
    assert.match(await said("describe", "job", "201"), /\nopen alerts: none\n/);
  });

  it("fire when no data comes", async () => {
    await evaluate(startedAt + 300 * minuteMs);
    await until("the alert is recorded", async () => (await alerts("&state=Fired")).length > 0);
    const [alert] = await alerts("&state=Fired");
    assert.deepEqual([alert?.metric, alert?.essentials.kind], ["model_accuracy", "missing"]);
    assert.equal(alert?.description, "Job 201 has reported no model_accuracy for 60 minutes");
    await until("the condition is told", async () => (await alerting())?.status === "True");
    assert.equal((await alerting())?.reason, "MetricMissing");
  });

  it("that are none of ours are refused, and Azure tells again of one that it does not show", async () => {
    const before = await alerts();
    const ofNobody = `/subscriptions/${subscriptionId}/providers/Microsoft.AlertsManagement/alerts/${randomUUID()}`;
    const elsewhere = ofNobody.replace(subscriptionId, randomUUID());
    const traversal = `${ofNobody}/../../../resourceGroups/rg-private`;
    for (const alertId of [elsewhere, traversal, "/subscriptions"]) {
      const answer = await tell(payload(alertId));
      assert.deepEqual([answer.status, await codeOf(answer)], [404, "AlertUnknown"], alertId);
    }
    const notShown = await tell(payload(ofNobody));
    assert.deepEqual([notShown.status, await codeOf(notShown)], [503, "AlertUnreadable"]);
    assert.equal((await tell({ data: {} })).status, 400);
    assert.equal((await tell({ ...payload(ofNobody), filler: "x".repeat(300 * 1024) })).status, 413);
    assert.deepEqual(await alerts(), before);
  });

  it("are as Azure tells them, and not as the call does; told again they are one", async () => {
    const before = await alerts();
    const resolved = before.find(({ state }) => state === "Resolved")?.alertId ?? "";
    const answer = await tell(payload(resolved.toUpperCase()));
    assert.deepEqual([answer.status, await answer.json()], [200, { alertId: resolved, state: "Resolved" }]);
    assert.deepEqual(await alerts(), before);
  });

  it("are told again by Azure when it could not be asked", async () => {
    const [alert] = await alerts();
    await service.addFault({ type: "azure-native", call: "lookup", kind: "error", times: "forever" });
    const answer = await tell(payload(alert?.alertId ?? ""));
    assert.deepEqual([answer.status, await codeOf(answer)], [503, "AlertUnreadable"]);
    await service.clearFaults();
    assert.equal((await tell(payload(alert?.alertId ?? ""))).status, 200);
  });

  it("follow the service to another port, and a metric of no job is refused", async () => {
    await service.stop();
    await service.start();
    await askClouds(service.home, "PUT", "/sandbox/monitor", { isPaused: true });
    const host = privateEnvironment.values.service_url;
    await until("its name leads here", async () => {
      const { value } = (await askClouds(service.home, "GET", "/sandbox/hosts")) as {
        value: { host: string; url: string }[];
      };
      return value.some((each) => `https://${each.host}` === host && each.url === service.url);
    });
    const { code, err } = await rowgate(service.home, "sandbox", "metric", "7", "model_accuracy", "1");
    assert.equal(code, 1);
    assert.match(err, /no job 7/);
  });
});
