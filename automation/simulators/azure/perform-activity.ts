/** What each type of activity does in a run: what it asks (expressions resolved), then the work itself. */
import { at, type Body, bodiesAt, isBody, type Json, pick, textAt } from "../json.ts";
import { asText, type Scope } from "./adf-expression.ts";
import { startJob } from "./perform-job.ts";
import { lookUp } from "./perform-lookup.ts";
import { callWeb, callWebhook } from "./perform-web.ts";
import { pause, type Run } from "./pipeline-run.ts";
import { ActivityFault } from "./pipeline-values.ts";

export interface Performance {
  /** for the record of the activity's run */
  readonly asked: Json;
  work(run: Run, scope: Scope): Promise<Json>;
}

type Perform = (activity: Body, resolved: (value: Json) => Json) => Performance;

const own = (activity: Body): Body => (isBody(activity.typeProperties) ? activity.typeProperties : {});

/** All of an activity's own properties resolved: for those that hold no activities. */
const simple =
  (work: (asked: Body, activity: Body, run: Run) => Promise<Json>): Perform =>
  (activity, resolved) => {
    const asked = resolved(own(activity)) as Body;
    return { asked, work: (run) => work(asked, activity, run) };
  };

async function runInner(run: Run, list: Json | undefined, scope: Scope): Promise<void> {
  const faults: string[] = [];
  const activities = Array.isArray(list) ? list.filter(isBody) : [];
  if (await run.inner(run, activities, scope, faults)) return;
  throw new ActivityFault(
    "ActionFailed",
    `Activity failed because an inner activity failed; ${faults.join("; ")}`,
  );
}

export const performers: Readonly<Record<string, Perform | undefined>> = {
  Lookup: simple(lookUp),
  WebActivity: simple(callWeb),
  WebHook: simple(callWebhook),
  DatabricksJob: simple(startJob),
  Wait: simple(async (asked, _activity, run) => {
    await pause(run, Number(asked.waitTimeInSeconds));
    return {};
  }),
  Fail: simple(async (asked) => {
    throw new ActivityFault(asText(asked.errorCode ?? ""), asText(asked.message ?? ""));
  }),
  SetVariable: simple(async (asked, _activity, run) => {
    run.variables.set(textAt(asked, "variableName"), asked.value ?? null);
    return pick(asked, ["value"]);
  }),
  IfCondition: (activity, resolved) => {
    const asked = resolved(own(activity).expression ?? null);
    if (typeof asked !== "boolean") {
      throw new ActivityFault(
        "InvalidTemplate",
        "The condition of an IfCondition must come to true or false",
      );
    }
    const branch = own(activity)[asked ? "ifTrueActivities" : "ifFalseActivities"];
    return {
      asked: { expression: asked },
      work: async (run, scope) => {
        await runInner(run, branch, scope);
        return {};
      },
    };
  },
  Switch: (activity, resolved) => {
    const asked = asText(resolved(own(activity).on ?? null));
    const fitting = bodiesAt(activity, "typeProperties.cases").find(
      (entry) => textAt(entry, "value") === asked,
    );
    return {
      asked: { on: asked },
      work: async (run, scope) => {
        await runInner(run, fitting ? fitting.activities : own(activity).defaultActivities, scope);
        return {};
      },
    };
  },
  ForEach: (activity, resolved) => {
    const items = resolved(own(activity).items ?? null);
    if (!Array.isArray(items)) {
      throw new ActivityFault("InvalidTemplate", "The items of a ForEach must come to a list");
    }
    return {
      asked: { itemsCount: items.length },
      // one after the other, whatever isSequential says: outcomes are the same and records are in order
      work: async (run, scope) => {
        for (const item of items)
          await runInner(run, at(own(activity), "activities"), { ...scope, item: () => item });
        return {};
      },
    };
  },
};
