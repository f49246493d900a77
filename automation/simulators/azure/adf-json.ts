/**
 * Two shapes of the same thing. The SDK leaves out the `typeProperties` level of Data Factory's JSON: what is
 * beside `name` and `type` in a program is one level deeper in the factory. Both ways, for each kind.
 */
import { type Body, isBody, type Json, omit, pick } from "../json.ts";

export const adfKinds = [
  "pipeline",
  "linkedService",
  "dataset",
  "trigger",
  "integrationRuntime",
  "credential",
] as const;
export type AdfKind = (typeof adfKinds)[number];

/** What stays beside `type` in Data Factory's own JSON; all else is inside `typeProperties`. */
export const outerKeys = {
  activity: [
    "name",
    "type",
    "dependsOn",
    "description",
    "state",
    "onInactiveMarkAs",
    "userProperties",
    "linkedServiceName",
    "policy",
    // of a Copy activity
    "inputs",
    "outputs",
  ],
  linkedService: ["type", "version", "connectVia", "description", "parameters", "annotations"],
  dataset: [
    "type",
    "description",
    "structure",
    "schema",
    "linkedServiceName",
    "parameters",
    "annotations",
    "folder",
  ],
  // a tumbling window and a chain start one `pipeline`, the others a list
  trigger: ["type", "description", "runtimeState", "annotations", "pipelines", "pipeline"],
  integrationRuntime: ["type", "description", "managedVirtualNetwork", "state"],
  credential: ["type", "description", "annotations"],
} as const;

/** Lists of activities inside an activity's own properties. */
export const innerLists = [
  "activities",
  "ifTrueActivities",
  "ifFalseActivities",
  "defaultActivities",
] as const;

/** The SDK's properties as Data Factory keeps them. */
export function unflatten(kind: AdfKind, flat: Body): Body {
  if (kind !== "pipeline") return wrap(flat, outerKeys[kind]);
  return mapActivities(flat, (activity) => wrap(deep(activity, unflattenActivities), outerKeys.activity));
}

/** Data Factory's properties as the SDK shows them. */
export function flatten(kind: AdfKind, raw: Body): Body {
  if (kind !== "pipeline") return unwrap(raw);
  return mapActivities(raw, (activity) => deep(unwrap(activity), flattenActivities));
}

const unflattenActivities = (activity: Body): Body =>
  wrap(deep(activity, unflattenActivities), outerKeys.activity);
const flattenActivities = (activity: Body): Body => deep(unwrap(activity), flattenActivities);

function wrap(flat: Body, outer: readonly string[]): Body {
  const inner = omit(flat, outer);
  return Object.keys(inner).length === 0
    ? pick(flat, outer)
    : { ...pick(flat, outer), typeProperties: inner };
}

function unwrap(raw: Body): Body {
  const { typeProperties, ...outer } = raw;
  // a table dataset has a `schema` on both levels; the SDK shows the outer one
  return isBody(typeProperties) ? { ...typeProperties, ...outer } : outer;
}

const mapActivities = (pipeline: Body, each: (activity: Body) => Body): Body =>
  Array.isArray(pipeline.activities)
    ? { ...pipeline, activities: pipeline.activities.map((item) => (isBody(item) ? each(item) : item)) }
    : pipeline;

/** A flat activity with the activities inside it changed: branches, loops, the cases of a Switch. */
function deep(activity: Body, each: (inner: Body) => Body): Body {
  const mapped: Body = { ...activity };
  const list = (value: Json): Json =>
    Array.isArray(value) ? value.map((item) => (isBody(item) ? each(item) : item)) : value;
  for (const key of innerLists) {
    if (mapped[key] !== undefined) mapped[key] = list(mapped[key]);
  }
  if (Array.isArray(mapped.cases)) {
    mapped.cases = mapped.cases.map((entry) =>
      isBody(entry) && entry.activities !== undefined
        ? { ...entry, activities: list(entry.activities) }
        : entry,
    );
  }
  return mapped;
}

/** A reference of one document to another, wherever it stands in it. */
export interface AdfReference {
  readonly to:
    | "linkedService"
    | "dataset"
    | "pipeline"
    | "integrationRuntime"
    | "credential"
    | "managedNetwork";
  readonly name: string;
}

const referenceTypes: Readonly<Record<string, AdfReference["to"]>> = {
  LinkedServiceReference: "linkedService",
  DatasetReference: "dataset",
  PipelineReference: "pipeline",
  IntegrationRuntimeReference: "integrationRuntime",
  CredentialReference: "credential",
  ManagedVirtualNetworkReference: "managedNetwork",
};

/** All references in a document. Data Factory marks each by its `type`. */
export function referencesIn(value: Json | undefined): AdfReference[] {
  if (Array.isArray(value)) return value.flatMap(referencesIn);
  if (!isBody(value)) return [];
  const to = typeof value.type === "string" ? referenceTypes[value.type] : undefined;
  const here = to && typeof value.referenceName === "string" ? [{ to, name: value.referenceName }] : [];
  return [...here, ...Object.values(value).flatMap(referencesIn)];
}
