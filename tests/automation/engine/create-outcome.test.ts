import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, it } from "node:test";
import { mayHaveMade, tellsOfExisting } from "../../../automation/engine/create-outcome.ts";

/** What the engine said of a create, as it was recorded. */
async function sample(name: string): Promise<string> {
  const file = new URL(`samples/${name}.json`, import.meta.url);
  return JSON.parse(await readFile(file, "utf8")).errors.join("\n");
}

describe("a failed create", () => {
  const open = [
    "drop-after-commit",
    "clouds-killed-in-call",
    "error-500-azure",
    "error-500-databricks",
    "throttled-azure",
    "throttled-databricks",
    "throttled-entra",
    "throttled-retryable-error",
  ];
  for (const name of open)
    it(`may have made its object: ${name}`, async () => assert.equal(mayHaveMade(await sample(name)), true));

  const refused = [
    "error-403-azure",
    "error-403-databricks",
    "error-400-principal-not-found",
    "error-409-role-assignment-exists",
    "error-already-existing",
    "error-no-such-host",
    "guardrail-refusal",
  ];
  for (const name of refused)
    it(`made nothing: ${name}`, async () => assert.equal(mayHaveMade(await sample(name)), false));

  it("whose waiting failed may have made its object, though the next call never left", () => {
    assert.equal(mayHaveMade("polling failed: dial tcp 10.0.0.4:443: connect: connection refused"), true);
    assert.equal(mayHaveMade("dial tcp 10.0.0.4:443: connect: connection refused"), false);
    assert.equal(mayHaveMade("Put https://x: net/http: request canceled (Client.Timeout exceeded)"), true);
    assert.equal(mayHaveMade("Job 5000 does not exist."), false);
  });

  it("may have collided with what is there", async () => {
    for (const name of ["error-already-existing", "error-409-role-assignment-exists"])
      assert.equal(tellsOfExisting(await sample(name)), true);
    assert.equal(tellsOfExisting("Cluster policy name must be unique: 'x' is taken."), true);
    assert.equal(tellsOfExisting(await sample("error-403-azure")), false);
  });
});
