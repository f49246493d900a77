/** Lookups that a program may make. Others are refused. */
import {
  getClusterPolicy,
  getGroup,
  getInstancePool,
  getJob,
  getJobs,
  getMlflowExperiment,
  getServicePrincipal,
  getSqlWarehouse,
} from "./databricks/lookups.ts";
import { groupsNamed, groupToken } from "./entra/directory.ts";
import { type Body, textAt } from "./json.ts";
import type { CallContext } from "./resource-type.ts";
import type { CloudObject } from "./store.ts";

const invokes: Readonly<Record<string, (ctx: CallContext, args: Body) => Body>> = {
  "azuread:index/getGroup:getGroup": (ctx, args) => {
    const found = findGroup(ctx, args);
    return {
      members: [],
      owners: [],
      types: [],
      ...found.body,
      id: textAt(found.body, "objectId"),
      displayName: found.name,
    };
  },
  "databricks:index/getServicePrincipal:getServicePrincipal": getServicePrincipal,
  "databricks:index/getClusterPolicy:getClusterPolicy": getClusterPolicy,
  "databricks:index/getJobs:getJobs": getJobs,
  "databricks:index/getJob:getJob": getJob,
  "databricks:index/getMlflowExperiment:getMlflowExperiment": getMlflowExperiment,
  "databricks:index/getInstancePool:getInstancePool": getInstancePool,
  "databricks:index/getSqlWarehouse:getSqlWarehouse": getSqlWarehouse,
  "databricks:index/getGroup:getGroup": getGroup,
  "azure-native:authorization:getClientConfig": (ctx) => ({
    clientId: ctx.tenant.deployerId,
    objectId: ctx.tenant.deployerId,
    subscriptionId: textAt(ctx.config, "subscriptionId") || ctx.tenant.subscriptionId,
    tenantId: textAt(ctx.config, "tenantId") || ctx.tenant.tenantId,
  }),
};

export const functionTokens: readonly string[] = Object.keys(invokes);

export function invoke(ctx: CallContext, token: string, args: Body): Body {
  const found = invokes[token];
  if (!found) throw new Error(`The simulated clouds do not know the function ${token}.`);
  return found(ctx, args);
}

function findGroup(ctx: CallContext, args: Body): CloudObject {
  const objectId = textAt(args, "objectId");
  const displayName = textAt(args, "displayName");
  if (objectId) {
    const found = ctx.store.get("entra", `/groups/${objectId}`);
    if (found?.type === groupToken) return found;
    throw new Error(`No group found with object ID: "${objectId}"`);
  }
  const found = groupsNamed(ctx.store, displayName);
  if (found.length > 1) throw new Error(`More than one group found with display name: "${displayName}"`);
  const [only] = found;
  if (!only) throw new Error(`No group found with display name: "${displayName}"`);
  return only;
}
