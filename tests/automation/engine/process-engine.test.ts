/** The pool of children, with engines that are shell scripts. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { systemClock } from "../../../automation/clock.ts";
import type { EngineEvent, RunHandle } from "../../../automation/engine/engine.ts";
import { ProcessEngine } from "../../../automation/engine/process-engine.ts";
import { processState } from "../../../automation/engine/processes.ts";
import { createLogger } from "../../../automation/log.ts";
import type { ProcessRef } from "../../../metadata-schema/store.ts";
import { type FakeHome, fakeHome, request } from "./fake-engine.ts";

const working = "trap 'tell TERM; exit 1' TERM; tell up; while :; do sleep 0.05; done";

const inMs = (ms: number): number => systemClock.monotonicMs() + ms;

/** Follows a run; its processes and its end can be waited for. */
function follow(handle: RunHandle) {
  const events: EngineEvent[] = [];
  const engineSeen = Promise.withResolvers<{ child: ProcessRef; engine: ProcessRef }>();
  const ended = (async () => {
    for await (const event of handle.events) {
      events.push(event);
      if (event.type === "processes" && event.engine !== null)
        engineSeen.resolve({ child: event.child, engine: event.engine });
    }
    const last = events.at(-1);
    return last?.type === "ended" ? last : assert.fail(`no end: ${JSON.stringify(events)}`);
  })();
  return { handle, ended, processes: engineSeen.promise };
}

describe("a process engine", () => {
  let home: FakeHome;
  let engine: ProcessEngine;
  let environment: () => Promise<Record<string, string>>;

  before(async () => {
    home = await fakeHome(working);
    environment = async () => ({ PATH: process.env.PATH ?? "" });
    engine = new ProcessEngine({
      slots: 1,
      settings: home.settings,
      childEnvironment: { PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "" },
      engineEnvironment: () => environment(),
      log: createLogger(null, "info"),
    });
    engine.warm(5);
  });
  after(async () => {
    await engine.close();
    await home.remove();
  });
  const start = (change = {}) => follow(engine.run(request(change)));

  it("refuses a run for which it has no slot", async () => {
    const run = start();
    assert.throws(() => start(), /every slot of the engine is taken/);
    await run.processes;
    run.handle.cancel();
    assert.equal((await run.ended).status, "canceled");
  });

  it("a child killed in the middle ends its run as EngineLost, and the next run works", async () => {
    const run = start();
    const { child, engine: engineProcess } = await run.processes;
    process.kill(child.pid, "SIGKILL");
    const ended = await run.ended;
    assert.ok(ended.status === "failed");
    assert.deepEqual([ended.failure.code, ended.failure.class], ["EngineLost", "transient"]);
    assert.equal(processState(engineProcess), "dead", "its engine does not outlive it");
    assert.match(
      ended.failure.message,
      /update of stack access-eastus-\S+ was lost: its process ended \(SIGKILL\)/,
    );

    await home.script("sleep 0.3");
    const next = start();
    assert.equal((await next.ended).status, "succeeded");
    assert.notEqual((await next.processes).child.pid, child.pid);
  });

  it("runs in the same child again", async () => {
    const first = start();
    await first.ended;
    const again = start();
    await again.ended;
    assert.equal((await again.processes).child.pid, (await first.processes).child.pid);
  });

  it("an environment that cannot be had loses the run, and not the slot", async () => {
    const usual = environment;
    environment = () => Promise.reject(new Error("the clouds are away"));
    const ended = await start().ended;
    assert.ok(ended.status === "failed");
    assert.equal(ended.failure.code, "EngineLost");
    assert.match(ended.failure.message, /the clouds are away/);
    environment = usual;
    assert.equal((await start().ended).status, "succeeded");
  });

  it("a run whose lease is extended goes on past its first lease", async () => {
    await home.script("tell extended; sleep 1.5; exit 0");
    // Without an extension the processes would end a second from now.
    const run = start({ leaseEndsAtMs: inMs(6_000) });
    const beat = setInterval(() => run.handle.extend(inMs(30_000)), 50);
    const ended = await run.ended;
    clearInterval(beat);
    assert.equal(ended.status, "succeeded", JSON.stringify(ended));
  });

  it("a run whose lease is not extended is killed in good time", async () => {
    await home.script("tell hold; sleep 60");
    const run = start({ leaseEndsAtMs: inMs(8_500) });
    const { engine: engineProcess } = await run.processes;
    assert.equal((await run.ended).status, "canceled");
    assert.equal(processState(engineProcess), "dead");
  });

  it("closes when no process is left, what runs included", async () => {
    await home.script(working.replace("tell up", "tell last"));
    const run = start();
    const { child, engine: engineProcess } = await run.processes;
    await home.tells("last");
    await engine.close();
    assert.equal(processState(child), "dead");
    assert.equal(processState(engineProcess), "dead");
    assert.equal((await run.ended).status, "canceled");
    assert.equal((await home.told()).at(-1), "TERM");
  });
});
