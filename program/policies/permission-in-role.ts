import { isPermission, isRole, type Permission, roleBundles } from "../layout/role-matrix.ts";
import { guardrail } from "./pieces.ts";

const rolesWith = (permission: Permission): string[] =>
  Object.entries<readonly Permission[]>(roleBundles)
    .filter(([, bundle]) => bundle.includes(permission))
    .map(([role]) => role);

/** An unknown permission is left to `known-permission`: one fault, one verdict. */
export const permissionInRole = guardrail(
  {
    id: "permission-in-role",
    invariant: "I1",
    title: "A row's permissions belong to its role",
    reason: "PermissionNotInRole",
    reference: "Azure.RBAC.LimitOwner",
    fix: "Remove the permission, or put it in a row of a role that may hold it.",
  },
  (piece) => {
    if (piece.kind !== "permission") return null;
    if (!isRole(piece.role)) {
      return {
        message: `"${piece.role}" is not a role.`,
        fix: `Write one of: ${Object.keys(roleBundles).join(", ")}.`,
      };
    }
    const bundle: readonly Permission[] = roleBundles[piece.role];
    if (!isPermission(piece.permission) || bundle.includes(piece.permission)) return null;
    const roles = rolesWith(piece.permission);
    const others = roles.length === 0 ? "No role holds it" : `${roles.join(" or ")} may hold it`;
    return {
      message: `Role ${piece.role} does not include ${piece.permission}.`,
      fix: `Remove the permission, or put it in a row of another role: ${others}.`,
    };
  },
);
