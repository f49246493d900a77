/**
 * What all databricks types share: the workspace that the provider's configuration names must exist and
 * answer, and everything lies in that workspace's own store, under its host name.
 */
import { creationSeconds, workspaceAt, workspaceToken } from "../azure/workspace.ts";
import { plainError } from "../cloud-error.ts";
import { applicationWith, groupsNamed, userNamed } from "../entra/directory.ts";
import { type Body, textAt } from "../json.ts";
import type { CallContext } from "../resource-type.ts";
import { readSettings } from "../settings.ts";
import type { CloudObject } from "../store.ts";

export const databricksPrincipalToken = "databricks:index/servicePrincipal:ServicePrincipal";

/** Host name of the workspace that this call goes to. */
export function hostOf(ctx: CallContext): string {
  const configured = textAt(ctx.config, "host");
  const resourceId = textAt(ctx.config, "azureWorkspaceResourceId");
  const host = configured.replace(/^https?:\/\//i, "").replace(/\/.*$/, "");
  if (host) {
    const workspace = workspaceAt(ctx, host);
    if (workspace) return readyHost(ctx, workspace);
    throw plainError(503, "NoSuchHost", `cannot reach workspace: dial tcp: lookup ${host}: no such host`);
  }
  if (!resourceId) {
    throw plainError(
      401,
      "NoHost",
      "default auth: cannot configure default credentials: the databricks provider has neither host nor azureWorkspaceResourceId",
    );
  }
  const workspace = ctx.store.get("azure", resourceId);
  if (workspace?.type === workspaceToken) return readyHost(ctx, workspace);
  throw plainError(404, "ResourceNotFound", `resolve workspace: ${resourceId} was not found`);
}

/** A new workspace takes so long, once it is made, until its APIs answer: seconds, on Azure. */
const readyAfterSeconds = creationSeconds + 10;

function readyHost({ store }: CallContext, workspace: CloudObject): string {
  const { timeFactor } = readSettings(store);
  const readyAt = Date.parse(workspace.createdAt) + readyAfterSeconds * 1000 * timeFactor;
  if (Date.now() >= readyAt) return textAt(workspace.body, "workspaceUrl").toLowerCase();
  const fault = "Authentication is temporarily unavailable. Please try again later.";
  throw plainError(503, "TEMPORARILY_UNAVAILABLE", fault);
}

/** Makes an id of the store from a folder of the workspace. */
export const inWorkspace = (host: string, folder: string, id: string): string => `${host}/${folder}/${id}`;

export interface WorkspaceWrite {
  readonly type: string;
  readonly folder: string;
  readonly id: string;
  readonly name: string;
  readonly body: Body;
}

export function putInWorkspace(ctx: CallContext, host: string, write: WorkspaceWrite): CloudObject {
  const { type, folder, id, name, body } = write;
  return ctx.store.put({
    cloud: "databricks",
    id: inWorkspace(host, folder, id),
    type,
    name,
    scope: host,
    body,
  });
}

export const getInWorkspace = (ctx: CallContext, folder: string, id: string): CloudObject | undefined =>
  ctx.store.get("databricks", inWorkspace(hostOf(ctx), folder, id));

/** Groups that every workspace has from the start. */
const systemGroups = ["users", "admins", "account users"];

/** Groups of the directory are known by display name (automatic identity management). */
export function requireGroup(ctx: CallContext, name: string): void {
  if (systemGroups.includes(name)) return;
  const found = groupsNamed(ctx.store, name);
  if (found.length === 1) return;
  const fault =
    found.length === 0
      ? `Principal: GroupName(${name}) does not exist`
      : `Principal: GroupName(${name}) is ambiguous: ${found.length} groups of the directory have this display name`;
  throw plainError(400, "RESOURCE_DOES_NOT_EXIST", fault);
}

export function requireUser(ctx: CallContext, name: string): void {
  if (userNamed(ctx.store, name)) return;
  throw plainError(400, "RESOURCE_DOES_NOT_EXIST", `Principal: UserName(${name}) does not exist`);
}

export function registeredPrincipal(
  ctx: CallContext,
  host: string,
  applicationId: string,
): CloudObject | undefined {
  return ctx.store
    .ofType(databricksPrincipalToken)
    .find(
      (principal) =>
        principal.scope === host &&
        textAt(principal.body, "applicationId").toLowerCase() === applicationId.toLowerCase(),
    );
}

export function requireServicePrincipal(ctx: CallContext, host: string, applicationId: string): void {
  if (applicationId === ctx.tenant.deployerId) return;
  if (registeredPrincipal(ctx, host, applicationId)) return;
  throw plainError(
    400,
    "RESOURCE_DOES_NOT_EXIST",
    `Principal: ServicePrincipalName(${applicationId}) does not exist`,
  );
}

export const requireApplication = (ctx: CallContext, applicationId: string): CloudObject => {
  const found = applicationWith(ctx.store, applicationId);
  if (found) return found;
  throw plainError(
    400,
    "INVALID_PARAMETER_VALUE",
    `Service principal with application ID ${applicationId} is not known to the tenant ${ctx.tenant.tenantId}.`,
  );
};
