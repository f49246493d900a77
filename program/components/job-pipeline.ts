import { Dataset } from "@pulumi/azure-native/datafactory/dataset.js";
import { LinkedService } from "@pulumi/azure-native/datafactory/linkedService.js";
import { Pipeline, type PipelineArgs } from "@pulumi/azure-native/datafactory/pipeline.js";
import { Trigger } from "@pulumi/azure-native/datafactory/trigger.js";
import { ComponentResource, type ComponentResourceOptions, type Resource, RunError } from "@pulumi/pulumi";
import type {
  DataSourceSpec,
  JobSpec,
  PipelineSpec,
  TriggerSpec,
} from "../../metadata-schema/desired-state.ts";
import { isOwnLake } from "../adf/copy-settings.ts";
import { sinkDataset, sourceDataset, sourceLinkedService } from "../adf/data-source.ts";
import { fillPipeline } from "../adf/fill-pipeline.ts";
import { flatActivity, type RawPipeline } from "../adf/pipeline-json.ts";
import { wantedTrigger } from "../adf/wanted-trigger.ts";
import {
  containerName,
  jobDatasetName,
  jobLinkedServiceName,
  linkedServices,
  pipelineName,
  triggerName,
  vaultId,
} from "../layout/names.ts";
import { pipelineFaults } from "../layout/pipeline-limits.ts";
import { type TriggerMarks, triggerAnnotations } from "../layout/trigger-marks.ts";
import type { AzurePlace } from "./azure-places.ts";

/** Before anything was made with this program. A trigger never makes up for what lies behind it. */
const countedFrom = "2026-01-01T00:00:00";

/**
 * The checked-in JSON is what gives a pipeline its shape; the SDK knows the same one, less a level. That every setting
 * is one of the SDK's, a test proves.
 */
const pipelineArgs = ({
  properties,
}: RawPipeline): Omit<PipelineArgs, "factoryName" | "resourceGroupName"> => {
  const { activities, ...rest } = properties;
  return {
    ...rest,
    activities: activities.map(flatActivity) as unknown as NonNullable<PipelineArgs["activities"]>,
  };
};

function recurrence(trigger: TriggerSpec) {
  const { frequency, interval, timeZone, minutes, hours, weekDays, monthDays } = trigger;
  const lists = Object.entries({ minutes, hours, weekDays, monthDays }).filter(([, list]) => list.length > 0);
  return {
    frequency,
    interval,
    // Data Factory takes the "Z" in UTC, and refuses it in every other zone.
    startTime: timeZone === "UTC" ? `${countedFrom}Z` : countedFrom,
    timeZone,
    ...(lists.length === 0 ? {} : { schedule: Object.fromEntries(lists) }),
  };
}

export interface JobPipelineArgs {
  readonly spec: JobSpec;
  readonly pipeline: PipelineSpec;
  readonly factory: AzurePlace;
}

/**
 * The pipeline of a job: what it reads and where to, itself, and its trigger. The factory and what its pipelines share
 * belong to the platform.
 *
 * A trigger is always made stopped, and can't be changed while it is started: its annotations say what it shall be,
 * and the service stops it before a run of this stack and starts it after.
 */
export class JobPipeline extends ComponentResource {
  readonly pipeline: Pipeline;

  constructor(name: string, args: JobPipelineArgs, opts: ComponentResourceOptions) {
    super("rowgate:components:JobPipeline", name, {}, opts);
    const { spec, pipeline, factory } = args;
    const faults = pipelineFaults(pipeline);
    if (faults.length > 0) throw new RunError(`Pipeline of job ${spec.jobId}: ${faults.join("; ")}.`);
    const raw = fillPipeline(spec, pipeline);
    this.pipeline = new Pipeline(
      "pipeline",
      { ...this.#inFactory(factory), pipelineName: pipelineName(spec.jobId), ...pipelineArgs(raw) },
      {
        parent: this,
        provider: factory.provider,
        dependsOn: pipeline.source === null ? [] : this.#datasets(args, pipeline.source),
      },
    );
    const marks = wantedTrigger(spec);
    if (pipeline.trigger !== null && marks !== null) this.#trigger(args, pipeline.trigger, marks);
    this.registerOutputs();
  }

  #inFactory({ resourceGroup, name }: AzurePlace) {
    return { resourceGroupName: resourceGroup, factoryName: name };
  }

  /**
   * What the copy reads and writes. Data Factory deletes nothing that is referred to, hence the order. Each kind of
   * source has resources of its own: a replaced one would be deleted while the pipeline still names it.
   */
  #datasets({ spec, pipeline, factory }: JobPipelineArgs, source: DataSourceSpec): Resource[] {
    const { jobId, environment } = spec;
    const options = { parent: this, provider: factory.provider };
    const lead: Resource[] = [];
    let linkedServiceName: string = linkedServices.lake;
    if (!isOwnLake(source)) {
      if (source.host === null)
        throw new RunError(`Data source ${source.name} has no host; write one in its row.`);
      if (source.credential !== null && !sameId(source.credential.vaultId, vaultId(environment))) {
        throw new RunError(
          `Data source ${source.name} has its credential in another vault than the environment's, which its ` +
            `factory does not reach; put it into ${vaultId(environment)}.`,
        );
      }
      linkedServiceName = jobLinkedServiceName(jobId, source.type);
      const properties = sourceLinkedService(source, source.host, pipeline.runtime);
      const linkedService = { ...this.#inFactory(factory), linkedServiceName, properties };
      lead.push(new LinkedService(`source-${source.type}`, linkedService, options));
    }
    const dataset = (what: "source" | "sink", properties: ReturnType<typeof sinkDataset>) =>
      new Dataset(
        `${what}-dataset-${source.type}`,
        { ...this.#inFactory(factory), datasetName: jobDatasetName(jobId, what, source.type), properties },
        { ...options, dependsOn: what === "source" ? lead : [] },
      );
    return [
      dataset("source", sourceDataset(source, linkedServiceName)),
      dataset("sink", sinkDataset(source, containerName(jobId), pipeline.sinkPath)),
    ];
  }

  #trigger({ spec, factory }: JobPipelineArgs, trigger: TriggerSpec, marks: TriggerMarks) {
    new Trigger(
      "trigger",
      {
        ...this.#inFactory(factory),
        triggerName: triggerName(spec.jobId),
        properties: {
          type: "ScheduleTrigger",
          description: `Starts the pipeline of job ${spec.jobId}`,
          annotations: triggerAnnotations(marks),
          pipelines: [
            { pipelineReference: { referenceName: pipelineName(spec.jobId), type: "PipelineReference" } },
          ],
          recurrence: recurrence(trigger),
        },
      },
      { parent: this, provider: factory.provider, dependsOn: [this.pipeline] },
    );
  }
}

const sameId = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();
