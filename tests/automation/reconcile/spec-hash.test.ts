import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { specHash, versionSuffix } from "../../../automation/reconcile/spec-hash.ts";
import { canonicalJson } from "../../../metadata-schema/canonical-json.ts";
import { absentHash } from "../../../metadata-schema/store.ts";
import { accessSpec, platformSpec } from "../../program/support/specs.ts";

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, each]) => [key, reversed(each)]),
  );
}

describe("the hash of a spec", () => {
  it("does not depend on the order of keys", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) =>
        assert.equal(canonicalJson(reversed(value)), canonicalJson(value)),
      ),
    );
    assert.equal(specHash(reversed(platformSpec) as typeof platformSpec, "+1"), specHash(platformSpec, "+1"));
  });

  it("depends on the order of lists and on every value", () => {
    const other = { ...accessSpec, unityGrants: accessSpec.unityGrants.toReversed() };
    assert.notEqual(specHash(other, "+1"), specHash(accessSpec, "+1"));
    assert.notEqual(
      specHash({ ...platformSpec, addressSpace: "10.9.0.0/16" }, "+1"),
      specHash(platformSpec, "+1"),
    );
  });

  it("ends with the versions that build it", () => {
    const suffix = versionSuffix({ program: "1", "@pulumi/azuread": "6.9.1" });
    assert.match(suffix, /^\+[0-9a-f]{12}$/);
    assert.ok(specHash(platformSpec, suffix).endsWith(suffix));
    assert.equal(versionSuffix({ "@pulumi/azuread": "6.9.1", program: "1" }), suffix);
    assert.notEqual(versionSuffix({ program: "2", "@pulumi/azuread": "6.9.1" }), suffix);
  });

  it("of what must not exist is the same under every version", () => {
    assert.equal(specHash(null, "+1"), absentHash);
    assert.equal(specHash(null, "+2"), absentHash);
  });
});
