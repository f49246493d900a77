import assert from "node:assert/strict";
import path from "node:path";
import { describe, it } from "node:test";
import { readConfig } from "../../automation/config.ts";
import { ServiceError } from "../../automation/errors.ts";

const least = { ROWGATE_ENGINE_PATH: "/opt/engine" };

function faultsOf(environment: NodeJS.ProcessEnv): ServiceError {
  try {
    readConfig(environment);
  } catch (fault) {
    if (fault instanceof ServiceError) return fault;
    throw fault;
  }
  return assert.fail("the configuration is accepted");
}

describe("the configuration", () => {
  it("has a good default for all but the engine", () => {
    const config = readConfig(least);
    assert.deepEqual([config.port, config.sample, config.logLevel], [8080, true, "info"]);
    assert.ok(config.slots >= 2 && path.isAbsolute(config.home));
  });

  it("takes an empty variable as one that is not set", () => {
    assert.equal(readConfig({ ...least, PORT: "", ROWGATE_HOME: "" }).port, 8080);
  });

  it("reports every fault at once and names each variable", () => {
    const fault = faultsOf({ PORT: "70000", ROWGATE_SLOTS: "two", ROWGATE_SAMPLE: "maybe" });
    assert.equal(fault.code, "InvalidConfig");
    for (const name of ["PORT", "ROWGATE_SLOTS", "ROWGATE_SAMPLE", "ROWGATE_ENGINE_PATH"])
      assert.ok(fault.message.includes(`${name}: `), fault.message);
    assert.match(fault.message, /ROWGATE_SLOTS: is not a number/);
    assert.match(faultsOf({ ...least, ROWGATE_SLOTS: "99" }).message, /ROWGATE_SLOTS: must be 1 to 64/);
    assert.match(fault.message, /npm start/);
  });

  it("refuses what is no whole number", () => {
    for (const PORT of ["1.5", "-1", "http", "NaN"])
      assert.match(faultsOf({ ...least, PORT }).message, /PORT: /);
  });

  it("hands on an allow-list of the environment, so that no credential slips through", () => {
    const { inherited } = readConfig({
      ...least,
      PATH: "/bin",
      HOME: "/home/a",
      AZURE_CLIENT_SECRET: "s3cret",
    });
    assert.deepEqual(inherited, { PATH: "/bin", HOME: "/home/a" });
    assert.ok(!JSON.stringify(readConfig({ ...least, AZURE_CLIENT_SECRET: "s3cret" })).includes("s3cret"));
  });

  it("makes a relative home absolute", () => {
    assert.equal(readConfig({ ...least, ROWGATE_HOME: "some/home" }).home, path.resolve("some/home"));
  });
});
