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
        const pause = retryAfterMs("transient", count, jitter, null) ?? -1;
        assert.ok(Number.isInteger(pause) && pause >= 1_000 && pause <= 300_000, String(pause));
      }),
    );
  });

  it("does not get shorter with more failures, and doubles at first", () => {
    fc.assert(
      fc.property(attempts, random, (count, jitter) => {
        const [now, next] = [count, count + 1].map(
          (each) => retryAfterMs("transient", each, jitter, null) ?? 0,
        );
        assert.ok((next ?? 0) >= (now ?? 0));
      }),
    );
    assert.deepEqual(
      [1, 2, 3].map((count) => retryAfterMs("transient", count, 0, null)),
      [1_000, 2_000, 4_000],
    );
  });

  it("spreads over half of its length", () => {
    assert.equal(retryAfterMs("transient", 3, 0, null), 4_000);
    assert.equal(retryAfterMs("transient", 3, 0.999999, null), 8_000);
  });

  it("is never shorter than what the cloud asked for", () => {
    const asked = fc.integer({ min: 0, max: 3_600_000 });
    fc.assert(
      fc.property(attempts, random, asked, (count, jitter, askedMs) => {
        const pause = retryAfterMs("transient", count, jitter, askedMs) ?? 0;
        assert.ok(pause >= askedMs && pause <= Math.max(300_000, askedMs * 1.1 + 1));
      }),
    );
  });

  it("has no end for a permanent failure, nor for the fifth that nothing explains", () => {
    fc.assert(
      fc.property(
        attempts,
        random,
        (count, jitter) => retryAfterMs("permanent", count, jitter, null) === null,
      ),
    );
    assert.notEqual(retryAfterMs("unknown", 4, 0.5, null), null);
    assert.equal(retryAfterMs("unknown", 5, 0.5, null), null);
  });
});
