import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { merge } from "../../../automation/reconcile/merge.ts";
import type { EntryItem, StackBase } from "../../../metadata-schema/contributions.ts";
import type { AclObjectType, StackSpec } from "../../../metadata-schema/desired-state.ts";
import type { StackToMerge, StoredContribution } from "../../../metadata-schema/store.ts";
import {
  accessSpec,
  aclSpec,
  environment,
  firewallSpec,
  jobSpec,
  networkSpec,
  platformSpec,
  runtimesSpec,
  workspace,
} from "../../program/support/specs.ts";

const bases = {
  access: { kind: "access", environment, workspace, principal: accessSpec.principal },
  acl: { kind: "acl", environment, workspace, objectIds: { job: "4242", experiment: "77" } },
  job: { kind: "job", environment, workspace },
  network: { kind: "network", environment, service: "databricks" },
  firewall: {
    kind: "firewall",
    environment,
    service: "databricks",
    workspace,
    serviceAddress: "203.0.113.7/32",
  },
  runtimes: { kind: "runtimes", environment },
  platform: { kind: "platform", environment },
} as const satisfies Record<string, StackBase>;

function contribution(jobId: number, stack: string, base: StackBase, items: readonly EntryItem[]) {
  const entries = items.map((item) => ({
    row: { table: "Access_Policies", key: String(jobId) } as const,
    ask: JSON.stringify(item),
    item,
  }));
  return {
    subject: { kind: "job", jobId },
    stack,
    kind: base.kind,
    environment: "eastus",
    base,
    wanted: entries,
    admitted: entries,
    references: [{ stack: "platform-eastus", output: "workspace_url" }],
    urgent: false,
  } satisfies StoredContribution;
}

const listed = (stack: string, ...contributions: readonly StoredContribution[]): StackToMerge => ({
  stack,
  version: 1,
  contributions,
  desired: null,
});
const specOf = (stack: string, ...contributions: readonly StoredContribution[]): StackSpec | null =>
  merge(listed(stack, ...contributions)).spec;
const grant = (name: string, ...privileges: readonly string[]): EntryItem => ({
  kind: "unity-grant",
  unityGrant: { securable: "model", name, privileges },
});
const control = (name: string, level: string, objectType: AclObjectType = "job"): EntryItem => ({
  kind: "access-control",
  objectType,
  accessControl: { principal: "group", name, level },
});

const items = {
  access: fc.oneof(
    fc
      .record({
        name: fc.constantFrom("ml.models.a", "ML.models.A", "ml.models.b"),
        privileges: fc.subarray(["APPLY_TAG", "EXECUTE", "MANAGE"], { minLength: 1 }),
      })
      .map(({ name, privileges }) => grant(name, ...privileges)),
    fc
      .record({
        scope: fc.constantFrom("/subscriptions/1", "/SUBSCRIPTIONS/1", "/subscriptions/2"),
        roleId: fc.constantFrom("r1", "r2"),
      })
      .map((each): EntryItem => ({ kind: "role-assignment", roleAssignment: { ...each, roleName: "R" } })),
    fc.constant<EntryItem>({ kind: "workspace-member" }),
  ),
  acl: fc.oneof(
    fc
      .tuple(fc.constantFrom("ds_team", "fraud"), fc.constantFrom("CAN_VIEW", "CAN_MANAGE_RUN", "CAN_MANAGE"))
      .map(([group, level]) => control(group, level)),
    fc
      .tuple(fc.constantFrom("ds_team", "fraud"), fc.constantFrom("CAN_READ", "CAN_EDIT"))
      .map(([group, level]) => control(group, level, "experiment")),
  ),
  runtimes: fc.record({ name: fc.constantFrom("ir-a", "ir-b"), coreCount: fc.constantFrom(8, 16) }).map(
    (each): EntryItem => ({
      kind: "runtime",
      runtime: { ...each, type: "managed", description: null, timeToLiveMinutes: 10 },
    }),
  ),
  firewall: fc
    .constantFrom("198.51.100.0/28", "192.0.2.0/28", "192.0.2.16/28")
    .map((range): EntryItem => ({ kind: "range", range })),
  network: fc
    .record({ name: fc.constantFrom("pe-a", "PE-A", "pe-b"), targetId: fc.constantFrom("/t1", "/t2") })
    .map((each): EntryItem => ({ kind: "endpoint", endpoint: { ...each, groupId: "vault" } })),
} satisfies Partial<Record<StackBase["kind"], fc.Arbitrary<EntryItem>>>;

const stacks = {
  access: accessSpec.stack,
  acl: aclSpec.stack,
  firewall: firewallSpec.stack,
  network: networkSpec.stack,
  runtimes: runtimesSpec.stack,
};

describe("merging contributions", () => {
  for (const kind of ["access", "acl", "firewall", "network", "runtimes"] as const) {
    it(`the order of contributions to a stack of kind ${kind} and of their entries does not matter`, () => {
      const contributions = fc
        .array(fc.array<EntryItem>(items[kind], { minLength: 1, maxLength: 4 }), {
          minLength: 1,
          maxLength: 5,
        })
        .map((lists) => lists.map((list, index) => contribution(index, stacks[kind], bases[kind], list)));
      const orders = contributions.chain((all) =>
        fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
      );
      fc.assert(
        fc.property(orders, ([one, other]) => {
          const reversed = other.map((each) => ({ ...each, admitted: each.admitted.toReversed() }));
          assert.deepEqual(merge(listed(stacks[kind], ...reversed)), merge(listed(stacks[kind], ...one)));
        }),
      );
    });
  }

  it("has the union of privileges, one grant a securable whatever its case", () => {
    const spec = specOf(
      accessSpec.stack,
      contribution(1, accessSpec.stack, bases.access, [grant("ml.models.a", "EXECUTE")]),
      contribution(2, accessSpec.stack, bases.access, [grant("ML.models.a", "MANAGE", "EXECUTE")]),
      contribution(3, accessSpec.stack, bases.access, [grant("ml.models.b", "APPLY_TAG")]),
    );
    assert.ok(spec?.kind === "access");
    assert.deepEqual(
      spec.unityGrants.map(({ name, privileges }) => [name.toLowerCase(), ...privileges]),
      [
        ["ml.models.a", "EXECUTE", "MANAGE"],
        ["ml.models.b", "APPLY_TAG"],
      ],
    );
  });

  it("lets a principal into the workspace if one row wants it to", () => {
    const member: EntryItem = { kind: "workspace-member" };
    const spec = (...entries: readonly EntryItem[]) =>
      specOf(accessSpec.stack, contribution(1, accessSpec.stack, bases.access, entries));
    const [without, with_] = [spec(grant("ml.models.a", "EXECUTE")), spec(member, member)];
    assert.ok(without?.kind === "access" && with_?.kind === "access");
    assert.deepEqual([without.workspaceMember, with_.workspaceMember], [false, true]);
  });

  it("has one list an object, and none for an object that does not exist yet", () => {
    const { stack } = aclSpec;
    const spec = specOf(
      stack,
      contribution(1, stack, bases.acl, [
        control("ds_team", "CAN_VIEW"),
        control("ds_team", "CAN_EDIT", "experiment"),
        control("ds_team", "CAN_USE", "cluster-policy"),
      ]),
    );
    assert.ok(spec?.kind === "acl");
    assert.deepEqual(
      spec.objects.map(({ type, id, accessControls }) => [type, id, accessControls[0]?.level]),
      [
        ["experiment", "77", "CAN_EDIT"],
        ["job", "4242", "CAN_VIEW"],
      ],
    );
  });

  it("has the highest level of each group, once", () => {
    const { stack } = aclSpec;
    const spec = specOf(
      stack,
      contribution(1, stack, bases.acl, [control("ds_team", "CAN_VIEW"), control("fraud", "CAN_VIEW")]),
      contribution(2, stack, bases.acl, [control("ds_team", "CAN_MANAGE_RUN")]),
    );
    assert.ok(spec?.kind === "acl");
    assert.deepEqual(spec.objects[0]?.accessControls, [
      { principal: "group", name: "ds_team", level: "CAN_MANAGE_RUN" },
      { principal: "group", name: "fraud", level: "CAN_VIEW" },
    ]);
  });

  it("keeps the service's own address apart from the rows' ranges", () => {
    const ranges = ["198.51.100.0/28", "192.0.2.0/28", "198.51.100.0/28"];
    const entries = ranges.map((range): EntryItem => ({ kind: "range", range }));
    const spec = specOf(firewallSpec.stack, contribution(1, firewallSpec.stack, bases.firewall, entries));
    assert.ok(spec?.kind === "firewall" && spec.service === "databricks");
    assert.deepEqual(spec.ranges, ["192.0.2.0/28", "198.51.100.0/28"]);
    assert.equal(spec.serviceAddress, "203.0.113.7/32");
  });

  it("of a platform is what its environment says", () => {
    const { kind: _kind, stack: _stack, environment: _environment, ...platform } = platformSpec;
    const item: EntryItem = { kind: "platform", platform };
    const spec = specOf(platformSpec.stack, contribution(1, platformSpec.stack, bases.platform, [item]));
    assert.deepEqual(spec, platformSpec);
  });
});

describe("merging a stack to which nothing is admitted", () => {
  it("says that it must not exist, and refers to nothing", () => {
    const waits = { ...contribution(1, aclSpec.stack, bases.acl, []), base: null };
    for (const contributions of [[], [waits], [contribution(1, aclSpec.stack, bases.acl, [])]]) {
      assert.deepEqual(merge(listed(aclSpec.stack, ...contributions)), {
        kind: "acl",
        environment: "eastus",
        spec: null,
        references: [],
      });
    }
  });
});

describe("merging a job", () => {
  const { environment: _e, workspace: _w, kind: _k, stack, cluster, secrets, ...part } = jobSpec;
  const job: EntryItem = { kind: "job", job: part };
  const good: EntryItem = { kind: "cluster", cluster };
  const secret = (secretName: string): EntryItem => ({
    kind: "secret",
    secret: { vaultId: "/vaults/v", vaultUri: "https://v.vault.azure.net", secretName },
  });

  it("without a good cluster or a good row of its own is nothing yet", () => {
    assert.equal(specOf(stack, contribution(201, stack, bases.job, [job, secret("a")])), null);
    assert.equal(specOf(stack, contribution(201, stack, bases.job, [good, secret("a")])), null);
  });

  it("has its row, its cluster and each secret once, sorted", () => {
    const entries = [secret("b"), job, secret("A"), good, secret("a")];
    const spec = specOf(stack, contribution(201, stack, bases.job, entries));
    assert.ok(spec?.kind === "job");
    assert.deepEqual(
      spec.secrets.map(({ secretName }) => secretName.toLowerCase()),
      ["a", "b"],
    );
    assert.deepEqual({ ...spec, secrets }, jobSpec);
  });

  it("has its pipeline and its alerts, and watches drift where one of them is about it", () => {
    const alert = (metric: string, driftWarehouseId: string | null): EntryItem => ({
      kind: "alert",
      driftWarehouseId,
      alert: {
        metric,
        operator: "LessThan",
        threshold: 0.85,
        windowMinutes: 60,
        frequencyMinutes: 15,
        severity: 2,
        missingData: "alert",
        enabled: true,
      },
    });
    const entries = [job, good, alert("model_accuracy", null), alert("drift", "w1"), alert("drift", "w1")];
    const spec = specOf(stack, contribution(201, stack, bases.job, entries));
    assert.ok(spec?.kind === "job");
    assert.deepEqual(
      spec.alerts.map(({ metric }) => metric),
      ["drift", "model_accuracy"],
    );
    assert.equal(spec.driftWarehouseId, "w1");
    assert.equal(spec.pipeline, null);
  });

  it("keeps each reference once", () => {
    const { references } = merge(
      listed(
        stack,
        contribution(1, stack, bases.job, [job, good]),
        contribution(2, stack, bases.job, [good]),
      ),
    );
    assert.deepEqual(references, [{ stack: "platform-eastus", output: "workspace_url" }]);
  });
});
