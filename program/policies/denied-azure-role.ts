import { customRoleRules, findDeniedRole, findGrantableRole, grantableRoles } from "../layout/azure-roles.ts";
import { guardrail } from "./pieces.ts";

/** The deny-list gives a reason; whatever is on neither list is refused too, so that nothing new slips in. */
export const deniedAzureRole = guardrail(
  {
    id: "denied-azure-role",
    invariant: "I1",
    title: "No row leads to an Azure role that can widen its own access",
    reason: "DeniedAzureRole",
    reference: "Azure.RBAC.LimitOwner, CKV_AZURE_39",
    fix: "Remove the permission that needs it; a platform engineer can do such work by hand.",
  },
  (piece) => {
    if (piece.kind !== "role-assignment" || findGrantableRole(piece.roleId, piece.scope) !== undefined)
      return null;
    const allowed = Object.values({ ...grantableRoles, ...customRoleRules })
      .map((role) => role.name)
      .join(", ");
    const denied = findDeniedRole(piece.roleId);
    return {
      message:
        denied === undefined
          ? `Azure role ${piece.roleId} is not one that may be assigned.`
          : `Azure role ${denied.name} may not be assigned: it ${denied.because}.`,
      fix: `Remove the permission that needs it; a platform engineer can do such work by hand. Assignable: ${allowed}.`,
    };
  },
);
