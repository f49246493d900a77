/** An edit that changes nothing of a stack: resolved, merged and compared without an engine. */
import { systemClock } from "../../automation/clock.ts";
import { createLogger } from "../../automation/log.ts";
import { noObserver } from "../../automation/observe/run-observer.ts";
import type { Directory } from "../../automation/reconcile/names-needed.ts";
import { Reconciler } from "../../automation/reconcile/reconciler.ts";
import { cluster, environment, job, network, policy } from "../support/small-rows.ts";
import { openTempStore } from "../support/temp-store.ts";
import { type Measurement, millisecondsOf, numbersOf } from "./measure.ts";

const directory: Directory = {
  forget: () => {},
  lookUp: async ({ name }) => ({ status: "found", objectId: `id-of-${name}` }),
};

export async function benchUnchangedStack(rounds: number): Promise<readonly Measurement[]> {
  const temp = await openTempStore();
  const { store } = temp;
  try {
    const rows = [
      job(201),
      policy(201, ["execute_inference", "read_model"]),
      network(201),
      cluster(201, 1, 2),
    ];
    await store.insertRows([environment(), ...rows]);
    const reconciler = new Reconciler({
      store,
      directory,
      clock: systemClock,
      log: createLogger(null, "info"),
      observer: noObserver,
      realm: "test",
      hashSuffix: "+bench",
      onDesired: () => {},
    });
    while (await reconciler.round());
    await applyPlatform(store);
    while (await reconciler.round());
    const work = (await store.listWork(100)).length;
    const times: number[] = [];
    for (let round = 0; round < rounds; round++) {
      await store.touch([{ kind: "job", jobId: 201 }]);
      times.push(await millisecondsOf(() => reconciler.round()));
    }
    if ((await store.listWork(100)).length !== work) throw new Error("an unchanged stack became due");
    const numbers = numbersOf(times);
    return [
      {
        name: "unchanged job of 4 stacks, edit to verdict",
        unit: "ms",
        numbers,
        budget: { text: "<= 20 ms", met: numbers.median <= 20 },
      },
    ];
  } finally {
    await temp.close();
  }
}

/** Settles the platform stack as if the engine had run it, so that the job's contributions are admitted. */
async function applyPlatform(store: Awaited<ReturnType<typeof openTempStore>>["store"]): Promise<void> {
  const stack = await store.getStack("platform-eastus");
  if (stack === null) throw new Error("no platform stack");
  const owner = { host: "bench", pid: 1, startedAt: "1" };
  const acquired = await store.acquireLease({
    stack: stack.stack,
    owner,
    leaseMs: 60_000,
    runId: "bench",
    kind: "update",
    reason: "first-run",
    desiredHash: stack.desired.hash,
  });
  if (acquired.status !== "acquired") throw new Error("the lease was not acquired");
  await store.settleRun(acquired.lease, {
    status: "succeeded",
    outputs: { workspace_url: "adb-1.azuredatabricks.net" },
    changes: {},
  });
}
