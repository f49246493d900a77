import type { EnvironmentFacts, JobSpec } from "../../metadata-schema/desired-state.ts";

export type Tags = Record<string, string>;

export const environmentTags = (environment: EnvironmentFacts): Tags => ({
  environment: environment.name,
  managed_by: "rowgate",
});

export const jobTags = ({ environment, jobId, owner }: JobSpec): Tags => ({
  ...environmentTags(environment),
  job_id: String(jobId),
  ...(owner === null ? {} : { owner }),
});

/** What lives in a factory has annotations in place of tags. */
export const factoryAnnotations = (environment: EnvironmentFacts): string[] => [
  "managed_by:rowgate",
  `environment:${environment.name}`,
];
