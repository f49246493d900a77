/** The one access list of an object. It lives and dies with the object; nobody creates or deletes it. */
import type { Body } from "../json.ts";
import type { CallContext } from "../resource-type.ts";
import type { CloudObject } from "../store.ts";
import { inWorkspace, putInWorkspace } from "./workspace-type.ts";

export const permissionsToken = "databricks:index/permissions:Permissions";

/** What has an access list. */
export interface ObjectKind {
  /** property of Permissions that names one */
  readonly field: string;
  /** as the REST API and the ids in the state name the kind */
  readonly folder: string;
  readonly objectType: string;
  /** from least to most; each includes what those before it give, but for a warehouse's */
  readonly levels: readonly string[];
  readonly hasOwner: boolean;
}

const kind = (field: string, folder: string, objectType: string, levels: string): ObjectKind => ({
  field,
  folder,
  objectType,
  levels: levels.split(" "),
  hasOwner: levels.includes("IS_OWNER"),
});

/** Levels as the Databricks provider lists them, for the objects that are simulated and some that are not. */
export const objectKinds: readonly ObjectKind[] = [
  kind("jobId", "jobs", "job", "CAN_VIEW CAN_MANAGE_RUN CAN_MANAGE IS_OWNER"),
  kind("clusterPolicyId", "cluster-policies", "cluster-policy", "CAN_USE"),
  kind("clusterId", "clusters", "cluster", "CAN_ATTACH_TO CAN_RESTART CAN_MANAGE"),
  kind("instancePoolId", "instance-pools", "instance-pool", "CAN_ATTACH_TO CAN_MANAGE"),
  kind("servingEndpointId", "serving-endpoints", "serving-endpoint", "CAN_VIEW CAN_QUERY CAN_MANAGE"),
  kind("experimentId", "experiments", "mlflowExperiment", "CAN_READ CAN_EDIT CAN_MANAGE"),
  kind(
    "registeredModelId",
    "registered-models",
    "registered-model",
    "CAN_READ CAN_EDIT CAN_MANAGE_STAGING_VERSIONS CAN_MANAGE_PRODUCTION_VERSIONS CAN_MANAGE",
  ),
  kind("sqlEndpointId", "sql/warehouses", "warehouses", "CAN_VIEW CAN_USE CAN_MONITOR CAN_MANAGE IS_OWNER"),
  kind("pipelineId", "pipelines", "pipelines", "CAN_VIEW CAN_RUN CAN_MANAGE IS_OWNER"),
];

export const kindOfFolder = (folderName: string): ObjectKind | undefined =>
  objectKinds.find((each) => each.folder === folderName);

/** The kind of an id in the state: `/sql/warehouses/123`. */
export const kindOfId = (objectId: string): ObjectKind | undefined =>
  kindOfFolder(objectId.replace(/^\//, "").replace(/\/[^/]+$/, ""));

export interface PermissionsWrite {
  readonly kind: ObjectKind;
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
  const { objectType, hasOwner } = write.kind;
  const body: Body = {
    objectType,
    objectId: write.objectId,
    accessControls: write.accessControls,
    ...(hasOwner ? { owner: holder } : {}),
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
