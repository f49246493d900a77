import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, it } from "node:test";
import { runtime } from "@pulumi/pulumi";
import program from "../../program/index.ts";
import { parseSpec, SpecFormatError } from "../../program/parse-spec.ts";
import {
  accessSpec,
  aclSpec,
  firewallSpec,
  jobSpec,
  networkSpec,
  platformSpec,
  runtimesSpec,
  sqlFirewallSpec,
  takenOver,
} from "./support/specs.ts";

const parse = (value: unknown) => parseSpec(JSON.stringify(value), "rowgate:spec");

describe("parsing a spec", () => {
  it("gives back a good spec of each kind unchanged", () => {
    const specs = [
      platformSpec,
      runtimesSpec,
      networkSpec,
      firewallSpec,
      sqlFirewallSpec,
      jobSpec,
      accessSpec,
    ];
    for (const spec of [...specs, aclSpec, { ...platformSpec, environment: takenOver }]) {
      assert.deepEqual(parse(spec), spec);
    }
  });

  const { location: _, ...noLocation } = jobSpec.environment;
  const faults: readonly (readonly [string, string | undefined, RegExp])[] = [
    ["nothing", undefined, /^rowgate:spec is not set\./],
    ["no JSON", "{", /^rowgate:spec is not valid JSON\./],
    ["no kind", "{}", /^rowgate:spec\.kind: /],
    [
      "a missing field",
      JSON.stringify({ ...jobSpec, environment: noLocation }),
      /rowgate:spec\.environment\.location: /,
    ],
    [
      "a thing that nobody can take over",
      JSON.stringify({ ...jobSpec, environment: { ...jobSpec.environment, existing: { moon: "/m" } } }),
      /rowgate:spec\.environment\.existing/,
    ],
    ["an unknown field", JSON.stringify({ ...jobSpec, colour: "red" }), /Unrecognized key: "colour"/],
    [
      "a scheme in the host",
      JSON.stringify({ ...aclSpec, workspace: { host: "https://x", resourceId: "y" } }),
      /host/,
    ],
    [
      "several faults",
      JSON.stringify({ ...jobSpec, jobId: "x", model: "" }),
      /spec\.jobId: .* rowgate:spec\.model: /,
    ],
  ];
  for (const [what, json, message] of faults) {
    it(`with ${what} says field, fault and next step`, () => {
      assert.throws(
        () => parseSpec(json, "rowgate:spec"),
        (fault: Error) => {
          assert.ok(fault instanceof SpecFormatError);
          assert.match(fault.message, message);
          assert.match(
            fault.message,
            /Set rowgate:spec to a whole StackSpec .* pulumi config set rowgate:spec/,
          );
          return true;
        },
      );
    });
  }
});

describe("the hand entry", () => {
  const handRun = async (stack: string, config: Record<string, string>) => {
    runtime.setAllConfig(config);
    const mocks = { newResource: () => ({ id: "some-id", state: {} }), call: () => ({}) };
    await runtime.setMocks(mocks, "rowgate", stack);
    const fault: { thrown?: unknown } = {};
    const outputs = await runtime.runInPulumiStack(() =>
      program().catch((thrown: unknown) => {
        fault.thrown = thrown;
      }),
    );
    await runtime.disconnect();
    if ("thrown" in fault) throw fault.thrown;
    return outputs;
  };

  it("runs the spec of its configuration", async () => {
    const outputs = await handRun(aclSpec.stack, { "rowgate:spec": JSON.stringify(aclSpec) });
    assert.deepEqual(outputs, {
      objects: [
        { type: "job", id: "4242", access_controls: [{ principal: "ds_team", level: "CAN_MANAGE_RUN" }] },
      ],
    });
  });

  it("refuses the spec of another stack", async () => {
    await assert.rejects(
      handRun("job-eastus-201", { "rowgate:spec": JSON.stringify(aclSpec) }),
      /is the spec of stack acl-eastus-job-201, but this is stack job-eastus-201.*pulumi stack select/,
    );
  });

  it("says a fault in the configuration as a message alone", async () => {
    await assert.rejects(handRun("job-eastus-201", {}), {
      message: /rowgate:spec is not set/,
      __pulumiRunError: true,
    });
  });

  it("is what Pulumi.yaml names, run by Node without a compiler", async () => {
    const project = await readFile(new URL("../../Pulumi.yaml", import.meta.url), "utf8");
    assert.match(project, /^name: rowgate$/m);
    assert.match(project, /^main: program\/index\.ts$/m);
    assert.match(project, /^ {4}typescript: false$/m);
  });
});
