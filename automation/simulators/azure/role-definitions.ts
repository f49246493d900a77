/** Roles: Azure's own, and those that a tenant defines. */
import { matches } from "../check.ts";
import { armError } from "../cloud-error.ts";
import { bodiesAt, textAt, textsAt } from "../json.ts";
import type { ResourceType } from "../resource-type.ts";
import type { CloudObject, Store } from "../store.ts";
import { type ArmCall, armType } from "./arm-type.ts";
import { builtInRoles } from "./built-in-roles.ts";
import type { RolePermission } from "./role-permission.ts";
import { systemDataOf } from "./system-data.ts";

export const roleDefinitionToken = "azure-native:authorization:RoleDefinition";
export const roleAssignmentToken = "azure-native:authorization:RoleAssignment";

export const guid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** The GUID in the id of a role definition. */
export const roleGuid = (definitionId: string): string =>
  (definitionId.split("/").at(-1) ?? definitionId).toLowerCase();

export interface Role {
  readonly name: string;
  readonly permissions: readonly RolePermission[];
  /** null: anywhere */
  readonly assignableScopes: readonly string[] | null;
}

/** A role of Azure's or of the tenant's. */
export function findRole(store: Store, id: string): Role | undefined {
  const key = roleGuid(id);
  const builtIn = builtInRoles.get(key);
  if (builtIn) return { name: builtIn.name, permissions: [builtIn.permission], assignableScopes: null };
  const [custom] = store.ofType(roleDefinitionToken, key);
  if (!custom) return undefined;
  const permissions = bodiesAt(custom.body, "permissions").map((permission) => ({
    actions: textsAt(permission, "actions"),
    notActions: textsAt(permission, "notActions"),
    dataActions: textsAt(permission, "dataActions"),
    notDataActions: textsAt(permission, "notDataActions"),
  }));
  const name = textAt(custom.body, "roleName");
  return { name, permissions, assignableScopes: textsAt(custom.body, "assignableScopes") };
}

/** Whether a scope is another one or lies in it. */
export function isWithin(scope: string, outer: string): boolean {
  const [inner, wide] = [scope, outer].map((text) => `/${text.toLowerCase().replace(/^\/+|\/+$/g, "")}/`);
  return wide === "//" || (inner ?? "").startsWith(wide ?? "");
}

export const roleDefinition: ResourceType = armType({
  token: roleDefinitionToken,
  armType: "Microsoft.Authorization/roleDefinitions",
  path: "/{scope}/providers/Microsoft.Authorization/roleDefinitions/{roleDefinitionId}",
  required: ["roleName"],
  outputsOnly: ["createdBy", "createdOn", "updatedBy", "updatedOn", "systemData"],
  hasState: false,
  madeUpName: () => crypto.randomUUID(),
  check: (inputs) =>
    matches(inputs, "roleDefinitionId", { pattern: guid, says: "a role definition's id is a GUID" }),
  build: (call) => {
    admit(call);
    const systemData = systemDataOf(call);
    return {
      createdBy: systemData.createdBy ?? "",
      createdOn: systemData.createdAt ?? "",
      updatedBy: systemData.lastModifiedBy ?? "",
      updatedOn: systemData.lastModifiedAt ?? "",
      roleType: "CustomRole",
      systemData,
    };
  },
  release: (ctx, definition) => {
    const held = ctx.store
      .ofType(roleAssignmentToken)
      .filter(({ body }) => roleGuid(textAt(body, "roleDefinitionId")) === definition.name.toLowerCase());
    if (held.length === 0) return;
    throw armError(
      400,
      "RoleDefinitionHasAssignments",
      `There are existing role assignments referencing role (code: RoleDefinitionHasAssignments): ${held.map(({ id }) => id).join(", ")}.`,
    );
  },
});

function admit(call: ArmCall): void {
  const { ctx, inputs } = call;
  const roleName = textAt(inputs, "roleName");
  const isOther = (other: CloudObject): boolean => other.id.toLowerCase() !== call.id.toLowerCase();
  const isTaken =
    [...builtInRoles.values()].some(({ name }) => name.toLowerCase() === roleName.toLowerCase()) ||
    ctx.store
      .ofType(roleDefinitionToken)
      .some(
        (other) => isOther(other) && textAt(other.body, "roleName").toLowerCase() === roleName.toLowerCase(),
      );
  if (isTaken) {
    throw armError(
      409,
      "RoleDefinitionWithSameNameExists",
      `A custom role with the same name already exists in this directory. Use a different name than '${roleName}'.`,
    );
  }
  const scopes = textsAt(inputs, "assignableScopes");
  if (!scopes.some((scope) => isWithin(textAt(inputs, "scope"), scope))) {
    throw armError(
      400,
      "InvalidRoleDefinitionAssignableScopes",
      `The assignable scopes of role '${roleName}' must have the scope that it is made at: ${textAt(inputs, "scope")}.`,
    );
  }
  refuseMalformed(call, roleName);
}

/** `Microsoft.Storage/storageAccounts/read`, with stars anywhere */
const action = /^(\*|[\w.*]+(\/[\w.*-]+)+)$/;

function refuseMalformed({ inputs }: ArmCall, roleName: string): void {
  const lists = ["actions", "notActions", "dataActions", "notDataActions"] as const;
  const all = bodiesAt(inputs, "permissions").flatMap((permission) =>
    lists.flatMap((list) => textsAt(permission, list)),
  );
  const bad = all.find((text) => !action.test(text));
  if (bad === undefined && all.length > 0) return;
  throw armError(
    400,
    "InvalidActionOrNotAction",
    bad === undefined
      ? `Role '${roleName}' has no permission at all.`
      : `'${bad}' in role '${roleName}' does not match any of the actions supported by the providers.`,
  );
}
