/** Every input that the components give is one that the SDKs declare. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Inputs, validateResourceInputs } from "../../automation/simulators/validate.ts";
import { mockRun } from "./support/mock-run.ts";
import { accessSpec, aclSpec, firewallSpec, jobSpec, networkSpec, platformSpec } from "./support/specs.ts";

describe("the inputs of every stack", () => {
  for (const spec of [platformSpec, networkSpec, firewallSpec, jobSpec, accessSpec, aclSpec])
    it(`are as the SDKs declare them: ${spec.stack}`, async () => {
      const { resources } = await mockRun(spec);
      // components are no resources of a cloud, and providers have a configuration instead of inputs
      const ofClouds = resources.filter(({ type }) => !/^(rowgate|pulumi):/.test(type));
      assert.ok(ofClouds.length > 0);
      const findings = ofClouds.flatMap(({ type, name, inputs }) =>
        validateResourceInputs(type, inputs as Inputs).map((finding) => ({ type, name, ...finding })),
      );
      assert.deepEqual(findings, []);
    });
});
