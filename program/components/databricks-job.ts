import type { ClusterPolicy } from "@pulumi/databricks/clusterPolicy.js";
import type { InstancePool } from "@pulumi/databricks/instancePool.js";
import { Job, type JobArgs } from "@pulumi/databricks/job.js";
import { ComponentResource, type ComponentResourceOptions, type Input, type Resource } from "@pulumi/pulumi";
import type { JobSpec } from "../../metadata-schema/desired-state.ts";
import { containerUrl, databricksJobName } from "../layout/names.ts";
import { availabilityOf, jobAccessMode, jobPolicy } from "./cluster-policies.ts";
import { instancePool } from "./instance-pool.ts";
import { jobTags } from "./tags.ts";

/** One cluster and one task a job: their keys only have to differ inside it. */
const clusterKey = "main";
const taskKey = "main";

const jobCluster = (
  spec: JobSpec,
  { policy, pool }: Pick<DatabricksJob, "policy" | "pool">,
): NonNullable<JobArgs["jobClusters"]> => [
  {
    jobClusterKey: clusterKey,
    newCluster: {
      policyId: policy.id,
      sparkVersion: spec.cluster.sparkVersion,
      ...(pool === null
        ? {
            nodeTypeId: spec.cluster.nodeType,
            driverNodeTypeId: spec.cluster.nodeType,
            // The driver is never a spot machine: losing it loses the run.
            azureAttributes: { availability: availabilityOf(spec), firstOnDemand: 1 },
          }
        : { instancePoolId: pool.id, driverInstancePoolId: pool.id }),
      autoscale: { minWorkers: spec.cluster.minWorkers, maxWorkers: spec.cluster.maxWorkers },
      dataSecurityMode: jobAccessMode,
      enableLocalDiskEncryption: true,
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

/** What the notebook is told: who it is, where its data lies and where it reports; and what its row adds. */
const parameters = (spec: JobSpec): NonNullable<JobArgs["parameters"]> =>
  Object.entries({
    job_id: String(spec.jobId),
    model: spec.model,
    metrics_endpoint: spec.metrics.endpoint,
    metrics_rule: spec.metrics.ruleId,
    container_url: containerUrl(spec.environment, spec.jobId),
    ...rowParameters(spec),
  }).map(([name, value]) => ({ name, default: value }));

/** Parameters of Databricks jobs are text; the pipeline hands the row's on. */
const rowParameters = ({ pipeline }: JobSpec): Record<string, string> =>
  Object.fromEntries(
    Object.entries(pipeline?.parameters ?? {}).map(([name, value]) => [
      name,
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  );

export interface DatabricksJobArgs {
  readonly spec: JobSpec;
  /** application id of the identity that the job runs as */
  readonly runAs: Input<string>;
  /** what that identity needs before a job may run as it */
  readonly ready: readonly Resource[];
}

/** The Databricks job of a batch job, the policy that bounds its clusters, and the pool of an urgent one. */
export class DatabricksJob extends ComponentResource {
  readonly job: Job;
  readonly policy: ClusterPolicy;
  readonly pool: InstancePool | null;

  constructor(name: string, { spec, runAs, ready }: DatabricksJobArgs, opts: ComponentResourceOptions) {
    super("rowgate:components:DatabricksJob", name, {}, opts);
    this.pool = spec.urgent ? instancePool(spec, { parent: this }) : null;
    this.policy = jobPolicy(spec, this.pool === null ? null : this.pool.id, { parent: this });
    this.job = new Job(
      "job",
      {
        name: databricksJobName(spec.jobId, spec.name),
        jobClusters: jobCluster(spec, this),
        tasks: [
          {
            taskKey,
            jobClusterKey: clusterKey,
            notebookTask: { notebookPath: spec.taskPath, source: "WORKSPACE" },
          },
        ],
        parameters: parameters(spec),
        runAs: { servicePrincipalName: runAs },
        // A run that comes while another is under way waits for it instead of being skipped.
        maxConcurrentRuns: 1,
        queue: { enabled: true },
        tags: jobTags(spec),
        ...scheduleArgs(spec),
      },
      { parent: this, dependsOn: [...ready] },
    );
    this.registerOutputs();
  }
}
