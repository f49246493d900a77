import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { retryAfterMs } from "../../../automation/queue/retry.ts";

const attempts = fc.integer({ min: 1, max: 10_000 });
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe("the pause before the next try", () => {
  it("lies between one second and five minutes, whatever was tried", () => {
    fc.assert(
      fc.property(attempts, random, (count, jitter) => {
        const pause = retryAfterMs("transient", count, jitter) ?? -1;
        assert.ok(Number.isInteger(pause) && pause >= 1_000 && pause <= 300_000, String(pause));
      }),
    );
  });

  it("does not get shorter with more failures, and doubles at first", () => {
    fc.assert(
      fc.property(attempts, random, (count, jitter) => {
        const [now, next] = [count, count + 1].map((each) => retryAfterMs("transient", each, jitter) ?? 0);
        assert.ok((next ?? 0) >= (now ?? 0));
      }),
    );
    assert.deepEqual(
      [1, 2, 3].map((count) => retryAfterMs("transient", count, 0)),
      [1_000, 2_000, 4_000],
    );
  });

  it("spreads over half of its length", () => {
    assert.equal(retryAfterMs("transient", 3, 0), 4_000);
    assert.equal(retryAfterMs("transient", 3, 0.999999), 8_000);
  });

  it("has no end for a permanent failure, nor for the fifth that nothing explains", () => {
    fc.assert(
      fc.property(attempts, random, (count, jitter) => retryAfterMs("permanent", count, jitter) === null),
    );
    assert.notEqual(retryAfterMs("unknown", 4, 0.5), null);
    assert.equal(retryAfterMs("unknown", 5, 0.5), null);
  });
});
