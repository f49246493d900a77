import assert from "node:assert/strict";
import path from "node:path";
import { describe, it } from "node:test";
import { readConfig } from "../../automation/config.ts";
import { ServiceError } from "../../automation/errors.ts";

const azure = {
  ROWGATE_CLOUD: "azure",
  ARM_CLIENT_ID: "11111111-1111-4111-8111-111111111111",
  ARM_TENANT_ID: "22222222-2222-4222-8222-222222222222",
  ARM_CLIENT_SECRET: "geheim",
};
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

  it("probes endpoints every ten minutes, as often as it is told, or by the clock never", () => {
    assert.equal(readConfig(least).probeMs, 600_000);
    assert.equal(readConfig({ ...least, ROWGATE_PROBE_SECONDS: "30" }).probeMs, 30_000);
    assert.equal(readConfig({ ...least, ROWGATE_PROBE_SECONDS: "0" }).probeMs, 0);
    assert.match(
      faultsOf({ ...least, ROWGATE_PROBE_SECONDS: "-1" }).message,
      /ROWGATE_PROBE_SECONDS: must be/,
    );
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
      NODE_COMPILE_CACHE: "/cache",
      AZURE_CLIENT_SECRET: "s3cret",
    });
    assert.deepEqual(inherited, { PATH: "/bin", HOME: "/home/a", NODE_COMPILE_CACHE: "/cache" });
    assert.ok(!JSON.stringify(readConfig({ ...least, AZURE_CLIENT_SECRET: "s3cret" })).includes("s3cret"));
  });

  it("makes a relative home absolute", () => {
    assert.equal(readConfig({ ...least, ROWGATE_HOME: "some/home" }).home, path.resolve("some/home"));
  });

  it("is of the sandbox unless it says azure, and then of nobody's sample", () => {
    assert.deepEqual(readConfig(least).cloud, { kind: "sandbox" });
    const { cloud, sample } = readConfig({ ...least, ...azure });
    assert.equal(cloud.kind === "azure" && cloud.signIn.method, "client secret");
    assert.equal(sample, false);
    assert.match(faultsOf({ ...least, ...azure, ROWGATE_SAMPLE: "on" }).message, /ROWGATE_SAMPLE: /);
    assert.match(faultsOf({ ...least, ROWGATE_CLOUD: "aws" }).message, /ROWGATE_CLOUD: /);
    assert.match(faultsOf({ ...least, ...azure, AZURE_TENANT_ID: azure.ARM_CLIENT_ID }).message, /differ/);
  });

  it("keeps Azure's secret out of all that is printed, and out of what other processes inherit", () => {
    const config = readConfig({ ...least, ...azure, PATH: "/bin" });
    assert.ok(!JSON.stringify(config).includes(azure.ARM_CLIENT_SECRET));
    assert.deepEqual(config.inherited, { PATH: "/bin", HOME: "" });
  });
});
