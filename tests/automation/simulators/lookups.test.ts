/** The databricks functions that find an object by name, with the real provider's answers and refusals. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openTestClouds } from "./support/clouds.ts";
import {
  jobInputs,
  jobType,
  makeIdentity,
  openWorkspace,
  policyType,
  principalType,
} from "./support/world.ts";

const getJobs = "databricks:index/getJobs:getJobs";
const getJob = "databricks:index/getJob:getJob";
const getPolicy = "databricks:index/getClusterPolicy:getClusterPolicy";
const getPrincipal = "databricks:index/getServicePrincipal:getServicePrincipal";

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
