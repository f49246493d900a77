/** The recorded samples and the cases that record them are the same. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { cloudCases } from "./samples/cloud-cases.ts";
import { hostCases } from "./samples/host-cases.ts";

const folder = fileURLToPath(new URL("samples/", import.meta.url));
const cases = [...cloudCases, ...hostCases];
const files = readdirSync(folder).filter((file) => file.endsWith(".json"));

describe("the samples of the engine's words", () => {
  it("are one file for each case", () => {
    assert.deepEqual(files.toSorted(), cases.map(({ name }) => `${name}.json`).toSorted());
    assert.equal(new Set(cases.map(({ name }) => name)).size, cases.length);
  });

  it("say what failed and how it was told, and nothing of the machine they are from", () => {
    for (const { name, what } of cases) {
      const text = readFileSync(path.join(folder, `${name}.json`), "utf8");
      const sample = JSON.parse(text);
      assert.equal(sample.what, what, `${name} is of an older case: npm run record-samples -- ${name}`);
      assert.notEqual(sample.exitCode, 0, name);
      const said = [...sample.errors, sample.stderr, sample.signal ?? ""].join("").trim();
      assert.notEqual(said, "", `${name} tells nothing`);
      assert.doesNotMatch(text, /rowgate-samples-|node_modules\/\.bin|\(pid (?!4711\))/, name);
    }
  });
});
