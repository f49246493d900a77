/** What the service makes of the engine's words, as the real engine 3.259.0 said them (samples/record.ts). */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { failureOf, isAboutObjects, lockHolders } from "../../../automation/engine/engine-errors.ts";

interface Sample {
  readonly what: string;
  readonly errors: readonly string[];
  readonly stderr: string;
  readonly stdoutTail: string;
}

const folder = fileURLToPath(new URL("samples/", import.meta.url));
const files = readdirSync(folder).filter((file) => file.endsWith(".json"));
const read = (file: string): Sample => JSON.parse(readFileSync(`${folder}${file}`, "utf8"));

/** code, class, and what it is about; a lock is read by itself */
const expected: Readonly<Record<string, string>> = {
  "clouds-gone": "ProviderUnavailable transient host",
  "clouds-killed-in-call": "CloudUnavailable transient object",
  "corrupt-checkpoint": "StateUnreadable permanent stack",
  "drop-after-commit": "CloudUnavailable transient object",
  "drop-before-azure": "CloudUnavailable transient object",
  "drop-before-databricks": "CloudUnavailable transient object",
  "empty-checkpoint": "StateUnreadable permanent stack",
  "engine-gone": "EngineMissing transient host",
  // A killed engine says nothing: its signal tells it, before any words are read.
  "engine-killed-after-commit": "RunFailed unknown object",
  "engine-not-executable": "EngineMissing transient host",
  "engine-terminated-in-hang": "Interrupted transient stack",
  "error-400-principal-not-found": "PrincipalNotFound transient object",
  "error-403-azure": "AccessDenied permanent object",
  "error-403-databricks": "AccessDenied permanent object",
  "error-409-role-assignment-exists": "AlreadyExists permanent object",
  "error-500-azure": "CloudUnavailable transient object",
  "error-500-databricks": "CloudUnavailable transient object",
  "error-500-delete": "CloudUnavailable transient object",
  "error-already-existing": "AlreadyExists permanent object",
  "error-no-such-host": "CloudUnavailable transient object",
  "full-disk-at-start": "DiskFull transient host",
  "full-disk-in-run": "DiskFull transient host",
  "guardrail-refusal": "GuardrailRefused permanent object",
  "missing-plugin": "ProviderUnavailable transient host",
  "passphrase-file-gone": "WrongPassphrase transient host",
  "program-run-error": "RunFailed unknown object",
  "program-throws": "ProgramFailed unknown object",
  "read-only-state": "StateUnavailable transient host",
  "state-gone": "StateUnavailable transient host",
  "throttled-azure-refresh": "Throttled transient object 17000",
  "throttled-azure": "Throttled transient object 17000",
  "throttled-databricks": "Throttled transient object 17000",
  "throttled-entra": "Throttled transient object 17000",
  "throttled-many": "Throttled transient object 17000",
  "throttled-retryable-error": "Busy transient object",
  "wrong-passphrase": "WrongPassphrase transient host",
};

describe("what the engine said", () => {
  for (const file of files) {
    const name = file.replace(".json", "");
    const { what, errors, stderr, stdoutTail } = read(file);
    if (name.startsWith("locked-")) {
      it(`${name}: the holder of the lock is read`, () => {
        const [holder] = lockHolders(stderr) ?? assert.fail("no lock was read");
        assert.ok(holder !== undefined && holder.pid > 0 && !Number.isNaN(Date.parse(holder.at)));
      });
      continue;
    }
    it(`${name} (${what}): ${expected[name]}`, () => {
      const failure = failureOf({ errors, stderr, stdout: stdoutTail });
      const about = failure.scope === "host" ? "host" : isAboutObjects(failure.code) ? "object" : "stack";
      const told = [failure.code, failure.class, about, failure.retryAfterMs ?? ""].join(" ").trim();
      assert.equal(told, expected[name], failure.message);
    });
  }

  it("has an expectation for each sample, and a sample for each expectation", () => {
    const names = files
      .map((file) => file.replace(".json", ""))
      .filter((name) => !name.startsWith("locked-"));
    assert.deepEqual(Object.keys(expected).sort(), names.sort());
  });
});
