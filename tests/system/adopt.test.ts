/** Existing infrastructure is shown, and taken over under its rows. */
import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import type { StackSpec } from "../../metadata-schema/desired-state.ts";
import type { RunStepInput } from "../../metadata-schema/store.ts";
import { roleAssignmentName } from "../../program/layout/names.ts";
import { type LeftoverLab, openLeftoverLab, type RunResult } from "../support/leftover-lab.ts";
import { groupId, vaultId } from "../support/small-rows.ts";
import { facts, platformSpec, runtimesSpec, specsIn } from "../support/small-specs.ts";

const jobType = "databricks:index/job:Job";
const assignmentType = "azure-native:authorization:RoleAssignment";
const reader = "21090545-7ca7-4776-b22c-e363652d74d2";

/** What Azure says of an object when nobody has asked for it, by type: no row has a say in it. */
const filledIn: Readonly<Record<string, readonly string[]>> = {
  "azure-native:databricks:Workspace": ["parameters.storageAccountName.type"],
  "azure-native:network:NatGateway": ["idleTimeoutInMinutes"],
  "azure-native:network:PublicIPAddress": ["idleTimeoutInMinutes", "publicIPAddressVersion", "sku.tier"],
  "azure-native:operationalinsights:Table": ["retentionInDays"],
  "azure-native:sql:Database": [
    ...["catalogCollation", "collation", "isLedgerOn", "requestedBackupStorageRedundancy"],
  ],
  "azure-native:sql:ExtendedServerBlobAuditingPolicy": ["auditActionsAndGroups", "retentionDays"],
  "azure-native:sql:Server": ["administratorLogin"],
  "azure-native:storage:StorageAccount": ["accessTier", "sku.tier"],
};
const isFilledIn = (type: string, message: string): boolean => {
  const paths = /would be changed: (.*)\.$/.exec(message)?.[1]?.split(", ") ?? [];
  return paths.length > 0 && paths.every((path) => filledIn[type]?.includes(path));
};

describe("existing infrastructure", () => {
  let lab: LeftoverLab;
  let specs: ReturnType<typeof specsIn>;
  let warehouseId: string;
  before(async () => {
    lab = await openLeftoverLab();
    specs = specsIn(await lab.apply(platformSpec));
    // where the containers of jobs are known to Unity Catalog
    warehouseId = String((await lab.apply(specs.inside)).warehouse_id);
  });
  after(() => lab.close());

  /** As after a service was set up anew beside what an earlier one had built. */
  async function forget(spec: StackSpec): Promise<void> {
    await lab.apply(spec);
    await rm(lab.checkpoint(spec.stack));
    await rm(`${lab.checkpoint(spec.stack)}.bak`);
  }
  async function adoptable(spec: StackSpec): Promise<readonly RunStepInput[]> {
    const since = await lab.lastSeq();
    const { ended, steps } = await lab.run(spec, { kind: "adoptable" });
    assert.equal(ended.status, "succeeded", JSON.stringify(ended));
    const changes = (await lab.calls(since)).filter(({ call }) => call !== "read");
    assert.deepEqual(changes, [], "a look changes nothing");
    assert.deepEqual(await lab.deployment(spec.stack), undefined, "and writes no state");
    assert.ok(steps.every(({ operation, status }) => operation === "adopt" && status === "message"));
    return steps;
  }
  const codeOf = ({ ended }: RunResult): string =>
    ended.status === "succeeded" ? "succeeded" : ended.failure.code;
  const last = (type: string): string => type.split(":").at(-1) ?? type;

  it("is listed with what differs, and taken over whole; differences go in the same run", async () => {
    const spec = specs.job(201);
    await forget(spec);
    const [job] = await lab.objects(jobType);
    await lab.portal(job?.id ?? "", { maxConcurrentRuns: 7 });
    const steps = await adoptable(spec);
    assert.deepEqual(steps.map(({ type }) => last(type)).sort(), [
      "AccessControlRuleSet",
      "BlobContainer",
      "ClusterPolicy",
      "ClusterPolicy",
      "EncryptionScope",
      "ExternalLocation",
      ...Array.from({ length: 4 }, () => "Grant"),
      "Job",
      "MlflowExperiment",
      ...Array.from({ length: 4 }, () => "RoleAssignment"),
      "ServicePrincipal",
      "UserAssignedIdentity",
    ]);
    const ofJob = steps.find(({ type }) => type === jobType);
    assert.equal(ofJob?.objectId, job?.id.split("/").at(-1));
    assert.match(ofJob?.message ?? "", /differs from the rows, and would be changed: .*maxConcurrentRuns/);
    assert.match(
      steps.find(({ type }) => last(type) === "ClusterPolicy")?.message ?? "",
      /as the rows want it/,
    );

    const since = await lab.lastSeq();
    const adopt = steps.flatMap(({ urn, objectId }) => (objectId === null ? [] : [{ urn, id: objectId }]));
    await lab.apply(spec, { adopt });
    const calls = (await lab.calls(since)).filter(({ call }) => call !== "read");
    assert.deepEqual(
      calls.map(({ call, type }) => `${call} ${last(type)}`),
      ["update Job"],
    );
    assert.equal((await lab.objects(jobType))[0]?.body.maxConcurrentRuns, 1);
    await lab.isSettled(spec);
    await lab.apply(spec, { adopt, wasApplied: true });
  });

  it("of a whole platform or job is listed: one generation makes the ids of the next known", async () => {
    await lab.apply(runtimesSpec);
    for (const spec of [platformSpec, specs.fullJob(206, warehouseId)]) {
      await lab.apply(spec);
      const kept = await lab.deployment(spec.stack);
      await forget(spec);
      const steps = await adoptable(spec);
      const custom = (kept.resources ?? []).filter(
        ({ type, custom }) => custom && !type.startsWith("pulumi:"),
      );
      assert.deepEqual(
        steps.map(({ urn, objectId }) => `${urn} ${objectId}`).sort(),
        custom.map(({ urn, id }) => `${urn} ${id}`).sort(),
      );
      const since = await lab.lastSeq();
      const adopt = custom.map(({ urn, id = "" }) => ({ urn, id }));
      await lab.apply(spec, { adopt });
      // Only what Azure filled in itself is written once more, and was said to differ; Databricks shows less.
      const differing = steps.filter(({ message }) => /differs from the rows/.test(message ?? ""));
      assert.deepEqual(
        (await lab.calls(since))
          .filter(({ call }) => call !== "read")
          .map(({ call, type }) => `${call} ${type}`)
          .sort(),
        differing.map(({ type }) => `update ${type}`).sort(),
      );
      assert.ok(
        differing.every(({ type, message }) => isFilledIn(type, message ?? "")),
        JSON.stringify(differing),
      );
      await lab.isSettled(spec);
    }
  });

  it("under another name, as a role assignment of the same triple, is named by the refusal and can be taken", async () => {
    const spec = specs.access("sec_ops", { unityGrants: [] });
    const principalId = groupId("sec_ops");
    const name = "0f0f0f0f-1111-4222-8333-444444444444";
    assert.notEqual(name, roleAssignmentName(vaultId, principalId, reader));
    const id = `${vaultId}/providers/Microsoft.Authorization/roleAssignments/${name}`;
    await lab.portal(
      id,
      {
        scope: vaultId,
        principalId,
        principalType: "Group",
        roleDefinitionId: `/subscriptions/${facts.subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${reader}`,
      },
      assignmentType,
    );
    const refused = await lab.run(spec);
    assert.equal(codeOf(refused), "AlreadyExists");
    const hint = refused.steps.find(({ operation }) => operation === "adopt");
    assert.equal(hint?.objectId, id);
    await lab.apply(spec, { adopt: [{ urn: hint?.urn ?? "", id }] });
    const held = (await lab.objects(assignmentType)).filter(({ body }) => body.principalId === principalId);
    assert.equal(held.length, 1, "the person's assignment serves, no second one was made");
    await lab.isSettled(spec);
  });

  it("that is not there, not wanted or another thing is refused, and nothing is built", async () => {
    const spec = specs.access("ds_team");
    const other = specs.access("eu_data_science", { unityGrants: [] });
    await lab.apply(other);
    const [foreign] = (await lab.objects(assignmentType)).filter(
      ({ body }) => body.principalId === groupId("eu_data_science"),
    );
    const urnOf = (type: string, name: string): string =>
      `urn:pulumi:${spec.stack}::rowgate::${type}::${name}`;
    const urn = urnOf(assignmentType, roleAssignmentName(vaultId, groupId("ds_team"), reader));
    const since = await lab.lastSeq();
    const refusals = [
      [
        { urn, id: `${vaultId}/providers/Microsoft.Authorization/roleAssignments/none` },
        /there is no object/,
      ],
      [{ urn: urnOf(jobType, "job"), id: "1" }, /the rows ask for no new object/],
      [{ urn, id: foreign?.id ?? "" }, /would be deleted and made again.*principalId/],
    ] as const;
    for (const [wrong, words] of refusals) {
      const { ended } = await lab.run(spec, { adopt: [wrong] });
      assert.ok(ended.status === "failed", JSON.stringify(ended));
      assert.deepEqual([ended.failure.code, ended.failure.class], ["AdoptRefused", "permanent"]);
      assert.match(ended.failure.message, words);
    }
    assert.deepEqual(
      (await lab.calls(since)).filter(({ call }) => call !== "read"),
      [],
    );
  });

  it("of the same name that nothing shows to be ours is told, and never taken unasked", async () => {
    const spec = specs.job(204);
    await forget(spec);
    const job = (await lab.objects(jobType)).find(({ name }) => name.startsWith("job-204"));
    await lab.portal(job?.id ?? "", { tags: { managed_by: "somebody" } });
    const listed = (await adoptable(spec)).find(({ type }) => type === jobType);
    assert.match(listed?.message ?? "", /Nothing shows that it is ours/);
    const { ended } = await lab.run(spec, { stateDoubtful: true });
    assert.ok(
      ended.status === "failed" && ended.failure.code === "LeftoverUnresolved",
      JSON.stringify(ended),
    );
    assert.match(ended.failure.message, new RegExp(`found: ${job?.id.split("/").at(-1)}`));
  });
});
