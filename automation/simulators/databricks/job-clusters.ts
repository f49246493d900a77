/** What must be there, and fit together, for the clusters of a job. */
import { plainError } from "../cloud-error.ts";
import { type Body, bodiesAt, textAt } from "../json.ts";
import type { CallContext } from "../resource-type.ts";
import { clusterPolicyFolder } from "./cluster-policy.ts";
import { instancePoolFolder } from "./instance-pool.ts";
import { attributesOf, clustersOf, policyFault } from "./policy-rules.ts";
import { requireNodeType, requireSparkVersion } from "./runtimes.ts";
import { getInWorkspace } from "./workspace-type.ts";

const invalid = (message: string): Error => plainError(400, "INVALID_PARAMETER_VALUE", message);

export function requireClusters(ctx: CallContext, job: Body): void {
  for (const cluster of clustersOf(job)) requireCluster(ctx, cluster);
  for (const task of bodiesAt(job, "tasks")) {
    const clusterId = textAt(task, "existingClusterId");
    // all-purpose clusters are not simulated, so none can exist
    if (clusterId) throw invalid(`Cluster ${clusterId} does not exist.`);
  }
}

function requireCluster(ctx: CallContext, cluster: Body): void {
  const policyId = textAt(cluster, "policyId");
  const policy = policyId ? getInWorkspace(ctx, clusterPolicyFolder, policyId) : undefined;
  if (policyId && !policy) throw invalid(`Can't find a cluster policy with id: ${policyId}.`);
  requireMachines(ctx, cluster);
  requireSparkVersion(textAt(cluster, "sparkVersion"));
  const fault = policy && policyFault(textAt(policy.body, "definition"), cluster, "job");
  if (fault) throw invalid(fault);
}

/** A pool knows its machines: a cluster of a pool must not name any, another one must. */
function requireMachines(ctx: CallContext, cluster: Body): void {
  const pool = textAt(cluster, "instancePoolId");
  const nodes = ["node_type_id", "driver_node_type_id"];
  const named = nodes.filter((name) => attributesOf(cluster).has(name));
  if (pool) {
    const [first] = named;
    if (first) {
      throw invalid(`The field '${first}' cannot be supplied when an instance pool ID is provided.`);
    }
  }
  for (const id of [pool, textAt(cluster, "driverInstancePoolId")]) {
    if (id && !getInWorkspace(ctx, instancePoolFolder, id)) {
      throw plainError(404, "RESOURCE_DOES_NOT_EXIST", `Can't find an instance pool with id: ${id}.`);
    }
  }
  const appliesDefaults = cluster.applyPolicyDefaultValues === true;
  const missing =
    !pool && !named.includes("node_type_id")
      ? "node_type_id"
      : cluster.numWorkers === undefined && cluster.autoscale === undefined && cluster.isSingleNode !== true
        ? "size"
        : undefined;
  if (missing && !appliesDefaults) {
    throw invalid(
      `Cluster validation error: Missing required field: settings.cluster_spec.new_cluster.${missing}`,
    );
  }
  for (const key of ["nodeTypeId", "driverNodeTypeId"]) requireNodeType(textAt(cluster, key));
}
