import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { systemClock } from "../../../automation/clock.ts";
import { createLogger } from "../../../automation/log.ts";
import { noObserver } from "../../../automation/observe/run-observer.ts";
import { LeaseRecovery } from "../../../automation/queue/lease-recovery.ts";
import type { ProcessRef } from "../../../metadata-schema/store.ts";
import { takeLease } from "../../metadata-schema/conformance/kit.ts";
import { openTempStore, type TempStore } from "../../support/temp-store.ts";
import { makeDue } from "./queue-kit.ts";

const stack = "job-eastus-201";
const process_ = (pid: number): ProcessRef => ({ host: "h", pid, startedAt: "1" });
const [service, child, engine] = [process_(1), process_(2), process_(3)];
type State = "alive" | "dead" | "unknown";

describe("recovery of leases", () => {
  let temp: TempStore;
  let told: number;
  beforeEach(async () => {
    temp = await openTempStore();
    told = 0;
    await makeDue(temp.store, stack);
  });
  afterEach(() => temp.close());

  const recovery = (states: readonly [State, State, State]) =>
    new LeaseRecovery({
      store: temp.store,
      clock: systemClock,
      log: createLogger(null, "info"),
      observer: noObserver,
      processState: ({ pid }) => states[pid - 1] ?? "unknown",
      onBroken: () => {
        told += 1;
      },
    });
  async function leased() {
    const lease = await takeLease(temp.store, stack, { owner: service });
    await temp.store.recordProcesses(lease, { child, engine });
    return lease;
  }

  for (const engineState of ["dead", "alive"] as const) {
    it(`breaks the lease of a run whose service and child are dead, its engine ${engineState}; the stack is due again`, async () => {
      const lease = await leased();
      assert.equal(await recovery(["dead", "dead", engineState]).round(), 1);
      assert.equal(told, 1);
      assert.deepEqual(await temp.store.listLeases(), []);
      assert.equal((await temp.store.getRun(lease.runId))?.status, "lost");
      assert.equal((await temp.store.listWork(5)).length, 1);
    });
  }

  for (const states of [
    ["alive", "dead", "dead"],
    ["dead", "alive", "dead"],
    ["unknown", "dead", "dead"],
    ["dead", "unknown", "unknown"],
    ["unknown", "unknown", "unknown"],
  ] as const) {
    it(`leaves the lease alone where service, child and engine are ${states.join(", ")}`, async () => {
      await leased();
      assert.equal(await recovery(states).round(), 0);
      assert.equal((await temp.store.listLeases()).length, 1);
      assert.equal(told, 0);
    });
  }

  it("goes on by itself until it is stopped", async () => {
    await leased();
    const states: [State, State, State] = ["dead", "alive", "dead"];
    const running = recovery(states);
    running.start();
    await systemClock.sleep(50);
    assert.equal(told, 0);
    states[1] = "dead";
    while (told === 0) await systemClock.sleep(10);
    await running.stop();
  });
});
