import { MlflowExperiment } from "@pulumi/databricks/mlflowExperiment.js";
import type { CustomResourceOptions } from "@pulumi/pulumi";
import type { JobSpec } from "../../metadata-schema/desired-state.ts";
import { experimentName } from "../layout/names.ts";
import { jobTags } from "./tags.ts";

/** Where the job's training runs are recorded. */
export const experiment = (spec: JobSpec, opts: CustomResourceOptions): MlflowExperiment =>
  new MlflowExperiment(
    "experiment",
    {
      name: experimentName(spec.environment, spec.jobId),
      tags: Object.entries(jobTags(spec)).map(([key, value]) => ({ key, value })),
    },
    opts,
  );
