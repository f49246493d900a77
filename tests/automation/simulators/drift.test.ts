import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openTestClouds, type TestClouds } from "./support/clouds.ts";
import type { ProviderClient, Resource } from "./support/provider-client.ts";
import {
  grantType,
  jobInputs,
  jobType,
  makeGroup,
  makeNetwork,
  makeSubnet,
  openWorkspace,
  permissionsType,
  subnetType,
} from "./support/world.ts";

/** Paths at which the program's inputs differ from what a refresh read: what the next `up` would mend. */
async function pathsToMend(client: ProviderClient, made: Resource): Promise<readonly string[]> {
  const now = await client.read(made);
  return (await client.diff(made.type, now?.inputs ?? {}, made.inputs)).paths;
}

describe("refresh", () => {
  it("reads the inputs unchanged where nothing was changed", async (t) => {
    const clouds = await openTestClouds(t);
    const { workspace, databricks } = await openWorkspace(clouds);
    const job = await databricks.create(jobType, jobInputs({ tags: { job_id: "201" } }));
    assert.deepEqual((await clouds.azure.read(workspace))?.inputs, workspace.inputs);
    assert.deepEqual((await databricks.read(job))?.inputs, job.inputs);
  });

  it("sees a property that somebody changed in the portal, and an update mends it", async (t) => {
    const clouds = await openTestClouds(t);
    const { azure } = clouds;
    const { workspace } = await openWorkspace(clouds);
    await clouds.portal(workspace.id, { publicNetworkAccess: "Enabled" });
    assert.deepEqual(await pathsToMend(azure, workspace), ["publicNetworkAccess"]);
    const mended = await azure.update(workspace, workspace.inputs);
    assert.equal(mended.outputs.publicNetworkAccess, "Disabled");
    assert.deepEqual(await pathsToMend(azure, mended), []);
  });

  it("sees a property that the program never set", async (t) => {
    const clouds = await openTestClouds(t);
    const made = await makeGroup(clouds.azure);
    await clouds.portal(made.id, { tags: { who: "somebody" } });
    assert.deepEqual(await pathsToMend(clouds.azure, made), ["tags"]);
  });

  it("sees a tag that was removed", async (t) => {
    const clouds = await openTestClouds(t);
    const inputs = { resourceGroupName: "rg", location: "eastus", tags: { a: "1", b: "2" } };
    const made = await clouds.azure.create("azure-native:resources:ResourceGroup", inputs);
    await clouds.portal(made.id, { tags: { b: null } });
    assert.deepEqual(await pathsToMend(clouds.azure, made), ["tags.b"]);
  });

  it("sees a widened grant, a widened list and an edited job", async (t) => {
    const clouds = await openTestClouds(t);
    const { workspace, databricks } = await openWorkspace(clouds);
    const host = workspace.outputs.workspaceUrl;
    const job = await databricks.create(jobType, jobInputs());
    const run = { groupName: "ds_team", permissionLevel: "CAN_MANAGE_RUN" };
    const list = await databricks.create(permissionsType, { jobId: job.id, accessControls: [run] });
    const inputs = { model: "ml.models.job_201", principal: "ds_team", privileges: ["EXECUTE"] };
    const grant = await databricks.create(grantType, inputs);
    await clouds.portal(`metastore/grants/${grant.id}`, { privileges: ["EXECUTE", "MANAGE"] });
    const manage = { groupName: "twins", permissionLevel: "CAN_MANAGE" };
    await clouds.portal(`${host}/permissions/jobs/${job.id}`, { accessControls: [run, manage] });
    await clouds.portal(`${host}/jobs/${job.id}`, { maxConcurrentRuns: 9 });
    assert.deepEqual(await pathsToMend(databricks, grant), ["privileges[1]"]);
    assert.deepEqual(await pathsToMend(databricks, list), ["accessControls[1]"]);
    assert.deepEqual(await pathsToMend(databricks, job), ["maxConcurrentRuns"]);
    await mends(clouds, databricks, grant);
    await mends(clouds, databricks, list);
    await mends(clouds, databricks, job);
  });

  it("leaves what only the id tells alone, also where the engine recorded it as an output", async (t) => {
    const { azure } = await openTestClouds(t);
    const made = await makeGroup(azure);
    const adopted = { ...made, outputs: { ...made.outputs, ...made.inputs } };
    assert.deepEqual(await pathsToMend(azure, adopted), []);
  });

  it("takes what the cloud fills in for no input, although the SDKs declare some of it as one", async (t) => {
    const clouds = await openTestClouds(t);
    const { databricks } = await openWorkspace(clouds);
    const job = await databricks.create(jobType, jobInputs());
    const imported = await databricks.import(jobType, job.id);
    assert.deepEqual(
      Object.keys(imported?.inputs ?? {}).filter((name) => ["format", "url"].includes(name)),
      [],
    );
    await makeNetwork(clouds.azure);
    const subnet = await makeSubnet(clouds.azure);
    const { resourceGroupName, virtualNetworkName, subnetName, addressPrefix } = subnet.inputs;
    assert.deepEqual((await clouds.azure.import(subnetType, subnet.id))?.inputs, {
      addressPrefix,
      resourceGroupName,
      subnetName,
      virtualNetworkName,
    });
  });

  it("sees that somebody deleted an object", async (t) => {
    const clouds = await openTestClouds(t);
    const { workspace, databricks } = await openWorkspace(clouds);
    const job = await databricks.create(jobType, jobInputs());
    const id = `${workspace.outputs.workspaceUrl}/jobs/${job.id}`;
    assert.equal((await clouds.http("DELETE", `/sandbox/objects/${encodeURIComponent(id)}`)).status, 204);
    assert.equal(await databricks.read(job), undefined);
  });
});

async function mends(_clouds: TestClouds, client: ProviderClient, made: Resource): Promise<void> {
  const now = await client.read(made);
  assert.ok(now);
  assert.deepEqual(await pathsToMend(client, await client.update(now, made.inputs)), []);
}
