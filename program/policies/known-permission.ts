import { isPermission, knownPermissions } from "../layout/role-matrix.ts";
import { guardrail } from "./pieces.ts";

export const knownPermission = guardrail(
  {
    id: "known-permission",
    title: "A row asks only for permissions that are defined",
    reference: "",
  },
  (piece) => {
    if (piece.kind !== "permission" || isPermission(piece.permission)) return null;
    return {
      message: `"${piece.permission}" is not a permission.`,
      fix: `Write one of: ${knownPermissions.join(", ")}.`,
    };
  },
);
