/**
 * An engine that is killed in an update or a delete leaves the operation pending, and the engine itself drives
 * it again: one object, the right values, nothing pending. And destroys of what only half exists.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { JobSpec, StackSpec } from "../../metadata-schema/desired-state.ts";
import { adoptionTable } from "../../program/adoption/adoption-table.ts";
import { type LeftoverLab, openLeftoverLab } from "../support/leftover-lab.ts";
import {
  facts,
  networkSpec,
  platformSpec,
  runtimesSpec,
  sharedServer,
  specsIn,
  sqlFirewallSpec,
} from "../support/small-specs.ts";

const jobType = "databricks:index/job:Job";
const grantType = "databricks:index/grant:Grant";
const groupType = "azuread:index/group:Group";
const servingType = "databricks:index/modelServing:ModelServing";
const permissionsType = "databricks:index/permissions:Permissions";
const listType = "databricks:index/ipAccessList:IpAccessList";
const everyType = Object.keys(adoptionTable);
/** Left behind on purpose: Azure deletes no managed network. */
const retained = ["azure-native:resources:Resource"];

describe("an engine killed in an update or a delete", () => {
  let lab: LeftoverLab;
  let specs: ReturnType<typeof specsIn>;
  let fullJob: JobSpec;
  const deleted = new Set<string>();
  before(async () => {
    lab = await openLeftoverLab();
    specs = specsIn(await lab.apply(platformSpec));
    await lab.portal(sharedServer.id, sharedServer.properties, sharedServer.type);
    const { warehouse_id: warehouseId } = await lab.apply(specs.inside);
    fullJob = specs.fullJob(201, String(warehouseId));
    const all = [networkSpec, runtimesSpec, sqlFirewallSpec, specs.firewall, fullJob, specs.onlineJob(204)];
    for (const spec of [...all, specs.access("ds_team")]) await lab.apply(spec);
    await lab.apply(specs.acl(await databricksJobId()));
  });
  after(() => lab.close());

  const databricksJobId = async (): Promise<string> =>
    (await lab.objects(jobType))[0]?.id.split("/").at(-1) ?? "";
  const aclSpec = async (change: Parameters<typeof specs.acl>[1] = {}) =>
    specs.acl(await databricksJobId(), change);

  /** Dies at the update of each of these types: no more and no less are updated. */
  async function killInUpdate(spec: StackSpec, types: readonly string[]): Promise<void> {
    const before = await Promise.all(types.map((type) => lab.objects(type)));
    const since = await lab.lastSeq();
    const struck = await lab.killAtEach(spec, { call: "update", types: everyType }, { wasApplied: true });
    assert.deepEqual(struck.toSorted(), types.toSorted(), "the engine died in each update");
    const made = (await lab.calls(since)).filter(({ call }) => call === "create");
    assert.deepEqual(made, [], "an update makes nothing");
    for (const [index, type] of types.entries())
      assert.equal((await lab.objects(type)).length, before[index]?.length, `as many ${type} as before`);
    await lab.isSettled(spec);
  }

  /** Dies at the first delete of each type; deletes that don't wait for each other die together. */
  async function killInDestroy(spec: StackSpec, types: readonly string[] = everyType): Promise<void> {
    const destroy = { kind: "destroy", spec: null, wasApplied: true } as const;
    const struck = await lab.killAtEach(spec, { call: "delete", types }, destroy);
    assert.ok(struck.length > 0, "a run was killed");
    for (const type of struck) deleted.add(type);
  }

  it("of the own group goes on in a platform stack", async () => {
    const owned = platformSpec.ownGroup;
    assert.ok(owned !== null);
    const spec = { ...platformSpec, ownGroup: { ...owned, memberObjectIds: [] } };
    await killInUpdate(spec, [groupType]);
    const [group] = (await lab.objects(groupType)).filter(({ name }) => name === owned.displayName);
    assert.deepEqual(group?.body.members, []);
  });

  it("goes on in a job stack, with the values of the rows", async () => {
    const { pipeline, alerts, cluster } = fullJob;
    assert.ok(pipeline?.trigger);
    const changed = {
      ...fullJob,
      cluster: { ...cluster, maxWorkers: 8 },
      pipeline: { ...pipeline, timeoutMinutes: 60, trigger: { ...pipeline.trigger, hours: [4] } },
      alerts: alerts.map((alert) => ({ ...alert, severity: 1 })),
    };
    await killInUpdate(changed, [
      "azure-native:datafactory:Pipeline",
      "azure-native:datafactory:Trigger",
      "azure-native:monitor:MetricAlert",
      "azure-native:monitor:ScheduledQueryRule",
      "databricks:index/clusterPolicy:ClusterPolicy",
      "databricks:index/instancePool:InstancePool",
      jobType,
    ]);
    const [rule] = await lab.objects("azure-native:monitor:ScheduledQueryRule");
    assert.equal(rule?.body.severity, 1);
    const scheduled = specs.job(202);
    await lab.apply(scheduled);
    await killInUpdate({ ...scheduled, enabled: false }, [jobType]);
    const job = (await lab.objects(jobType)).find(({ name }) => name.startsWith("job-202"));
    assert.deepEqual(job?.body.schedule, {
      quartzCronExpression: "0 0 2 * * ?",
      timezoneId: "UTC",
      pauseStatus: "PAUSED",
    });
  });

  it("goes on in the other stacks, with the values of the rows", async () => {
    const online = specs.onlineJob(204);
    const larger = { ...online, serving: { version: "14", size: "Medium" } };
    await killInUpdate(larger, [servingType]);
    const widened = [
      { securable: "model", name: "ml.models.fraud_scoring", privileges: ["APPLY_TAG", "EXECUTE"] },
    ] as const;
    await killInUpdate(specs.access("ds_team", { unityGrants: widened }), [grantType]);
    const firewall = { ...specs.firewall, ranges: ["198.51.100.0/25"] };
    await killInUpdate(firewall, [listType]);
    const [list] = await lab.objects(listType);
    assert.deepEqual(list?.body.ipAddresses, ["203.0.113.10/32", "198.51.100.0/25"]);
    await killInUpdate(await aclSpec({ level: "CAN_VIEW" }), [permissionsType]);
  });

  it("leaves nothing of it in the cloud when the row is taken back before the next run", async () => {
    const before = await aclSpec({ level: "CAN_VIEW" });
    await lab.apply(before, { wasApplied: true });
    const since = await lab.lastSeq();
    const widened = await aclSpec({ group: "fraud_analytics", level: "CAN_VIEW" });
    await lab.killAfterCommit(widened, [{ type: permissionsType, call: "update" }], { wasApplied: true });
    await lab.apply(before, { wasApplied: true });
    const updates = (await lab.calls(since)).filter(({ call }) => call === "update");
    assert.equal(updates.length, 2, "the one that was killed, and the one that takes it back");
    const listed = (await lab.objects(permissionsType)).find(({ name }) => name.startsWith("job-201"));
    assert.deepEqual(listed?.body.accessControls, [{ groupName: "ds_team", permissionLevel: "CAN_VIEW" }]);
    await lab.isSettled(before);
  });

  it("leaves no object and no state when the destroy is run again", async () => {
    for (const spec of [await aclSpec(), specs.access("ds_team"), specs.firewall, sqlFirewallSpec, fullJob])
      await killInDestroy(spec);
    await killInDestroy(specs.job(202), [jobType]);
    await killInDestroy(specs.onlineJob(204), [servingType]);
    for (const spec of [specs.inside, runtimesSpec, networkSpec, platformSpec]) await killInDestroy(spec);
    assert.deepEqual(await lab.objects(jobType), []);
    assert.equal(
      (await lab.objects("azure-native:resources:ResourceGroup")).some(
        ({ name }) => name === facts.resourceGroup,
      ),
      false,
    );
    assert.deepEqual([...deleted, ...retained].sort(), [...everyType].sort());
  });

  it("in a create that was carried out deletes what was made when the stack is destroyed instead", async () => {
    const outputs = await lab.apply(platformSpec, { wasApplied: true, destroyBegun: true });
    const again = specsIn(outputs);
    await lab.apply(again.inside, { wasApplied: true, destroyBegun: true });
    const spec = again.job(205);
    await lab.killAfterCommit(spec, [{ type: jobType, call: "create" }]);
    assert.equal((await lab.objects(jobType)).length, 1);
    const { resources = [] } = await lab.deployment(spec.stack);
    const types = new Set(resources.map(({ type }) => type).filter((type) => everyType.includes(type)));
    assert.ok(types.size > 5, `more than the job was made: ${[...types].join()}`);
    const { ended } = await lab.run(spec, { kind: "destroy", spec: null });
    assert.equal(ended.status, "succeeded", JSON.stringify(ended));
    const left = (await Promise.all([...types, jobType].map((type) => lab.objects(type)))).flat();
    assert.deepEqual(
      left
        .filter(({ id, name, body }) => /job[-_]205/.test(`${id} ${name} ${JSON.stringify(body)}`))
        .map(({ type, body }) => `${type} ${body.state}`),
      // Azure deletes none of these.
      ["azure-native:storage:EncryptionScope Disabled"],
    );
  });
});
