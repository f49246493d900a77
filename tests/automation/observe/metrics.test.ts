import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import type { Clock } from "../../../automation/clock.ts";
import { createLogger } from "../../../automation/log.ts";
import {
  type MetricDefinition,
  type MetricName,
  metricDefinitions,
} from "../../../automation/observe/metric-definitions.ts";
import type { MetricSources, SlotFact } from "../../../automation/observe/metric-sources.ts";
import { createMetrics, type Metrics } from "../../../automation/observe/metrics.ts";
import { observeAll } from "../../../automation/observe/observe-all.ts";
import { observedEnd } from "../../../automation/observe/observed-run.ts";
import { noObserver, type ObservedRun, type RunObserver } from "../../../automation/observe/run-observer.ts";
import type { QueueFacts } from "../../../metadata-schema/store.ts";
import { type Family, readPrometheusText } from "../../support/prometheus-text.ts";

const now = "2026-02-01T10:00:00.000Z";
const ago = (seconds: number): string => new Date(Date.parse(now) - seconds * 1_000).toISOString();
const queue: QueueFacts = {
  lanes: [
    { lane: "urgent", due: 2, oldestDueAt: ago(90) },
    { lane: "normal", due: 0, oldestDueAt: null },
    { lane: "upgrade", due: 0, oldestDueAt: null },
  ],
  waitingForRetry: 3,
  givenUp: 1,
  running: 4,
  queued: 5,
  oldestLeaseStartedAt: ago(12),
};
const observedRun: ObservedRun = {
  runId: "run-1",
  traceId: null,
  requestId: null,
  stack: "job-eastus-201",
  kind: "update",
  reason: "spec-changed",
  lane: "normal",
  epoch: 1,
  dueAt: null,
};

describe("metrics", () => {
  let nowMs: number;
  let metrics: Metrics;
  let observer: RunObserver;
  let unresolved: readonly string[];
  let reasons: readonly string[];
  let openAlerts: readonly number[];
  const clock: Clock = {
    monotonicMs: () => nowMs,
    sleep: (_ms, signal) => new Promise((resolve) => signal?.addEventListener("abort", () => resolve())),
  };
  const sources: MetricSources = {
    version: "1.2.3",
    engineVersion: "3.259.0",
    now: async () => now,
    queueFacts: async () => queue,
    pauses: async () => 2,
    unresolved: async () => unresolved,
    openAlerts: async () => openAlerts,
    stackConditions: async ({ type }) => (type === "Ready" ? reasons : []),
  };

  beforeEach(() => {
    nowMs = 1_000_000;
    unresolved = [];
    openAlerts = [];
    reasons = ["Locked", "Locked", "LeftoverUnresolved"];
    metrics = createMetrics(clock);
    observer = observeAll([metrics.observer], createLogger(null, "info"));
  });

  const scrape = async (change: Partial<MetricSources> = {}): Promise<ReadonlyMap<string, Family>> =>
    readPrometheusText(await metrics.text({ ...sources, ...change }));
  const samplesOf = async (name: MetricName, change: Partial<MetricSources> = {}) =>
    (await scrape(change)).get(name)?.samples ?? assert.fail(`no ${name}`);
  /** Value of the one sample with these labels; undefined: there is none. */
  async function sampled(
    name: MetricName,
    labels: Readonly<Record<string, string>> = {},
    change: Partial<MetricSources> = {},
    suffix = "",
  ): Promise<number | undefined> {
    const wanted = JSON.stringify(Object.entries(labels).toSorted());
    return (await samplesOf(name, change)).find(
      (each) =>
        each.name === `${name}${suffix}` && JSON.stringify(Object.entries(each.labels).toSorted()) === wanted,
    )?.value;
  }

  it("are told with HELP and TYPE, each as it is defined, beside those of the process", async () => {
    const families = await scrape();
    for (const [name, { help, type }] of Object.entries<MetricDefinition>(metricDefinitions))
      assert.deepEqual([families.get(name)?.help, families.get(name)?.type], [help, type], name);
    for (const name of [
      "process_cpu_seconds_total",
      "process_resident_memory_bytes",
      "nodejs_eventloop_lag_seconds",
    ])
      assert.ok((families.get(name)?.samples.length ?? 0) > 0, name);
  });

  it("are named as Prometheus asks: units at the end, _total for counters alone, small sets of labels", () => {
    for (const [name, { type, labels }] of Object.entries<MetricDefinition>(metricDefinitions)) {
      assert.equal(name.endsWith("_total"), type === "counter", name);
      if (type === "histogram") assert.match(name, /_seconds$/);
      assert.doesNotMatch(name, /_(ms|milliseconds|mb|kb)(_|$)/);
      for (const label of labels)
        assert.doesNotMatch(label, /^(stack|job|row|run|run_id|subscription|trace_id|le)$/, name);
    }
  });

  it("tell the queue as the database has it", async () => {
    assert.equal(await sampled("rowgate_database_up"), 1);
    assert.equal(await sampled("rowgate_due_stacks", { lane: "urgent" }), 2);
    assert.equal(await sampled("rowgate_oldest_due_age_seconds", { lane: "urgent" }), 90);
    assert.equal(await sampled("rowgate_oldest_due_age_seconds", { lane: "normal" }), 0);
    assert.equal(await sampled("rowgate_stacks_waiting_for_retry"), 3);
    assert.equal(await sampled("rowgate_stacks_given_up"), 1);
    assert.equal(await sampled("rowgate_runs_running"), 4);
    assert.equal(await sampled("rowgate_runs_queued"), 5);
    assert.equal(await sampled("rowgate_oldest_lease_age_seconds"), 12);
    assert.equal(await sampled("rowgate_subscriptions_paused"), 2);
    const build = { version: "1.2.3", engine_version: "3.259.0" };
    assert.equal(await sampled("rowgate_build_info", build), 1);
  });

  it("tell open alerts of each severity, and probes by the layer that did not pass", async () => {
    openAlerts = [2, 0, 2];
    for (const [severity, count] of [1, 0, 2, 0, 0].entries())
      assert.equal(await sampled("rowgate_alerts_fired", { severity: String(severity) }), count);
    openAlerts = [];
    assert.equal(await sampled("rowgate_alerts_fired", { severity: "2" }), 0);
    metrics.probed({ status: "ok", failedLayer: null });
    metrics.probed({ status: "failed", failedLayer: "dns" });
    assert.equal(await sampled("rowgate_probes_total", { status: "ok", layer: "none" }), 1);
    assert.equal(await sampled("rowgate_probes_total", { status: "failed", layer: "dns" }), 1);
  });

  it("tell stacks that somebody should look at by reason, read twice a minute at most", async () => {
    const locked = { condition: "Ready", reason: "Locked" };
    assert.equal(await sampled("rowgate_stacks_with_condition", locked), 2);
    const leftover = { condition: "Ready", reason: "LeftoverUnresolved" };
    assert.equal(await sampled("rowgate_stacks_with_condition", leftover), 1);
    reasons = ["Locked"];
    nowMs += 29_000;
    assert.equal(await sampled("rowgate_stacks_with_condition", locked), 2);
    nowMs += 1_000;
    assert.equal(await sampled("rowgate_stacks_with_condition", locked), 1);
    assert.equal(await sampled("rowgate_stacks_with_condition", leftover), undefined, "it is gone");
  });

  it("leave out what an unanswering database would tell, and count that, instead of telling yesterday's", async () => {
    await scrape();
    const away = { queueFacts: () => Promise.reject(new Error("database is locked")) };
    assert.equal(await sampled("rowgate_database_up", {}, away), 0);
    for (const name of ["rowgate_due_stacks", "rowgate_runs_running", "rowgate_stacks_given_up"] as const)
      assert.deepEqual(await samplesOf(name, away), [], name);
    assert.equal(await sampled("rowgate_database_faults_total", { place: "scrape" }), 4);
    assert.equal(await sampled("rowgate_due_stacks", { lane: "urgent" }), 2, "it is back");
  });

  it("do not wait for a database that hangs", async () => {
    const hurried = createMetrics({ ...clock, sleep: async () => {} });
    const text = await hurried.text({ ...sources, queueFacts: () => new Promise(() => {}) });
    assert.equal(readPrometheusText(text).get("rowgate_database_up")?.samples[0]?.value, 0);
  });

  it("count the age of unresolved changes from when they were first seen, until they are resolved", async () => {
    const age = () => sampled("rowgate_oldest_unresolved_change_age_seconds");
    assert.equal(await age(), 0);
    unresolved = ["job:201", "job:202"];
    await scrape();
    nowMs += 30_000;
    assert.equal(await sampled("rowgate_unresolved_changes"), 2);
    assert.equal(await age(), 30);
    const times = { startedAtMs: 0, resolvedAtMs: 20, endedAtMs: 40 };
    observer.changeResolved({ traceId: "t", subject: "job:201", seq: 7, stacks: [], ...times });
    unresolved = ["job:201", "job:202"];
    nowMs += 5_000;
    assert.equal(await age(), 35, "the other one waits still");
    unresolved = ["job:201"];
    assert.equal(await age(), 0, "it was touched again after its resolution, and is seen anew");
    const count = await sampled("rowgate_change_resolve_seconds", { subject: "job" }, {}, "_count");
    const sum = await sampled("rowgate_change_resolve_seconds", { subject: "job" }, {}, "_sum");
    assert.deepEqual([count, sum], [1, 0.04]);
  });

  it("measure runs by kind and status, their wait, failures and retries", async () => {
    observer.runStarted({ ...observedRun, dueAt: new Date(Date.now() - 3_000).toISOString() });
    nowMs += 1_500;
    const failure = { class: "transient", message: "Throttled: 429, wait" } as const;
    const end = { status: "failed", failure, changes: {}, retryAfterMs: 2_000, narrowedTo: null } as const;
    observer.runEnded(observedEnd("run-1", end));
    const labels = { kind: "update", status: "failed" };
    assert.equal(await sampled("rowgate_run_duration_seconds", labels, {}, "_sum"), 1.5);
    const wait = await sampled("rowgate_run_wait_seconds", { lane: "normal" }, {}, "_sum");
    assert.ok(wait !== undefined && wait >= 3 && wait < 4, String(wait));
    const failed = { failure_class: "transient", code: "Throttled" };
    assert.equal(await sampled("rowgate_run_failures_total", failed), 1);
    assert.equal(await sampled("rowgate_run_retries_total", { failure_class: "transient" }), 1);
    observer.runStarted({ ...observedRun, dueAt: new Date(Date.now() + 60_000).toISOString() });
    observer.runEnded(observedEnd("run-1", { status: "succeeded", outputs: null, changes: {} }));
    const waits = await sampled("rowgate_run_wait_seconds", { lane: "normal" }, {}, "_sum");
    assert.equal(waits, wait, "a clock that is behind the database's makes no negative wait");
    assert.equal(await sampled("rowgate_run_retries_total", { failure_class: "transient" }), 1);
  });

  it("count ended steps by operation, and nothing else of them", async () => {
    const step = { urn: "urn:a", type: "t:i:T", objectId: null, message: null };
    for (const status of ["started", "done", "started", "failed", "message"] as const)
      observer.runStep("run-1", { ...step, operation: "create", status });
    observer.runStep("run-1", { ...step, operation: "made-up", status: "done" });
    assert.equal(await sampled("rowgate_steps_total", { operation: "create", status: "done" }), 1);
    assert.equal(await sampled("rowgate_steps_total", { operation: "create", status: "failed" }), 1);
    assert.equal(await sampled("rowgate_steps_total", { operation: "other", status: "done" }), 1);
  });

  it("never have more series than a bound, whatever an engine says", async () => {
    for (let number = 0; number < 500; number++) {
      observer.leftoverAdopted("stack", `pkg:index:Type${number}`);
      const failure = { class: "unknown", message: `Code${number}: x` } as const;
      const end = { status: "failed", failure, changes: {}, retryAfterMs: null, narrowedTo: null } as const;
      observer.runEnded(observedEnd("run", end));
    }
    observer.leftoverAdopted("stack", 'a"b\nc');
    assert.equal((await samplesOf("rowgate_leftovers_adopted_total")).length, 101);
    assert.equal((await samplesOf("rowgate_run_failures_total")).length, 101);
    assert.equal(await sampled("rowgate_leftovers_adopted_total", { type: "other" }), 401);
  });

  it("tell slots by state with the age of the oldest, memory and the gate, where an engine offers them", async () => {
    const slot = (state: SlotFact["state"], ageMs: number, rssBytes: number): SlotFact => ({
      state,
      sinceMs: nowMs - ageMs,
      stack: null,
      rssBytes,
    });
    const change = {
      slots: () => [slot("running", 5_000, 100), slot("running", 90_000, 300), slot("starting", 61_000, 0)],
      gate: () => ({ open: false }),
      unknownStackStates: () => 2,
    };
    assert.equal(await sampled("rowgate_slots", { state: "running" }, change), 2);
    assert.equal(await sampled("rowgate_slots", { state: "idle" }, change), 0);
    assert.equal(await sampled("rowgate_slot_state_age_seconds", { state: "running" }, change), 90);
    assert.equal(await sampled("rowgate_slot_state_age_seconds", { state: "starting" }, change), 61);
    assert.equal(await sampled("rowgate_slot_state_age_seconds", { state: "idle" }, change), 0);
    assert.equal(await sampled("rowgate_children_memory_bytes", {}, change), 400);
    assert.equal(await sampled("rowgate_child_memory_max_bytes", {}, change), 300);
    assert.equal(await sampled("rowgate_engine_gate_open", {}, change), 0);
    assert.equal(await sampled("rowgate_unknown_stack_states", {}, change), 2);
    assert.deepEqual(await samplesOf("rowgate_engine_gate_open"), [], "not measured is not 0");
  });

  it("count locks, leases, leftovers, children, pauses, faults and calls", async () => {
    observer.leaseBroken("a");
    observer.lockCleared("a");
    observer.leftoverAdopted("a", "azure-native:network:PrivateEndpoint");
    observer.childEnded({ reason: "killed-stuck", lifeMs: 61_000 });
    observer.subscriptionPaused("sub", 5_000);
    observer.databaseFault("work");
    metrics.spansSent(3, "failed");
    const call = { requestId: "r", traceId: "t", parentSpanId: null, startedAtMs: 0, endedAtMs: 20 };
    metrics.observer.callAnswered({ ...call, method: "GET", route: "/api/jobs/:id", status: 404 });
    metrics.observer.callAnswered({ ...call, method: "GET", route: null, status: 404 });
    assert.equal(await sampled("rowgate_leases_broken_total"), 1);
    assert.equal(await sampled("rowgate_locks_cleared_total"), 1);
    const type = "azure-native:network:PrivateEndpoint";
    assert.equal(await sampled("rowgate_leftovers_adopted_total", { type }), 1);
    const life = (reason: string, suffix: string) =>
      sampled("rowgate_child_life_seconds", { reason }, {}, suffix);
    assert.deepEqual([await life("killed-stuck", "_sum"), await life("crashed", "_count")], [61, 0]);
    assert.equal(await sampled("rowgate_subscription_pauses_total"), 1);
    assert.equal(await sampled("rowgate_database_faults_total", { place: "work" }), 1);
    assert.equal(await sampled("rowgate_spans_total", { result: "failed" }), 3);
    for (const route of ["/api/jobs/:id", "none"]) {
      const labels = { method: "GET", route, status: "404" };
      assert.equal(await sampled("rowgate_http_request_duration_seconds", labels, {}, "_count"), 1);
    }
  });
});

describe("observers", () => {
  it("that fail are logged once, and neither the run nor the other observers notice", () => {
    const logged: unknown[] = [];
    const log = { ...createLogger(null, "info"), error: (fields: unknown) => logged.push(fields) };
    const told: string[] = [];
    const broken = {
      leaseBroken: () => {
        throw new Error("planted");
      },
    };
    const all = observeAll([broken, { leaseBroken: (stack) => told.push(stack) }, noObserver], log);
    all.leaseBroken("a");
    all.leaseBroken("b");
    all.lockCleared("c");
    assert.deepEqual([told, logged.length], [["a", "b"], 1]);
  });
});
