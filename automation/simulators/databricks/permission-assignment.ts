/** Membership of a workspace. A principal that an object's list names, and that is no member, can do nothing there. */
import { plainError } from "../cloud-error.ts";
import { groupsNamed, userNamed } from "../entra/directory.ts";
import { type Body, hasText, isUnknown, textAt, textsAt } from "../json.ts";
import {
  type CallContext,
  type InputFault,
  type Made,
  type ResourceType,
  typeDefaults,
} from "../resource-type.ts";
import { accountPrincipalId, isRegistered } from "./principals.ts";
import { doesNotExist } from "./workspace-object.ts";
import { getInWorkspace, hostOf, inWorkspace, putInWorkspace, requireGroup } from "./workspace-type.ts";

export const permissionAssignmentToken = "databricks:index/permissionAssignment:PermissionAssignment";

const folder = "permission-assignments";
const names = ["groupName", "principalId", "servicePrincipalName", "userName"];

export const permissionAssignment: ResourceType = {
  ...typeDefaults,
  token: permissionAssignmentToken,
  cloud: "databricks",
  required: ["permissions"],
  replaceOn: names,
  computed: names,
  sets: ["permissions"],
  check: checkAssignment,
  create: (ctx, inputs) => {
    const found = principalOf(ctx, inputs);
    return put(ctx, found, textsAt(inputs, "permissions"));
  },
  read: (ctx, id) => {
    const found = getInWorkspace(ctx, folder, id);
    return found && { id, body: found.body };
  },
  update: (ctx, { id, inputs }) => {
    if (!getInWorkspace(ctx, folder, id)) throw doesNotExist(`Principal ${id}`);
    return put(ctx, principalOf(ctx, inputs), textsAt(inputs, "permissions")).body;
  },
  delete: (ctx, id) => {
    ctx.store.remove("databricks", inWorkspace(hostOf(ctx), folder, id));
  },
};

interface Principal {
  readonly id: string;
  readonly name: string;
  /** the property that names it */
  readonly by: string;
}

function principalOf(ctx: CallContext, inputs: Body): Principal {
  const groupName = textAt(inputs, "groupName");
  const application = textAt(inputs, "servicePrincipalName");
  const userName = textAt(inputs, "userName");
  if (groupName) {
    requireGroup(ctx, groupName);
    const [group] = groupsNamed(ctx.store, groupName);
    if (!group) throw notFound(`GroupName(${groupName})`);
    return { id: accountPrincipalId(textAt(group.body, "objectId")), name: groupName, by: "groupName" };
  }
  if (application) {
    if (!isRegistered(ctx.store, application)) throw notFound(`ServicePrincipalName(${application})`);
    return { id: accountPrincipalId(application), name: application, by: "servicePrincipalName" };
  }
  const user = userNamed(ctx.store, userName);
  if (!user) throw notFound(`UserName(${userName})`);
  return { id: accountPrincipalId(textAt(user.body, "objectId")), name: userName, by: "userName" };
}

const notFound = (what: string): Error =>
  plainError(400, "RESOURCE_DOES_NOT_EXIST", `Principal: ${what} does not exist`);

function put(ctx: CallContext, { id, name, by }: Principal, permissions: string[]): Made {
  const body: Body = { [by]: name, displayName: name, principalId: Number(id), permissions };
  putInWorkspace(ctx, hostOf(ctx), { type: permissionAssignmentToken, folder, id, name, body });
  return { id, body };
}

function checkAssignment(inputs: Body): InputFault[] {
  const named = names.filter((key) => hasText(inputs, key) || typeof inputs[key] === "number");
  const faults: InputFault[] = [];
  if (named.length !== 1) {
    faults.push({ property: "groupName", reason: `exactly one of ${names.join(", ")} is required` });
  }
  if (named[0] === "principalId") {
    const reason = "principals are named, not numbered, here: say groupName or servicePrincipalName";
    faults.push({ property: "principalId", reason });
  }
  const wrong = textsAt(inputs, "permissions").filter(
    (level) => !isUnknown(level) && level !== "USER" && level !== "ADMIN",
  );
  return [
    ...faults,
    ...wrong.map((level) => ({ property: "permissions", reason: `'${level}' is not one of USER, ADMIN` })),
  ];
}
