/** The facts that every Engine holds to: run on the scripted engine and on the real one. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { hostname } from "node:os";
import { after, before, describe, it } from "node:test";
import { systemClock } from "../../automation/clock.ts";
import type { EndedEvent, Engine, EngineEvent, RunRequest } from "../../automation/engine/engine.ts";
import type { StackSpec } from "../../metadata-schema/desired-state.ts";
import { runRequest } from "./run-request.ts";

export interface EngineKit {
  readonly engine: Engine;
  /** A spec of a stack of its own for each `name`; `variant` changes one object of it. */
  spec(name: string, variant?: number): StackSpec;
  /** The next create of an object fails for good. */
  failNext(): Promise<void>;
  hasState(stack: string): Promise<boolean>;
  /** As after the loss of a disk. */
  loseState(stack: string): Promise<void>;
  /** Plants the lock of another engine process. */
  lock(stack: string, holder: { readonly host: string; readonly pid: number }): Promise<void>;
  isLocked(stack: string): Promise<boolean>;
  /** All that a run could change, as one text: objects and state. */
  footprint(stack: string): Promise<string>;
  close(): Promise<void>;
}

// Less than the margin by which processes end before their lease: such a run is over at once.
const shortLeaseMs = 5_050;

const inMs = (ms: number): number => systemClock.monotonicMs() + ms;

/** A process of this host that has ended. */
function deadPid(): number {
  return spawnSync("true").pid;
}

async function eventsOf(engine: Engine, asked: RunRequest): Promise<readonly EngineEvent[]> {
  return Array.fromAsync(engine.run(asked).events);
}

async function endOf(engine: Engine, asked: RunRequest): Promise<EndedEvent> {
  const last = (await eventsOf(engine, asked)).at(-1);
  assert.ok(last?.type === "ended", "the stream ends with `ended`");
  return last;
}

async function apply(engine: Engine, spec: StackSpec): Promise<void> {
  const ended = await endOf(engine, runRequest(spec));
  assert.equal(ended.status, "succeeded", JSON.stringify(ended));
}

const codeOf = (ended: EndedEvent): string => (ended.status === "succeeded" ? "" : ended.failure.code);

export function runEngineSuite(name: string, open: () => Promise<EngineKit>): void {
  describe(name, () => {
    let kit: EngineKit;
    before(async () => {
      kit = await open();
    });
    after(() => kit.close());

    it("an update tells its processes, then its steps, and ends once with outputs and changes", async () => {
      const spec = kit.spec("update");
      const events = await eventsOf(kit.engine, runRequest(spec));
      const types = events.map((event) => event.type);
      assert.equal(types.filter((type) => type === "ended").length, 1);
      assert.equal(types.at(-1), "ended");
      assert.equal(types[0], "processes");
      assert.ok(types.includes("step"), "objects were made in steps");
      const engines = events.filter((event) => event.type === "processes" && event.engine !== null);
      assert.ok(engines.length > 0, "the engine process is named");
      const ended = events.at(-1);
      assert.ok(ended?.type === "ended" && ended.status === "succeeded", JSON.stringify(ended));
      assert.ok(ended.outputs !== null && Object.keys(ended.outputs).length > 0, "outputs are told");
      assert.ok((ended.changes.create ?? 0) > 0, "what was made is counted");
      assert.ok(await kit.hasState(spec.stack));

      const again = await eventsOf(kit.engine, runRequest(spec, { wasApplied: true }));
      assert.deepEqual(
        again.filter((event) => event.type === "step"),
        [],
        "nothing is left to do",
      );
    });

    it("a preview and a refresh change nothing and have no outputs", async () => {
      const spec = kit.spec("preview");
      await apply(kit.engine, spec);
      const before = await kit.footprint(spec.stack);
      for (const kind of ["preview", "refresh"] as const) {
        const asked = runRequest(kit.spec("preview", 1), { kind, wasApplied: true });
        const ended = await endOf(kit.engine, asked);
        assert.ok(ended.status === "succeeded", JSON.stringify(ended));
        assert.equal(ended.outputs, null);
      }
      assert.equal(await kit.footprint(spec.stack), before);
    });

    it("a destroy has no outputs and leaves no state; of a stack without state there is nothing to do", async () => {
      const spec = kit.spec("destroy");
      await apply(kit.engine, spec);
      const destroy = runRequest(spec, { kind: "destroy", spec: null, wasApplied: true });
      const ended = await endOf(kit.engine, destroy);
      assert.ok(ended.status === "succeeded", JSON.stringify(ended));
      assert.equal(ended.outputs, null);
      assert.equal(await kit.hasState(spec.stack), false);
      assert.equal((await endOf(kit.engine, { ...destroy, wasApplied: false })).status, "succeeded");
    });

    it("a canceled run ends as canceled, and the next one works", async () => {
      const spec = kit.spec("cancel");
      const handle = kit.engine.run(runRequest(spec));
      const events: EngineEvent[] = [];
      for await (const event of handle.events) {
        events.push(event);
        if (event.type === "processes") handle.cancel();
      }
      const last = events.at(-1);
      assert.ok(last?.type === "ended" && last.status === "canceled", JSON.stringify(last));
      assert.equal(events.filter((event) => event.type === "ended").length, 1);
      assert.equal(await kit.isLocked(spec.stack), false);
      await apply(kit.engine, spec);
    });

    it("a run canceled before its engine has begun ends as canceled", async () => {
      const handle = kit.engine.run(runRequest(kit.spec("cancel")));
      handle.cancel();
      const last = (await Array.fromAsync(handle.events)).at(-1);
      assert.ok(last?.type === "ended" && last.status === "canceled", JSON.stringify(last));
    });

    it("a cancel or a short lease told to a run that has ended does not touch the next one", async () => {
      const spec = kit.spec("cancel");
      const first = kit.engine.run(runRequest(spec, { kind: "preview" }));
      await Array.fromAsync(first.events);
      const second = kit.engine.run(runRequest(spec));
      const events: EngineEvent[] = [];
      for await (const event of second.events) {
        events.push(event);
        if (event.type !== "processes") continue;
        first.extend(inMs(shortLeaseMs));
        first.cancel();
      }
      const last = events.at(-1);
      assert.ok(last?.type === "ended" && last.status === "succeeded", JSON.stringify(last));
    });

    it("a run whose lease is not extended ends as canceled", async () => {
      const ended = await endOf(
        kit.engine,
        runRequest(kit.spec("lease"), { leaseEndsAtMs: inMs(shortLeaseMs) }),
      );
      assert.equal(ended.status, "canceled");
    });

    it("a run after a failed one works", async () => {
      const spec = kit.spec("failure");
      await kit.failNext();
      const ended = await endOf(kit.engine, runRequest(spec));
      assert.ok(ended.status === "failed", JSON.stringify(ended));
      assert.match(ended.failure.message, /planted/);
      await apply(kit.engine, spec);
    });

    it("a stack that was applied and whose state is gone is StateMissing, and nothing is built", async () => {
      const spec = kit.spec("missing");
      await apply(kit.engine, spec);
      await kit.loseState(spec.stack);
      const before = await kit.footprint(spec.stack);
      const ended = await endOf(kit.engine, runRequest(spec, { wasApplied: true }));
      assert.equal(codeOf(ended), "StateMissing");
      assert.ok(ended.status === "failed" && ended.failure.class === "permanent");
      assert.equal(await kit.footprint(spec.stack), before);
    });

    it("a state that a destroy removed before it was settled is the destroy's success, and can be built anew", async () => {
      const spec = kit.spec("destroyed");
      await apply(kit.engine, spec);
      const destroy = runRequest(spec, { kind: "destroy", spec: null, wasApplied: true });
      assert.equal((await endOf(kit.engine, destroy)).status, "succeeded");
      const again = await endOf(kit.engine, { ...destroy, destroyBegun: true });
      assert.equal(again.status, "succeeded", JSON.stringify(again));
      const anew = await endOf(kit.engine, runRequest(spec, { wasApplied: true, destroyBegun: true }));
      assert.equal(anew.status, "succeeded", JSON.stringify(anew));
    });

    it("a foreign lock ends a run as Locked and is left alone; the lock of a dead engine is cleared", async () => {
      const spec = kit.spec("lock");
      await apply(kit.engine, spec);
      const pid = deadPid();
      await kit.lock(spec.stack, { host: hostname(), pid });
      const changed = runRequest(kit.spec("lock", 1), { wasApplied: true });

      const refused = await endOf(kit.engine, changed);
      assert.equal(codeOf(refused), "Locked");
      assert.ok(refused.status === "failed" && refused.failure.class === "transient");
      assert.ok(await kit.isLocked(spec.stack), "nobody proved its holder dead");
      const otherEngine = { host: hostname(), pid: pid + 1, lockedAfter: "2026-01-01T00:00:00.000Z" };
      assert.equal(codeOf(await endOf(kit.engine, { ...changed, deadEngines: [otherEngine] })), "Locked");
      assert.ok(await kit.isLocked(spec.stack), "another engine was proved dead");

      const dead = { host: hostname(), pid, lockedAfter: "2026-01-01T00:00:00.000Z" };
      const ended = await endOf(kit.engine, { ...changed, deadEngines: [dead] });
      assert.equal(ended.status, "succeeded", JSON.stringify(ended));
      assert.equal(await kit.isLocked(spec.stack), false);
    });
  });
}
