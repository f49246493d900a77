/** What bounds a run: its lease, its deadline, silence, people, a cloud that throttles. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { systemClock } from "../../../automation/clock.ts";
import { type StackRunnerOptions, startRun } from "../../../automation/queue/stack-runner.ts";
import type { StackSpec } from "../../../metadata-schema/desired-state.ts";
import type { MetadataStore } from "../../../metadata-schema/store.ts";
import { desired } from "../../metadata-schema/conformance/kit.ts";
import { ScriptedEngine } from "../../support/scripted-engine.ts";
import type { TestClock } from "../../support/test-clock.ts";
import { makeDue, openRunKit, runnerOptions, until, workOf } from "./queue-kit.ts";

const stack = "job-eastus-201";

describe("a run", () => {
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

  it("counts its lease from before the question, however late the answer comes", async () => {
    await makeDue(store, stack);
    const slow: MetadataStore = {
      ...store,
      acquireLease: async (request) => {
        const answer = await store.acquireLease(request);
        await systemClock.sleep(300);
        return answer;
      },
      renewLease: async (lease, leaseMs) => {
        const answer = await store.renewLease(lease, leaseMs);
        await systemClock.sleep(300);
        return answer;
      },
    };
    const beganMs = systemClock.monotonicMs();
    const run = await start({ store: slow, leaseMs: 600 });
    const scripted = engine.runOf(stack);
    assert.ok(scripted.request.leaseEndsAtMs < beganMs + 600 + 100, "acquired 300 ms ago");
    await until(() => scripted.extensions.length > 0 || scripted.ended !== null, "a renewal is told");
    for (const endsAtMs of scripted.extensions)
      assert.ok(endsAtMs < systemClock.monotonicMs() + 400, "renewed 300 ms ago");
    scripted.succeed();
    await run.done;
  });

  it("that takes longer than its kind may is stopped, and tried again later", async () => {
    await makeDue(store, stack);
    const limits = runnerOptions(store, engine).limits;
    const run = await start({ limits: { ...limits, deadlineMs: { ...limits.deadlineMs, update: 50 } } });
    await run.done;
    const ended = await store.getRun(run.runId);
    assert.equal(ended?.status, "failed");
    assert.equal(ended.failure?.class, "unknown");
    assert.match(
      ended.failure.message,
      /^DeadlineExceeded: The run took longer than 0 minutes and was stopped\./,
    );
    assert.notEqual((await record()).nextAttemptAt, null);
  });

  it("that says nothing is told with what it waits for, and again once it goes on", async () => {
    await makeDue(store, stack);
    const told: (string | null)[] = [];
    const limits = { ...runnerOptions(store, engine).limits, stallMs: 60 };
    const onStall: StackRunnerOptions["onStall"] = async (_run, _stack, stall) =>
      void told.push(
        stall === null ? null : stall.waitsFor.map(({ operation, urn }) => `${operation} ${urn}`).join(),
      );
    const run = await start({ limits, onStall });
    const scripted = engine.runOf(stack);
    scripted.step({ operation: "create", urn: "a", status: "started" });
    scripted.step({ operation: "create", urn: "a", status: "done" });
    scripted.step({ operation: "update", urn: "b", status: "started" });
    await until(() => told.length === 1, "the silence is told");
    scripted.step({ operation: "update", urn: "b", status: "done" });
    await until(() => told.length === 2, "that it goes on is told");
    scripted.succeed();
    await run.done;
    assert.deepEqual(told.slice(0, 2), ["update b", null]);
  });

  it("that somebody cancels ends within a heartbeat, and is not begun again by itself", async () => {
    await makeDue(store, stack);
    const run = await start({ leaseMs: 600 });
    engine.runOf(stack).extend(systemClock.monotonicMs() + 60_000);
    assert.equal(await store.requestCancel(run.runId, "ada@example.com"), "asked");
    await run.done;
    const ended = await store.getRun(run.runId);
    assert.equal(ended?.status, "canceled");
    assert.match(ended.failure?.message ?? "", /^Canceled: ada@example\.com canceled the run\./);
    assert.equal((await record()).nextAttemptAt, null);
    assert.deepEqual(await store.listWork(5), []);
  });

  it("that somebody cancels stays canceled however it ended: a child that hung is killed, and says so", async () => {
    await makeDue(store, stack);
    const deaf = new ScriptedEngine({ slots: 1, endsOnCancel: false });
    const run = await startRun(await workOf(store, stack), runnerOptions(store, deaf));
    run?.cancelFor("ada@example.com");
    deaf.runOf(stack).fail({ code: "EngineLost", message: "its process does not answer" });
    await run?.done;
    assert.equal((await store.getRun(run?.runId ?? ""))?.status, "canceled");
    assert.equal((await record()).nextAttemptAt, null);
    await deaf.close();
  });

  it("that takes something away is never given up, neither by a failure for good nor by a cancel", async () => {
    const revoked = { ...desired("hash-1").spec, kind: "firewall", ranges: ["10.0.0.0/24", "10.1.0.0/24"] };
    const spec = (ranges: readonly string[]) => ({ ...revoked, ranges }) as unknown as StackSpec;
    await store.setDesired(stack, 1, desired("hash-1", { spec: spec(revoked.ranges) }), "normal", null);
    let run = await start();
    engine.runOf(stack).succeed();
    await run.done;
    await store.setDesired(stack, 2, desired("hash-2", { spec: spec(["10.0.0.0/24"]) }), "urgent", null);
    run = await start();
    engine.runOf(stack).fail({ class: "permanent", code: "AccessDenied", message: "no" });
    await run.done;
    assert.equal((await record()).nextAttemptAt, clock.in(300_000));
    clock.advance(300_001);
    run = await start();
    run.cancelFor("ada@example.com");
    await run.done;
    assert.equal((await record()).nextAttemptAt, clock.in(300_000));
    assert.match((await store.getRun(run.runId))?.failure?.message ?? "", /tried again in five minutes/);
  });

  it("that the cloud throttles holds back the work of its whole subscription for as long as it asks", async () => {
    await makeDue(store, stack);
    const other = "job-eastus-202";
    await makeDue(store, other);
    const subscriptionId = (await record()).desired.spec?.environment.subscriptionId ?? assert.fail("none");
    const run = await start();
    engine.runOf(stack).fail({ code: "Throttled", message: "slow down", retryAfterMs: 17_000 });
    await run.done;
    const [pause] = await store.listPauses();
    assert.equal(pause?.subscriptionId, subscriptionId.toLowerCase());
    assert.equal(pause.until, clock.in(17_000));
    assert.deepEqual(await store.listWork(5), []);
    clock.advance(17_001);
    assert.deepEqual(
      (await store.listWork(5)).map((each) => each.stack.stack),
      [other],
    );
    clock.advance(2_000);
    assert.equal((await store.listWork(5)).length, 2, "its own pause is a little longer");
  });

  it("that fails for a reason of the host tells it at once", async () => {
    await makeDue(store, stack);
    const told: string[] = [];
    const run = await start({ onHostFault: (message) => void told.push(message) });
    engine.runOf(stack).fail({ code: "DiskFull", message: "no space left on device", scope: "host" });
    await run.done;
    assert.deepEqual(told, ["no space left on device"]);
  });
});
