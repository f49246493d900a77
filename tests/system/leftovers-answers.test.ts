/**
 * Answers that were lost after a cloud had done its work: creates of every type. The engine records nothing of
 * them, so the run itself notes them in the state, and the next run finds the objects.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { StackSpec } from "../../metadata-schema/desired-state.ts";
import { adoptionTable } from "../../program/adoption/adoption-table.ts";
import { type LeftoverLab, openLeftoverLab } from "../support/leftover-lab.ts";
import { jobWaves, platformSpec, platformWaves, specsIn } from "../support/leftover-specs.ts";

const listType = "databricks:index/ipAccessList:IpAccessList";
const jobType = "databricks:index/job:Job";
const grantType = "databricks:index/grant:Grant";
const permissionsType = "databricks:index/permissions:Permissions";
const assignmentType = "azure-native:authorization:RoleAssignment";

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

  /** A run begins nothing after its first failure: as many runs as it takes until each type was struck. */
  async function lose(spec: StackSpec, types: readonly string[], way: object): Promise<void> {
    for (const type of types) await lab.fault({ type, call: "create", afterCommit: true, ...way });
    const left = new Set(types);
    while (left.size > 0) {
      const { ended, steps } = await lab.run(spec);
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
  }

  async function endsWell(spec: StackSpec): Promise<void> {
    await lab.apply(spec);
    await lab.madeOnce(spec.stack);
    await lab.isSettled(spec);
  }

  it("in a platform stack is found by the next run", async () => {
    // All at once: what a run makes beside the one that fails must meet its fault too.
    await lose(platformSpec, platformWaves.flat(), serverFault);
    const outputs = await lab.apply(platformSpec);
    await endsWell(platformSpec);
    specs = specsIn(String(outputs.workspace_url));
  });

  it("in a network stack is found by the next run, though the connection was cut", async () => {
    await lose(specs.network, ["azure-native:network:PrivateEndpoint"], cut);
    await lose(specs.network, ["azure-native:network:PrivateDnsZoneGroup"], cut);
    await endsWell(specs.network);
  });

  it("in a job stack is found by the next run, so that there is one Databricks job", async () => {
    await lose(specs.job(201), jobWaves.flat(), serverFault);
    await endsWell(specs.job(201));
    await lose(specs.job(202), [jobType], cut);
    await endsWell(specs.job(202));
    assert.equal((await lab.objects(jobType)).length, 2);
  });

  it("in stacks of access is found by the next run", async () => {
    await lose(specs.access("ds_team"), [assignmentType, grantType], serverFault);
    await endsWell(specs.access("ds_team"));
    await lose(specs.access("sec_ops"), [grantType], cut);
    await endsWell(specs.access("sec_ops"));
    const job = (await lab.objects(jobType)).find(({ name }) => name.startsWith("job-201"));
    const acl = specs.acl(job?.id.split("/").at(-1) ?? "");
    await lose(acl, [permissionsType], serverFault);
    await endsWell(acl);
  });

  it("of an IP access list is asked about, and made anew when a person says that there is none", async () => {
    await lose(specs.firewall, [listType], serverFault);
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
    await lose(specs.firewall, [confType], serverFault);
    await lab.apply(specs.firewall);
    await lab.isSettled(specs.firewall);
  });

  it("was shown for every type of the table", () => {
    assert.deepEqual([...seen].sort(), Object.keys(adoptionTable).sort());
  });
});
