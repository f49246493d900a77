/**
 * What a trigger's annotations say about it: whether it shall run, and what it was made from. Data Factory makes
 * every trigger stopped, so the service starts it after the stack's run, and compares what it finds with these.
 */
import { createHash } from "node:crypto";

export interface TriggerMarks {
  /** what the trigger shall be; what it is, Data Factory says in `runtimeState` */
  readonly state: "started" | "stopped";
  /** 16 hex digits: of the trigger and its pipeline */
  readonly spec: string;
}

/** Equal values have equal text, in whatever order their keys were written. */
const inKeyOrder = (_key: string, value: unknown): unknown =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;

/** @param contents all that the trigger and its pipeline are made from; JSON values only */
export const triggerMarks = (started: boolean, contents: unknown): TriggerMarks => ({
  state: started ? "started" : "stopped",
  spec: createHash("sha256").update(JSON.stringify(contents, inKeyOrder)).digest("hex").slice(0, 16),
});

export const triggerAnnotations = ({ state, spec }: TriggerMarks): string[] => [
  `state:${state}`,
  `spec:${spec}`,
];

/** @returns the marks among a trigger's annotations; null: it bears none, so it isn't ours */
export function readTriggerMarks(annotations: readonly unknown[]): TriggerMarks | null {
  const texts = annotations.filter((annotation) => typeof annotation === "string");
  const state = texts.find((text) => text === "state:started" || text === "state:stopped");
  const spec = texts.find((text) => /^spec:[0-9a-f]{16}$/.test(text));
  if (state === undefined || spec === undefined) return null;
  return { state: state === "state:started" ? "started" : "stopped", spec: spec.slice("spec:".length) };
}
