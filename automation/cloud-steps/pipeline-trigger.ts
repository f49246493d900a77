/**
 * A pipeline's trigger: Data Factory makes every trigger stopped, and lets no started one be changed or deleted.
 * So a started one is stopped before a run that changes it, and the wanted one started after.
 */
import { z } from "zod";
import type { JobSpec, StackSpec } from "../../metadata-schema/desired-state.ts";
import { wantedTrigger } from "../../program/adf/wanted-trigger.ts";
import { triggerId } from "../../program/layout/names.ts";
import { readTriggerMarks, type TriggerMarks } from "../../program/layout/trigger-marks.ts";
import type { ArmAnswer, ArmClient } from "../azure/arm-client.ts";
import type { Clock } from "../clock.ts";
import type { RunRequest } from "../engine/engine.ts";
import { failureOfAnswer } from "./arm-failure.ts";
import type { CloudSteps, MayWrite, StepEnd } from "./cloud-steps.ts";

const triggerBody = z.object({
  properties: z.object({
    runtimeState: z.string().optional(),
    annotations: z.array(z.unknown()).optional(),
  }),
});

interface Seen {
  readonly isStarted: boolean;
  readonly marks: TriggerMarks | null;
}

// Starting and stopping take Data Factory some seconds: it subscribes the trigger to its clock.
const settleMs = 60_000;
const lookMs = 500;

export function triggerSteps(arm: ArmClient, clock: Clock): CloudSteps {
  return {
    before: async (request, mayWrite) => {
      const wanted = marksOf(request.spec);
      return each(triggersOf(request), async (id) => {
        const seen = await look(arm, id);
        if ("failure" in seen) return { status: "failed", failure: seen.failure };
        const keeps = wanted !== null && same(wanted, seen.marks);
        return seen.isStarted && !keeps ? turn({ arm, clock, mayWrite }, id, "stop") : done;
      });
    },
    after: async ({ spec }, _outputs, mayWrite) => {
      const wanted = marksOf(spec);
      if (spec?.kind !== "job" || wanted === null) return done;
      const id = triggerId(spec.environment, spec.jobId);
      const seen = await look(arm, id);
      if ("failure" in seen) return { status: "failed", failure: seen.failure };
      if (seen.isStarted === (wanted.state === "started")) return done;
      return turn({ arm, clock, mayWrite }, id, wanted.state === "started" ? "start" : "stop");
    },
    undo: async (request, mayWrite) => {
      const before = marksOf(request.previous);
      if (before?.state !== "started") return;
      for (const id of triggersOf(request)) {
        const seen = await look(arm, id);
        // Only what is still the trigger that ran before: a half-changed one waits for the next run.
        if (!("failure" in seen) && !seen.isStarted && same(before, seen.marks))
          await turn({ arm, clock, mayWrite }, id, "start");
      }
    },
  };
}

const done: StepEnd = { status: "done" };

const same = (a: TriggerMarks, b: TriggerMarks | null): boolean => a.spec === b?.spec && a.state === b.state;

const marksOf = (spec: StackSpec | null): TriggerMarks | null =>
  spec?.kind === "job" ? wantedTrigger(spec) : null;

/** Triggers that the stack has had or shall have: one at most, but another environment's facts give another id. */
function triggersOf({ spec, previous }: RunRequest): readonly string[] {
  const jobs = [spec, previous].filter((each): each is JobSpec => each?.kind === "job");
  const withTrigger = jobs.filter(({ pipeline }) => pipeline?.trigger);
  return [...new Set(withTrigger.map(({ environment, jobId }) => triggerId(environment, jobId)))];
}

async function each(ids: readonly string[], step: (id: string) => Promise<StepEnd>): Promise<StepEnd> {
  for (const id of ids) {
    const end = await step(id);
    if (end.status !== "done") return end;
  }
  return done;
}

async function look(arm: ArmClient, id: string): Promise<Seen | Extract<StepEnd, { status: "failed" }>> {
  const answer = await arm.get(id);
  if (answer.status === "missing") return { isStarted: false, marks: null };
  if (answer.status !== "ok") return { status: "failed", failure: failureOfAnswer(answer, "looked at") };
  const { properties } = triggerBody.parse(answer.body);
  return {
    isStarted: properties.runtimeState === "Started",
    marks: readTriggerMarks(properties.annotations ?? []),
  };
}

/** Starts or stops a trigger, and waits until Data Factory says that it is. */
async function turn(
  { arm, clock, mayWrite }: { readonly arm: ArmClient; readonly clock: Clock; readonly mayWrite: MayWrite },
  id: string,
  action: "start" | "stop",
): Promise<StepEnd> {
  if (!mayWrite()) return { status: "stopped" };
  const answer: ArmAnswer = await arm.post(`${id}/${action}`);
  if (answer.status === "missing" && action === "stop") return done;
  if (answer.status !== "ok")
    return { status: "failed", failure: failureOfAnswer(answer, action === "start" ? "started" : "stopped") };
  const endMs = clock.monotonicMs() + settleMs;
  for (;;) {
    const seen = await look(arm, id);
    if ("failure" in seen) return { status: "failed", failure: seen.failure };
    if (seen.isStarted === (action === "start")) return done;
    if (clock.monotonicMs() > endMs) {
      const message = `Data Factory did not ${action} the trigger ${id} within ${settleMs / 1_000} s; it is tried again.`;
      return {
        status: "failed",
        failure: failureOfAnswer(
          { status: "unavailable", message },
          action === "start" ? "started" : "stopped",
        ),
      };
    }
    await clock.sleep(lookMs);
  }
}
