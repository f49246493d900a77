import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { JobSpec } from "../../../metadata-schema/desired-state.ts";
import { grantableRoles } from "../../../program/layout/azure-roles.ts";
import { roleAssignmentName } from "../../../program/layout/names.ts";
import { mockRun } from "../support/mock-run.ts";
import { jobSpec } from "../support/specs.ts";

const run = await mockRun(jobSpec);
const jobInputs = async (change: Partial<JobSpec>) =>
  (await mockRun({ ...jobSpec, ...change })).only("databricks:index/job:Job").inputs;

describe("a job stack", () => {
  it("gives the job an identity that Databricks knows by its client id", () => {
    const { inputs } = run.only("azure-native:managedidentity:UserAssignedIdentity");
    assert.equal(inputs.resourceName, "id-job-201");
    assert.deepEqual(inputs.tags, {
      job_id: "201",
      environment: "eastus",
      managed_by: "rowgate",
      owner: "ada@example.com",
    });
    assert.deepEqual(run.only("databricks:index/servicePrincipal:ServicePrincipal").inputs, {
      applicationId: "client-1",
      displayName: "id-job-201",
    });
  });

  it("lets the identity read exactly the secrets of its rows", () => {
    const { inputs, replaceOnChanges } = run.only("azure-native:authorization:RoleAssignment");
    const scope = `${jobSpec.secrets[0]?.vaultId}/secrets/databricks-token`;
    const roleId = grantableRoles.keyVaultSecretsUser.id;
    assert.deepEqual(inputs, {
      scope,
      principalId: "principal-1",
      principalType: "ServicePrincipal",
      roleDefinitionId: `/subscriptions/${jobSpec.environment.subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${roleId}`,
      roleAssignmentName: roleAssignmentName(scope, "principal-1", roleId),
    });
    assert.deepEqual(replaceOnChanges, ["roleDefinitionId", "principalType"]);
  });

  it("bounds its clusters by a policy that fixes what the row says", () => {
    const { inputs } = run.only("databricks:index/clusterPolicy:ClusterPolicy");
    assert.equal(inputs.name, "rowgate-job-201");
    const definition = JSON.parse(String(inputs.definition));
    assert.deepEqual(definition.node_type_id, { type: "fixed", value: "Standard_DS3_v2" });
    assert.deepEqual(definition.spark_version, { type: "fixed", value: jobSpec.cluster.sparkVersion });
    assert.deepEqual(definition["autoscale.max_workers"], { type: "range", minValue: 1, maxValue: 4 });
    assert.deepEqual(definition.data_security_mode, { type: "fixed", value: "SINGLE_USER" });
    assert.equal(definition.autotermination_minutes, undefined);
  });

  it("runs the notebook on an autoscaling job cluster under that policy, as that identity", () => {
    const { inputs } = run.only("databricks:index/job:Job");
    assert.equal(inputs.name, "job-201 churn scoring");
    assert.deepEqual(inputs.runAs, { servicePrincipalName: "client-1" });
    assert.deepEqual(inputs.tasks, [
      {
        taskKey: "main",
        jobClusterKey: "main",
        notebookTask: { notebookPath: "/Workspace/Jobs/job_201", source: "WORKSPACE" },
      },
    ]);
    assert.deepEqual(inputs.jobClusters, [
      {
        jobClusterKey: "main",
        newCluster: {
          policyId: "cluster-policy-id",
          sparkVersion: jobSpec.cluster.sparkVersion,
          nodeTypeId: "Standard_DS3_v2",
          autoscale: { minWorkers: 1, maxWorkers: 4 },
          dataSecurityMode: "SINGLE_USER",
          enableLocalDiskEncryption: true,
          azureAttributes: { availability: "SPOT_WITH_FALLBACK_AZURE", firstOnDemand: 1 },
          customTags: { job_id: "201", environment: "eastus" },
        },
      },
    ]);
  });

  it("schedules an enabled job, pauses a disabled one, and leaves one without a schedule alone", async () => {
    const schedule = { quartzCronExpression: "0 0 2 * * ?", timezoneId: "UTC" };
    assert.deepEqual((await jobInputs({})).schedule, { ...schedule, pauseStatus: "UNPAUSED" });
    assert.deepEqual((await jobInputs({ enabled: false })).schedule, {
      ...schedule,
      pauseStatus: "PAUSED",
    });
    assert.equal((await jobInputs({ schedule: null })).schedule, undefined);
  });

  it("never puts urgent work on spare machines", async () => {
    const { jobClusters } = await jobInputs({ urgent: true });
    assert.match(JSON.stringify(jobClusters), /"availability":"ON_DEMAND_AZURE"/);
  });

  it("without an owner carries no owner tag", async () => {
    const { tags } = await jobInputs({ owner: null });
    assert.deepEqual(tags, { job_id: "201", environment: "eastus", managed_by: "rowgate" });
  });

  it("promises its outputs, secrets as unversioned addresses", () => {
    assert.deepEqual(run.outputs, {
      job_id: 201,
      environment: "eastus",
      databricks_job_id: "job-id",
      databricks_job_url: "https://adb-1234567890123456.7.azuredatabricks.net/jobs/job-id",
      cluster_policy_id: "cluster-policy-id",
      identity_client_id: "client-1",
      identity_principal_id: "principal-1",
      service_principal_id: "service-principal-id",
      model_full_name: "ml.models.churn",
      secret_uris: [`${jobSpec.secrets[0]?.vaultUri}/secrets/databricks-token`],
    });
  });
});
