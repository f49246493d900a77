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
import { clusterPolicyFolder } from "./cluster-policy.ts";
import { jobFolder } from "./job.ts";
import { getPermissions, permissionsToken, putPermissions } from "./permissions-store.ts";
import {
  getInWorkspace,
  hostOf,
  requireGroup,
  requireServicePrincipal,
  requireUser,
} from "./workspace-type.ts";

interface Rule {
  readonly path: string;
  readonly levels: readonly string[];
}

/** Levels from least to most, as the Databricks Terraform provider lists them. A path is given for the objects that are simulated. */
const rules: Readonly<Record<string, Rule>> = {
  jobId: { path: jobFolder, levels: ["CAN_VIEW", "CAN_MANAGE_RUN", "CAN_MANAGE", "IS_OWNER"] },
  clusterPolicyId: { path: clusterPolicyFolder, levels: ["CAN_USE"] },
  clusterId: { path: "", levels: ["CAN_ATTACH_TO", "CAN_RESTART", "CAN_MANAGE"] },
  instancePoolId: { path: "", levels: ["CAN_ATTACH_TO", "CAN_MANAGE"] },
  servingEndpointId: { path: "", levels: ["CAN_VIEW", "CAN_QUERY", "CAN_MANAGE"] },
  experimentId: { path: "", levels: ["CAN_READ", "CAN_EDIT", "CAN_MANAGE"] },
  sqlEndpointId: { path: "", levels: ["CAN_VIEW", "CAN_MONITOR", "CAN_USE", "CAN_MANAGE", "IS_OWNER"] },
  pipelineId: { path: "", levels: ["CAN_VIEW", "CAN_RUN", "CAN_MANAGE", "IS_OWNER"] },
};

const principalFields = ["groupName", "servicePrincipalName", "userName"];
const ids = Object.keys(rules);

export const permissions: ResourceType = {
  ...typeDefaults,
  token: permissionsToken,
  cloud: "databricks",
  inputs: ["accessControls", ...ids],
  required: ["accessControls"],
  replaceOn: ids,
  sets: ["accessControls"],
  check: checkPermissions,
  create: (ctx, inputs) => put(ctx, inputs),
  read: (ctx, id) => {
    const found = getPermissions(ctx, hostOf(ctx), id);
    // an empty list is how the provider tells that nobody manages it
    if (!found || bodiesAt(found.body, "accessControls").length === 0) return undefined;
    const idField = ids.find((field) => id.startsWith(`/${rules[field]?.path}/`)) ?? "jobId";
    const body = { ...omit(found.body, ["owner", "objectId"]), [idField]: id.split("/").at(-1) ?? id };
    return { id, body };
  },
  update: (ctx, { inputs }) => put(ctx, inputs).body,
  delete: (ctx, id) => {
    const found = getPermissions(ctx, hostOf(ctx), id);
    if (found) putPermissions(ctx, hostOf(ctx), { objectId: id, name: found.name, accessControls: [] });
  },
};

function put(ctx: CallContext, inputs: Body): Made {
  const host = hostOf(ctx);
  const field = ids.find((name) => inputs[name] !== undefined) ?? "jobId";
  const id = String(inputs[field]);
  const path = rules[field]?.path ?? "";
  const object = path === "" ? undefined : getInWorkspace(ctx, path, id);
  if (!object) {
    const kind = field.replace(/Id$/, "");
    throw plainError(404, "RESOURCE_DOES_NOT_EXIST", `Permissions: ${kind} ${id} does not exist.`);
  }
  const accessControls = bodiesAt(inputs, "accessControls");
  for (const entry of accessControls) requirePrincipal(ctx, host, entry);
  const objectId = `/${path}/${id}`;
  const stored = putPermissions(ctx, host, { objectId, name: object.name, accessControls });
  return { id: objectId, body: { ...omit(stored, ["owner", "objectId"]), [field]: id } };
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
  const named = ids.filter((field) => inputs[field] !== undefined);
  const [field] = named;
  if (!field || named.length > 1) {
    return [
      { property: "jobId", reason: `exactly one of ${ids.join(", ")} is required; found ${named.length}` },
    ];
  }
  const entries = bodiesAt(inputs, "accessControls");
  if (entries.length === 0 && !isUnknown(inputs.accessControls)) {
    return [{ property: "accessControls", reason: "at least one entry is required" }];
  }
  return entries.flatMap((entry, index) =>
    checkEntry(entry, { field, property: `accessControls[${index}]` }),
  );
}

function checkEntry(entry: Body, where: { field: string; property: string }): InputFault[] {
  const { field, property } = where;
  const levels = rules[field]?.levels ?? [];
  const level = textAt(entry, "permissionLevel");
  const faults: InputFault[] = [];
  if (!isUnknown(level) && !levels.includes(level)) {
    const reason = `permission_level ${level || "(none)"} is not supported with ${field} objects; allowed: ${levels.join(", ")}`;
    faults.push({ property: `${property}.permissionLevel`, reason });
  }
  if (principalFields.filter((name) => hasText(entry, name)).length !== 1) {
    faults.push({ property, reason: `exactly one of ${principalFields.join(", ")} is required` });
  }
  if (entry.groupName === "admins") {
    faults.push({
      property: `${property}.groupName`,
      reason: "it is not possible to modify the permissions of admins",
    });
  }
  return faults;
}
