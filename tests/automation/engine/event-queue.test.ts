import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import { eventQueue } from "../../../automation/engine/event-queue.ts";

describe("an event queue", () => {
  it("loses nothing that came before its reader, and ends after it", async () => {
    const queue = eventQueue<number>();
    queue.push(1);
    queue.push(2);
    queue.close();
    assert.deepEqual(await Array.fromAsync(queue), [1, 2]);
  });

  it("wakes a reader that waits, for an item and for the end", async () => {
    const queue = eventQueue<number>();
    const read = Array.fromAsync(queue);
    await turn();
    queue.push(1);
    await turn();
    queue.close();
    assert.deepEqual(await read, [1]);
  });

  it("goes on where a reader left off", async () => {
    const queue = eventQueue<number>();
    for (const item of [1, 2, 3]) queue.push(item);
    queue.close();
    for await (const item of queue) {
      assert.equal(item, 1);
      break;
    }
    assert.deepEqual(await Array.fromAsync(queue), [2, 3]);
  });

  it("keeps order and number whenever items come", async () => {
    const plan = fc.array(fc.boolean(), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(plan, async (pauses) => {
        const queue = eventQueue<number>();
        const read = Array.fromAsync(queue);
        for (const [item, pause] of pauses.entries()) {
          queue.push(item);
          if (pause) await turn();
        }
        queue.close();
        assert.deepEqual(await read, [...pauses.keys()]);
      }),
      { numRuns: 50 },
    );
  });
});
