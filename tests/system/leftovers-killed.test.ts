/**
 * The engine is killed (SIGKILL, its whole group) right after a cloud has carried out a create and before it
 * has answered, for every type of resource that the program has: the next run finds the object again.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { StackSpec } from "../../metadata-schema/desired-state.ts";
import { adoptionTable } from "../../program/adoption/adoption-table.ts";
import { type LeftoverLab, openLeftoverLab } from "../support/leftover-lab.ts";
import { jobWaves, platformSpec, platformWaves, specsIn } from "../support/leftover-specs.ts";

const arm = (type: string): string => `azure-native:${type}`;
const listType = "databricks:index/ipAccessList:IpAccessList";

describe("an engine killed after a create was carried out", () => {
  let lab: LeftoverLab;
  let specs: ReturnType<typeof specsIn>;
  const seen = new Set<string>();
  before(async () => {
    lab = await openLeftoverLab();
  });
  after(() => lab.close());

  async function killAtEach(spec: StackSpec, waves: readonly (readonly string[])[]): Promise<void> {
    for (const types of waves) {
      const interruptions = types.map((type) => ({ type, call: "create" }) as const);
      const { ended } = await lab.killAfterCommit(spec, interruptions);
      assert.ok(ended.status === "failed" && ended.failure.code === "EngineLost", JSON.stringify(ended));
      const pending = (await lab.pending(spec.stack)).join("\n");
      for (const type of types) {
        assert.ok(pending.includes(`${type}::`), `the create of ${type} is pending: ${pending}`);
        seen.add(type);
      }
    }
  }

  it("in a platform stack leaves nothing that is made twice", async () => {
    await killAtEach(platformSpec, platformWaves);
    const outputs = await lab.apply(platformSpec);
    await lab.madeOnce(platformSpec.stack);
    await lab.isSettled(platformSpec);
    specs = specsIn(String(outputs.workspace_url));
  });

  it("in a network stack leaves nothing that is made twice", async () => {
    await killAtEach(specs.network, [[arm("network:PrivateEndpoint")], [arm("network:PrivateDnsZoneGroup")]]);
    await lab.apply(specs.network);
    await lab.madeOnce(specs.network.stack);
    await lab.isSettled(specs.network);
  });

  it("in a job stack leaves nothing that is made twice", async () => {
    const spec = specs.job(201);
    await killAtEach(spec, jobWaves);
    await lab.apply(spec);
    await lab.madeOnce(spec.stack);
    await lab.isSettled(spec);
    assert.equal((await lab.objects("databricks:index/job:Job")).length, 1);
  });

  it("in an access stack leaves nothing that is made twice", async () => {
    const spec = specs.access("ds_team");
    await killAtEach(spec, [[arm("authorization:RoleAssignment"), "databricks:index/grant:Grant"]]);
    await lab.apply(spec);
    await lab.madeOnce(spec.stack);
    await lab.isSettled(spec);
  });

  it("in an acl stack leaves nothing that is made twice", async () => {
    const [job] = await lab.objects("databricks:index/job:Job");
    const spec = specs.acl(job?.id.split("/").at(-1) ?? "");
    await killAtEach(spec, [["databricks:index/permissions:Permissions"]]);
    await lab.apply(spec);
    await lab.madeOnce(spec.stack);
    await lab.isSettled(spec);
  });

  it("at an IP access list, which no provider can look up, asks a person, and goes on with the id", async () => {
    const spec = specs.firewall;
    await killAtEach(spec, [[listType]]);
    const { ended } = await lab.run(spec);
    assert.ok(ended.status === "failed", JSON.stringify(ended));
    assert.deepEqual([ended.failure.code, ended.failure.class], ["LeftoverUnresolved", "permanent"]);
    assert.match(ended.failure.message, /IpAccessList::ip-access-list/);
    assert.match(ended.failure.message, /rowgate adopt firewall-eastus-databricks/);
    const [list] = await lab.objects(listType);
    const urn = (await lab.pending(spec.stack)).find((each) => each.includes(listType))?.split(" ")[1] ?? "";
    const adopt = [{ urn, id: list?.id.split("/").at(-1) ?? "" }];
    const confType = "databricks:index/workspaceConf:WorkspaceConf";
    await lab.killAfterCommit(spec, [{ type: confType, call: "create" }], { adopt });
    seen.add(confType);
    await lab.apply(spec);
    await lab.madeOnce(spec.stack);
    await lab.isSettled(spec);
  });

  it("before it was carried out, creates once; also when the next engine dies before it has looked", async () => {
    const spec = specs.job(202);
    for (const types of jobWaves) {
      const interruptions = types.map((type) => ({ type, call: "create" }) as const);
      const { struck } = await lab.killAfterCommit(spec, interruptions, { before: true });
      assert.deepEqual(struck, interruptions);
    }
    const identity = arm("managedidentity:UserAssignedIdentity");
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
    assert.deepEqual([...seen].sort(), Object.keys(adoptionTable).sort());
  });
});
