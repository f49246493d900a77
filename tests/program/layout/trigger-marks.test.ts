import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readTriggerMarks, triggerAnnotations, triggerMarks } from "../../../program/layout/trigger-marks.ts";

describe("the marks of a trigger", () => {
  it("are read from its annotations as they were written", () => {
    const marks = triggerMarks(true, { hours: [2] });
    assert.match(marks.spec, /^[0-9a-f]{16}$/);
    assert.deepEqual(triggerAnnotations(marks), ["state:started", `spec:${marks.spec}`]);
    assert.deepEqual(readTriggerMarks(["of a person", ...triggerAnnotations(marks)]), marks);
    const stopped = triggerMarks(false, { hours: [2] });
    assert.deepEqual(stopped, { state: "stopped", spec: marks.spec });
    assert.deepEqual(readTriggerMarks(triggerAnnotations(stopped)), stopped);
  });

  it("are missing from a trigger that isn't ours", () => {
    assert.equal(readTriggerMarks([]), null);
    assert.equal(readTriggerMarks(["state:started"]), null);
    assert.equal(readTriggerMarks(["state:running", "spec:0123456789abcdef", 7]), null);
  });

  it("differ when the trigger or its pipeline does, and not by the order of keys", () => {
    const spec = (contents: unknown) => triggerMarks(true, contents).spec;
    assert.notEqual(spec({ a: 1, b: [1, 2] }), spec({ a: 1, b: [2, 1] }));
    assert.equal(spec({ a: { c: 1, d: 2 }, b: 1 }), spec({ b: 1, a: { d: 2, c: 1 } }));
  });
});
