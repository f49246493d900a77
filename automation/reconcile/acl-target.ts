/** Where an entry of a permission list belongs. */
import type { Entry, OutputReference } from "../../metadata-schema/contributions.ts";
import { type AclObjectType, aclObjectTypes } from "../../metadata-schema/desired-state.ts";
import { aclStack, warehouseAclStack } from "../../program/layout/names.ts";
import {
  firstMissingLast,
  type JobContext,
  ownOutput,
  platformOutput,
  textOutput,
  workspaceOutput,
} from "./job-context.ts";
import type { PlacedEntry } from "./outcome.ts";

/** The output that names the object that a list is for; the warehouse is the environment's, all else the job's. */
const idOutputs = {
  "cluster-policy": "cluster_policy_id",
  experiment: "experiment_id",
  "instance-pool": "instance_pool_id",
  "interactive-policy": "interactive_policy_id",
  job: "databricks_job_id",
  "serving-endpoint": "serving_endpoint_id",
  warehouse: "warehouse_id",
} as const satisfies Record<AclObjectType, string>;

const idOutput = (type: AclObjectType, context: JobContext): OutputReference =>
  type === "warehouse" ? workspaceOutput(context, idOutputs[type]) : ownOutput(context, idOutputs[type]);

/** Ids of the objects in one stack that exist by now. */
function objectIdsOf(
  stack: "job" | "warehouse",
  context: JobContext,
): Readonly<Partial<Record<AclObjectType, string>>> {
  const types = aclObjectTypes.filter((type) => (type === "warehouse") === (stack === "warehouse"));
  const known = types.flatMap((type) => {
    const id = textOutput(context, idOutput(type, context));
    return id === null ? [] : [[type, id] as const];
  });
  return Object.fromEntries(known);
}

/** Ids that were known before as they are now: of an object that is gone, its stack tells null, and its id goes. */
export function idsNow(
  before: Readonly<Partial<Record<AclObjectType, string>>>,
  context: JobContext,
): Readonly<Partial<Record<AclObjectType, string>>> {
  const kept = aclObjectTypes.flatMap((type) => {
    const id = before[type];
    return id === undefined || context.output(idOutput(type, context)) === null ? [] : [[type, id] as const];
  });
  return {
    ...Object.fromEntries(kept),
    ...objectIdsOf("warehouse" in before ? "warehouse" : "job", context),
  };
}

/**
 * Places an entry of the list of one object. It counts once the object and what else it needs exist.
 * @param needs outputs that the entry's own words were made from
 */
export function aclEntry(
  entry: Entry,
  type: AclObjectType,
  context: JobContext,
  needs: readonly OutputReference[] = [],
): PlacedEntry {
  const { workspace, environmentName, jobId } = context;
  const isShared = type === "warehouse";
  const references = [platformOutput(context, "workspace_url"), ...needs, idOutput(type, context)];
  const isKnown = references.every((reference) => textOutput(context, reference) !== null);
  return {
    target: {
      stack: isShared ? warehouseAclStack(environmentName) : aclStack(environmentName, jobId),
      kind: "acl",
      base:
        workspace !== null && isKnown
          ? {
              kind: "acl",
              environment: context.factsFor("acl"),
              workspace,
              objectIds: objectIdsOf(isShared ? "warehouse" : "job", context),
            }
          : null,
      references: firstMissingLast(context, references),
    },
    entry,
  };
}
