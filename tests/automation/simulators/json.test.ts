import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { merge } from "../../../automation/simulators/json.ts";

describe("a change by dotted paths", () => {
  it("reaches into lists by number, and leaves the rest of them alone", () => {
    const body = { list: [{ a: 1, b: { c: 2 } }, { a: 3 }], other: true };
    assert.deepEqual(merge(body, { list: { 0: { b: { c: 4 } } } }), {
      list: [{ a: 1, b: { c: 4 } }, { a: 3 }],
      other: true,
    });
    assert.deepEqual(merge({ names: ["a", "b"] }, { names: { 1: "c" } }), { names: ["a", "c"] });
  });

  it("puts something else in the place of a list where it names no item of it", () => {
    assert.deepEqual(merge({ list: [1] }, { list: { 5: 2 } }), { list: { 5: 2 } });
    assert.deepEqual(merge({ list: [1] }, { list: { name: "x" } }), { list: { name: "x" } });
  });
});
