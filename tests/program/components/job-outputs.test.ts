import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { lakeId } from "../../../program/layout/names.ts";
import { fullJobSpec, onlineJobSpec } from "../support/job-specs.ts";
import { mockRun } from "../support/mock-run.ts";
import { environment, jobSpec } from "../support/specs.ts";

const run = await mockRun(jobSpec);
const full = await mockRun(fullJobSpec);
const online = await mockRun(onlineJobSpec);
const lastName = (id: string | undefined): string | undefined => id?.split("/").at(-1);

describe("the outputs of a job stack", () => {
  const common = {
    job_id: 201,
    environment: "eastus",
    interactive_policy_id: "interactive-policy-id",
    experiment_id: "experiment-id",
    identity_client_id: "client-1",
    identity_principal_id: "principal-1",
    service_principal_id: "service-principal-id",
    model_full_name: "ml.models.churn",
    container_url: `abfss://job-201@${lastName(lakeId(environment))}.dfs.core.windows.net`,
    secret_uris: [`${jobSpec.secrets[0]?.vaultUri}/secrets/databricks-token`],
    pipeline_name: null,
    trigger_name: null,
    integration_runtime: null,
    alert_ids: [],
  };

  it("are all of a batch job's, secrets as unversioned addresses", () => {
    assert.deepEqual(run.outputs, {
      ...common,
      databricks_job_id: "job-id",
      databricks_job_url: "https://adb-1234567890123456.7.azuredatabricks.net/jobs/job-id",
      cluster_policy_id: "cluster-policy-id",
      instance_pool_id: null,
      serving_endpoint_id: null,
      serving_endpoint_name: null,
    });
  });

  it("are all of an online job's", () => {
    assert.deepEqual(online.outputs, {
      ...common,
      databricks_job_id: null,
      databricks_job_url: null,
      cluster_policy_id: null,
      instance_pool_id: null,
      serving_endpoint_id: "0123456789abcdef0123456789abcdef",
      serving_endpoint_name: "job-201",
    });
  });

  it("name pool, pipeline, trigger, runtime and alerts where there are any", () => {
    const { outputs } = full;
    assert.equal(outputs.instance_pool_id, "instance-pool-id");
    assert.equal(outputs.pipeline_name, "pl-job-201");
    assert.equal(outputs.trigger_name, "tr-job-201");
    assert.equal(outputs.integration_runtime, "ir-plant-lyon");
    assert.deepEqual(outputs.alert_ids, [
      "alert-job-201-model_accuracy-lessthan-id",
      "alert-job-201-model_accuracy-lessthan-missing-id",
      "alert-job-201-pipeline_failures-greaterthan-id",
    ]);
  });
});
