/**
 * The engine is killed (SIGKILL, its whole group) right after a cloud has carried out a create and before it
 * has answered, for every type of resource that the program has: the next run finds the object again.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { StackSpec } from "../../metadata-schema/desired-state.ts";
import { adoptionTable } from "../../program/adoption/adoption-table.ts";
import { type LeftoverLab, openLeftoverLab } from "../support/leftover-lab.ts";
import {
  networkSpec,
  platformSpec,
  runtimesSpec,
  sharedServer,
  specsIn,
  sqlFirewallSpec,
} from "../support/small-specs.ts";

const listType = "databricks:index/ipAccessList:IpAccessList";
const jobType = "databricks:index/job:Job";
const everyType = Object.keys(adoptionTable);

describe("an engine killed after a create was carried out", () => {
  let lab: LeftoverLab;
  let specs: ReturnType<typeof specsIn>;
  const seen = new Set<string>();
  before(async () => {
    lab = await openLeftoverLab();
  });
  after(() => lab.close());

  /** Kills runs of the stack at the create of each of its types, and ends with one that nobody kills. */
  async function killAtEach(spec: StackSpec, types: readonly string[] = everyType): Promise<void> {
    const call = "create";
    const struck = await lab.killAtEach(spec, { call, types }, {}, async (now, ended) => {
      assert.ok(ended.status === "failed" && ended.failure.code === "EngineLost", JSON.stringify(ended));
      const pending = (await lab.pending(spec.stack)).join("\n");
      for (const type of now)
        assert.ok(pending.includes(`${type}::`), `the create of ${type} is pending: ${pending}`);
    });
    assert.ok(struck.length > 0, "a run was killed");
    for (const type of struck) seen.add(type);
    await lab.madeOnce(spec.stack);
    await lab.isSettled(spec);
  }

  it("in a platform stack leaves nothing that is made twice", async () => {
    await killAtEach(platformSpec);
    specs = specsIn(await lab.apply(platformSpec, { wasApplied: true }));
  });

  it("in a network stack, a stack of runtimes or a firewall's leaves nothing that is made twice", async () => {
    await killAtEach(networkSpec);
    await killAtEach(runtimesSpec);
    await lab.portal(sharedServer.id, sharedServer.properties, sharedServer.type);
    await killAtEach(sqlFirewallSpec);
  });

  it("in a workspace leaves nothing that is made twice", async () => {
    await killAtEach(specs.inside);
  });

  it("in a job stack leaves nothing that is made twice", async () => {
    const { warehouse_id: warehouseId } = await lab.apply(specs.inside, { wasApplied: true });
    await killAtEach(specs.fullJob(201, String(warehouseId)));
    assert.equal((await lab.objects(jobType)).length, 1);
    await killAtEach(specs.onlineJob(204), ["databricks:index/modelServing:ModelServing"]);
  });

  it("in an access stack leaves nothing that is made twice", async () => {
    await killAtEach(specs.access("ds_team"));
  });

  it("in an acl stack leaves nothing that is made twice", async () => {
    const [job] = await lab.objects(jobType);
    await killAtEach(specs.acl(job?.id.split("/").at(-1) ?? ""));
  });

  it("at an IP access list, which no provider can look up, asks a person, and goes on with the id", async () => {
    const spec = specs.firewall;
    await lab.killAfterCommit(spec, [{ type: listType, call: "create" }]);
    seen.add(listType);
    const { ended } = await lab.run(spec);
    assert.ok(ended.status === "failed", JSON.stringify(ended));
    assert.deepEqual([ended.failure.code, ended.failure.class], ["LeftoverUnresolved", "permanent"]);
    assert.match(ended.failure.message, /IpAccessList::ip-access-list/);
    assert.match(ended.failure.message, /rowgate adopt firewall-eastus-databricks/);
    const [list] = await lab.objects(listType);
    const urn = (await lab.pending(spec.stack)).find((each) => each.includes(listType))?.split(" ")[1] ?? "";
    const adopt = [{ urn, id: list?.id.split("/").at(-1) ?? "" }];
    const confType = "databricks:index/workspaceConf:WorkspaceConf";
    const { struck } = await lab.killAfterCommit(spec, [{ type: confType, call: "create" }], { adopt });
    assert.equal(struck.length, 1);
    await lab.apply(spec);
    await lab.madeOnce(spec.stack);
    await lab.isSettled(spec);
  });

  it("before it was carried out, creates once; also when the next engine dies before it has looked", async () => {
    const spec = specs.job(202);
    const identity = "azure-native:managedidentity:UserAssignedIdentity";
    const policy = "databricks:index/clusterPolicy:ClusterPolicy";
    const experiment = "databricks:index/mlflowExperiment:MlflowExperiment";
    for (const types of [
      [identity, policy, experiment],
      ["databricks:index/servicePrincipal:ServicePrincipal"],
      [jobType, "databricks:index/grant:Grant"],
    ]) {
      const interruptions = types.map((type) => ({ type, call: "create" }) as const);
      const { struck } = await lab.killAfterCommit(spec, interruptions, { before: true });
      assert.deepEqual(struck, interruptions);
    }
    await lab.apply(spec);
    await lab.madeOnce(spec.stack);
    await lab.isSettled(spec);
    const other = specs.job(203);
    await lab.killAfterCommit(other, [{ type: identity, call: "create" }], { before: true });
    // put in by its id, and nobody has looked yet whether it exists
    const { struck } = await lab.killAfterCommit(other, [{ type: identity, call: "read" }], { before: true });
    assert.equal(struck.length, 1, "died in the look");
    assert.deepEqual(await lab.pending(other.stack), []);
    await lab.apply(other);
    await lab.madeOnce(other.stack);
    await lab.isSettled(other);
  });

  it("was shown for every type of the table", () => {
    assert.deepEqual([...seen].sort(), [...everyType].sort());
  });
});
