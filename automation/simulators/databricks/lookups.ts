/** The data functions of the databricks provider that find an object by name, with that provider's words. */
import { groupsNamed } from "../entra/directory.ts";
import { objectIdOf } from "../entra/membership.ts";
import { type Body, bodiesAt, type Json, omit, textAt } from "../json.ts";
import type { CallContext } from "../resource-type.ts";
import type { CloudObject } from "../store.ts";
import { clusterPolicyToken } from "./cluster-policy.ts";
import { experimentToken } from "./experiment.ts";
import { instancePoolToken } from "./instance-pool.ts";
import { jobToken } from "./job.ts";
import { permissionAssignmentToken } from "./permission-assignment.ts";
import { warehouseToken } from "./sql-warehouse.ts";
import { databricksPrincipalToken, hostOf } from "./workspace-type.ts";

const inThisWorkspace = (ctx: CallContext, type: string, name?: string): CloudObject[] => {
  const host = hostOf(ctx);
  return ctx.store.ofType(type, name).filter((object) => object.scope === host);
};

const idOf = (object: CloudObject): string => object.id.split("/").at(-1) ?? object.id;

/** Application ids compare in any case; of a display name there may be several. */
export function getServicePrincipal(ctx: CallContext, args: Body): Body {
  const applicationId = textAt(args, "applicationId");
  const displayName = textAt(args, "displayName");
  if (!applicationId && !displayName) throw new Error("please specify either application_id or display_name");
  const found = inThisWorkspace(ctx, databricksPrincipalToken).filter((principal) =>
    applicationId
      ? textAt(principal.body, "applicationId").toLowerCase() === applicationId.toLowerCase()
      : textAt(principal.body, "displayName") === displayName,
  );
  const [only] = found;
  if (!only) {
    throw new Error(
      applicationId ? `cannot find SP with ID ${applicationId}` : `cannot find SP with name ${displayName}`,
    );
  }
  if (found.length > 1) throw new Error(`there are more than 1 service principal with name ${displayName}`);
  return { externalId: "", ...only.body, id: idOf(only), spId: idOf(only), scimId: idOf(only) };
}

export function getClusterPolicy(ctx: CallContext, args: Body): Body {
  const name = textAt(args, "name");
  // exact case, as the service's own list is searched
  const found = inThisWorkspace(ctx, clusterPolicyToken, name).filter((policy) => policy.name === name);
  const [only] = found;
  if (!only) throw new Error(`Policy named '${name}' does not exist`);
  if (found.length > 1) throw new Error(`there are ${found.length} instances of Policy named '${name}'`);
  const empty = { description: "", policyFamilyId: "", policyFamilyDefinitionOverrides: "" };
  return {
    ...empty,
    isDefault: false,
    maxClustersPerUser: 0,
    ...omit(only.body, ["policyId"]),
    id: idOf(only),
  };
}

/** By id or by name; names are paths, and the service's own words for a path that is not there come through. */
export function getMlflowExperiment(ctx: CallContext, args: Body): Body {
  const [id, name] = [textAt(args, "experimentId"), textAt(args, "name")];
  if (!id && !name) throw new Error("either 'experiment_id' or 'name' should be provided");
  const found = inThisWorkspace(ctx, experimentToken).find((experiment) =>
    name ? experiment.name === name : idOf(experiment) === id,
  );
  if (!found) throw new Error(name ? `Node ${name} does not exist.` : `Node ID ${id} does not exist.`);
  return { tags: [], ...found.body, id: idOf(found), experimentId: idOf(found) };
}

/** The first pool of the name; names are unique in a workspace. */
export function getInstancePool(ctx: CallContext, args: Body): Body {
  const name = textAt(args, "name");
  const found = inThisWorkspace(ctx, instancePoolToken, name).find((pool) => pool.name === name);
  if (!found) throw new Error(`instance pool '${name}' doesn't exist`);
  const empty = { defaultTags: {}, state: "ACTIVE" };
  return { name, id: idOf(found), poolInfo: { ...empty, ...found.body, instancePoolId: idOf(found) } };
}

export function getSqlWarehouse(ctx: CallContext, args: Body): Body {
  const [id, name] = [textAt(args, "id"), textAt(args, "name")];
  if (!id && !name) throw new Error("either 'id' or 'name' should be provided");
  const found = inThisWorkspace(ctx, warehouseToken).filter((warehouse) =>
    name ? warehouse.name === name : idOf(warehouse) === id,
  );
  const what = name ? `name '${name}'` : `ID '${id}'`;
  const [only] = found;
  if (!only) throw new Error(`can't find SQL warehouse with the ${what}`);
  if (found.length > 1) throw new Error(`there are multiple SQL warehouses with the ${what}`);
  return { tags: {}, ...only.body, name: only.name, id: idOf(only) };
}

/** A workspace lists the groups that were let into it, not all of the account's. */
export function getGroup(ctx: CallContext, args: Body): Body {
  const displayName = textAt(args, "displayName");
  const found = inThisWorkspace(ctx, permissionAssignmentToken).find(
    ({ body }) => textAt(body, "groupName") === displayName,
  );
  const [group] = groupsNamed(ctx.store, displayName);
  if (!found || !group) throw new Error(`cannot find group: ${displayName}`);
  const lists = ["childGroups", "groups", "instanceProfiles", "members", "servicePrincipals", "users"];
  return {
    ...Object.fromEntries(lists.map((name) => [name, []])),
    ...args,
    id: idOf(found),
    displayName,
    externalId: objectIdOf(group),
    aclPrincipalId: `groups/${displayName}`,
  };
}

/** Ids by name, or by id where names may be doubled; a part of the name is enough, in any case. */
export function getJobs(ctx: CallContext, args: Body): Body {
  const key = textAt(args, "key") || "name";
  if (key !== "name" && key !== "id") throw new Error(`unsupported key ${key}, must be one of name or id`);
  const part = textAt(args, "jobNameContains").toLowerCase();
  const ids: Body = {};
  for (const job of inThisWorkspace(ctx, jobToken)) {
    if (!job.name.toLowerCase().includes(part)) continue;
    const entry = key === "id" ? idOf(job) : job.name;
    if (ids[entry] !== undefined) throw new Error(`duplicate job name detected: ${job.name}`);
    ids[entry] = idOf(job);
  }
  return { ...args, id: "_", ids };
}

/** The first job that has the name or the id. */
export function getJob(ctx: CallContext, args: Body): Body {
  const [jobId, jobName] = [textAt(args, "jobId"), textAt(args, "jobName")];
  const found = inThisWorkspace(ctx, jobToken).find(
    (job) => (jobName !== "" && job.name === jobName) || idOf(job) === jobId,
  );
  if (!found) throw new Error("no job found with specified name or id");
  const settings = omit(found.body, ["url", "runAs"]);
  return {
    id: idOf(found),
    jobId: idOf(found),
    jobName: found.name,
    name: found.name,
    jobSettings: {
      jobId: Number(idOf(found)),
      createdTime: Date.parse(found.createdAt),
      creatorUserName: ctx.tenant.deployerId,
      runAsUserName: runAsOf(found.body.runAs),
      settings: { ...settings, tasks: bodiesAt(found.body, "tasks") },
    },
  };
}

const runAsOf = (runAs: Json | undefined): string =>
  textAt(runAs, "servicePrincipalName") || textAt(runAs, "userName");
