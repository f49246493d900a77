/** What the access property found: access that waits for what is not there, or names what is gone. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  admittedIn,
  after,
  answers,
  factoryPrincipalId,
  jobRow,
  jobSnapshot,
  pipelineRow,
  policyRow,
  refusals,
  resolve,
  sourceRow,
  teamId,
} from "../../support/snapshots.ts";

describe("access to what is not there", () => {
  it("a policy can't name as its job's own a model that the job does not make", () => {
    const job = jobRow({ model: "ml.models.shared" });
    const policies = [policyRow({ permissions: ["read_model"], model: "ml.models.job_201" })];
    const host = "adb-1234567890123456.7.azuredatabricks.net";
    const known = answers([
      { kind: "model", name: "ml.models.shared", workspace: host },
      { status: "found", objectId: "ml.models.shared" },
    ]);
    const resolution = resolve(jobSnapshot({ job, policies }), known);
    assert.ok(refusals(resolution).includes("Access_Policies 1 Waiting ModelNotFound"));
    assert.deepEqual(admittedIn(resolution, `access-eastus-${teamId}`), []);
  });

  it("the factory gets no secret for a pipeline whose job is not there yet", () => {
    const source = sourceRow({ location: "eastus", key_vault: "ml-vault", secret_name: "databricks-token" });
    const rows = { pipelineSettings: [pipelineRow({ data_source: source.name })], dataSources: [source] };
    const standing = jobSnapshot(rows);
    const { "job-eastus-201": _job, ...outputs } = standing.outputs;
    const stack = `access-eastus-${factoryPrincipalId}`;
    assert.deepEqual(admittedIn(resolve({ ...standing, outputs }), stack), []);
    assert.equal(admittedIn(resolve(standing), stack).length, 2);
  });

  it("a permission list forgets the Databricks job of a job that is online now", () => {
    const policies = [policyRow({ permissions: ["execute_inference", "view_experiment"] })];
    const batch = jobSnapshot({ policies });
    const outputs = {
      ...batch.outputs,
      "job-eastus-201": { ...batch.outputs["job-eastus-201"], databricks_job_id: null },
    };
    const online = after(batch, { job: jobRow({ kind: "online" }), outputs });
    const acl = resolve(online).contributions.find(({ stack }) => stack === "acl-eastus-job-201");
    assert.ok(acl?.base?.kind === "acl");
    assert.equal(acl.base.objectIds.job, undefined);
    assert.equal(acl.base.objectIds.experiment, "81");
  });
});
