/** The data functions of the databricks provider that find an object by name, with that provider's words. */
import { type Body, bodiesAt, type Json, omit, textAt } from "../json.ts";
import type { CallContext } from "../resource-type.ts";
import type { CloudObject } from "../store.ts";
import { clusterPolicyToken } from "./cluster-policy.ts";
import { jobToken } from "./job.ts";
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
