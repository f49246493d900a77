/**
 * Answers that were lost after a cloud had done its work: creates of every type. The engine records nothing of
 * them, so the run itself notes them in the state, and the next run finds the objects.
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
const grantType = "databricks:index/grant:Grant";
const everyType = Object.keys(adoptionTable);

/** 500 after the work was done */
const serverFault = { kind: "error", code: "InternalServerError" };
/** the connection is cut after the work was done */
const cut = { kind: "drop" };

describe("a create whose answer was lost", () => {
  let lab: LeftoverLab;
  let specs: ReturnType<typeof specsIn>;
  const seen = new Set<string>();
  before(async () => {
    lab = await openLeftoverLab();
  });
  after(() => lab.close());

  /**
   * Loses the answer of the first create of each of these types that the stack has. A run begins nothing after its
   * first failure: as many runs as it takes until one finds nothing left to lose, and ends well.
   */
  async function lose(spec: StackSpec, way: object, types: readonly string[] = everyType): Promise<void> {
    const since = await lab.lastSeq();
    await Promise.all(types.map((type) => lab.fault({ type, call: "create", afterCommit: true, ...way })));
    const left = new Set(types);
    for (;;) {
      const { ended, steps } = await lab.run(spec);
      if (ended.status === "succeeded") break;
      assert.equal(ended.status, "failed", JSON.stringify(ended));
      assert.ok(steps.some(({ message }) => message?.includes("the next run looks for it first")));
      const pending = (await lab.pending(spec.stack)).join("\n");
      const noted = [...left].filter((type) => pending.includes(`${type}::`));
      assert.ok(noted.length > 0, `one of ${[...left].join()} is noted: ${pending}`);
      for (const type of noted) {
        left.delete(type);
        seen.add(type);
      }
    }
    await lab.clearFaults();
    assert.ok(left.size < types.length, "an answer was lost");
    await lab.madeOnce(spec.stack, since);
    await lab.isSettled(spec);
  }

  async function endsWell(spec: StackSpec): Promise<void> {
    await lab.apply(spec);
    await lab.madeOnce(spec.stack);
    await lab.isSettled(spec);
  }

  it("in a platform stack is found by the next run", async () => {
    await lose(platformSpec, serverFault);
    specs = specsIn(await lab.apply(platformSpec, { wasApplied: true }));
  });

  it("in a network stack is found by the next run, though the connection was cut", async () => {
    await lose(networkSpec, cut);
  });

  it("in a workspace, a stack of runtimes or a firewall's is found by the next run", async () => {
    await lose(specs.inside, serverFault);
    await lose(runtimesSpec, serverFault);
    await lab.portal(sharedServer.id, sharedServer.properties, sharedServer.type);
    await lose(sqlFirewallSpec, serverFault);
  });

  it("in a job stack is found by the next run, so that there is one Databricks job", async () => {
    const { warehouse_id: warehouseId } = await lab.apply(specs.inside, { wasApplied: true });
    await lose(specs.fullJob(201, String(warehouseId)), serverFault);
    await lose(specs.onlineJob(204), serverFault, ["databricks:index/modelServing:ModelServing"]);
    await lose(specs.job(202), cut, [jobType]);
    assert.equal((await lab.objects(jobType)).length, 2);
  });

  it("in stacks of access is found by the next run", async () => {
    await lose(specs.access("ds_team"), serverFault);
    await lose(specs.access("sec_ops"), cut, [grantType]);
    const job = (await lab.objects(jobType)).find(({ name }) => name.startsWith("job-201"));
    await lose(specs.acl(job?.id.split("/").at(-1) ?? ""), serverFault);
  });

  it("of an IP access list is asked about, and made anew when a person says that there is none", async () => {
    await lab.fault({ type: listType, call: "create", afterCommit: true, ...serverFault });
    const lost = await lab.run(specs.firewall);
    assert.ok(lost.steps.some(({ message }) => message?.includes("the next run looks for it first")));
    seen.add(listType);
    const { ended } = await lab.run(specs.firewall);
    assert.ok(
      ended.status === "failed" && ended.failure.code === "LeftoverUnresolved",
      JSON.stringify(ended),
    );
    const [list] = await lab.objects(listType);
    await lab.removeObject(list?.id ?? "");
    const urn = (await lab.pending(specs.firewall.stack))[0]?.split(" ")[1] ?? "";
    await lab.apply(specs.firewall, { adopt: [{ urn, id: "none" }] });
    assert.equal((await lab.objects(listType)).length, 1);
    await lab.isSettled(specs.firewall);
  });

  it("that a cloud refuses is not noted", async () => {
    const spec = specs.job(203);
    await lab.fault({ type: jobType, call: "create", kind: "error", code: "403" });
    const { ended } = await lab.run(spec);
    assert.equal(ended.status, "failed");
    assert.deepEqual(await lab.pending(spec.stack), []);
    await lab.clearFaults();
    await endsWell(spec);
  });

  it("of a workspace's settings is found by the next run", async () => {
    const confType = "databricks:index/workspaceConf:WorkspaceConf";
    await lab.run(specs.firewall, { kind: "destroy", spec: null, wasApplied: true });
    await lose(specs.firewall, serverFault, [confType]);
  });

  it("was shown for every type of the table", () => {
    assert.deepEqual([...seen].sort(), [...everyType].sort());
  });
});
