/** One edit by raw SQL, followed by one id through log, API, metrics and traces, across a restart of the service. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { changeSpanId, runSpanId, traceIdOfChange } from "../../automation/observe/trace-ids.ts";
import { rowgate } from "../support/command-line.ts";
import { OtlpReceiver, type ReceivedSpan } from "../support/otlp-receiver.ts";
import { readPrometheusText } from "../support/prometheus-text.ts";
import { makeHome, removeHome, TestService, until } from "../support/service.ts";
import { cluster, environment, groupId, job, policy } from "../support/small-rows.ts";

const grantType = "databricks:index/grant:Grant";
const access = `access-eastus-${groupId("ds_team")}`;

interface LogLine {
  readonly msg: string;
  readonly traceId?: string;
  readonly [field: string]: unknown;
}

describe("one edit", () => {
  let service: TestService;
  let receiver: OtlpReceiver;
  let tracing: Readonly<Record<string, string>>;

  before(async () => {
    receiver = await OtlpReceiver.open();
    tracing = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, ROWGATE_LOG_LEVEL: "debug" };
    const rows = [environment(), job(201), cluster(201, 1, 2), policy(201, ["read_model"])];
    service = new TestService(await makeHome(rows));
    await service.start(tracing);
    await service.settled();
  });
  after(async () => {
    await service.stop();
    await receiver.close();
    await removeHome(service.home);
  });

  const logLines = async (): Promise<readonly LogLine[]> => {
    const text = await readFile(path.join(service.home, "logs", "service.log"), "utf8");
    return text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line));
  };
  const grant = (model: string): void =>
    service.script(
      `INSERT INTO Access_Policies (job_id, role, permissions, entra_id_group, model)
       VALUES (201, 'DataScientist', '["read_model"]', 'ds_team', '${model}')`,
    );
  /** The trace of the newest run of the access stack, as it is stored. */
  const newestTrace = (): string => String(service.runs(access).at(-1)?.trace_id);
  async function spansOf(traceId: string, ready: (spans: readonly ReceivedSpan[]) => boolean) {
    await until("the spans arrive", () => ready(receiver.ofTrace(traceId)), 15_000);
    return receiver.ofTrace(traceId);
  }
  const named = (spans: readonly ReceivedSpan[], name: string): readonly ReceivedSpan[] =>
    spans.filter((span) => span.name === name);

  it("in SQL is one trace from the row to the object in the cloud", async () => {
    const runsBefore = service.runs(access).length;
    grant("ml.models.price_optimiser");
    await until("the run ended", () => {
      const runs = service.runs(access);
      return runs.length > runsBefore && runs.at(-1)?.status === "succeeded";
    });
    const traceId = newestTrace();
    const spans = await spansOf(traceId, (all) => named(all, "run update").length > 0);
    const [change] = named(spans, "change job");
    const [resolve] = named(spans, "resolve");
    const [run] = named(spans, "run update");
    const [step] = named(spans, "step create");
    assert.ok(change && resolve && run && step, JSON.stringify(spans.map(({ name }) => name)));
    const seq = Number(change.attributes["rowgate.seq"]);
    const file = path.join(service.home, "metadata.db");
    assert.equal(traceId, traceIdOfChange(file, "job:201", seq), "every replica would compute the same");
    assert.deepEqual([change.parentSpanId, change.spanId], [null, changeSpanId(traceId)]);
    assert.equal(change.attributes["rowgate.stacks"], access, "only what the row touches");
    assert.deepEqual([resolve.parentSpanId, run.parentSpanId], [change.spanId, change.spanId]);
    const runId = String(run.attributes["rowgate.run_id"]);
    assert.deepEqual([run.spanId, step.parentSpanId], [runSpanId(runId), runSpanId(runId)]);
    assert.deepEqual(
      [
        run.attributes["rowgate.stack"],
        run.attributes["rowgate.run.status"],
        step.attributes["rowgate.type"],
      ],
      [access, "succeeded", grantType],
    );
    const object = step.attributes["rowgate.object_id"];
    const inCloud = await service.objects(`?type=${encodeURIComponent(grantType)}`);
    assert.ok(
      inCloud.some(({ id }) => id.endsWith(`/${object}`)),
      `the cloud holds ${object}: ${inCloud.map(({ id }) => id)}`,
    );
    assert.ok(resolve.endMs <= run.startMs && run.startMs <= step.startMs && step.endMs <= run.endMs);
    assert.ok(run.endMs - run.startMs > 50, "a run of the real engine takes its time");
    assert.deepEqual(receiver.faults, []);
  });

  it("is found in the log by one id, from the row to the step", async () => {
    const traceId = newestTrace();
    const lines = (await logLines()).filter((line) => line.traceId === traceId);
    assert.deepEqual(
      lines.map(({ msg }) => msg),
      ["change resolved", "run started", "step ended", "run ended"],
    );
    const [resolved, started, step] = lines;
    assert.deepEqual([resolved?.subject, resolved?.stacks], ["job:201", [access]]);
    assert.deepEqual([started?.stack, step?.stack, step?.operation], [access, access, "create"]);
    assert.equal(started?.runId, step?.runId);
    const run = await service.get<{ traceId: string }>(`/api/runs/${started?.runId}`);
    assert.equal(run.traceId, traceId);
    const { out } = await rowgate(service.home, "describe", "run", String(started?.runId));
    assert.match(out, new RegExp(`trace\\W+${traceId}`));
  });

  it("goes on in its trace when another process of the service carries it out", async () => {
    const fault = { code: "InternalServerError", message: "planted" };
    await service.addFault({ type: grantType, call: "create", nth: 1, times: 1_000, ...fault });
    const runsBefore = service.runs(access).length;
    grant("ml.models.fraud_scoring");
    await until("a run failed", () => {
      const runs = service.runs(access).slice(runsBefore);
      return runs.some(({ status }) => status === "failed");
    });
    const traceId = newestTrace();
    const firstPid = service.pid;
    await service.stop();
    await service.start(tracing);
    await service.clearFaults();
    await service.settled();
    await service.jobIs(201, "Ready");
    const done = (span: ReceivedSpan) => span.attributes["rowgate.run.status"] === "succeeded";
    const spans = await spansOf(traceId, (all) => all.some(done));
    const runs = named(spans, "run update");
    const [change] = named(spans, "change job");
    const [failed, succeeded] = [runs.find((run) => !done(run)), runs.find(done)];
    assert.ok(change && failed && succeeded);
    assert.deepEqual([failed.parentSpanId, succeeded.parentSpanId], [change.spanId, change.spanId]);
    assert.ok(failed.failure !== null && named(spans, "step create").some((step) => step.failure !== null));
    const pidOf = ({ resource }: ReceivedSpan) =>
      Number(String(resource["service.instance.id"]).split(":").at(-1));
    assert.deepEqual([pidOf(change), pidOf(failed), pidOf(succeeded)], [firstPid, firstPid, service.pid]);
  });

  it("asked for over HTTP goes on in the caller's trace, under the caller's request id", async () => {
    const traceId = "0af7651916cd43dd8448eb211c80319c";
    const headers = { traceparent: `00-${traceId}-b7ad6b7169203331-01`, "x-request-id": "adf-run-7" };
    const response = await service.fetch("/api/jobs/201/refresh", { method: "POST", headers });
    assert.deepEqual([response.status, response.headers.get("x-request-id")], [202, "adf-run-7"]);
    await service.settled();
    const asked = service.sql("SELECT run_id, trace_id FROM Runs WHERE kind = 'refresh'");
    assert.ok(asked.length >= 2 && asked.every(({ trace_id }) => trace_id === traceId));
    const spans = await spansOf(traceId, (all) => named(all, "run refresh").length === asked.length);
    const [call] = named(spans, "POST /api/jobs/:id/refresh");
    const [request] = named(spans, "request refresh");
    assert.ok(call && request);
    assert.deepEqual([call.parentSpanId, request.parentSpanId], ["b7ad6b7169203331", call.spanId]);
    for (const run of named(spans, "run refresh")) assert.equal(run.parentSpanId, request.spanId);
    const lines = (await logLines()).filter((line) => line.traceId === traceId);
    const answered = lines.find(({ msg }) => msg === "request answered");
    assert.deepEqual([answered?.requestId, answered?.route], ["adf-run-7", "/api/jobs/:id/refresh"]);
    assert.equal(lines.filter(({ msg }) => msg === "run ended").length, asked.length);
  });

  it("shows in the metrics that Prometheus reads", async () => {
    const response = await service.fetch("/metrics");
    assert.match(response.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
    const families = readPrometheusText(await response.text());
    const value = (family: string, name: string, labels: Readonly<Record<string, string>> = {}): number =>
      families
        .get(family)
        ?.samples.find(
          (sample) =>
            sample.name === name &&
            Object.entries(labels).every(([key, text]) => sample.labels[key] === text),
        )?.value ?? assert.fail(`no ${name}`);
    assert.equal(value("rowgate_database_up", "rowgate_database_up"), 1);
    assert.equal(value("rowgate_due_stacks", "rowgate_due_stacks", { lane: "urgent" }), 0);
    assert.equal(value("rowgate_runs_running", "rowgate_runs_running"), 0);
    const duration = "rowgate_run_duration_seconds";
    const succeeded = { kind: "update", status: "succeeded" };
    assert.ok(value(duration, `${duration}_count`, succeeded) >= 1);
    assert.ok(value("rowgate_run_wait_seconds", "rowgate_run_wait_seconds_count") >= 1);
    const created = { operation: "create", status: "done" };
    assert.ok(value("rowgate_steps_total", "rowgate_steps_total", created) >= 1);
    assert.ok(value("rowgate_spans_total", "rowgate_spans_total", { result: "exported" }) >= 5);
    assert.ok(value("process_resident_memory_bytes", "process_resident_memory_bytes") > 1e7);
  });

  it("leaves no name of a stack, run or row in a label", async () => {
    const text = await (await service.fetch("/metrics")).text();
    for (const word of [access, "job-eastus-201", "fraud_scoring", "adf-run-7"])
      assert.ok(!text.includes(word), word);
  });
});
