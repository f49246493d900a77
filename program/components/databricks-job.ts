import { ClusterPolicy } from "@pulumi/databricks/clusterPolicy.js";
import { Job, type JobArgs } from "@pulumi/databricks/job.js";
import { ComponentResource, type ComponentResourceOptions, type Input } from "@pulumi/pulumi";
import type { JobSpec } from "../../metadata-schema/desired-state.ts";
import { clusterPolicyName, databricksJobName } from "../layout/names.ts";
import { jobTags } from "./tags.ts";

/** One cluster and one task a job: their keys only have to differ inside it. */
const clusterKey = "main";
const taskKey = "main";

/** Unity Catalog asks for an access mode; this one gives a cluster to one identity alone. */
const accessMode = "SINGLE_USER";

/** Urgent work never waits for spare machines, nor loses them half-way. */
const availabilityOf = (urgent: boolean): string => (urgent ? "ON_DEMAND_AZURE" : "SPOT_WITH_FALLBACK_AZURE");

/**
 * Definition of the policy that the job's clusters obey, as JSON text: what the row says is fixed, whoever
 * starts the job. `autotermination_minutes` is not for job clusters.
 */
const policyDefinition = ({ cluster, environment, jobId }: JobSpec): string =>
  JSON.stringify({
    cluster_type: { type: "fixed", value: "job" },
    spark_version: { type: "fixed", value: cluster.sparkVersion },
    node_type_id: { type: "fixed", value: cluster.nodeType },
    "autoscale.min_workers": { type: "range", minValue: cluster.minWorkers, maxValue: cluster.maxWorkers },
    "autoscale.max_workers": { type: "range", minValue: cluster.minWorkers, maxValue: cluster.maxWorkers },
    data_security_mode: { type: "fixed", value: accessMode },
    enable_local_disk_encryption: { type: "fixed", value: true },
    "custom_tags.job_id": { type: "fixed", value: String(jobId) },
    "custom_tags.environment": { type: "fixed", value: environment.name },
  });

const jobCluster = (spec: JobSpec, policyId: Input<string>): NonNullable<JobArgs["jobClusters"]> => [
  {
    jobClusterKey: clusterKey,
    newCluster: {
      policyId,
      sparkVersion: spec.cluster.sparkVersion,
      nodeTypeId: spec.cluster.nodeType,
      autoscale: { minWorkers: spec.cluster.minWorkers, maxWorkers: spec.cluster.maxWorkers },
      dataSecurityMode: accessMode,
      enableLocalDiskEncryption: true,
      // The driver is never a spot machine: losing it loses the run.
      azureAttributes: { availability: availabilityOf(spec.urgent), firstOnDemand: 1 },
      customTags: { job_id: String(spec.jobId), environment: spec.environment.name },
    },
  },
];

/** None at all without a schedule; paused, not gone, while the job is disabled. */
const scheduleArgs = ({ schedule, enabled }: JobSpec): Pick<JobArgs, "schedule"> =>
  schedule === null
    ? {}
    : {
        schedule: {
          quartzCronExpression: schedule.cron,
          timezoneId: schedule.timeZone,
          pauseStatus: enabled ? "UNPAUSED" : "PAUSED",
        },
      };

/** The Databricks job of a batch job, and the policy that bounds its clusters. */
export class DatabricksJob extends ComponentResource {
  readonly job: Job;
  readonly policy: ClusterPolicy;

  /** @param args.runAs application id of the identity that the job runs as */
  constructor(
    name: string,
    args: { readonly spec: JobSpec; readonly runAs: Input<string> },
    opts: ComponentResourceOptions,
  ) {
    super("rowgate:components:DatabricksJob", name, {}, opts);
    const { spec } = args;
    this.policy = new ClusterPolicy(
      "cluster-policy",
      { name: clusterPolicyName(spec.jobId), definition: policyDefinition(spec) },
      { parent: this },
    );
    this.job = new Job(
      "job",
      {
        name: databricksJobName(spec.jobId, spec.name),
        jobClusters: jobCluster(spec, this.policy.id),
        tasks: [
          {
            taskKey,
            jobClusterKey: clusterKey,
            notebookTask: { notebookPath: spec.taskPath, source: "WORKSPACE" },
          },
        ],
        parameters: [
          { name: "job_id", default: String(spec.jobId) },
          { name: "model", default: spec.model },
        ],
        runAs: { servicePrincipalName: args.runAs },
        // A run that comes while another is under way waits for it instead of being skipped.
        maxConcurrentRuns: 1,
        queue: { enabled: true },
        tags: jobTags(spec),
        ...scheduleArgs(spec),
      },
      { parent: this },
    );
    this.registerOutputs();
  }
}
