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

  const waitsFor = (group: string) =>
    temp.store.setConditions([
      {
        subject: { kind: "job", jobId: 1 },
        condition: {
          type: "Ready",
          status: "False",
          reason: "RowWaiting",
          message: `Access_Policies 1, entra_id_group: no Entra group is named "${group}". Create it.`,
        },
      },
    ]);

  it("a job that waits for a group which nobody makes is settled", async () => {
    await waitsFor("somebody");
    assert.equal((await readyJobs(temp.store)).settled, true);
  });

  it("a job that waits for its environment's own group rolls out until the platform is applied and looked up", async () => {
    const { store } = temp;
    await waitsFor("oncall");
    assert.equal((await readyJobs(store)).settled, false);
    const desired = {
      kind: "platform",
      environment: "eastus",
      spec: spec("platform-eastus"),
      hash: "h",
      references: [],
    } as const;
    await store.setDesired("platform-eastus", 1, desired, "normal", null);
    assert.equal((await readyJobs(store)).settled, false);
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
