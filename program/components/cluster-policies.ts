import { ClusterPolicy } from "@pulumi/databricks/clusterPolicy.js";
import { type CustomResourceOptions, type Output, output } from "@pulumi/pulumi";
import type { JobSpec } from "../../metadata-schema/desired-state.ts";
import { otherScriptSources } from "../layout/cluster-choices.ts";
import { clusterPolicyName, interactivePolicyName } from "../layout/names.ts";

/** Databricks' own floor for clusters that end by themselves. */
const leastIdleMinutes = 10;

/** Unity Catalog asks for an access mode; this one gives a cluster to one identity alone. */
export const jobAccessMode = "SINGLE_USER";

/** Urgent work never waits for spare machines, nor loses them half-way. */
export const availabilityOf = ({ urgent, cluster }: JobSpec): string =>
  cluster.spot && !urgent ? "SPOT_WITH_FALLBACK_AZURE" : "ON_DEMAND_AZURE";

const fixed = (value: string | number | boolean) => ({ type: "fixed", value });
const forbidden = { type: "forbidden" };

/** Scripts at start run before anything checks who wrote them: from Unity Catalog volumes only. */
const noOtherScripts = Object.fromEntries(
  otherScriptSources.map((source) => [`init_scripts.*.${source}.destination`, forbidden]),
);

/** What holds for every cluster of a job, whoever starts it. */
function common({ cluster, environment, jobId }: JobSpec) {
  const workers = { type: "range", minValue: cluster.minWorkers, maxValue: cluster.maxWorkers };
  return {
    spark_version: fixed(cluster.sparkVersion),
    "autoscale.min_workers": workers,
    "autoscale.max_workers": workers,
    enable_local_disk_encryption: fixed(true),
    ...noOtherScripts,
    "custom_tags.job_id": fixed(String(jobId)),
    "custom_tags.environment": fixed(environment.name),
  };
}

/** What a policy leaves out it does not limit, so the driver is fixed like the workers. */
const machines = (spec: JobSpec) => ({
  node_type_id: fixed(spec.cluster.nodeType),
  driver_node_type_id: fixed(spec.cluster.nodeType),
  instance_pool_id: forbidden,
  driver_instance_pool_id: forbidden,
  "azure_attributes.availability": fixed(availabilityOf(spec)),
});

/**
 * The policy that the job's own clusters obey. `autotermination_minutes` is not for job clusters.
 * @param poolId of an urgent job, whose machines come from its pool; null: it has none
 */
export const jobPolicy = (
  spec: JobSpec,
  poolId: Output<string> | null,
  opts: CustomResourceOptions,
): ClusterPolicy =>
  new ClusterPolicy(
    "cluster-policy",
    {
      name: clusterPolicyName(spec.jobId),
      definition: output(poolId).apply((id) =>
        JSON.stringify({
          cluster_type: fixed("job"),
          // A pool says itself what machines it is of, and a cluster of it may not.
          ...(id === null
            ? machines(spec)
            : { instance_pool_id: fixed(id), driver_instance_pool_id: fixed(id) }),
          data_security_mode: fixed(jobAccessMode),
          ...common(spec),
        }),
      ),
    },
    opts,
  );

/** The policy for clusters that people work on by hand: like the job's, but they end by themselves. */
export function interactivePolicy(spec: JobSpec, opts: CustomResourceOptions): ClusterPolicy {
  const { autoTerminationMinutes } = spec.cluster;
  const definition = {
    cluster_type: fixed("all-purpose"),
    ...machines(spec),
    autotermination_minutes:
      autoTerminationMinutes <= leastIdleMinutes
        ? fixed(leastIdleMinutes)
        : {
            type: "range",
            minValue: leastIdleMinutes,
            maxValue: autoTerminationMinutes,
            defaultValue: autoTerminationMinutes,
          },
    data_security_mode: {
      type: "allowlist",
      values: ["USER_ISOLATION", "SINGLE_USER"],
      defaultValue: "USER_ISOLATION",
    },
    ...common(spec),
  };
  return new ClusterPolicy(
    "interactive-policy",
    {
      name: interactivePolicyName(spec.jobId),
      definition: JSON.stringify(definition),
      // One at a time: a forgotten one is found by who wants the next.
      maxClustersPerUser: 1,
    },
    opts,
  );
}
