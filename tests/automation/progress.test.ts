import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { readyJobs } from "../../automation/progress.ts";
import { spec } from "../metadata-schema/conformance/kit.ts";
import { environment, job } from "../support/small-rows.ts";
import { openTempStore, type TempStore } from "../support/temp-store.ts";
import { TestClock } from "../support/test-clock.ts";

describe("progress of the roll-out", () => {
  const clock = new TestClock();
  let temp: TempStore;
  const owner = { host: "h", pid: 1, startedAt: "1" };
  before(async () => {
    temp = await openTempStore({ clock });
    await temp.store.insertRows([environment({ own_group: "oncall" }), job(1)]);
  });
  after(() => temp.close());

  const isNotReady = (reason: string) =>
    temp.store.setConditions([
      {
        subject: { kind: "job", jobId: 1 },
        condition: { type: "Ready", status: "False", reason, message: "why" },
      },
    ]);

  it("a job with a row that waits is settled where nothing is being built", async () => {
    await isNotReady("RowWaiting");
    const { settled, held } = await readyJobs(temp.store);
    assert.deepEqual({ settled, held }, { settled: true, held: ["1 (why)"] });
  });

  it("a job with a row that waits rolls out until every stack is applied and the name was looked up again", async () => {
    const { store } = temp;
    const desired = {
      kind: "platform",
      environment: "eastus",
      spec: spec("platform-eastus"),
      hash: "h",
      references: [],
    } as const;
    await store.setDesired("platform-eastus", 1, desired, "normal", null);
    assert.equal((await readyJobs(store)).settled, false);
    await isNotReady("RowBlocked");
    assert.equal(
      (await readyJobs(store)).settled,
      true,
      "a refused row is for a person, whatever is being built",
    );
    await isNotReady("RowWaiting");
    const lease = await store.acquireLease({
      stack: "platform-eastus",
      owner,
      leaseMs: 60_000,
      runId: "r1",
      kind: "update",
      reason: "first-run",
      desiredHash: "h",
    });
    assert.ok(lease.status === "acquired");
    await store.settleRun(lease.lease, { status: "succeeded", outputs: null, changes: {} });
    assert.equal((await readyJobs(store)).settled, false);
    clock.advance(31_000);
    assert.equal((await readyJobs(store)).settled, true);
  });
});
