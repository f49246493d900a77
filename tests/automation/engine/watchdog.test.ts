import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type ChildFacts, givenUp } from "../../../automation/engine/watchdog.ts";

const nowMs = 1_000_000;
const well: ChildFacts = {
  state: "running",
  stateSinceMs: nowMs - 3_600_000,
  lastHeardMs: nowMs - 2_000,
  engineGoneSinceMs: null,
  leaseEndsAtMs: nowMs + 20_000,
  childBytes: 400 * 2 ** 20,
  engineBytes: 300 * 2 ** 20,
};
const whyOf = (change: Partial<ChildFacts>): string | null =>
  givenUp({ ...well, ...change }, nowMs)?.why ?? null;

describe("a child", () => {
  it("that answers is let alone, however long it runs or idles", () => {
    assert.equal(givenUp(well, nowMs), null);
    assert.equal(whyOf({ state: "idle", leaseEndsAtMs: null }), null);
  });

  const faults: readonly (readonly [Partial<ChildFacts>, RegExp])[] = [
    [{ state: "starting", stateSinceMs: nowMs - 41_000 }, /did not start/],
    [{ lastHeardMs: nowMs - 21_000 }, /does not answer/],
    [{ state: "idle", leaseEndsAtMs: null, lastHeardMs: nowMs - 21_000 }, /does not answer/],
    [{ engineGoneSinceMs: nowMs - 21_000 }, /its engine had ended/],
    [{ state: "stopping", stateSinceMs: nowMs - 41_000 }, /did not stop/],
    [{ leaseEndsAtMs: nowMs + 1_000 }, /its lease is about to end/],
    [{ childBytes: 1.6 * 2 ** 30 }, /its program took 1638 MB/],
    [{ engineBytes: 2.1 * 2 ** 30 }, /its engine took 2150 MB/],
  ];
  for (const [change, why] of faults) {
    it(`is given up when ${JSON.stringify(change)}`, () => assert.match(whyOf(change) ?? "", why));
  }

  it("is given up within a minute whatever hangs, and not a moment too soon", () => {
    for (const seconds of [19, 60]) {
      const expected = seconds === 60;
      const ago = nowMs - seconds * 1_000;
      const verdicts = [
        whyOf({ state: "starting", stateSinceMs: ago }),
        whyOf({ lastHeardMs: ago }),
        whyOf({ engineGoneSinceMs: ago }),
        whyOf({ state: "stopping", stateSinceMs: ago }),
      ];
      for (const verdict of verdicts) assert.equal(verdict !== null, expected, `${seconds} s: ${verdict}`);
    }
  });
});
