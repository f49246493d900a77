import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { laneOf, planOf } from "../../../automation/reconcile/plan.ts";
import type { StackSpec } from "../../../metadata-schema/desired-state.ts";
import {
  absentHash,
  type RunKind,
  type RunRecord,
  type StackRecord,
  type WorkItem,
} from "../../../metadata-schema/store.ts";
import { accessSpec, aclSpec, firewallSpec, jobSpec, platformSpec } from "../../program/support/specs.ts";

function item(
  change: {
    hash?: string;
    spec?: StackSpec | null;
    appliedHash?: string | null;
    wasApplied?: boolean;
    attempts?: number;
  },
  queued: RunKind | null = null,
): WorkItem {
  const { hash = "h1", spec = platformSpec, appliedHash = null, wasApplied = false, attempts = 0 } = change;
  const desired = { kind: "platform", environment: "eastus", spec, hash, references: [] } as const;
  const stack = {
    stack: "platform-eastus",
    desired,
    appliedHash,
    wasApplied,
    attempts,
  } as unknown as StackRecord;
  return { stack, queued: queued === null ? null : ({ runId: "r", kind: queued } as unknown as RunRecord) };
}

describe("the plan of a stack", () => {
  it("that is in sync is nothing", () => {
    assert.deepEqual(planOf(item({ appliedHash: "h1", wasApplied: true })), {
      kind: "none",
      reason: "in-sync",
    });
    const gone = item({ spec: null, hash: absentHash, appliedHash: absentHash });
    assert.deepEqual(planOf(gone), { kind: "none", reason: "in-sync" });
  });

  it("never applied is a first run", () => {
    assert.deepEqual(planOf(item({})), { kind: "update", reason: "first-run", refresh: false });
  });

  it("whose spec changed is an update", () => {
    const changed = item({ appliedHash: "h0", wasApplied: true });
    assert.deepEqual(planOf(changed), { kind: "update", reason: "spec-changed", refresh: false });
  });

  it("whose last write did not succeed is finished, after a look: its calls may have reached the clouds", () => {
    const half = item({ appliedHash: null, wasApplied: true });
    assert.deepEqual(planOf(half), { kind: "update", reason: "unfinished-run", refresh: true });
    const first = item({ attempts: 1 });
    assert.deepEqual(planOf(first), { kind: "update", reason: "first-run", refresh: true });
  });

  it("that must not exist is destroyed", () => {
    for (const appliedHash of [null, "h0"]) {
      const unwanted = item({ spec: null, hash: absentHash, appliedHash, wasApplied: true });
      assert.deepEqual(planOf(unwanted), { kind: "destroy", reason: "not-wanted" });
    }
  });

  it("that somebody asked for is what they asked, in sync or not; an update looks at the clouds first", () => {
    for (const appliedHash of [null, "h0", "h1"]) {
      const state = { appliedHash, wasApplied: true };
      assert.deepEqual(planOf(item(state, "preview")), { kind: "preview", reason: "requested" });
      assert.deepEqual(planOf(item(state, "refresh")), { kind: "refresh", reason: "requested" });
      const update = { kind: "update", reason: "requested", refresh: true };
      assert.deepEqual(planOf(item(state, "update")), update);
    }
  });

  it("is never an update, preview or refresh where there is no spec, and never a destroy where there is one", () => {
    const work = fc.record({
      absent: fc.boolean(),
      appliedHash: fc.constantFrom(null, "h0", "h1", absentHash),
      wasApplied: fc.boolean(),
      queued: fc.constantFrom<RunKind | null>(null, "update", "preview", "refresh", "destroy"),
    });
    fc.assert(
      fc.property(work, ({ absent, queued, ...state }) => {
        const target = absent ? { spec: null, hash: absentHash } : {};
        const { kind } = planOf(item({ ...target, ...state }, queued));
        assert.ok(absent ? kind === "none" || kind === "destroy" : kind !== "destroy", kind);
      }),
    );
  });
});

describe("the lane of a change", () => {
  const lane = (before: StackSpec | null, after: StackSpec | null) => laneOf(before, after, false);
  const [grant] = accessSpec.unityGrants;
  assert.ok(grant);

  it("is urgent where access goes: a grant, a privilege, a role, a level, a range, a secret, a whole stack", () => {
    assert.equal(lane(accessSpec, { ...accessSpec, unityGrants: [] }), "urgent");
    const wide = { ...accessSpec, unityGrants: [{ ...grant, privileges: [...grant.privileges, "MANAGE"] }] };
    assert.equal(lane(wide, { ...wide, unityGrants: [grant] }), "urgent");
    assert.equal(lane(accessSpec, { ...accessSpec, roleAssignments: [] }), "urgent");
    assert.equal(lane(accessSpec, { ...accessSpec, workspaceMember: false }), "urgent");
    const lower = aclSpec.objects.map((object) => ({
      ...object,
      accessControls: object.accessControls.map((each) => ({ ...each, level: "CAN_VIEW" })),
    }));
    assert.equal(lane(aclSpec, { ...aclSpec, objects: lower }), "urgent");
    const federated = { ...jobSpec, federation: { issuer: "https://ci.example", subject: "main" } };
    assert.equal(lane(federated, jobSpec), "urgent");
    assert.equal(lane(firewallSpec, { ...firewallSpec, ranges: [] }), "urgent");
    assert.equal(lane(jobSpec, { ...jobSpec, secrets: [] }), "urgent");
    for (const spec of [accessSpec, aclSpec, firewallSpec, jobSpec]) assert.equal(lane(spec, null), "urgent");
  });

  it("is normal where access comes or stays", () => {
    for (const spec of [accessSpec, aclSpec, firewallSpec, jobSpec, platformSpec]) {
      assert.equal(lane(null, spec), "normal");
      assert.equal(lane(spec, spec), "normal");
    }
    assert.equal(lane({ ...accessSpec, unityGrants: [] }, accessSpec), "normal");
    assert.equal(lane(jobSpec, { ...jobSpec, enabled: false }), "normal");
    assert.equal(lane(null, null), "normal");
  });

  it("is urgent where a job is", () => {
    assert.equal(laneOf(null, platformSpec, true), "urgent");
  });

  it("is urgent where a person leaves the group that the environment makes", () => {
    const ownGroup = { displayName: "ds_team", memberObjectIds: ["a", "b"] };
    const before = { ...platformSpec, ownGroup };
    assert.equal(lane(before, { ...before, ownGroup: { ...ownGroup, memberObjectIds: ["a"] } }), "urgent");
  });
});
