/**
 * An engine that is killed in an update or a delete leaves the operation pending, and the engine itself drives
 * it again: one object, the right values, nothing pending. And destroys of what only half exists.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { StackSpec } from "../../metadata-schema/desired-state.ts";
import { adoptionTable } from "../../program/adoption/adoption-table.ts";
import { type LeftoverLab, openLeftoverLab } from "../support/leftover-lab.ts";
import { facts, jobWaves, platformSpec, platformWaves, specsIn } from "../support/leftover-specs.ts";

const jobType = "databricks:index/job:Job";
const grantType = "databricks:index/grant:Grant";
const permissionsType = "databricks:index/permissions:Permissions";
const listType = "databricks:index/ipAccessList:IpAccessList";
const confType = "databricks:index/workspaceConf:WorkspaceConf";
const assignmentType = "azure-native:authorization:RoleAssignment";
const endpointType = "azure-native:network:PrivateEndpoint";
const zoneGroupType = "azure-native:network:PrivateDnsZoneGroup";

describe("an engine killed in an update or a delete", () => {
  let lab: LeftoverLab;
  let specs: ReturnType<typeof specsIn>;
  const deleted = new Set<string>();
  before(async () => {
    lab = await openLeftoverLab();
    const outputs = await lab.apply(platformSpec);
    specs = specsIn(String(outputs.workspace_url));
    for (const spec of [specs.network, specs.firewall, specs.job(201), specs.access("ds_team")])
      await lab.apply(spec);
    await lab.apply(aclSpec(await databricksJobId()));
  });
  after(() => lab.close());

  const databricksJobId = async (): Promise<string> =>
    (await lab.objects(jobType))[0]?.id.split("/").at(-1) ?? "";
  const aclSpec = (id: string, level = "CAN_MANAGE_RUN") =>
    specs.acl(id, { accessControls: [{ groupName: "ds_team", level }] });

  async function killInUpdate(spec: StackSpec, types: readonly string[]): Promise<void> {
    const before = await Promise.all(types.map((type) => lab.objects(type)));
    const since = await lab.lastSeq();
    const interruptions = types.map((type) => ({ type, call: "update" }) as const);
    const { struck } = await lab.killAfterCommit(spec, interruptions, { wasApplied: true });
    assert.deepEqual(struck, interruptions, "the engine died in the update");
    await lab.apply(spec, { wasApplied: true });
    const made = (await lab.calls(since)).filter(({ call }) => call === "create");
    assert.deepEqual(made, [], "an update makes nothing");
    for (const [index, type] of types.entries())
      assert.equal((await lab.objects(type)).length, before[index]?.length, `as many ${type} as before`);
    await lab.isSettled(spec);
  }

  /** Dies at the first delete of each type; deletes that don't wait for each other may die together. */
  async function killInDestroy(spec: StackSpec, types: readonly string[]): Promise<void> {
    const destroy = { kind: "destroy", spec: null, wasApplied: true } as const;
    const left = new Set(types);
    for (;;) {
      const interruptions = [...left].map((type) => ({ type, call: "delete" }) as const);
      const { ended, struck } = await lab.killAfterCommit(spec, interruptions, { ...destroy, any: true });
      for (const { type } of struck) {
        left.delete(type);
        deleted.add(type);
      }
      if (struck.length > 0) continue;
      assert.equal(ended.status, "succeeded", JSON.stringify(ended));
      assert.deepEqual([...left], [], "each type was deleted in a run that died");
      return;
    }
  }

  it("of tags and of the own group goes on in a platform stack", async () => {
    const owned = platformSpec.ownGroup;
    assert.ok(owned !== null);
    const spec = { ...platformSpec, ownGroup: { ...owned, memberObjectIds: [] } };
    await killInUpdate(spec, ["azuread:index/group:Group"]);
    const [group] = await lab
      .objects("azuread:index/group:Group")
      .then((all) => all.filter(({ name }) => name === owned.displayName));
    assert.deepEqual(group?.body.members, []);
  });

  it("goes on in the other stacks, with the values of the rows", async () => {
    const urgent = specs.job(201, {
      urgent: true,
      name: "churn scoring",
      cluster: { ...specs.job(201).cluster, maxWorkers: 8 },
    });
    await killInUpdate(urgent, ["databricks:index/clusterPolicy:ClusterPolicy"]);
    await killInUpdate(specs.job(201, { enabled: false }), [jobType]);
    const [job] = await lab.objects(jobType);
    assert.deepEqual(job?.body.schedule, {
      quartzCronExpression: "0 0 2 * * ?",
      timezoneId: "UTC",
      pauseStatus: "PAUSED",
    });
    const widened = [
      { securable: "model", name: "ml.models.job_201", privileges: ["APPLY_TAG", "EXECUTE"] },
    ] as const;
    await killInUpdate(specs.access("ds_team", { unityGrants: widened }), [grantType]);
    const firewall = { ...specs.firewall, ranges: ["198.51.100.0/25"] };
    await killInUpdate(firewall, [listType]);
    const [list] = await lab.objects(listType);
    assert.deepEqual(list?.body.ipAddresses, ["203.0.113.10/32", "198.51.100.0/25"]);
    await killInUpdate(aclSpec(await databricksJobId(), "CAN_MANAGE"), [permissionsType]);
  });

  it("leaves nothing of it in the cloud when the row is taken back before the next run", async () => {
    const before = aclSpec(await databricksJobId(), "CAN_MANAGE");
    await lab.apply(before, { wasApplied: true });
    const since = await lab.lastSeq();
    const widened = { ...before, accessControls: [{ groupName: "fraud_analytics", level: "CAN_MANAGE" }] };
    await lab.killAfterCommit(widened, [{ type: permissionsType, call: "update" }], { wasApplied: true });
    await lab.apply(before, { wasApplied: true });
    const updates = (await lab.calls(since)).filter(({ call }) => call === "update");
    assert.equal(updates.length, 2, "the one that was killed, and the one that takes it back");
    const [list] = await lab.objects(permissionsType);
    assert.deepEqual(list?.body.accessControls, [{ groupName: "ds_team", permissionLevel: "CAN_MANAGE" }]);
    await lab.isSettled(before);
  });

  it("leaves no object and no state when the destroy is run again", async () => {
    await killInDestroy(aclSpec(await databricksJobId()), [permissionsType]);
    await killInDestroy(specs.access("ds_team"), [assignmentType, grantType]);
    await killInDestroy(specs.firewall, [confType, listType]);
    await killInDestroy(specs.job(201), jobWaves.flat());
    await killInDestroy(specs.network, [zoneGroupType, endpointType]);
    await killInDestroy(platformSpec, platformWaves.flat());
    assert.deepEqual(await lab.objects(jobType), []);
    assert.equal(
      (await lab.objects("azure-native:resources:ResourceGroup")).some(
        ({ name }) => name === facts.resourceGroup,
      ),
      false,
    );
    assert.deepEqual([...deleted].sort(), Object.keys(adoptionTable).sort());
  });

  it("in a create that was carried out deletes what was made when the stack is destroyed instead", async () => {
    const outputs = await lab.apply(platformSpec, { wasApplied: true, destroyBegun: true });
    const again = specsIn(String(outputs.workspace_url));
    const spec = again.job(202);
    await lab.killAfterCommit(spec, [{ type: jobType, call: "create" }]);
    assert.equal((await lab.objects(jobType)).length, 1);
    const { ended } = await lab.run(spec, { kind: "destroy", spec: null });
    assert.equal(ended.status, "succeeded", JSON.stringify(ended));
    for (const type of jobWaves.flat().filter((type) => type !== assignmentType))
      assert.deepEqual(await lab.objects(type), [], `no ${type} is left`);
  });
});
