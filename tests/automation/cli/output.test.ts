import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parse } from "yaml";
import { age, cell, dataText, section } from "../../../automation/cli/output.ts";

describe("what commands print", () => {
  it("ages are in their largest unit, and never negative", () => {
    const now = Date.parse("2026-03-02T12:00:00Z");
    const ages = [
      ["2026-03-02T12:00:00Z", "0s"],
      ["2026-03-02T11:59:01Z", "59s"],
      ["2026-03-02T11:59:00Z", "1m"],
      ["2026-03-02T11:00:01Z", "59m"],
      ["2026-03-02T11:00:00Z", "1h"],
      ["2026-03-01T12:00:01Z", "23h"],
      ["2026-02-28T11:00:00Z", "2d"],
      ["2026-03-02T12:00:05Z", "0s"],
    ] as const;
    for (const [instant, text] of ages) assert.equal(age(instant, now), text, instant);
    assert.equal(age(null, now), "-");
  });

  it("cells show values as people write them", () => {
    const cells = [
      [null, "-"],
      [undefined, "-"],
      ["", "-"],
      [0, "0"],
      [false, "no"],
      [true, "yes"],
      [[], "-"],
      [["read_model", "use_compute"], "read_model,use_compute"],
      [{ days: 28 }, '{"days":28}'],
      [["two\nlines", "one"], '"two\\nlines",one'],
      [{ text: "\u007f" }, '{"text":"\\u007f"}'],
    ] as const;
    for (const [value, text] of cells) assert.equal(cell(value), text);
  });

  it("a section without rows says so", () => {
    assert.equal(section("last runs", ["RUN", "STACK"], []), "last runs: none");
    assert.equal(section("rows", ["KEY", "JOB"], [["1", "201"]]), "rows\n  KEY  JOB\n  1    201");
  });

  it("JSON and YAML say the same, and text that looks like a number stays text", () => {
    const data = { key: "1", list: ["a: b", "no"], none: null, long: "word ".repeat(50), when: "2026-03-02" };
    assert.deepEqual(JSON.parse(dataText("json", data)), data);
    assert.deepEqual(parse(dataText("yaml", data)), data);
  });
});
