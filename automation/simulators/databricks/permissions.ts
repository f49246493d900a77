/**
 * Permissions replace an object's whole list: two resources for one object overwrite each other without a
 * word, and deleting one empties the list and gives the object back to its creator.
 */
import { plainError } from "../cloud-error.ts";
import { type Body, bodiesAt, hasText, isUnknown, omit, textAt } from "../json.ts";
import {
  type CallContext,
  type InputFault,
  type Made,
  type ResourceType,
  typeDefaults,
} from "../resource-type.ts";
import {
  getPermissions,
  kindOfId,
  type ObjectKind,
  objectKinds,
  permissionsToken,
  putPermissions,
} from "./permissions-store.ts";
import {
  getInWorkspace,
  hostOf,
  requireGroup,
  requireServicePrincipal,
  requireUser,
} from "./workspace-type.ts";

const principalFields = ["groupName", "servicePrincipalName", "userName"];
const ids = objectKinds.map(({ field }) => field);

export const permissions: ResourceType = {
  ...typeDefaults,
  token: permissionsToken,
  cloud: "databricks",
  outputsOnly: ["objectType"],
  replaceOn: ids,
  sets: ["accessControls"],
  check: checkPermissions,
  create: (ctx, inputs) => put(ctx, inputs),
  read: (ctx, id) => {
    const found = getPermissions(ctx, hostOf(ctx), id);
    // an empty list is how the provider tells that nobody manages it
    if (!found || bodiesAt(found.body, "accessControls").length === 0) return undefined;
    const idField = kindOfId(id)?.field ?? "jobId";
    const body = { ...omit(found.body, ["owner", "objectId"]), [idField]: id.split("/").at(-1) ?? id };
    return { id, body };
  },
  update: (ctx, { inputs }) => put(ctx, inputs).body,
  delete: (ctx, id) => {
    const found = getPermissions(ctx, hostOf(ctx), id);
    const kind = kindOfId(id);
    if (!found || !kind) return;
    putPermissions(ctx, hostOf(ctx), { kind, objectId: id, name: found.name, accessControls: [] });
  },
};

function put(ctx: CallContext, inputs: Body): Made {
  const host = hostOf(ctx);
  const kind = objectKinds.find(({ field }) => inputs[field] !== undefined) as ObjectKind;
  const id = String(inputs[kind.field]);
  const object = getInWorkspace(ctx, kind.folder, id);
  if (!object) {
    const what = kind.field.replace(/Id$/, "");
    throw plainError(404, "RESOURCE_DOES_NOT_EXIST", `Permissions: ${what} ${id} does not exist.`);
  }
  const accessControls = highestOfEach(kind, bodiesAt(inputs, "accessControls"));
  for (const entry of accessControls) {
    refuseDemotion(ctx, kind, entry);
    requirePrincipal(ctx, host, entry);
  }
  if (accessControls.filter((entry) => entry.permissionLevel === "IS_OWNER").length > 1) {
    throw plainError(400, "INVALID_PARAMETER_VALUE", `The ${kind.objectType} must have exactly one owner.`);
  }
  const objectId = `/${kind.folder}/${id}`;
  const stored = putPermissions(ctx, host, { kind, objectId, name: object.name, accessControls });
  return { id: objectId, body: { ...omit(stored, ["owner", "objectId"]), [kind.field]: id } };
}

/** The service keeps one level a principal, the highest: whoever lists two sees a difference for ever. */
function highestOfEach(kind: ObjectKind, entries: readonly Body[]): Body[] {
  const kept = new Map<string, Body>();
  const rank = (entry: Body): number => kind.levels.indexOf(textAt(entry, "permissionLevel"));
  for (const entry of entries) {
    const who = principalFields.map((field) => `${field} ${textAt(entry, field)}`.toLowerCase()).join();
    const other = kept.get(who);
    if (!other || rank(entry) > rank(other)) kept.set(who, entry);
  }
  return [...kept.values()];
}

const managing = ["CAN_MANAGE", "IS_OWNER"];

/** Whoever runs the engine can't take its own management away. Of a policy any level will do. */
function refuseDemotion(ctx: CallContext, kind: ObjectKind, entry: Body): void {
  if (textAt(entry, "servicePrincipalName").toLowerCase() !== ctx.tenant.deployerId.toLowerCase()) return;
  const allowed = kind.levels.filter((level) => managing.includes(level));
  if (allowed.length === 0 || allowed.includes(textAt(entry, "permissionLevel"))) return;
  throw plainError(
    400,
    "INVALID_PARAMETER_VALUE",
    `cannot remove management permissions for the current user for ${kind.objectType}, allowed levels: ${allowed.sort().join(", ")}`,
  );
}

function requirePrincipal(ctx: CallContext, host: string, entry: Body): void {
  const groupName = textAt(entry, "groupName");
  const application = textAt(entry, "servicePrincipalName");
  const user = textAt(entry, "userName");
  if (groupName) requireGroup(ctx, groupName);
  if (application) requireServicePrincipal(ctx, host, application);
  if (user) requireUser(ctx, user);
}

function checkPermissions(inputs: Body): InputFault[] {
  const named = objectKinds.filter(({ field }) => inputs[field] !== undefined);
  const [kind] = named;
  if (!kind || named.length > 1) {
    return [
      { property: "jobId", reason: `exactly one of ${ids.join(", ")} is required; found ${named.length}` },
    ];
  }
  const entries = bodiesAt(inputs, "accessControls");
  if (entries.length === 0 && !isUnknown(inputs.accessControls)) {
    return [{ property: "accessControls", reason: "at least one entry is required" }];
  }
  return entries.flatMap((entry, index) => checkEntry(entry, { kind, property: `accessControls[${index}]` }));
}

function checkEntry(entry: Body, where: { kind: ObjectKind; property: string }): InputFault[] {
  const { kind, property } = where;
  const level = textAt(entry, "permissionLevel");
  const faults: InputFault[] = [];
  if (!isUnknown(level) && !kind.levels.includes(level)) {
    const reason = `permission_level ${level || "(none)"} is not supported with ${kind.field} objects; allowed levels: ${[...kind.levels].sort().join(", ")}`;
    faults.push({ property: `${property}.permissionLevel`, reason });
  }
  if (principalFields.filter((name) => hasText(entry, name)).length !== 1) {
    faults.push({ property, reason: `exactly one of ${principalFields.join(", ")} is required` });
  }
  if (entry.groupName === "admins") {
    faults.push({
      property: `${property}.groupName`,
      reason: `it is not possible to modify admin permissions for ${kind.objectType} resources`,
    });
  }
  return faults;
}
