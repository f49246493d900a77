/** A trigger is started and stopped by a run that may write, and by no other. */
import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { systemClock } from "../../../automation/clock.ts";
import { triggerSteps } from "../../../automation/cloud-steps/pipeline-trigger.ts";
import type { RunRequest } from "../../../automation/engine/engine.ts";
import type { JobSpec } from "../../../metadata-schema/desired-state.ts";
import { wantedTrigger } from "../../../program/adf/wanted-trigger.ts";
import { triggerId } from "../../../program/layout/names.ts";
import { triggerAnnotations } from "../../../program/layout/trigger-marks.ts";
import { scriptedAzure } from "../../support/scripted-azure.ts";
import { facts, specsIn } from "../../support/small-specs.ts";

/** A job whose pipeline runs at its times. */
function jobWithTrigger(): JobSpec {
  const job = specsIn({}).fullJob(201, "w");
  const { pipeline } = job;
  if (pipeline === null || pipeline.trigger === null) return assert.fail("a full job has a trigger");
  return { ...job, pipeline: { ...pipeline, trigger: { ...pipeline.trigger, started: true } } };
}

const id = triggerId(facts, 201);
const always = () => true;
const never = () => false;

/** A Data Factory with the trigger of that job, which is started and stopped at once. */
async function openFactory(test: TestContext, isStarted: boolean) {
  const job = jobWithTrigger();
  const marks = wantedTrigger(job) ?? assert.fail("it has a trigger");
  let runtimeState = isStarted ? "Started" : "Stopped";
  const azure = await scriptedAzure(test, ({ method, path }) => {
    if (method === "POST") runtimeState = path === `${id}/start` ? "Started" : "Stopped";
    if (path !== id && method === "GET") return null;
    return { status: 200, body: { properties: { runtimeState, annotations: triggerAnnotations(marks) } } };
  });
  return {
    job,
    steps: triggerSteps(azure.access.arm, systemClock),
    posts: () => azure.calls.filter(({ method }) => method === "POST").map(({ path }) => path),
  };
}

const requestOf = (change: Pick<RunRequest, "spec" | "previous">): RunRequest =>
  ({ kind: "update", stack: "job-eastus-201", ...change }) as RunRequest;

describe("a pipeline's trigger", () => {
  it("is stopped before a run that takes it away, and started again by one that does not succeed", async (t) => {
    const { job, steps, posts } = await openFactory(t, true);
    const request = requestOf({ spec: null, previous: job });
    assert.deepEqual(await steps.before(request, always), { status: "done" });
    await steps.undo(request, always);
    assert.deepEqual(posts(), [`${id}/stop`, `${id}/start`]);
  });

  it("is not stopped, nor started again, by a run that may not write any more", async (t) => {
    const running = await openFactory(t, true);
    const request = requestOf({ spec: null, previous: running.job });
    assert.deepEqual(await running.steps.before(request, never), { status: "stopped" });
    assert.deepEqual(running.posts(), []);
    const stopped = await openFactory(t, false);
    await stopped.steps.undo(request, never);
    assert.deepEqual(stopped.posts(), []);
  });

  it("is started after a run that wants it so and may still write", async (t) => {
    const { job, steps, posts } = await openFactory(t, false);
    const request = requestOf({ spec: job, previous: null });
    assert.deepEqual(await steps.after(request, {}, never), { status: "stopped" });
    assert.deepEqual(posts(), []);
    assert.deepEqual(await steps.after(request, {}, always), { status: "done" });
    assert.deepEqual(posts(), [`${id}/start`]);
  });
});
