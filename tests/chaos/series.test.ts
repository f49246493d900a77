import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { seededRandom } from "./random.ts";
import { growthFault, median, slope, trendOf } from "./series.ts";

const points = (values: readonly number[]) => values.map((y, x) => ({ x, y }));
const noise = seededRandom(1);
const flat = Array.from({ length: 300 }, () => 500 + 100 * noise.next());
const allowed = { share: 0.15, least: 5 };

describe("series", () => {
  it("the slope is that of the line", () => {
    assert.equal(slope(points([1, 3, 5, 7])), 2);
    assert.equal(slope(points([4, 4, 4])), 0);
    assert.equal(slope(points([4])), 0);
  });

  it("medians of the first and last tenth are told apart", () => {
    assert.equal(median([3, 1, 2]), 2);
    assert.equal(median([4, 1, 2, 3]), 2.5);
    const trend = trendOf(Array.from({ length: 100 }, (_, index) => index));
    assert.deepEqual(trend, { slope: 1, median: 49.5, first: 4.5, last: 94.5 });
  });

  it("noise is no growth", () => {
    assert.equal(growthFault(flat, allowed), null);
  });

  it("a slow leak in the noise is growth", () => {
    const leak = flat.map((value, index) => value + index * 0.5);
    assert.match(growthFault(leak, allowed) ?? "", /the fitted line grows by 1\d\d\.\d over the series/);
  });

  it("a jump at the end is growth", () => {
    const jump = flat.map((value, index) => value + (index >= 265 ? 120 : 0));
    assert.match(growthFault(jump, allowed) ?? "", /the last tenth is/);
  });

  it("what grows by less than matters is flat", () => {
    assert.equal(growthFault([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1], allowed), null);
  });
});

describe("a seeded random source", () => {
  it("repeats itself with its seed, and not with another", () => {
    const of = (seed: number) => {
      const random = seededRandom(seed);
      return Array.from({ length: 20 }, () => random.below(1_000));
    };
    assert.deepEqual(of(7), of(7));
    assert.notDeepEqual(of(7), of(8));
  });

  it("takes different values, and no more than there are", () => {
    const random = seededRandom(3);
    for (let round = 0; round < 100; round++) {
      const taken = random.take([1, 2, 3, 4, 5], 3);
      assert.equal(new Set(taken).size, 3);
    }
    assert.deepEqual(random.take([1, 2], 5).toSorted(), [1, 2]);
    assert.equal(random.pick([]), undefined);
  });
});
