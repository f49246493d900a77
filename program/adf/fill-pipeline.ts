/** From the checked-in pipeline (job-pipeline.json) to the one of a job, still in Data Factory's own JSON. */
import { readFileSync } from "node:fs";
import type { DataSourceSpec, JobSpec, PipelineSpec } from "../../metadata-schema/desired-state.ts";
import {
  factoryCredentialName,
  jobDatasetName,
  linkedServices,
  metadataDatasetName,
  pipelineName,
} from "../layout/names.ts";
import { copySettings } from "./copy-settings.ts";
import { expression, type RawActivity, type RawPipeline, type Settings } from "./pipeline-json.ts";

/**
 * What stands in braces in the checked-in pipeline. These are no parameters of Data Factory on purpose: whoever starts
 * a pipeline may choose its parameters, and an address among them would take the factory's token wherever they like.
 */
const wordsOf = (spec: JobSpec, pipeline: PipelineSpec): Readonly<Record<string, string>> => ({
  pipeline: pipelineName(spec.jobId),
  job_id: String(spec.jobId),
  environment: spec.environment.name,
  service_url: pipeline.serviceUrl ?? "",
  runtime: pipeline.runtime,
  credential: factoryCredentialName,
  metadata_dataset: metadataDatasetName,
  databricks: linkedServices.databricks,
  // Without a source there is no copy, which alone names them.
  ...(pipeline.source === null
    ? {}
    : {
        source_dataset: jobDatasetName(spec.jobId, "source", pipeline.source.type),
        sink_dataset: jobDatasetName(spec.jobId, "sink", pipeline.source.type),
      }),
});

const template = readFileSync(new URL("job-pipeline.json", import.meta.url), "utf8");

const filled = (words: Readonly<Record<string, string>>): RawPipeline =>
  JSON.parse(template, (_key, value: unknown) =>
    typeof value === "string"
      ? value.replaceAll(/\{(\w+)\}/g, (all, word: string) => words[word] ?? all)
      : value,
  );

/** `days.hours:minutes:seconds`, as activities have it. */
function timeSpan(minutes: number): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  const hours = Math.floor(minutes / 60);
  return `${Math.floor(hours / 24)}.${two(hours % 24)}:${two(minutes % 60)}:00`;
}

/** Retries and time are the row's for what does the row's work; the others have their own. */
const ownPolicy = (activity: RawActivity, pipeline: PipelineSpec): RawActivity => ({
  ...activity,
  policy: {
    ...activity.policy,
    timeout: timeSpan(pipeline.timeoutMinutes),
    retry: pipeline.retryCount,
    retryIntervalInSeconds: pipeline.retryIntervalSeconds,
  },
});

const withSettings = (activity: RawActivity, settings: Settings): RawActivity => ({
  ...activity,
  typeProperties: { ...activity.typeProperties, ...settings },
});

function isReady(activity: RawActivity, { serviceUrl }: PipelineSpec): RawActivity {
  const branch = activity.typeProperties.ifFalseActivities as readonly RawActivity[]; // as job-pipeline.json has it
  const kept = branch.filter(({ name }) => (name === "NotReady") === (serviceUrl === null));
  return withSettings(activity, { ifFalseActivities: kept });
}

const copySource = (activity: RawActivity, source: DataSourceSpec, pipeline: PipelineSpec): RawActivity =>
  ownPolicy(withSettings(activity, copySettings(source)), pipeline);

function runJob(activity: RawActivity, pipeline: PipelineSpec): RawActivity {
  const own = activity.typeProperties.jobParameters as Settings; // as job-pipeline.json has it
  const handedOn = Object.keys(pipeline.parameters).map((name) => [
    name,
    expression(`@string(pipeline().parameters.${name})`),
  ]);
  const settings = { jobParameters: { ...own, ...Object.fromEntries(handedOn) } };
  const after = pipeline.source === null ? "IsReady" : "CopySource";
  const dependsOn = [{ activity: after, dependencyConditions: ["Succeeded"] }];
  return { ...ownPolicy(withSettings(activity, settings), pipeline), dependsOn };
}

function activityOf(activity: RawActivity, spec: JobSpec, pipeline: PipelineSpec): readonly RawActivity[] {
  switch (activity.name) {
    case "IsReady":
      return [isReady(activity, pipeline)];
    case "CopySource":
      return pipeline.source === null ? [] : [copySource(activity, pipeline.source, pipeline)];
    case "RunJob":
      // An online job has an endpoint and nothing to run.
      return !spec.online ? [runJob(activity, pipeline)] : [];
    default:
      return [activity];
  }
}

function parameterOf(value: unknown): { readonly type: string; readonly defaultValue: unknown } {
  switch (typeof value) {
    case "string":
      return { type: "String", defaultValue: value };
    case "boolean":
      return { type: "Bool", defaultValue: value };
    case "number":
      return { type: Number.isInteger(value) ? "Int" : "Float", defaultValue: value };
    default:
      return { type: Array.isArray(value) ? "Array" : "Object", defaultValue: value };
  }
}

/** The pipeline of a job, as Data Factory's own JSON. */
export function fillPipeline(spec: JobSpec, pipeline: PipelineSpec): RawPipeline {
  const { name, properties } = filled(wordsOf(spec, pipeline));
  return {
    name,
    properties: {
      ...properties,
      concurrency: pipeline.concurrency,
      parameters: Object.fromEntries(
        Object.entries(pipeline.parameters).map(([parameter, value]) => [parameter, parameterOf(value)]),
      ),
      activities: properties.activities.flatMap((activity) => activityOf(activity, spec, pipeline)),
    },
  };
}
