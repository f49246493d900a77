/** Role assignments: (scope, role, principal) is unique whatever the name, and nothing of it ever changes. */
import { matches } from "../check.ts";
import { armError } from "../cloud-error.ts";
import { principalKind, principalOf } from "../entra/directory.ts";
import { type Body, textAt } from "../json.ts";
import type { CallContext, ResourceType } from "../resource-type.ts";
import { type ArmCall, armType, requireSubscription, resourceGroupOf } from "./arm-type.ts";
import { findRole, guid, isWithin, roleAssignmentToken, roleGuid } from "./role-definitions.ts";
import { sameId } from "./virtual-network.ts";

const fixed = ["principalId", "principalType", "roleDefinitionId", "scope"];
/** ARM's limit for one subscription */
const maxAssignments = 4000;

export const roleAssignment: ResourceType = armType({
  token: roleAssignmentToken,
  armType: "Microsoft.Authorization/roleAssignments",
  path: "/{scope}/providers/Microsoft.Authorization/roleAssignments/{roleAssignmentName}",
  replaceOn: ["principalId"],
  outputsOnly: ["createdOn", "updatedOn", "createdBy", "updatedBy"],
  hasState: false,
  madeUpName: () => crypto.randomUUID(),
  check: (inputs) => [
    ...matches(inputs, "roleAssignmentName", { pattern: guid, says: "a role assignment's name is a GUID" }),
    ...matches(inputs, "principalId", {
      pattern: guid,
      says: "a principal is named by its object id, a GUID",
    }),
  ],
  build: (call) => {
    const scope = `/${textAt(call.inputs, "scope").replace(/^\/+/, "")}`;
    if (call.before) refuseChange(call, call.before.body);
    else admit(call, scope);
    const now = new Date().toISOString();
    return { scope, createdOn: textAt(call.before?.body, "createdOn") || now, updatedOn: now };
  },
});

function admit(call: ArmCall, scope: string): void {
  requireScope(call.ctx, scope);
  const role = roleGuid(textAt(call.inputs, "roleDefinitionId"));
  const found = findRole(call.ctx.store, role);
  if (!found) {
    throw armError(
      400,
      "RoleDefinitionDoesNotExist",
      `The specified role definition with ID '${role}' does not exist.`,
    );
  }
  if (found.assignableScopes && !found.assignableScopes.some((outer) => isWithin(scope, outer))) {
    throw armError(
      400,
      "RoleAssignmentScopeNotAssignableToRoleDefinition",
      `The role assignment scope '${scope}' is not assignable to role definition '${found.name}'; it is assignable in ${found.assignableScopes.join(", ")}.`,
    );
  }
  requirePrincipal(call.ctx, textAt(call.inputs, "principalId"), textAt(call.inputs, "principalType"));
  refuseTwin(call, scope, role);
}

function requireScope(ctx: CallContext, scope: string): void {
  requireSubscription(ctx);
  if (sameId(scope, `/subscriptions/${ctx.tenant.subscriptionId}`)) return;
  // ARM asks for the resource, not for each secret, container or table in it
  const resource = scope.replace(
    /(\/(?:vaults|storageAccounts|workspaces)\/[^/]+)\/(?!providers\/).+$/i,
    "$1",
  );
  if (ctx.store.get("azure", resource)) return;
  const group = resourceGroupOf(resource);
  const groupName = group?.split("/").at(-1) ?? scope;
  if (!group || !ctx.store.get("azure", group)) {
    throw armError(404, "ResourceGroupNotFound", `Resource group '${groupName}' could not be found.`);
  }
  const name = resource.slice(group.length).replace(/^\/providers\//i, "");
  throw armError(
    404,
    "ResourceNotFound",
    `The Resource '${name}' under resource group '${groupName}' was not found.`,
  );
}

/** Made so recently that Azure RBAC has not heard of it yet. */
function isOnItsWay({ store, tenant }: CallContext, principalId: string): boolean {
  const createdAt = principalOf(store, principalId)?.createdAt ?? "";
  if (createdAt <= tenant.seededAt) return false;
  return Date.now() - Date.parse(createdAt) < tenant.principalLagSeconds * 1000;
}

function requirePrincipal(ctx: CallContext, principalId: string, asked: string): void {
  const kind = principalKind(ctx.store, principalId);
  // A stated type makes ARM believe in a new user or service principal; a new group has to arrive all the same.
  const isBelieved = kind !== "Group" && asked !== "";
  if (!kind || (isOnItsWay(ctx, principalId) && !isBelieved)) {
    throw armError(
      400,
      "PrincipalNotFound",
      `Principal ${principalId.replaceAll("-", "")} does not exist in the directory ${ctx.tenant.tenantId}. Check that you have the correct principal ID. If you are creating this principal and then immediately assigning a role, this error might be related to a replication delay. In this case, set the role assignment principalType property to a value, such as ServicePrincipal, User, or Group. See https://aka.ms/docs-principaltype`,
    );
  }
  if (!asked || asked.toLowerCase() === kind.toLowerCase()) return;
  throw armError(
    400,
    "UnmatchedPrincipalType",
    `The PrincipalId '${principalId}' has type '${kind}', which is different from specified PrincipalType '${asked}'.`,
  );
}

function refuseTwin(call: ArmCall, scope: string, role: string): void {
  const { store } = call.ctx;
  const atScope = store
    .below("azure", `${scope}/providers/Microsoft.Authorization/roleAssignments`)
    .filter((other) => sameId(textAt(other.body, "scope"), scope));
  const twin = atScope.find(
    (other) =>
      roleGuid(textAt(other.body, "roleDefinitionId")) === role &&
      sameId(textAt(other.body, "principalId"), textAt(call.inputs, "principalId")),
  );
  if (twin) {
    const id = twin.name.replaceAll("-", "");
    throw armError(
      409,
      "RoleAssignmentExists",
      `The role assignment already exists. The ID of the existing role assignment is ${id}.`,
    );
  }
  if (store.ofType(roleAssignmentToken).length < maxAssignments) return;
  throw armError(400, "RoleAssignmentLimitExceeded", "No more role assignments can be created.");
}

function refuseChange(call: ArmCall, before: Body): void {
  const asked = (path: string): string => textAt(call.inputs, path).replace(/^\/+/, "");
  const held = (path: string): string => textAt(before, path).replace(/^\/+/, "");
  if (fixed.every((path) => sameId(asked(path), held(path)))) return;
  throw armError(
    400,
    "RoleAssignmentUpdateNotPermitted",
    "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.",
  );
}
