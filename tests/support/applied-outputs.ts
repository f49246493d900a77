/** What stacks tell once they are applied, as far as rows wait for it: for tests that run no engine. */

export const platformOutputs = {
  workspace_url: "adb-1234567890123456.7.azuredatabricks.net",
  factory_client_id: "00000000-0000-4000-8000-0000000000c1",
  factory_principal_id: "00000000-0000-4000-8000-0000000000f1",
  connector_principal_id: "00000000-0000-4000-8000-0000000000c3",
  metrics_endpoint: "https://dce-eastus-x1.eastus-1.ingest.monitor.azure.com",
  metrics_rule_id: "dcr-00112233445566778899aabbccddeeff",
};

export const workspaceOutputs = { storage_credential: "rowgate_eastus", warehouse_id: "475b94ddc7cd5211" };

export const jobOutputs = (jobId: number) => ({
  databricks_job_id: String(jobId),
  cluster_policy_id: `P${jobId}`,
  interactive_policy_id: `I${jobId}`,
  experiment_id: `E${jobId}`,
  identity_client_id: `00000000-0000-4000-8000-${String(Math.abs(jobId)).padStart(12, "0")}`,
  model_full_name: `ml.models.job_${jobId}`,
  container_url: `abfss://job-${jobId}@lake.dfs.core.windows.net`,
});
