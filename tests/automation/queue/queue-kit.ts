/** Stores with due stacks, and a pool on a scripted engine, for tests of the queue. */
import assert from "node:assert/strict";
import { systemClock } from "../../../automation/clock.ts";
import { ownProcess } from "../../../automation/engine/processes.ts";
import { createLogger } from "../../../automation/log.ts";
import { noObserver } from "../../../automation/observe/run-observer.ts";
import {
  type StackRunnerOptions,
  type StartedRun,
  startRun,
} from "../../../automation/queue/stack-runner.ts";
import { TaskPool } from "../../../automation/queue/task-pool.ts";
import type { Lane, MetadataStore, WorkItem } from "../../../metadata-schema/store.ts";
import { desired } from "../../metadata-schema/conformance/kit.ts";
import { ScriptedEngine } from "../../support/scripted-engine.ts";
import { openTempStore } from "../../support/temp-store.ts";
import { TestClock } from "../../support/test-clock.ts";

export const makeDue = (store: MetadataStore, stack: string, lane: Lane = "normal", hash = "hash-1") =>
  store.setDesired(stack, 1, desired(hash), lane, null);

export async function workOf(store: MetadataStore, stack: string): Promise<WorkItem> {
  const item = (await store.listWork(100)).find((each) => each.stack.stack === stack);
  if (item === undefined) throw new Error(`stack ${stack} is not due`);
  return item;
}

export const runnerOptions = (
  store: MetadataStore,
  engine: ScriptedEngine,
  change: Partial<StackRunnerOptions> = {},
): StackRunnerOptions => ({
  store,
  engine,
  owner: ownProcess(),
  leaseMs: 30_000,
  clock: systemClock,
  log: createLogger(null, "info"),
  observer: noObserver,
  processState: () => "alive",
  limits: {
    deadlineMs: { update: 60_000, destroy: 60_000, preview: 60_000, refresh: 60_000, adoptable: 60_000 },
    stallMs: 60_000,
  },
  onSteps: () => {},
  onStall: async () => {},
  onHostFault: () => {},
  onSettled: async () => {},
  ...change,
});

export const openPool = (store: MetadataStore, engine: ScriptedEngine): TaskPool =>
  new TaskPool({
    store,
    clock: systemClock,
    log: createLogger(null, "info"),
    closedFor: () => engine.closedFor(),
    runner: runnerOptions(store, engine),
  });

export async function until(test: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = performance.now() + 8_000;
  while (!(await test())) {
    if (performance.now() > end) throw new Error(`waited in vain: ${what}`);
    await systemClock.sleep(5);
  }
}

/** A store with a test clock, a scripted engine of two slots, and runs of one stack on them. */
export async function openRunKit(stack: string) {
  const clock = new TestClock();
  const temp = await openTempStore({ clock });
  const { store } = temp;
  const engine = new ScriptedEngine({ slots: 2 });
  return {
    clock,
    store,
    engine,
    async start(change: Partial<StackRunnerOptions> = {}): Promise<StartedRun> {
      const run = await startRun(await workOf(store, stack), runnerOptions(store, engine, change));
      return run ?? assert.fail("the run got no lease");
    },
    record: async () => (await store.getStack(stack)) ?? assert.fail("no such stack"),
    async close(): Promise<void> {
      await engine.close();
      await temp.close();
    },
  };
}
