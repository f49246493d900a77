import { InstancePool } from "@pulumi/databricks/instancePool.js";
import type { CustomResourceOptions } from "@pulumi/pulumi";
import type { JobSpec } from "../../metadata-schema/desired-state.ts";
import { instancePoolName } from "../layout/names.ts";
import { availabilityOf } from "./cluster-policies.ts";

/** Machines that stay warm between the runs of an urgent job. None is kept while nothing has run for a while. */
export const instancePool = (spec: JobSpec, opts: CustomResourceOptions): InstancePool =>
  new InstancePool(
    "instance-pool",
    {
      instancePoolName: instancePoolName(spec.jobId),
      nodeTypeId: spec.cluster.nodeType,
      preloadedSparkVersions: [spec.cluster.sparkVersion],
      minIdleInstances: 0,
      // The most that one run takes: its workers and its driver.
      maxCapacity: spec.cluster.maxWorkers + 1,
      idleInstanceAutoterminationMinutes: spec.cluster.autoTerminationMinutes,
      enableElasticDisk: true,
      azureAttributes: { availability: availabilityOf(spec) },
      customTags: { job_id: String(spec.jobId), environment: spec.environment.name },
    },
    // Most changes make a new pool, and names of pools are unique in a workspace: the old one has to go first.
    { ...opts, deleteBeforeReplace: true },
  );
