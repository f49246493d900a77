import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openTestClouds } from "./support/clouds.ts";
import type { Properties } from "./support/provider-client.ts";
import { ada } from "./support/seed.ts";
import {
  grantType,
  jobInputs,
  jobType,
  makeWorkspace,
  openWorkspace,
  permissionsType,
  policyType,
} from "./support/world.ts";

const canRun = (groupName = "ds_team"): Properties => ({ groupName, permissionLevel: "CAN_MANAGE_RUN" });

describe("permissions", () => {
  it("the levels of a job are a job's", async (t) => {
    const { databricks } = await openWorkspace(await openTestClouds(t));
    const job = await databricks.create(jobType, jobInputs());
    const wrong = { jobId: job.id, accessControls: [{ groupName: "ds_team", permissionLevel: "CAN_RUN" }] };
    await assert.rejects(
      databricks.create(permissionsType, wrong),
      /CAN_RUN is not supported with jobId objects/,
    );
    const policy = await databricks.create(policyType, { name: "p", definition: "{}" });
    const onPolicy = { clusterPolicyId: policy.id, accessControls: [canRun()] };
    await assert.rejects(databricks.create(permissionsType, onPolicy), /allowed levels: CAN_USE$/);
  });

  it("exactly one object and one principal an entry are named", async (t) => {
    const { azure: client } = await openTestClouds(t);
    const faults = async (inputs: Properties) => (await client.check(permissionsType, inputs)).failures;
    assert.match((await faults({ accessControls: [canRun()] }))[0]?.reason ?? "", /exactly one of/);
    const both = { jobId: "1", clusterPolicyId: "2", accessControls: [canRun()] };
    assert.match((await faults(both))[0]?.reason ?? "", /found 2/);
    const nobody = { jobId: "1", accessControls: [{ permissionLevel: "CAN_VIEW" }] };
    assert.match((await faults(nobody))[0]?.reason ?? "", /exactly one of groupName/);
    assert.match(
      (await faults({ jobId: "1", accessControls: [canRun("admins")] }))[0]?.reason ?? "",
      /admin permissions for job resources/,
    );
  });

  it("an object or a group that does not exist is refused, and so is a group name that two have", async (t) => {
    const { databricks } = await openWorkspace(await openTestClouds(t));
    const make = (jobId: string, group: string) =>
      databricks.create(permissionsType, { jobId, accessControls: [canRun(group)] });
    await assert.rejects(make("1", "ds_team"), /job 1 does not exist/);
    const job = await databricks.create(jobType, jobInputs());
    await assert.rejects(make(job.id, "nobody"), /GroupName\(nobody\) does not exist/);
    await assert.rejects(make(job.id, "twins"), /ambiguous/);
  });

  it("a second resource for one object replaces the whole list", async (t) => {
    const { databricks } = await openWorkspace(await openTestClouds(t));
    const { id: jobId } = await databricks.create(jobType, jobInputs());
    const first = await databricks.create(permissionsType, { jobId, accessControls: [canRun()] });
    assert.equal(first.id, `/jobs/${jobId}`);
    const viewer = { userName: ada, permissionLevel: "CAN_VIEW" };
    await databricks.create(permissionsType, { jobId, accessControls: [viewer] });
    const now = await databricks.read(first);
    assert.deepEqual(now?.inputs.accessControls, [viewer]);
  });

  it("deleting permissions empties the list and gives the job back to its creator", async (t) => {
    const clouds = await openTestClouds(t);
    const { databricks, workspace } = await openWorkspace(clouds);
    const { id: jobId } = await databricks.create(jobType, jobInputs());
    const owner = { userName: ada, permissionLevel: "IS_OWNER" };
    const made = await databricks.create(permissionsType, { jobId, accessControls: [canRun(), owner] });
    const listed = `/sandbox/objects/${encodeURIComponent(`${workspace.outputs.workspaceUrl}/permissions/jobs/${jobId}`)}`;
    assert.deepEqual((await clouds.http("GET", listed)).body.body.owner, { userName: ada });
    await databricks.delete(made);
    const { body } = (await clouds.http("GET", listed)).body;
    assert.deepEqual([body.accessControls, Object.keys(body.owner)], [[], ["servicePrincipalName"]]);
    assert.equal(await databricks.read(made), undefined);
  });

  it("permissions go with their job", async (t) => {
    const { databricks } = await openWorkspace(await openTestClouds(t));
    const job = await databricks.create(jobType, jobInputs());
    const made = await databricks.create(permissionsType, { jobId: job.id, accessControls: [canRun()] });
    await databricks.delete(job);
    assert.equal(await databricks.read(made), undefined);
    await databricks.delete(made);
  });
});

describe("grants", () => {
  const grant = (inputs: Properties = {}): Properties => ({
    model: "ml.models.job_201",
    principal: "ds_team",
    privileges: ["EXECUTE"],
    ...inputs,
  });

  it("a grant's id names the securable and the principal", async (t) => {
    const { databricks } = await openWorkspace(await openTestClouds(t));
    assert.equal((await databricks.create(grantType, grant())).id, "model/ml.models.job_201/ds_team");
  });

  it("a grant replaces what the principal had on the securable, and nothing of others", async (t) => {
    const { databricks } = await openWorkspace(await openTestClouds(t));
    const first = await databricks.create(grantType, grant({ privileges: ["EXECUTE", "APPLY_TAG"] }));
    const other = await databricks.create(grantType, grant({ principal: ada }));
    await databricks.create(grantType, grant());
    assert.deepEqual((await databricks.read(first))?.inputs.privileges, ["EXECUTE"]);
    await databricks.delete(first);
    assert.notEqual(await databricks.read(other), undefined);
  });

  it("a privilege that the securable does not have is refused by the service", async (t) => {
    const { databricks } = await openWorkspace(await openTestClouds(t));
    await assert.rejects(databricks.create(grantType, grant({ privileges: ["EXECUTE", "SELECT"] })), {
      message:
        "Privilege SELECT is not applicable to this entity [ml.models.job_201:FUNCTION/FUNCTION_REGISTERED_MODEL]. If this seems unexpected, please check the privilege version of the metastore in use [1.0].",
    });
    const onCatalog = { catalog: "ml", principal: "ds_team" };
    await assert.rejects(
      databricks.create(grantType, { ...onCatalog, privileges: ["READ_FILES"] }),
      /Privilege READ FILES is not applicable to this entity \[ml:CATALOG/,
    );
    const spaced = await databricks.create(grantType, { ...onCatalog, privileges: ["USE CATALOG"] });
    assert.deepEqual(spaced.outputs.privileges, ["USE_CATALOG"]);
  });

  it("a grant names one securable and at least one privilege", async (t) => {
    const { azure: client } = await openTestClouds(t);
    const reasons = async (inputs: Properties) =>
      (await client.check(grantType, inputs)).failures[0]?.reason ?? "";
    assert.match(await reasons(grant({ privileges: [] })), /at least one/);
    assert.match(await reasons(grant({ schema: "ml.models" })), /exactly one of/);
    assert.match(await reasons({ principal: "a", privileges: ["SELECT"], share: "x" }), /not simulated/);
  });

  it("a securable or principal that does not exist is refused", async (t) => {
    const { databricks } = await openWorkspace(await openTestClouds(t));
    await assert.rejects(
      databricks.create(grantType, grant({ model: "ml.models.none" })),
      /Registered Model 'ml.models.none' does not exist/,
    );
    await assert.rejects(
      databricks.create(grantType, grant({ principal: "none" })),
      /Could not find principal/,
    );
    await assert.rejects(databricks.create(grantType, grant({ principal: "twins" })), /ambiguous/);
  });

  it("grants belong to the metastore, which all workspaces share", async (t) => {
    const clouds = await openTestClouds(t);
    const { databricks, workspace } = await openWorkspace(clouds);
    const made = await databricks.create(grantType, grant());
    await clouds.azure.delete(workspace);
    const other = await makeWorkspace(clouds.azure, { workspaceName: "later" });
    const elsewhere = await clouds.databricks({ host: other.outputs.workspaceUrl });
    assert.notEqual(await elsewhere.read(made), undefined);
  });
});

describe("IP access lists", () => {
  const listType = "databricks:index/ipAccessList:IpAccessList";
  const confType = "databricks:index/workspaceConf:WorkspaceConf";
  const allow = (...ipAddresses: string[]): Properties => ({
    label: "allow",
    listType: "ALLOW",
    ipAddresses,
  });

  it("a list that would shut out its sender is refused once lists are in force", async (t) => {
    const { databricks } = await openWorkspace(await openTestClouds(t));
    const early = await databricks.create(listType, allow("198.51.100.0/24"));
    await databricks.create(confType, { customConfig: { enableIpAccessLists: "true" } });
    await assert.rejects(
      databricks.create(listType, allow("198.51.100.0/24")),
      /203\.0\.113\.7 will not be allowed/,
    );
    await databricks.update(early, allow("198.51.100.0/24", "203.0.113.0/24"));
  });

  it("what is no IPv4 address fails the check", async (t) => {
    const { azure: client } = await openTestClouds(t);
    const { failures } = await client.check(listType, allow("10.0.0.0/40", "10.0.0.1", "here"));
    assert.deepEqual(
      failures.map((failure) => failure.reason),
      ["'10.0.0.0/40' is not an IPv4 address or block", "'here' is not an IPv4 address or block"],
    );
  });

  it("a workspace takes a thousand values", async (t) => {
    const { databricks } = await openWorkspace(await openTestClouds(t));
    const values = Array.from({ length: 1000 }, (_, n) => `10.0.${Math.floor(n / 250)}.${n % 250}`);
    await databricks.create(listType, allow(...values));
    await assert.rejects(databricks.create(listType, allow("10.1.0.0")), /1000/);
  });

  it("a setting that is unknown or not text fails the check", async (t) => {
    const { azure: client } = await openTestClouds(t);
    for (const [name, value] of [
      ["enableMagic", "true"],
      ["enableIpAccessLists", true],
    ] as const) {
      const { failures } = await client.check(confType, { customConfig: { [name]: value } });
      assert.deepEqual(
        failures.map((failure) => failure.property),
        [`customConfig.${name}`],
      );
    }
  });
});
