/** An edit that changes nothing of a stack: resolved, merged and compared without an engine. */
import { systemClock } from "../../automation/clock.ts";
import { createLogger } from "../../automation/log.ts";
import { noObserver } from "../../automation/observe/run-observer.ts";
import type { Directory } from "../../automation/reconcile/names-needed.ts";
import { Reconciler } from "../../automation/reconcile/reconciler.ts";
import type { MetadataStore, OutputValues } from "../../metadata-schema/store.ts";
import {
  accessStack,
  aclStack,
  jobStack,
  networkStack,
  platformStack,
  workspaceStack,
} from "../../program/layout/names.ts";
import { jobOutputs, platformOutputs, workspaceOutputs } from "../support/applied-outputs.ts";
import { cluster, environment, job, network, policy } from "../support/small-rows.ts";
import { openTempStore } from "../support/temp-store.ts";
import { type Measurement, millisecondsOf, numbersOf } from "./measure.ts";

const stacksOfJob = [
  networkStack("eastus", "databricks"),
  jobStack("eastus", 201),
  accessStack("eastus", "id-of-ds_team"),
  aclStack("eastus", 201),
];

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
    for (const [stack, outputs] of [
      [platformStack("eastus"), platformOutputs],
      [workspaceStack("eastus"), workspaceOutputs],
      [jobStack("eastus", 201), jobOutputs(201)],
    ] as const) {
      await apply(store, stack, outputs);
      while (await reconciler.round());
    }
    for (const stack of stacksOfJob)
      if ((await store.getStack(stack))?.desired.hash == null)
        throw new Error(`${stack} is not asked for: the job waits for something`);
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

/** Settles a stack as if the engine had run it, so that what waits for it is admitted. */
async function apply(store: MetadataStore, name: string, outputs: OutputValues): Promise<void> {
  const stack = await store.getStack(name);
  if (stack === null) throw new Error(`there is no stack ${name}`);
  const owner = { host: "bench", pid: 1, startedAt: "1" };
  const acquired = await store.acquireLease({
    stack: stack.stack,
    owner,
    leaseMs: 60_000,
    runId: `bench of ${name}`,
    kind: "update",
    reason: "first-run",
    desiredHash: stack.desired.hash,
  });
  if (acquired.status !== "acquired") throw new Error("the lease was not acquired");
  await store.settleRun(acquired.lease, { status: "succeeded", outputs, changes: {} });
}
