import type { JobSpec } from "../../metadata-schema/desired-state.ts";
import { type TriggerMarks, triggerMarks } from "../layout/trigger-marks.ts";
import { fillPipeline } from "./fill-pipeline.ts";

/** The marks that the trigger of a job's pipeline shall bear; null: it shall have none. */
export function wantedTrigger(spec: JobSpec): TriggerMarks | null {
  const { pipeline } = spec;
  if (pipeline === null || pipeline.trigger === null) return null;
  const { started, ...trigger } = pipeline.trigger;
  return triggerMarks(started, { trigger, pipeline: fillPipeline(spec, pipeline) });
}
