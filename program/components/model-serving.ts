import { ModelServing } from "@pulumi/databricks/modelServing.js";
import type { CustomResourceOptions } from "@pulumi/pulumi";
import type { JobSpec, ServingSpec } from "../../metadata-schema/desired-state.ts";
import { servingEndpointName } from "../layout/names.ts";
import { jobTags } from "./tags.ts";

/** The endpoint that answers for an online job. It costs nothing while nobody asks. */
export const modelServing = (
  spec: JobSpec,
  { version, size }: ServingSpec,
  opts: CustomResourceOptions,
): ModelServing =>
  new ModelServing(
    "serving-endpoint",
    {
      name: servingEndpointName(spec.jobId),
      config: {
        servedEntities: [
          {
            entityName: spec.model,
            entityVersion: version,
            workloadSize: size,
            scaleToZeroEnabled: true,
          },
        ],
      },
      tags: Object.entries(jobTags(spec)).map(([key, value]) => ({ key, value })),
    },
    // The name is the endpoint's only id.
    { ...opts, deleteBeforeReplace: true },
  );
