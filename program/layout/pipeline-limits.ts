/** What Data Factory takes of a pipeline's settings. */
import type { PipelineSpec } from "../../metadata-schema/desired-state.ts";

/** Parameters that the Databricks job has from its stack: a row's may not stand in for them. */
export const jobParameterNames = [
  "job_id",
  "model",
  "metrics_endpoint",
  "metrics_rule",
  "container_url",
] as const;

/** The name becomes part of an expression: anything but a plain word would change what the expression says. */
const isParameterName = (name: string): boolean => /^[A-Za-z_]\w{0,127}$/.test(name);

type Settings = Pick<
  PipelineSpec,
  "concurrency" | "timeoutMinutes" | "retryCount" | "retryIntervalSeconds" | "parameters"
>;

/**
 * What is wrong with a pipeline's settings, column by column; empty: nothing.
 * The limits are those of activity policies and pipelines in Data Factory's documentation.
 */
export function pipelineFaults(settings: Settings): string[] {
  const outside = (column: string, value: number, least: number, most: number): string[] =>
    value >= least && value <= most
      ? []
      : [`${column} ${value}: Data Factory takes ${least} to ${most}; write a number between them`];
  const parameters = Object.keys(settings.parameters).flatMap((name) => {
    if ((jobParameterNames as readonly string[]).includes(name)) {
      return [`parameter "${name}" is the job's own; give yours another name`];
    }
    if (isParameterName(name)) return [];
    return [`"${name}" can't name a parameter; write letters, digits and _, a letter or _ first`];
  });
  return [
    ...outside("concurrency", settings.concurrency, 1, 50),
    ...outside("timeout_minutes", settings.timeoutMinutes, 10, 7 * 24 * 60),
    ...outside("retry_count", settings.retryCount, 0, 2_147_483_647),
    ...outside("retry_interval_seconds", settings.retryIntervalSeconds, 30, 24 * 60 * 60),
    ...parameters,
  ];
}
