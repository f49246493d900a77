import { findGrantableRole } from "../layout/azure-roles.ts";
import { guardrail } from "./pieces.ts";

const allowedTypes: readonly string[] = ["Group", "ServicePrincipal"];
const words = { Group: "groups of people", ServicePrincipal: "identities of workloads" } as const;

export const principalType = guardrail(
  {
    id: "principal-type",
    invariant: "I1",
    title: "Access is held by a group or a workload identity, never by a person, and each role by its kind",
    reason: "WrongPrincipal",
    reference: "Azure.RBAC.UseGroups",
    fix: "Name an Entra group, and make the person a member of it.",
  },
  (piece) => {
    if (piece.kind === "object-permission" && piece.principal === "user")
      return { message: `Permission ${piece.level} on ${piece.object} for one person is not allowed.` };
    if (piece.kind !== "role-assignment") return null;
    const type = piece.principalType;
    if (!allowedTypes.includes(type))
      return { message: `A role assignment to a principal of type ${type} is not allowed.` };
    const role = findGrantableRole(piece.roleId, piece.scope);
    if (role === undefined || role.holders.some((holder) => holder === type)) return null;
    return {
      message: `Azure role ${role.name} is not one for a principal of type ${type}.`,
      fix: `Only ${role.holders.map((holder) => words[holder]).join(" and ")} may hold it.`,
    };
  },
);
