import type { Provider as DatabricksProvider } from "@pulumi/databricks/provider.js";
import type { Resource } from "@pulumi/pulumi";
import type { JobSpec } from "../../metadata-schema/desired-state.ts";
import { azurePlaces } from "../components/azure-places.ts";
import { interactivePolicy } from "../components/cluster-policies.ts";
import { DatabricksJob } from "../components/databricks-job.ts";
import { DriftMonitor } from "../components/drift-monitor.ts";
import { experiment } from "../components/experiment.ts";
import { IdentityAccess } from "../components/identity-access.ts";
import { JobAlerts } from "../components/job-alerts.ts";
import { JobContainer } from "../components/job-container.ts";
import { JobPipeline } from "../components/job-pipeline.ts";
import { modelServing } from "../components/model-serving.ts";
import { ownModel } from "../components/own-model.ts";
import { databricksProvider } from "../components/providers.ts";
import { WorkloadIdentity } from "../components/workload-identity.ts";
import {
  containerUrl,
  factoryId,
  lakeId,
  pipelineName,
  resourceGroupId,
  secretUri,
  servingEndpointName,
  triggerName,
} from "../layout/names.ts";
import type { PromisedOutputs } from "../outputs.ts";

/** All that is one job's alone. */
export function job(spec: JobSpec): PromisedOutputs<"job"> {
  const { environment, jobId, pipeline } = spec;
  const placeOf = azurePlaces(environment);
  const azure = placeOf(resourceGroupId(environment)).provider;
  const databricks = databricksProvider(environment, spec.workspace);
  const providers = [azure, databricks];
  const inDatabricks = { provider: databricks };

  const who = new WorkloadIdentity("workload-identity", { spec, azure }, { providers });
  const { applicationId } = who.servicePrincipal;
  const data = new JobContainer("job-container", { spec, lake: placeOf(lakeId(environment)) }, { providers });
  new IdentityAccess(
    "identity-access",
    { spec, principalId: who.identity.principalId, applicationId, container: data },
    { providers },
  );
  const models: Resource[] = spec.ownsModel ? [ownModel(spec, applicationId, inDatabricks)] : [];
  const people = interactivePolicy(spec, inDatabricks);
  const runs = experiment(spec, inDatabricks);
  const work = workOf(spec, { who, models, databricks });
  if (spec.driftWarehouseId !== null) {
    const warehouseId = spec.driftWarehouseId;
    new DriftMonitor("drift-monitor", { spec, warehouseId, writer: applicationId }, { providers });
  }
  if (pipeline !== null) {
    const factory = placeOf(factoryId(environment));
    new JobPipeline("job-pipeline", { spec, pipeline, factory }, { providers });
  }
  const alerts = new JobAlerts("job-alerts", spec, { providers });
  return {
    job_id: jobId,
    environment: environment.name,
    ...work,
    interactive_policy_id: people.id,
    experiment_id: runs.id,
    identity_client_id: who.identity.clientId,
    identity_principal_id: who.identity.principalId,
    service_principal_id: who.servicePrincipal.id,
    model_full_name: spec.model,
    container_url: containerUrl(environment, jobId),
    secret_uris: spec.secrets.map(({ vaultUri, secretName }) => secretUri(vaultUri, secretName)),
    pipeline_name: pipeline === null ? null : pipelineName(jobId),
    trigger_name: pipeline === null || pipeline.trigger === null ? null : triggerName(jobId),
    integration_runtime: pipeline === null ? null : pipeline.runtime,
    alert_ids: alerts.ids,
  };
}

type WorkOutputs = Pick<
  PromisedOutputs<"job">,
  | "databricks_job_id"
  | "databricks_job_url"
  | "cluster_policy_id"
  | "instance_pool_id"
  | "serving_endpoint_id"
  | "serving_endpoint_name"
>;

/** What does the work: a Databricks job, or for an online job an endpoint in its place. */
function workOf(
  spec: JobSpec,
  needs: {
    readonly who: WorkloadIdentity;
    readonly models: readonly Resource[];
    readonly databricks: DatabricksProvider;
  },
): WorkOutputs {
  const { who, models, databricks } = needs;
  if (spec.online) {
    // Until its model has a version there is nothing to serve.
    const endpoint =
      spec.serving === null
        ? null
        : modelServing(spec, spec.serving, { provider: databricks, dependsOn: [...models] });
    return {
      databricks_job_id: null,
      databricks_job_url: null,
      cluster_policy_id: null,
      instance_pool_id: null,
      serving_endpoint_id: endpoint === null ? null : endpoint.servingEndpointId,
      serving_endpoint_name: endpoint === null ? null : servingEndpointName(spec.jobId),
    };
  }
  const runAs = who.servicePrincipal.applicationId;
  const args = { spec, runAs, ready: who.ready };
  const { job, policy, pool } = new DatabricksJob("databricks-job", args, { providers: [databricks] });
  return {
    databricks_job_id: job.id,
    databricks_job_url: job.id.apply((id) => `https://${spec.workspace.host}/jobs/${id}`),
    cluster_policy_id: policy.id,
    instance_pool_id: pool === null ? null : pool.id,
    serving_endpoint_id: null,
    serving_endpoint_name: null,
  };
}
