import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { type Clock, systemClock } from "../../../automation/clock.ts";
import { createLogger, type Logger } from "../../../automation/log.ts";
import { type StartedRun, startRun } from "../../../automation/queue/stack-runner.ts";
import { absentHash, type MetadataStore, type ProcessRef } from "../../../metadata-schema/store.ts";
import { desired } from "../../metadata-schema/conformance/kit.ts";
import type { ScriptedEngine } from "../../support/scripted-engine.ts";
import type { TestClock } from "../../support/test-clock.ts";
import { makeDue, openRunKit, runnerOptions, until, workOf } from "./queue-kit.ts";

const stack = "job-eastus-201";
const child: ProcessRef = { host: "h", pid: 10, startedAt: "1" };
const engineProcess: ProcessRef = { host: "h", pid: 11, startedAt: "1" };

describe("a run of a stack", () => {
  let kit: Awaited<ReturnType<typeof openRunKit>>;
  let store: MetadataStore;
  let clock: TestClock;
  let engine: ScriptedEngine;

  beforeEach(async () => {
    kit = await openRunKit(stack);
    ({ store, clock, engine } = kit);
  });
  afterEach(() => kit.close());

  const start: typeof kit.start = (change) => kit.start(change);
  const record: typeof kit.record = () => kit.record();
  const steps = async (run: StartedRun) =>
    (await store.readSteps(run.runId, 0, 100)).map(({ number, operation }) => `${number} ${operation}`);

  it("writes steps as they happen, in order, and tells of each", async () => {
    await makeDue(store, stack);
    let told = 0;
    const run = await start({ onSteps: () => void told++ });
    engine.runOf(stack).step({ operation: "create" });
    await until(async () => (await steps(run)).length === 1, "the step is there while the run goes on");
    engine.runOf(stack).step({ operation: "update" });
    engine.runOf(stack).step({ operation: "delete" });
    engine.runOf(stack).succeed({ databricks_job_id: "1" });
    await run.done;
    assert.deepEqual(await steps(run), ["1 create", "2 update", "3 delete"]);
    assert.equal(told, 3);
  });

  it("that succeeds is settled with outputs, and tells who is affected", async () => {
    await makeDue(store, stack);
    const settled: string[] = [];
    const run = await start({ onSettled: async (runId, of) => void settled.push(`${runId} ${of}`) });
    engine.runOf(stack).succeed({ databricks_job_id: "1" }, { create: 1 });
    await run.done;
    assert.deepEqual(settled, [`${run.runId} ${stack}`]);
    const { appliedHash, wasApplied, lease } = await record();
    assert.deepEqual([appliedHash, wasApplied, lease], ["hash-1", true, null]);
    assert.deepEqual((await store.outputs(stack))?.values, { databricks_job_id: "1" });
    assert.equal((await store.getRun(run.runId))?.reason, "first-run");
  });

  it("that fails for good is not tried again; a passing failure is, later each time", async () => {
    await makeDue(store, stack);
    let run = await start();
    engine.runOf(stack).fail({ class: "transient", code: "RunFailed", message: "429" });
    await run.done;
    const { nextAttemptAt, attempts, appliedHash } = await record();
    assert.equal(attempts, 1);
    assert.equal(appliedHash, null);
    const pauseMs = Date.parse(nextAttemptAt ?? "") - clock.now().getTime();
    assert.ok(pauseMs >= 1_000 && pauseMs <= 2_000, `first pause: ${pauseMs}`);

    clock.advance(2_000);
    run = await start();
    engine.runOf(stack).fail({ class: "permanent", code: "RunFailed", message: "denied" });
    await run.done;
    assert.equal((await record()).nextAttemptAt, null);
    assert.deepEqual((await store.getRun(run.runId))?.failure, {
      class: "permanent",
      message: "RunFailed: denied",
    });
    clock.advance(3_600_000);
    assert.deepEqual(await store.listWork(10), []);
  });

  it("whose outputs Data Factory cannot read whole fails, and the earlier outputs stay", async () => {
    const many = (length: number) =>
      Object.fromEntries(Array.from({ length }, (_, index) => [`o${index}`, 1]));
    const sized = (bytes: number) => ({ small: 1, big: "é".repeat(bytes / 2) });
    const refused = [
      [many(5_001), "The stack has 5,001 outputs, and Data Factory reads at most 5,000."],
      [sized(4_000_000), "make the largest smaller, big with 4,000,225 bytes"],
    ] as const;
    for (const [index, outputs] of [many(5_000), sized(3_999_000)].entries()) {
      await makeDue(store, stack, "normal", `fits-${index}`);
      let run = await start();
      engine.runOf(stack).succeed(outputs);
      await run.done;
      assert.deepEqual((await store.outputs(stack))?.values, outputs);

      const [tooLarge, says] = refused[index] ?? assert.fail("no case");
      await makeDue(store, stack, "normal", `too-large-${index}`);
      run = await start();
      engine.runOf(stack).succeed(tooLarge, { update: 1 });
      await run.done;
      const ended = await store.getRun(run.runId);
      assert.equal(ended?.status, "failed");
      assert.equal(ended.failure?.class, "permanent");
      assert.match(ended.failure.message, /^OutputsTooLarge: /);
      assert.ok(ended.failure.message.includes(says), ended.failure.message);
      assert.deepEqual((await store.outputs(stack))?.values, outputs);
    }
  });

  it("that was canceled is due again at once", async () => {
    await makeDue(store, stack);
    const run = await start();
    run.cancel();
    await run.done;
    assert.equal((await store.getRun(run.runId))?.status, "canceled");
    await workOf(store, stack);
  });

  it("whose lease passed on is canceled and writes nothing more", async () => {
    await makeDue(store, stack);
    let settled = 0;
    const run = await start({ onSettled: async () => void settled++ });
    const scripted = engine.runOf(stack);
    scripted.step();
    await until(async () => (await steps(run)).length === 1, "a step is written");
    clock.advance(30_001);
    scripted.step();
    await until(() => scripted.cancelAsked, "the run is canceled");
    scripted.succeed({ late: true });
    await run.done;
    assert.deepEqual(await steps(run), ["1 create"]);
    assert.equal(settled, 0);
    assert.equal(await store.outputs(stack), null);
    assert.equal((await store.getRun(run.runId))?.status, "running", "its next owner calls it lost");
  });

  /** The store, of which one method refuses its first calls as a locked database does. */
  function refusing(method: "appendSteps" | "settleRun" | "recordProcesses", times: number): MetadataStore {
    let left = times;
    return new Proxy(store, {
      get: (target, name) => {
        if (name === method && left-- > 0) return () => Promise.reject(new Error("database is locked"));
        const value: unknown = Reflect.get(target, name);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  }

  for (const method of ["recordProcesses", "appendSteps", "settleRun"] as const) {
    it(`goes on while the database refuses ${method} twice, and writes it the third time`, async () => {
      await makeDue(store, stack);
      const pauses: number[] = [];
      const patient = { ...systemClock, sleep: async (ms: number) => void pauses.push(ms) };
      const run = await start({ store: refusing(method, 2), clock: patient });
      const scripted = engine.runOf(stack);
      scripted.processes(child, engineProcess);
      scripted.step({ operation: "create" });
      scripted.succeed({ databricks_job_id: "1" });
      await run.done;
      assert.deepEqual(pauses, [500, 500]);
      assert.equal(scripted.cancelAsked, false);
      const ended = await store.getRun(run.runId);
      assert.deepEqual([ended?.status, ended?.engine?.pid], ["succeeded", 11]);
      assert.deepEqual(await steps(run), ["1 create"]);
      assert.deepEqual((await store.outputs(stack))?.values, { databricks_job_id: "1" });
    });
  }

  it("is stopped once the database has refused it for as long as a lease lasts", async () => {
    await makeDue(store, stack);
    let nowMs = 0;
    const passing: Clock = {
      monotonicMs: () => nowMs,
      sleep: async (ms) => {
        nowMs += ms;
      },
    };
    const run = await start({ store: refusing("appendSteps", Number.POSITIVE_INFINITY), clock: passing });
    const scripted = engine.runOf(stack);
    scripted.step();
    await run.done;
    assert.equal(scripted.cancelAsked, true);
    assert.ok(nowMs > 30_000 && nowMs <= 31_000, `tried for ${nowMs} ms`);
  });

  it("ends well where what follows from it cannot be told", async () => {
    await makeDue(store, stack);
    const warned: string[] = [];
    const log: Logger = {
      ...createLogger(null, "info"),
      child: () => log,
      info: () => {},
      warn: (_, text) => void warned.push(text),
    };
    const run = await start({ log, onSettled: () => Promise.reject(new Error("database is locked")) });
    const scripted = engine.runOf(stack);
    scripted.succeed({ databricks_job_id: "1" });
    await run.done;
    assert.deepEqual(warned, ["conditions after a run could not be told"]);
    assert.equal(scripted.cancelAsked, false);
    assert.equal((await store.getRun(run.runId))?.status, "succeeded");
    assert.deepEqual((await store.outputs(stack))?.values, { databricks_job_id: "1" });
    assert.equal((await record()).lease, null);
  });

  it("keeps its lease, and its engine's, while it works", async () => {
    await makeDue(store, stack);
    const run = await start({ leaseMs: 6_000 });
    const before = (await record()).lease?.expiresAt ?? "";
    clock.advance(1_000);
    const scripted = engine.runOf(stack);
    // The scripted engine ends a second from now unless it is extended; a renewal comes each 2 s.
    scripted.extend(systemClock.monotonicMs() + 60_000);
    await until(() => scripted.extensions.length > 1, "the lease is renewed");
    const leftMs = (scripted.extensions.at(-1) ?? 0) - systemClock.monotonicMs();
    assert.ok(leftMs > 4_000 && leftMs <= 6_000, `the renewed lease lasts ${leftMs} ms more`);
    assert.ok(((await record()).lease?.expiresAt ?? "") > before);
    scripted.succeed();
    await run.done;
  });

  it("records its processes, so that a later owner can prove them dead", async () => {
    await makeDue(store, stack);
    const run = await start();
    engine.runOf(stack).processes(child, engineProcess);
    await until(async () => (await store.getRun(run.runId))?.engine?.pid === 11, "they are recorded");
    engine.runOf(stack).succeed();
    await run.done;
  });

  it("is not started where another run has the lease or there is nothing to do", async () => {
    await makeDue(store, stack);
    const item = await workOf(store, stack);
    const run = await start();
    assert.equal(await startRun(item, runnerOptions(store, engine)), null);
    engine.runOf(stack).succeed();
    await run.done;
    assert.equal(await startRun(item, runnerOptions(store, engine)), null, "the list was older than the run");
    assert.equal(engine.runs.length, 1);
  });

  it("asked for on a stack that must not exist is ended without an engine", async () => {
    await makeDue(store, stack);
    const run = await start();
    engine.runOf(stack).succeed();
    await run.done;
    const runs = [{ runId: "asked", stack, kind: "update" }] as const;
    await store.createRequest({
      requestId: "q",
      kind: "reconcile",
      jobId: 201,
      stack: null,
      traceId: null,
      runs,
    });
    await store.setDesired(stack, 1, desired(absentHash, { spec: null }), "normal", null);
    const queued = (await store.listWork(10)).find((each) => each.queued !== null);
    assert.ok(queued);
    assert.equal(await startRun(queued, runnerOptions(store, engine)), null);
    assert.equal((await store.getRun("asked"))?.status, "canceled");
  });

  /** A run that ended with its worker; the next one is started under these proofs. */
  async function afterCrash(
    states: Readonly<Record<number, "alive" | "dead" | "unknown">>,
    recorded: { child: ProcessRef; engine: ProcessRef | null } | null = { child, engine: engineProcess },
  ) {
    await makeDue(store, stack);
    const lost = await start();
    if (recorded !== null) {
      engine.runOf(stack).processes(recorded.child, recorded.engine);
      const seen = async () => (await store.getRun(lost.runId))?.child?.pid === recorded.child.pid;
      await until(seen, "the processes are recorded");
    }
    const startedAt = (await store.getRun(lost.runId))?.startedAt;
    clock.advance(30_001);
    engine.runOf(stack).endCanceled();
    await lost.done;
    const next = await start({ processState: ({ pid }) => states[pid] ?? "unknown" });
    const { deadEngines, strays } = engine.runs.at(-1)?.request ?? assert.fail("no run");
    next.cancel();
    await next.done;
    return { deadEngines, strays, startedAt };
  }

  it("may clear the lock of an engine that is proved dead", async () => {
    for (const states of [
      { 10: "dead", 11: "dead" },
      { 10: "alive", 11: "dead" },
    ] as const) {
      const { deadEngines, startedAt } = await afterCrash(states);
      assert.deepEqual(deadEngines[0], { host: "h", pid: 11, lockedAfter: startedAt });
    }
  });

  it("may clear the lock of another host's engine, as it holds the lease that one had", async () => {
    const { deadEngines, startedAt } = await afterCrash({ 10: "unknown", 11: "unknown" });
    assert.deepEqual(deadEngines, [{ host: "h", pid: 11, lockedAfter: startedAt }]);
  });

  it("may clear the lock of an engine whose pid nobody had recorded, by host and time", async () => {
    const { deadEngines, startedAt } = await afterCrash({ 10: "dead" }, { child, engine: null });
    assert.deepEqual(deadEngines, [{ host: "h", pid: null, lockedAfter: startedAt }]);
  });

  it("ends what the run before it left alive on this host, as the lease is its own now", async () => {
    const engineLeft = await afterCrash({ 10: "dead", 11: "alive" });
    assert.deepEqual(engineLeft.strays, { children: [], engines: [engineProcess] });
    assert.deepEqual(
      engineLeft.deadEngines,
      [{ host: "h", pid: 11, lockedAfter: engineLeft.startedAt }],
      "it is dead by the time in which its lock is looked at",
    );
    const bothLeft = await afterCrash({ 10: "alive", 11: "alive" });
    assert.deepEqual(bothLeft.strays?.children[0], child);
    assert.deepEqual(bothLeft.strays.engines[0], engineProcess);
    const nothingKnown = await afterCrash({ 10: "unknown", 11: "unknown" });
    assert.deepEqual(
      nothingKnown.strays,
      { children: [], engines: [] },
      "of another host nothing can be ended",
    );
  });

  it("whose state is missing stays so after a destroy that found the same: nothing is built anew", async () => {
    await makeDue(store, stack);
    let run = await start();
    engine.runOf(stack).succeed();
    await run.done;
    engine.state.delete(stack);
    await store.setDesired(stack, 2, desired(absentHash, { spec: null }), "normal", null);
    run = await start();
    await run.done;
    assert.match((await store.getRun(run.runId))?.failure?.message ?? "", /^StateMissing: /);
    await store.setDesired(stack, 3, desired("hash-3"), "normal", null);
    run = await start();
    await run.done;
    assert.match((await store.getRun(run.runId))?.failure?.message ?? "", /^StateMissing: /);
    assert.equal(engine.state.has(stack), false);
  });

  it("looks for nothing after a run that succeeded", async () => {
    await makeDue(store, stack);
    let run = await start();
    engine.runOf(stack).succeed();
    await run.done;
    await makeDue(store, stack, "normal", "hash-2");
    run = await start();
    assert.equal(engine.runOf(stack).request.strays, null);
    engine.runOf(stack).succeed();
    await run.done;
  });

  it("remembers the dead engine behind a later run that only found its lock", async () => {
    const { startedAt } = await afterCrash({ 10: "dead", 11: "dead" });
    const next = await start({ processState: () => "dead" });
    const { deadEngines } = engine.runs.at(-1)?.request ?? assert.fail("no run");
    assert.ok(deadEngines.some(({ pid, lockedAfter }) => pid === 11 && lockedAfter === startedAt));
    next.cancel();
    await next.done;
  });
});
