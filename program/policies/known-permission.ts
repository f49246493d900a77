import { isPermission, isRole, knownPermissions, roleBundles } from "../layout/role-matrix.ts";
import { guardrail } from "./pieces.ts";

export const knownPermission = guardrail(
  {
    id: "known-permission",
    invariant: "I1",
    title: "A row asks only for permissions that are defined",
    reason: "UnknownPermission",
    reference: "",
    fix: "Write a permission that is defined.",
  },
  (piece) => {
    if (piece.kind !== "permission" || isPermission(piece.permission)) return null;
    // What the row's role may hold is what its writer can use.
    const choices = isRole(piece.role) ? roleBundles[piece.role] : knownPermissions;
    return {
      message: `"${piece.permission}" is not a permission.`,
      fix: `Write one of: ${choices.join(", ")}.`,
    };
  },
);
