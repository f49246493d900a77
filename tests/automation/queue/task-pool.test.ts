import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { systemClock } from "../../../automation/clock.ts";
import type { TaskPool } from "../../../automation/queue/task-pool.ts";
import { openStore } from "../../../metadata-schema/open-store.ts";
import { ScriptedEngine } from "../../support/scripted-engine.ts";
import { openTempStore, type TempStore } from "../../support/temp-store.ts";
import { makeDue, openPool, until } from "./queue-kit.ts";

describe("the task pool", () => {
  let temp: TempStore;
  let engine: ScriptedEngine;
  let pool: TaskPool;

  async function open(slots: number, script?: ConstructorParameters<typeof ScriptedEngine>[0]["script"]) {
    engine = new ScriptedEngine({ slots, ...(script === undefined ? {} : { script }) });
    pool = openPool(temp.store, engine);
  }
  beforeEach(async () => {
    temp = await openTempStore();
  });
  afterEach(async () => {
    await pool.stop();
    assert.equal(engine.active.length, 0);
    await temp.close();
  });
  const dues = async (count: number, prefix = "job-eastus-") => {
    for (let index = 1; index <= count; index++) await makeDue(temp.store, `${prefix}${index}`);
  };

  it("keeps one slot for urgent work, and gives it to urgent work alone", async () => {
    await open(3);
    await dues(5);
    pool.start();
    await until(() => engine.active.length === 2, "normal work fills all slots but one");
    await systemClock.sleep(50);
    assert.equal(engine.active.length, 2);
    await makeDue(temp.store, "job-eastus-900", "urgent");
    pool.poke();
    await until(() => engine.active.length === 3, "urgent work gets the last slot");
    assert.equal(engine.runOf("job-eastus-900").request.kind, "update");
    assert.equal(pool.running, 3);
  });

  it("gives the only slot there is to any work", async () => {
    await open(1);
    await dues(1);
    pool.start();
    await until(() => engine.active.length === 1, "the run starts");
  });

  it("starts work when poked, without waiting for its poll", async () => {
    await open(2);
    pool.start();
    await systemClock.sleep(100);
    await dues(1);
    const began = performance.now();
    pool.poke();
    await until(() => engine.active.length === 1, "the run starts");
    assert.ok(performance.now() - began < 350, "sooner than the poll");
  });

  it("finds work that nobody told it of", async () => {
    await open(2);
    pool.start();
    await dues(1);
    await until(() => engine.active.length === 1, "the poll finds it");
  });

  it("fills a freed slot with the next work, and never takes more slots than there are", async () => {
    await open(3, (run) => void setTimeout(() => run.succeed(), 5));
    await dues(12);
    pool.start();
    await until(() => engine.runs.length === 12 && engine.active.length === 0, "all runs ended");
    assert.equal(engine.mostAtOnce, 2);
    assert.equal(new Set(engine.runs.map((run) => run.request.stack)).size, 12);
    await until(async () => (await temp.store.listWork(20)).length === 0, "nothing is left to do");
  });

  it("stop cancels what runs, starts nothing more and resolves when all is settled", async () => {
    await open(3);
    await dues(6);
    pool.start();
    await until(() => engine.active.length === 2, "two runs are under way");
    await pool.stop();
    assert.ok(engine.runs.every((run) => run.cancelAsked && run.ended?.status === "canceled"));
    assert.equal(engine.runs.length, 2);
    assert.equal(pool.running, 0);
    assert.deepEqual(await temp.store.listLeases(), []);
    for (const run of engine.runs)
      assert.equal((await temp.store.getRun(run.request.runId))?.status, "canceled");
  });

  it("two pools on one database never run one stack at once", async () => {
    const active = new Set<string>();
    const script: ConstructorParameters<typeof ScriptedEngine>[0]["script"] = (run) => {
      const { stack } = run.request;
      assert.ok(!active.has(stack), `two runs of ${stack}`);
      active.add(stack);
      setTimeout(() => {
        active.delete(stack);
        run.succeed();
      }, 5);
    };
    await open(4, script);
    const otherStore = await openStore({ url: temp.url });
    const otherEngine = new ScriptedEngine({ slots: 4, script });
    const other = openPool(otherStore, otherEngine);
    await dues(25);
    pool.start();
    other.start();
    await until(() => engine.runs.length + otherEngine.runs.length >= 25 && active.size === 0, "all ran");
    await until(async () => (await temp.store.listWork(5)).length === 0, "nothing is left to do");
    await other.stop();
    await otherStore.close();
    const stacks = [...engine.runs, ...otherEngine.runs].map((run) => run.request.stack);
    assert.equal(stacks.length, 25, "each stack ran once");
    assert.ok(otherEngine.runs.length > 0 && engine.runs.length > 0, "both took part");
  });
});
