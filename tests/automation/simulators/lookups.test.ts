/** The databricks functions that find an object by name, with the real provider's answers and refusals. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openTestClouds } from "./support/clouds.ts";
import {
  assignmentType,
  experimentType,
  jobInputs,
  jobType,
  makeIdentity,
  openWorkspace,
  policyType,
  poolType,
  principalType,
  warehouseType,
} from "./support/world.ts";

const getJobs = "databricks:index/getJobs:getJobs";
const getJob = "databricks:index/getJob:getJob";
const getPolicy = "databricks:index/getClusterPolicy:getClusterPolicy";
const getPrincipal = "databricks:index/getServicePrincipal:getServicePrincipal";
const getExperiment = "databricks:index/getMlflowExperiment:getMlflowExperiment";
const getPool = "databricks:index/getInstancePool:getInstancePool";
const getWarehouse = "databricks:index/getSqlWarehouse:getSqlWarehouse";
const getGroup = "databricks:index/getGroup:getGroup";

describe("lookups in a Databricks workspace", () => {
  it("jobs are found by a part of the name in any case, and by id where a name is doubled", async (test) => {
    const { databricks } = await openWorkspace(await openTestClouds(test));
    const first = await databricks.create(
      jobType,
      jobInputs({ name: "Job-201 churn", tags: { job_id: "201" } }),
    );
    await databricks.create(jobType, jobInputs({ name: "job-2011" }), "other");
    const named = await databricks.invoke(getJobs, { jobNameContains: "churn" });
    assert.deepEqual(named.ids, { "Job-201 churn": first.id });
    const byId = await databricks.invoke(getJobs, { jobNameContains: "JOB-201", key: "id" });
    assert.equal(Object.keys(byId.ids).length, 2);
    assert.equal(byId.ids[first.id], first.id);
    await databricks.create(jobType, jobInputs({ name: "job-2011" }), "twin");
    await assert.rejects(databricks.invoke(getJobs, {}), /duplicate job name detected: job-2011/);
    await assert.rejects(databricks.invoke(getJobs, { key: "tag" }), /unsupported key tag/);
    assert.deepEqual((await databricks.invoke(getJobs, { jobNameContains: "none" })).ids, {});
  });

  it("one job is shown with its settings", async (test) => {
    const { databricks } = await openWorkspace(await openTestClouds(test));
    const made = await databricks.create(jobType, jobInputs({ tags: { managed_by: "rowgate" } }));
    for (const args of [{ jobId: made.id }, { jobName: "job-201" }]) {
      const shown = await databricks.invoke(getJob, args);
      assert.equal(shown.jobId, made.id);
      assert.equal(shown.jobSettings.settings.name, "job-201");
      assert.deepEqual(shown.jobSettings.settings.tags, { managed_by: "rowgate" });
    }
    await assert.rejects(databricks.invoke(getJob, { jobId: "1" }), /no job found with specified name or id/);
  });

  it("a cluster policy is found by its exact name", async (test) => {
    const { databricks } = await openWorkspace(await openTestClouds(test));
    const made = await databricks.create(policyType, { name: "rowgate-job-201", definition: "{}" });
    const found = await databricks.invoke(getPolicy, { name: "rowgate-job-201" });
    assert.deepEqual([found.id, found.definition, found.isDefault], [made.id, "{}", false]);
    await assert.rejects(
      databricks.invoke(getPolicy, { name: "Rowgate-job-201" }),
      /named 'Rowgate-job-201' does not exist/,
    );
  });

  it("an experiment is found by its path or its id, with its tags", async (test) => {
    const { databricks } = await openWorkspace(await openTestClouds(test));
    const tags = [{ key: "job_id", value: "201" }];
    const made = await databricks.create(experimentType, { name: "/Shared/job-201", tags });
    for (const args of [{ name: "/Shared/job-201" }, { experimentId: made.id }]) {
      const found = await databricks.invoke(getExperiment, args);
      assert.deepEqual([found.experimentId, found.name, found.tags], [made.id, "/Shared/job-201", tags]);
    }
    await assert.rejects(
      databricks.invoke(getExperiment, { name: "/Shared/job-202" }),
      /Node \/Shared\/job-202 does not exist/,
    );
    await assert.rejects(databricks.invoke(getExperiment, {}), /'experiment_id' or 'name'/);
  });

  it("a pool is found by its exact name, with what it is of", async (test) => {
    const { databricks } = await openWorkspace(await openTestClouds(test));
    const customTags = { job_id: "201" };
    const inputs = {
      instancePoolName: "rowgate-job-201",
      idleInstanceAutoterminationMinutes: 10,
      customTags,
    };
    const made = await databricks.create(poolType, { ...inputs, nodeTypeId: "Standard_D4ds_v5" });
    const found = await databricks.invoke(getPool, { name: "rowgate-job-201" });
    assert.deepEqual([found.id, found.poolInfo.instancePoolId], [made.id, made.id]);
    assert.deepEqual(found.poolInfo.customTags, customTags);
    await assert.rejects(
      databricks.invoke(getPool, { name: "Rowgate-job-201" }),
      /instance pool 'Rowgate-job-201' doesn't exist/,
    );
  });

  it("a warehouse is found by its name or its id, with its tags", async (test) => {
    const { databricks } = await openWorkspace(await openTestClouds(test));
    const tags = { customTags: [{ key: "environment", value: "eastus" }] };
    const made = await databricks.create(warehouseType, {
      name: "rowgate-eastus",
      clusterSize: "2X-Small",
      tags,
    });
    for (const args of [{ name: "rowgate-eastus" }, { id: made.id }]) {
      const found = await databricks.invoke(getWarehouse, args);
      assert.deepEqual([found.id, found.name, found.tags], [made.id, "rowgate-eastus", tags]);
    }
    await assert.rejects(
      databricks.invoke(getWarehouse, { name: "none" }),
      /can't find SQL warehouse with the name 'none'/,
    );
    await assert.rejects(databricks.invoke(getWarehouse, {}), /either 'id' or 'name'/);
  });

  it("a group is found once it was let into the workspace, under the number that it has there", async (test) => {
    const { databricks } = await openWorkspace(await openTestClouds(test));
    const asked = { displayName: "ds_team" };
    await assert.rejects(databricks.invoke(getGroup, asked), /cannot find group: ds_team/);
    const made = await databricks.create(assignmentType, { groupName: "ds_team", permissions: ["USER"] });
    const found = await databricks.invoke(getGroup, asked);
    assert.deepEqual([found.id, found.displayName], [made.id, "ds_team"]);
  });

  it("a service principal is found by its application, or by a display name that is its own", async (test) => {
    const clouds = await openTestClouds(test);
    const { databricks } = await openWorkspace(clouds);
    const principals = [];
    for (const name of ["id-job-201", "id-job-202"]) {
      const identity = await makeIdentity(clouds.azure, name);
      const inputs = { applicationId: identity.outputs.clientId, displayName: "same" };
      principals.push(await databricks.create(principalType, inputs, name));
    }
    const [one] = principals;
    const applicationId = String(one?.inputs.applicationId);
    const found = await databricks.invoke(getPrincipal, { applicationId: applicationId.toUpperCase() });
    assert.deepEqual([found.id, found.applicationId], [one?.id, applicationId]);
    await assert.rejects(
      databricks.invoke(getPrincipal, { applicationId: "none" }),
      /cannot find SP with ID none/,
    );
    await assert.rejects(
      databricks.invoke(getPrincipal, { displayName: "same" }),
      /more than 1 service principal/,
    );
    await assert.rejects(databricks.invoke(getPrincipal, {}), /either application_id or display_name/);
  });

  it("without a workspace nothing is found", async (test) => {
    const { azure } = await openTestClouds(test);
    await assert.rejects(azure.invoke(getJobs, {}), /neither host nor azureWorkspaceResourceId/);
  });
});
