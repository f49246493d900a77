import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openTestClouds } from "./support/clouds.ts";
import type { Properties } from "./support/provider-client.ts";
import {
  cluster,
  jobInputs,
  jobType,
  makeIdentity,
  makeWorkspace,
  openWorkspace,
  policyType,
  principalType,
} from "./support/world.ts";

describe("workspaces", () => {
  it("a workspace has a 16-digit id, and a host name made of it", async (t) => {
    const { workspace } = await openWorkspace(await openTestClouds(t));
    const { workspaceId, workspaceUrl } = workspace.outputs;
    assert.match(workspaceId, /^\d{16}$/);
    assert.match(workspaceUrl, new RegExp(`^adb-${workspaceId}\\.\\d+\\.azuredatabricks\\.net$`));
  });

  it("what Azure fixes at creation cannot be changed", async (t) => {
    const clouds = await openTestClouds(t);
    const { workspace } = await openWorkspace(clouds);
    const serverless = { ...workspace.inputs, computeMode: "Serverless" };
    await assert.rejects(clouds.azure.update(workspace, serverless), /'computeMode'.*cannot be changed/);
    const opened = await clouds.azure.update(workspace, {
      ...workspace.inputs,
      publicNetworkAccess: "Enabled",
    });
    assert.equal(opened.outputs.workspaceUrl, workspace.outputs.workspaceUrl);
  });

  it("a host that no workspace has is not reached", async (t) => {
    const clouds = await openTestClouds(t);
    const databricks = await clouds.databricks({ host: "https://adb-1.2.azuredatabricks.net" });
    await assert.rejects(databricks.create(jobType, jobInputs()), /no such host/);
    const nowhere = await clouds.databricks({});
    await assert.rejects(nowhere.create(jobType, jobInputs()), /cannot configure default credentials/);
  });

  it("a workspace is found by its ARM id too", async (t) => {
    const clouds = await openTestClouds(t);
    const { workspace } = await openWorkspace(clouds);
    const databricks = await clouds.databricks({ azureWorkspaceResourceId: workspace.id });
    const job = await databricks.create(jobType, jobInputs());
    assert.ok(job.outputs.url.startsWith(`https://${workspace.outputs.workspaceUrl}/`));
  });

  it("each workspace has its own objects", async (t) => {
    const clouds = await openTestClouds(t);
    const { databricks } = await openWorkspace(clouds);
    const other = await makeWorkspace(clouds.azure, {
      workspaceName: "dbw-two",
      managedResourceGroupId:
        "/subscriptions/22222222-2222-4222-8222-222222222222/resourceGroups/rg-managed-2",
    });
    const elsewhere = await clouds.databricks({ host: other.outputs.workspaceUrl });
    const job = await databricks.create(jobType, jobInputs());
    assert.equal(await elsewhere.read(job), undefined);
    assert.notEqual(await databricks.read(job), undefined);
  });
});

describe("service principals", () => {
  it("an application that the tenant does not know is refused", async (t) => {
    const { databricks } = await openWorkspace(await openTestClouds(t));
    await assert.rejects(
      databricks.create(principalType, { applicationId: "99999999-9999-4999-8999-999999999999" }),
      /is not known to the tenant/,
    );
  });

  it("an application is registered once in a workspace, unless it is forced", async (t) => {
    const clouds = await openTestClouds(t);
    const { databricks } = await openWorkspace(clouds);
    const { clientId: applicationId } = (await makeIdentity(clouds.azure)).outputs;
    const first = await databricks.create(principalType, { applicationId });
    assert.match(first.id, /^\d+$/);
    assert.equal(first.outputs.displayName, "id-job-201");
    await assert.rejects(databricks.create(principalType, { applicationId }), /already exists/);
    assert.equal((await databricks.create(principalType, { applicationId, force: true })).id, first.id);
  });
});

describe("jobs and policies", () => {
  it("a job keeps its numeric id through an edit", async (t) => {
    const { databricks } = await openWorkspace(await openTestClouds(t));
    const job = await databricks.create(jobType, jobInputs());
    assert.match(job.id, /^\d+$/);
    const edited = await databricks.update(job, jobInputs({ name: "renamed" }));
    assert.equal(edited.outputs.name, "renamed");
    assert.equal((await databricks.diff(jobType, job.inputs, edited.inputs)).replaces.length, 0);
  });

  it("a job runs as a principal of its workspace only", async (t) => {
    const clouds = await openTestClouds(t);
    const { databricks } = await openWorkspace(clouds);
    const { clientId } = (await makeIdentity(clouds.azure)).outputs;
    const inputs = jobInputs({ runAs: { servicePrincipalName: clientId } });
    await assert.rejects(databricks.create(jobType, inputs), /ServicePrincipalName\(.*\) does not exist/);
    await databricks.create(principalType, { applicationId: clientId });
    await databricks.create(jobType, inputs);
  });

  it("a job's cluster names a policy that exists", async (t) => {
    const { databricks } = await openWorkspace(await openTestClouds(t));
    const inputs = (policyId: string): Properties =>
      jobInputs({
        jobClusters: [{ jobClusterKey: "main", newCluster: cluster({ policyId }) }],
      });
    await assert.rejects(
      databricks.create(jobType, inputs("0123456789ABCDEF")),
      /Can't find a cluster policy/,
    );
    const policy = await databricks.create(policyType, { name: "p", definition: "{}" });
    assert.match(policy.id, /^[0-9A-F]{16}$/);
    assert.equal(policy.outputs.policyId, policy.id);
    await databricks.create(jobType, inputs(policy.id));
  });

  it("a job that does not hang together fails the check", async (t) => {
    const { azure: client } = await openTestClouds(t);
    const faults = async (inputs: Properties) =>
      (await client.check(jobType, jobInputs(inputs))).failures.map((failure) => failure.property);
    assert.deepEqual(await faults({ tasks: [{ taskKey: "a" }, { taskKey: "a" }] }), ["tasks[1].taskKey"]);
    assert.deepEqual(await faults({ tasks: [{ taskKey: "a", jobClusterKey: "x" }] }), [
      "tasks[0].jobClusterKey",
    ]);
    const dependsOns = [{ taskKey: "z" }];
    assert.deepEqual(await faults({ tasks: [{ taskKey: "a", dependsOns }] }), ["tasks[0].dependsOns"]);
    const newCluster = { sparkVersion: "x", numWorkers: 1, autoscale: { minWorkers: 1 } };
    assert.deepEqual(await faults({ jobClusters: [{ jobClusterKey: "x", newCluster }] }), [
      "jobClusters[0].newCluster.autoscale",
    ]);
    assert.deepEqual(await faults({ schedule: { quartzCronExpression: "0 0 3 * * ?" } }), [
      "schedule.timezoneId",
    ]);
  });

  it("a policy's name is unique in its workspace, and its definition is made of elements", async (t) => {
    const { databricks } = await openWorkspace(await openTestClouds(t));
    await databricks.create(policyType, { name: "p", definition: '{"x":{"type":"fixed","value":1}}' });
    await assert.rejects(databricks.create(policyType, { name: "p", definition: "{}" }), /must be unique/);
    await assert.rejects(databricks.create(policyType, { name: "q", definition: "[" }), /not a JSON object/);
    const wrong = { name: "q", definition: '{"x":{"type":"exactly"}}' };
    await assert.rejects(databricks.create(policyType, wrong), /element 'x' has no valid type/);
  });
});
