/** The house tests itself: sizes, pins, words that must not be here, commands that the README promises. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { checkout } from "../support/service.ts";

const read = (file: string): string => readFileSync(path.join(checkout, file), "utf8");
const tracked = execFileSync("git", ["ls-files", "-co", "--exclude-standard"], {
  cwd: checkout,
  encoding: "utf8",
})
  .split("\n")
  .filter((file) => file !== "" && existsSync(path.join(checkout, file)));
// import-rules.test.ts plants such files for a moment.
const sources = tracked.filter((file) => /\.(ts|js|cjs)$/.test(file) && !file.endsWith("/planted.ts"));

interface PackageFile {
  readonly bin: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}
const packageFile: PackageFile = JSON.parse(read("package.json"));

describe("the house", () => {
  it("has no source file above 450 lines", () => {
    const long = sources.filter((file) => read(file).split("\n").length > 451);
    assert.ok(sources.length > 100);
    assert.deepEqual(long, []);
  });

  it("names files in kebab case", () => {
    const odd = sources.filter(
      (file) => !/^\.?[a-z0-9]+(-[a-z0-9]+)*(\.test|\.d)?\.(ts|js|cjs)$/.test(path.basename(file)),
    );
    assert.deepEqual(
      odd,
      [".dependency-cruiser.cjs"].filter((file) => odd.includes(file)),
    );
  });

  it("has named exports only, but for the entry that the engine loads", () => {
    const defaults = sources.filter((file) => /^export default /m.test(read(file)));
    assert.deepEqual(defaults, ["program/index.ts"]);
  });

  it("pins every package exactly", () => {
    const versions = Object.entries({ ...packageFile.dependencies, ...packageFile.devDependencies });
    assert.deepEqual(
      versions.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version)),
      [],
    );
  });

  it("locks packages without saying where they are downloaded from", () => {
    assert.doesNotMatch(read("package-lock.json"), /"resolved"/);
  });

  it("has scripts and commands for all that the README promises", () => {
    const readme = read("README.md");
    const scripts = [
      ...readme.matchAll(/npm (?:run )?(start|test|check|bench|chaos|generate|record-samples)\b/g),
    ].map(([, name = ""]) => name);
    assert.deepEqual([...new Set(scripts)].toSorted(), Object.keys(packageFile.scripts).toSorted());
    for (const script of Object.values(packageFile.scripts)) {
      assert.ok(tracked.includes(script.replace(/^node /, "")), script);
    }
    assert.ok(tracked.includes(packageFile.bin.rowgate ?? ""));
  });

  it("has every file that the README and DECISIONS link to", () => {
    for (const file of ["README.md", "DECISIONS.md"]) {
      for (const [, target = ""] of read(file).matchAll(/\]\(([^)#:]+)\)/g))
        assert.ok(tracked.includes(target), target);
    }
  });

  it("has no work left as a remark without an issue, and no skipped or exclusive test", () => {
    const remark = new RegExp(`\\b(${["TO", "DO|FIX", "ME"].join("")})\\b(?!.*#\\d)`);
    const marked = sources.filter((file) => remark.test(read(file)));
    const skipped = sources.filter((file) => /\b(it|test|describe)\.(skip|only|todo)\(/.test(read(file)));
    assert.deepEqual([...marked, ...skipped], []);
  });
});
