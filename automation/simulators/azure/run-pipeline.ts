/**
 * Runs a pipeline: activities in the order of their dependencies, each for real as far as our pipelines need.
 * What is not simulated fails the activity with a message that names it.
 */
import { armError, CloudError } from "../cloud-error.ts";
import { at, type Body, bodiesAt, isBody, type Json, textAt, textsAt } from "../json.ts";
import type { CallContext } from "../resource-type.ts";
import type { CloudObject } from "../store.ts";
import { asText, type Scope } from "./adf-expression.ts";
import { timespanSeconds } from "./adf-words.ts";
import { factoryIdOf } from "./data-factory-child.ts";
import { addPoint } from "./metrics.ts";
import { performers } from "./perform-activity.ts";
import { pause, type Run } from "./pipeline-run.ts";
import { addActivityRun, addRun, endRun, type RunEnd } from "./pipeline-runs.ts";
import { ActivityFault, resolve } from "./pipeline-values.ts";

type Status = "Succeeded" | "Failed" | "Skipped";

/** Starts a run and answers its id at once. */
export function createRun(
  ctx: CallContext,
  pipeline: CloudObject,
  { given, origin }: { given: Body; origin: string },
): string {
  const runId = crypto.randomUUID();
  const factoryId = factoryIdOf(pipeline.id);
  const parameters = parametersOf(pipeline, given);
  addRun(ctx.store, { runId, factoryId, pipeline: pipeline.name, parameters });
  const variables = new Map(
    Object.entries(bodyAt(pipeline.body, "properties.variables")).map(([name, variable]) => [
      name,
      at(variable, "defaultValue") ?? null,
    ]),
  );
  void ctx.background.run(async (stopping) => {
    const run = {
      ctx,
      runId,
      factoryId,
      pipeline,
      parameters,
      variables,
      ended: new Map<string, Body>(),
      origin,
      stopping,
      inner: runList,
    };
    const end = await runWhole(run);
    // a run that was cut short is told of when the clouds start again
    if (!stopping.aborted) finish(run, end);
  });
  return runId;
}

const bodyAt = (value: Json | undefined, path: string): Body => {
  const found = at(value, path);
  return isBody(found) ? found : {};
};

function parametersOf(pipeline: CloudObject, given: Body): Body {
  const declared = bodyAt(pipeline.body, "properties.parameters");
  const values = Object.entries(declared).map(([name, parameter]): [string, Json] => {
    const value = given[name] ?? at(parameter, "defaultValue");
    if (value !== undefined) return [name, value];
    throw armError(400, "BadRequest", `The pipeline ${pipeline.name} needs the parameter '${name}'.`);
  });
  return Object.fromEntries(values);
}

async function runWhole(run: Run): Promise<RunEnd> {
  const faults: string[] = [];
  const isGood = await runList(
    run,
    bodiesAt(run.pipeline.body, "properties.activities"),
    scopeOf(run),
    faults,
  );
  return isGood ? { status: "Succeeded", message: "" } : { status: "Failed", message: faults.join("; ") };
}

function finish({ ctx, runId, factoryId, pipeline }: Run, end: RunEnd): void {
  ctx.store.transaction(() => {
    endRun(ctx.store, runId, end);
    const failed = end.status === "Failed";
    addPoint(ctx.store, {
      target: factoryId,
      metric: failed ? "PipelineFailedRuns" : "PipelineSucceededRuns",
      value: 1,
      dimensions: { Name: pipeline.name, ...(failed ? { FailureType: "UserError" } : {}) },
      at: new Date(),
    });
  });
}

function scopeOf(run: Run): Scope {
  const { runId, pipeline, parameters, variables, ended, factoryId } = run;
  return {
    pipeline: () => ({
      RunId: runId,
      Pipeline: pipeline.name,
      DataFactory: factoryId.split("/").at(-1) ?? "",
      parameters,
    }),
    activity: ([name = null]) =>
      ended.get(asText(name)) ?? refused(`the activity '${asText(name)}' has not run`),
    variables: ([name = null]) =>
      variables.get(asText(name)) ?? refused(`the variable '${asText(name)}' has no value`),
  };
}

const refused = (why: string): never => {
  throw new ActivityFault("InvalidTemplate", why);
};

/**
 * Runs neighbours, each when those it depends on have ended. Data Factory's rule of the outcome: every leaf
 * counts, and a leaf that was skipped counts as what it depended on.
 */
async function runList(
  run: Run,
  activities: readonly Body[],
  scope: Scope,
  faults: string[],
): Promise<boolean> {
  const started = new Map<string, Promise<Status>>();
  const byName = new Map(activities.map((activity) => [textAt(activity, "name"), activity]));
  const needs = (activity: Body): string[] =>
    bodiesAt(activity, "dependsOn").map((dependency) => textAt(dependency, "activity"));
  const start = (name: string): Promise<Status> => {
    const known = started.get(name);
    if (known) return known;
    const activity = byName.get(name) ?? {};
    const promise = (async (): Promise<Status> => {
      for (const dependency of bodiesAt(activity, "dependsOn")) {
        const status = await start(textAt(dependency, "activity"));
        const wanted = textsAt(dependency, "dependencyConditions");
        const isMet = wanted.includes(status) || (wanted.includes("Completed") && status !== "Skipped");
        if (!isMet) return skip(run, activity);
      }
      return runOne(run, activity, scope, faults);
    })();
    started.set(name, promise);
    return promise;
  };
  const statuses = new Map<string, Status>();
  for (const name of byName.keys()) statuses.set(name, await start(name));
  const depended = new Set(activities.flatMap(needs));
  const isGood = (name: string): boolean => {
    const status = statuses.get(name);
    return status === "Skipped" ? needs(byName.get(name) ?? {}).every(isGood) : status === "Succeeded";
  };
  return [...byName.keys()].filter((name) => !depended.has(name)).every(isGood);
}

function skip(run: Run, activity: Body): Status {
  const startedAt = new Date().toISOString();
  keep(run, activity, { status: "Skipped", input: {}, output: {}, error: {}, startedAt });
  return "Skipped";
}

type Kept = Omit<Parameters<typeof addActivityRun>[2], "name" | "type">;

function keep(run: Run, activity: Body, kept: Kept): void {
  if (run.stopping.aborted) return;
  const [name, type] = [textAt(activity, "name"), textAt(activity, "type")];
  const { error, output, status } = kept;
  run.ended.set(name, { output: isBody(output) ? output : {}, error, Status: status });
  const hidden = { message: "secured" };
  addActivityRun(run.ctx.store, run.runId, {
    ...kept,
    name,
    type,
    input: at(activity, "policy.secureInput") === true ? hidden : kept.input,
    output: at(activity, "policy.secureOutput") === true ? hidden : output,
  });
}

const defaultRetryIntervalSeconds = 30;

async function runOne(run: Run, activity: Body, scope: Scope, faults: string[]): Promise<Status> {
  const retries = Number(at(activity, "policy.retry") ?? 0);
  const interval = Number(at(activity, "policy.retryIntervalInSeconds") ?? defaultRetryIntervalSeconds);
  for (let attempt = 0; ; attempt += 1) {
    const kept = await attemptOne(run, activity, scope);
    if (run.stopping.aborted) return "Failed";
    if (kept.status === "Succeeded" || attempt >= retries) {
      keep(run, activity, kept);
      if (kept.status === "Failed")
        faults.push(`${textAt(activity, "name")}: ${textAt(kept.error, "message")}`);
      return kept.status;
    }
    await pause(run, interval);
  }
}

async function attemptOne(run: Run, activity: Body, scope: Scope): Promise<Kept> {
  const startedAt = new Date().toISOString();
  const type = textAt(activity, "type");
  let input: Json = {};
  try {
    const perform = performers[type];
    if (!perform)
      throw new ActivityFault("NotSimulated", `The activity type '${type}' is not simulated in a run`);
    const { asked, work } = perform(activity, (value) => resolve(value, scope));
    input = asked;
    const limit = timespanSeconds(textAt(activity, "policy.timeout"));
    const output = await within(limit, work(run, scope));
    return { status: "Succeeded", input, output, error: {}, startedAt };
  } catch (error) {
    // whatever goes wrong in an activity is the activity's: the run has to come to an end
    const told = {
      errorCode: error instanceof ActivityFault || error instanceof CloudError ? error.code : "SystemError",
      message: error instanceof Error ? error.message : String(error),
      failureType: "UserError",
      target: textAt(activity, "name"),
    };
    return { status: "Failed", input, output: {}, error: told, startedAt };
  }
}

async function within<T>(seconds: number | undefined, work: Promise<T>): Promise<T> {
  if (seconds === undefined) return work;
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new ActivityFault("Timeout", `The activity did not end within ${seconds} seconds`)),
    Math.min(seconds * 1000, 2 ** 31 - 1),
  );
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
