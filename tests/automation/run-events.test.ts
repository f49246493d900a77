import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { systemClock } from "../../automation/clock.ts";
import { RunEvents } from "../../automation/run-events.ts";
import { openStore } from "../../metadata-schema/open-store.ts";
import type { Lease, MetadataStore } from "../../metadata-schema/store.ts";
import { desired, success, takeLease } from "../metadata-schema/conformance/kit.ts";
import { openTempStore, type TempStore } from "../support/temp-store.ts";

const stack = "job-eastus-201";
const step = (operation: string) =>
  ({ operation, urn: "u", type: "t", status: "done", objectId: null, message: null }) as const;

describe("the events of a run", () => {
  let temp: TempStore;
  let events: RunEvents;
  let lease: Lease;

  beforeEach(async () => {
    temp = await openTempStore();
    events = new RunEvents(temp.store, systemClock);
    await temp.store.setDesired(stack, 1, desired(), "normal", null);
    lease = await takeLease(temp.store, stack);
  });
  afterEach(() => temp.close());

  async function follow(after = 0, signal = new AbortController().signal): Promise<readonly string[]> {
    const seen: string[] = [];
    for await (const { number, operation } of events.follow(lease.runId, after, signal))
      seen.push(`${number} ${operation}`);
    return seen;
  }
  const write = (operation: string, store: MetadataStore = temp.store) =>
    store.appendSteps(lease, [step(operation)]);

  it("are all steps there are, then the end with the run", async () => {
    for (const operation of ["create", "update"]) await write(operation);
    await temp.store.settleRun(lease, success());
    assert.deepEqual(await follow(), ["1 create", "2 update"]);
  });

  it("come as they are told, without waiting for the poll", async () => {
    const began = performance.now();
    const seen = follow();
    await systemClock.sleep(20);
    await write("create");
    events.tell(lease.runId);
    await systemClock.sleep(20);
    await temp.store.settleRun(lease, success());
    events.tell(lease.runId);
    assert.deepEqual(await seen, ["1 create"]);
    assert.ok(performance.now() - began < 450);
  });

  it("resume after the last one a reader has", async () => {
    for (const operation of ["create", "update", "delete"]) await write(operation);
    await temp.store.settleRun(lease, success());
    assert.deepEqual(await follow(2), ["3 delete"]);
    assert.deepEqual(await follow(3), []);
  });

  it("are seen when another process writes them", async () => {
    const other = await openStore({ url: temp.url });
    const seen = follow();
    await write("create", other);
    await other.settleRun(lease, success());
    assert.deepEqual(await seen, ["1 create"]);
    await other.close();
  });

  it("of more than a page come whole and in order", async () => {
    await temp.store.appendSteps(
      lease,
      Array.from({ length: 1_100 }, () => step("create")),
    );
    await temp.store.settleRun(lease, success());
    const seen = await follow();
    assert.equal(seen.length, 1_100);
    assert.equal(seen.at(-1), "1100 create");
  });

  it("end when the reader goes away, and of a run that does not exist at once", async () => {
    const gone = new AbortController();
    const seen = follow(0, gone.signal);
    await systemClock.sleep(20);
    gone.abort();
    assert.deepEqual(await seen, []);
    assert.deepEqual(await Array.fromAsync(events.follow("none", 0, new AbortController().signal)), []);
  });
});
