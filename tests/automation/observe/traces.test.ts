/** Spans of real reconcilers, runners and calls, sent by the real exporter to a receiver of OTLP. */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { systemClock } from "../../../automation/clock.ts";
import { createLogger, type Logger } from "../../../automation/log.ts";
import { type Observation, openObservation } from "../../../automation/observe/observation.ts";
import { noObserver, type ObservedRun } from "../../../automation/observe/run-observer.ts";
import {
  callSpanId,
  changeSpanId,
  parseTraceparent,
  requestSpanId,
  runSpanId,
  traceIdOfChange,
  traceIdOfRun,
} from "../../../automation/observe/trace-ids.ts";
import { startRun } from "../../../automation/queue/stack-runner.ts";
import { Reconciler } from "../../../automation/reconcile/reconciler.ts";
import { openStore } from "../../../metadata-schema/open-store.ts";
import type { MetadataStore } from "../../../metadata-schema/store.ts";
import { OtlpReceiver, type ReceivedSpan } from "../../support/otlp-receiver.ts";
import { ScriptedEngine } from "../../support/scripted-engine.ts";
import { environment, job, policy } from "../../support/small-rows.ts";
import { openTempStore, type TempStore } from "../../support/temp-store.ts";
import { runnerOptions, until, workOf } from "../queue/queue-kit.ts";

const quiet = createLogger(null, "info");
const open = (instance: string, log: Logger = quiet): Promise<Observation> =>
  openObservation({
    clock: systemClock,
    log,
    tracing: { serviceName: "rowgate-test", instance },
    version: "1.2.3",
  });

describe("traces", () => {
  let receiver: OtlpReceiver;

  before(async () => {
    receiver = await OtlpReceiver.open();
    // What the exporter reads by itself.
    process.env.OTEL_EXPORTER_OTLP_ENDPOINT = receiver.url;
    process.env.OTEL_EXPORTER_OTLP_HEADERS = "x-api-key=planted";
  });
  after(async () => {
    delete process.env.OTEL_EXPORTER_OTLP_ENDPOINT;
    delete process.env.OTEL_EXPORTER_OTLP_HEADERS;
    await receiver.close();
  });
  beforeEach(() => {
    receiver.spans.length = 0;
  });

  describe("of an edit", () => {
    let temp: TempStore;
    let other: MetadataStore;
    let first: Observation;
    let second: Observation;

    before(async () => {
      temp = await openTempStore();
      other = await openStore({ url: temp.url });
      [first, second] = await Promise.all([open("replica-1"), open("replica-2")]);
    });
    after(async () => {
      await other.close();
      await temp.close();
    });

    const reconciler = (): Reconciler =>
      new Reconciler({
        store: temp.store,
        directory: {
          forget: () => {},
          lookUp: async () => ({ status: "found", objectId: "00000000-0000-4000-8000-0000000000aa" }),
        },
        clock: systemClock,
        log: quiet,
        observer: first.runs,
        realm: "a",
        hashSuffix: "+v1",
        onDesired: () => {},
      });

    it("are one trace: resolved by one replica, run by another, with steps and real times", async () => {
      await temp.store.insertRows([environment()]);
      const [change] = await temp.store.readChanges(10);
      assert.ok(change);
      const loop = reconciler();
      while (await loop.round());
      const traceId = traceIdOfChange("a", "environment:eastus", change.seq);
      assert.equal((await other.getStack("platform-eastus"))?.traceId, traceId);

      const engine = new ScriptedEngine({ slots: 1 });
      const options = runnerOptions(other, engine, { observer: second.runs });
      const startedMs = Date.now();
      const started = await startRun(await workOf(other, "platform-eastus"), options);
      assert.ok(started);
      const run = engine.runOf("platform-eastus");
      const steps = [
        { operation: "create", urn: "urn:a", objectId: null },
        { operation: "create", urn: "urn:b", objectId: null },
      ];
      for (const step of steps) run.step({ ...step, status: "started" });
      await systemClock.sleep(40);
      run.step({ operation: "create", urn: "urn:a", objectId: "/subscriptions/s/a", status: "done" });
      run.fail({ code: "ResourceFailed", class: "transient" });
      await started.done;
      await Promise.all([first.close(), second.close()]);

      const spans = receiver.ofTrace(traceId);
      const byName = (name: string): ReceivedSpan[] => spans.filter((span) => span.name === name);
      const [root] = byName("change environment");
      const [resolve] = byName("resolve");
      const [ran] = byName("run update");
      const [done, cut] = byName("step create").toSorted((a, b) => a.endMs - b.endMs);
      assert.equal(spans.length, 5);
      assert.ok(root && resolve && ran && done && cut);
      assert.deepEqual([root.parentSpanId, root.spanId], [null, changeSpanId(traceId)]);
      assert.deepEqual(
        [resolve.parentSpanId, ran.parentSpanId, done.parentSpanId, cut.parentSpanId],
        [root.spanId, root.spanId, runSpanId(started.runId), runSpanId(started.runId)],
      );
      assert.deepEqual(
        [root, ran].map(({ resource }) => resource["service.instance.id"]),
        ["replica-1", "replica-2"],
      );
      assert.equal(ran.resource["service.name"], "rowgate-test");
      assert.deepEqual(root.attributes, {
        "rowgate.subject": "environment:eastus",
        "rowgate.seq": change.seq,
        "rowgate.stacks": "platform-eastus workspace-eastus",
      });
      assert.deepEqual(ran.attributes, {
        "rowgate.stack": "platform-eastus",
        "rowgate.run_id": started.runId,
        "rowgate.run.kind": "update",
        "rowgate.run.reason": "first-run",
        "rowgate.run.status": "failed",
        "rowgate.lane": "normal",
        "rowgate.epoch": 1,
        "error.type": "ResourceFailed",
        "rowgate.failure.class": "transient",
      });
      assert.equal(ran.failure, "ResourceFailed");
      assert.deepEqual([done.attributes["rowgate.object_id"], done.failure], ["/subscriptions/s/a", null]);
      assert.deepEqual([cut.attributes["rowgate.urn"], cut.failure], ["urn:b", "step failed"]);
      assert.ok(done.endMs - done.startMs >= 30, "a step takes as long as it took");
      assert.ok(root.startMs <= resolve.startMs && resolve.endMs <= root.endMs);
      assert.ok(startedMs <= ran.startMs && ran.startMs <= done.startMs && cut.endMs <= ran.endMs);
      assert.deepEqual(receiver.faults, []);
      assert.equal(receiver.headers["x-api-key"], "planted", "standard variables are the exporter's to read");
    });
  });

  it("of two edits that one run carries out lead from the older to the newer", async () => {
    const temp = await openTempStore();
    const told: Parameters<typeof noObserver.changeResolved>[0][] = [];
    const loop = new Reconciler({
      store: temp.store,
      directory: {
        forget: () => {},
        lookUp: async () => ({ status: "found", objectId: "00000000-0000-4000-8000-0000000000aa" }),
      },
      clock: systemClock,
      log: quiet,
      observer: { ...noObserver, changeResolved: (change) => told.push(change) },
      realm: "a",
      hashSuffix: "+v1",
      onDesired: () => {},
    });
    await temp.store.insertRows([environment()]);
    while (await loop.round());
    const platform = await temp.store.getStack("platform-eastus");
    const owner = { host: "h", pid: 1, startedAt: "1" };
    const got = await temp.store.acquireLease({
      stack: "platform-eastus",
      owner,
      leaseMs: 30_000,
      runId: "r",
      kind: "update",
      reason: "first-run",
      desiredHash: platform?.desired.hash ?? "",
    });
    assert.ok(got.status === "acquired");
    const outputs = { workspace_url: "adb-1.7.azuredatabricks.net" };
    await temp.store.settleRun(got.lease, { status: "succeeded", outputs, changes: {} });
    while (await loop.round());

    told.length = 0;
    await temp.store.insertRows([job(201), policy(201, ["read_model"])]);
    await temp.store.insertRows([job(202), policy(202, ["read_model"], { model: "ml.models.b" })]);
    while (await loop.round());
    const [older, newer] = ["job:201", "job:202"].map((subject) =>
      told.find((change) => change.subject === subject),
    );
    assert.ok(older && newer);
    const access = "access-eastus-00000000-0000-4000-8000-0000000000aa";
    const shared = (change: typeof older) => change.stacks.find(({ stack }) => stack === access)?.traceId;
    assert.deepEqual([shared(older), shared(newer)], [newer.traceId, newer.traceId]);
    assert.equal((await temp.store.getStack(access))?.traceId, newer.traceId);
    assert.ok(!newer.stacks.some(({ stack }) => stack === "job-eastus-201"), "that is the older one's alone");

    const observation = await open("replica-1");
    for (const change of [older, newer]) observation.runs.changeResolved(change);
    await observation.close();
    const rootOf = (traceId: string) =>
      receiver.ofTrace(traceId).find(({ parentSpanId }) => parentSpanId === null);
    assert.deepEqual(rootOf(older.traceId)?.links, [
      { traceId: newer.traceId, spanId: changeSpanId(newer.traceId) },
    ]);
    assert.deepEqual(rootOf(newer.traceId)?.links, []);

    told.length = 0;
    await temp.store.touch([{ kind: "job", jobId: 201 }]);
    while (await loop.round());
    assert.deepEqual(
      told.map(({ subject, stacks }) => [subject, stacks]),
      [["job:201", []]],
      "a change that changes nothing touches no stack",
    );
    assert.equal((await temp.store.getStack(access))?.traceId, newer.traceId, "and takes no run over");
    await temp.close();
  });

  it("of a call go from the caller's span through the request to its runs", async () => {
    const observation = await open("replica-1");
    const parent = parseTraceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    assert.ok(parent);
    const call = { requestId: "adf-1", traceId: parent.traceId, parentSpanId: parent.spanId };
    const at = { startedAtMs: Date.now(), endedAtMs: Date.now() };
    observation.calls.requestMade(call, { requestId: "q-1", kind: "reconcile", about: "job 201", ...at });
    observation.runs.runStarted({ ...requested, requestId: "q-1", traceId: parent.traceId });
    observation.runs.runEnded({ ...succeeded, runId: requested.runId });
    const route = "/api/jobs/:id/reconcile";
    observation.calls.callAnswered({ ...call, method: "POST", route, status: 202, ...at });
    const plainCall = { requestId: "probe", traceId: "1".repeat(32), parentSpanId: null };
    observation.calls.callAnswered({ ...plainCall, method: "GET", route: "/healthz", status: 200, ...at });
    await observation.close();
    const spans = receiver.ofTrace(parent.traceId);
    const lineage = new Map(spans.map(({ name, spanId, parentSpanId }) => [name, [spanId, parentSpanId]]));
    assert.deepEqual(
      lineage,
      new Map([
        ["request reconcile", [requestSpanId("q-1"), callSpanId("adf-1")]],
        ["run refresh", [runSpanId("run-1"), requestSpanId("q-1")]],
        [`POST ${route}`, [callSpanId("adf-1"), parent.spanId]],
      ]),
    );
    assert.equal(spans.find(({ name }) => name.startsWith("POST"))?.kind, 2);
    assert.deepEqual(receiver.ofTrace(plainCall.traceId), [], "probes would bury the rest");
  });

  it("of a run that nobody asked for begin with the run", async () => {
    const observation = await open("replica-1");
    observation.runs.runStarted(requested);
    observation.runs.runEnded({ ...succeeded, runId: requested.runId });
    await observation.close();
    const [span] = receiver.ofTrace(traceIdOfRun(requested.runId));
    assert.deepEqual([span?.name, span?.parentSpanId], ["run refresh", null]);
  });

  it("that no collector takes are counted and told once, and hold up nothing", async () => {
    const endpoint = process.env.OTEL_EXPORTER_OTLP_ENDPOINT;
    process.env.OTEL_EXPORTER_OTLP_ENDPOINT = "http://127.0.0.1:9";
    process.env.OTEL_EXPORTER_OTLP_TIMEOUT = "1000";
    const warned: string[] = [];
    const log: Logger = { ...quiet, warn: (_fields, text) => warned.push(text), child: () => log };
    const observation = await open("replica-1", log);
    process.env.OTEL_EXPORTER_OTLP_ENDPOINT = endpoint;
    delete process.env.OTEL_EXPORTER_OTLP_TIMEOUT;
    observation.runs.runStarted(requested);
    observation.runs.runEnded({ ...succeeded, runId: requested.runId });
    const startedMs = performance.now();
    await observation.close();
    assert.ok(performance.now() - startedMs < 4_000, "the end of the service does not wait for it");
    await until(() => warned.length === 1, "the loss is told");
  });
});

const requested: ObservedRun = {
  runId: "run-1",
  traceId: null,
  requestId: null,
  stack: "job-eastus-201",
  kind: "refresh",
  reason: "requested",
  lane: "normal",
  epoch: 3,
  dueAt: null,
};
const succeeded = {
  status: "succeeded",
  failureClass: null,
  failureCode: null,
  retryAfterMs: null,
  changes: {},
} as const;

describe("trace ids", () => {
  it("are the same in every replica, and other for every change and every database", () => {
    const id = traceIdOfChange("db", "job:201", 7);
    assert.equal(id, traceIdOfChange("db", "job:201", 7));
    assert.match(id, /^[0-9a-f]{32}$/);
    const others = [
      traceIdOfChange("db", "job:201", 8),
      traceIdOfChange("db", "job:20", 17),
      traceIdOfChange("db2", "job:201", 7),
      traceIdOfRun("7"),
    ];
    assert.equal(new Set([id, ...others]).size, 5);
  });

  it("are taken from a valid traceparent and from no other", () => {
    const ids = "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331";
    const parsed = { traceId: ids.slice(0, 32), spanId: ids.slice(33) };
    for (const header of [`00-${ids}-01`, `00-${ids}-00`, ` 00-${ids}-01 `, `cc-${ids}-01-what-comes`])
      assert.deepEqual(parseTraceparent(header), parsed, header);
    const broken = [
      undefined,
      "",
      `ff-${ids}-01`,
      `00-${ids}-01-more`,
      `00-${ids}`,
      `00-${ids.toUpperCase()}-01`,
      `00-${"0".repeat(32)}-b7ad6b7169203331-01`,
      `00-0af7651916cd43dd8448eb211c80319c-${"0".repeat(16)}-01`,
    ];
    for (const header of broken) assert.equal(parseTraceparent(header), null, header);
  });
});
