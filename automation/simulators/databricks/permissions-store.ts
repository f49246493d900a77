/** The one access list of an object. It lives and dies with the object; nobody creates or deletes it. */
import type { Body } from "../json.ts";
import type { CallContext } from "../resource-type.ts";
import type { CloudObject } from "../store.ts";
import { inWorkspace, putInWorkspace } from "./workspace-type.ts";

export const permissionsToken = "databricks:index/permissions:Permissions";

export interface PermissionsWrite {
  /** `/jobs/123` */
  readonly objectId: string;
  /** name of the object, for people */
  readonly name: string;
  readonly accessControls: Body[];
}

const folder = "permissions";
const keyOf = (objectId: string): string => objectId.replace(/^\//, "");

export const getPermissions = (ctx: CallContext, host: string, objectId: string): CloudObject | undefined =>
  ctx.store.get("databricks", inWorkspace(host, folder, keyOf(objectId)));

/** Replaces the whole list; whoever isn't in it is out. Without an owner in it, the creator owns a job again. */
export function putPermissions(ctx: CallContext, host: string, write: PermissionsWrite): Body {
  const named = write.accessControls.find((entry) => entry.permissionLevel === "IS_OWNER");
  const { permissionLevel: _level, ...holder } = named ?? { servicePrincipalName: ctx.tenant.deployerId };
  const objectType = write.objectId.startsWith("/jobs/") ? "job" : "cluster-policy";
  const body: Body = {
    objectType,
    objectId: write.objectId,
    accessControls: write.accessControls,
    ...(objectType === "job" ? { owner: holder } : {}),
  };
  putInWorkspace(ctx, host, {
    type: permissionsToken,
    folder,
    id: keyOf(write.objectId),
    name: write.name,
    body,
  });
  return body;
}

export function dropPermissions(ctx: CallContext, host: string, objectId: string): void {
  ctx.store.remove("databricks", inWorkspace(host, folder, keyOf(objectId)));
}
