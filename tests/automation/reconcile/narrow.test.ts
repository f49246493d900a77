import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { narrowed } from "../../../automation/reconcile/narrow.ts";
import type {
  AccessSpec,
  AclSpec,
  FirewallSpec,
  JobSpec,
  PipelineSpec,
} from "../../../metadata-schema/desired-state.ts";
import { jobSpec } from "../../program/support/specs.ts";

const common = {
  environment: {
    name: "eastus",
    location: "eastus",
    subscriptionId: "s",
    tenantId: "t",
    resourceGroup: "rg",
    existing: {},
  },
  workspace: { host: "adb-1.azuredatabricks.net", resourceId: "/w" },
} as const;

const access = (...grants: readonly (readonly [string, ...string[]])[]): AccessSpec => ({
  ...common,
  kind: "access",
  stack: "access-eastus-a",
  principal: { type: "Group", objectId: "a", displayName: "ds_team" },
  workspaceMember: true,
  roleAssignments: [],
  unityGrants: grants.map(([name, ...privileges]) => ({ securable: "model", name, privileges })),
});

const acl = (levels: Readonly<Record<string, string>>, id = "1"): AclSpec => ({
  ...common,
  kind: "acl",
  stack: "acl-eastus-job-1",
  objects: [
    {
      type: "job",
      id,
      accessControls: Object.entries(levels).map(([name, level]) => ({ principal: "group", name, level })),
    },
  ],
});

const firewall = (...ranges: string[]): FirewallSpec => ({
  ...common,
  kind: "firewall",
  stack: "firewall-eastus-databricks",
  service: "databricks",
  serviceAddress: "203.0.113.10/32",
  ranges,
});

describe("the narrowed spec", () => {
  it("takes away what is no longer asked for, and adds nothing", () => {
    const left = narrowed(
      access(["m.a.x", "EXECUTE"], ["m.a.y", "EXECUTE"]),
      access(["m.a.y", "EXECUTE"], ["m.a.z", "EXECUTE"]),
    );
    assert.deepEqual(left, access(["m.a.y", "EXECUTE"]));
  });

  it("takes single privileges away", () => {
    const left = narrowed(
      access(["m.a.x", "APPLY_TAG", "EXECUTE"]),
      access(["m.a.x", "EXECUTE"], ["m.a.z", "EXECUTE"]),
    );
    assert.deepEqual(left, access(["m.a.x", "EXECUTE"]));
  });

  it("lowers a level and raises none", () => {
    const before = acl({ a: "CAN_MANAGE_RUN", b: "CAN_VIEW", c: "CAN_VIEW" });
    const after = acl({ a: "CAN_VIEW", b: "CAN_MANAGE_RUN", d: "CAN_VIEW" });
    assert.deepEqual(narrowed(before, after), acl({ a: "CAN_VIEW", b: "CAN_VIEW" }));
  });

  it("closes dropped ranges", () => {
    assert.deepEqual(narrowed(firewall("a", "b"), firewall("b", "c")), firewall("b"));
  });

  it("is not needed where nothing is taken away, nothing is added, or nothing was applied", () => {
    assert.equal(narrowed(firewall("a"), firewall("a", "b")), null);
    assert.equal(narrowed(firewall("a", "b"), firewall("a")), null);
    assert.equal(narrowed(null, firewall("a")), null);
    assert.equal(narrowed(firewall("a"), null), null);
  });

  it("does not mix two objects: the list of one that gave way to another goes", () => {
    const left = narrowed(acl({ a: "CAN_VIEW" }, "1"), acl({ b: "CAN_VIEW" }, "2"));
    assert.deepEqual(left, { ...acl({}), objects: [] });
  });

  it("takes a principal out of the workspace", () => {
    const before = access(["m.a.x", "EXECUTE"]);
    const after = { ...access(["m.a.x", "EXECUTE"], ["m.a.y", "EXECUTE"]), workspaceMember: false };
    assert.deepEqual(narrowed(before, after), { ...before, workspaceMember: false });
  });

  it("takes a pipeline away with its trigger, and leaves a changed one as it was", () => {
    const pipeline: PipelineSpec = {
      source: null,
      runtime: "ir-managed",
      sinkPath: "raw/job_201",
      concurrency: 1,
      timeoutMinutes: 120,
      retryCount: 2,
      retryIntervalSeconds: 60,
      parameters: {},
      trigger: null,
      serviceUrl: null,
    };
    const before: JobSpec = { ...jobSpec, pipeline };
    const gone = narrowed(before, { ...jobSpec, name: "other", pipeline: null });
    assert.deepEqual(gone, { ...before, pipeline: null });
    const changed = { ...pipeline, concurrency: 2 };
    assert.equal(narrowed(before, { ...before, pipeline: changed }), null);
  });
});
