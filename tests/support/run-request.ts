/** An update that nothing special is asked of: a test changes what it is about. */
import { systemClock } from "../../automation/clock.ts";
import type { RunRequest } from "../../automation/engine/engine.ts";
import type { StackSpec } from "../../metadata-schema/desired-state.ts";

const leaseMs = 120_000;

export const runRequest = (spec: StackSpec, change: Partial<RunRequest> = {}): RunRequest => ({
  runId: `run-of-${spec.stack}`,
  stack: spec.stack,
  kind: "update",
  spec,
  previous: null,
  refresh: false,
  wasApplied: false,
  destroyBegun: false,
  narrowed: null,
  stateDoubtful: false,
  adopt: [],
  deadEngines: [],
  strays: null,
  leaseEndsAtMs: systemClock.monotonicMs() + leaseMs,
  ...change,
});
