import { guardrail } from "./pieces.ts";

const allowedTypes: readonly string[] = ["Group", "ServicePrincipal"];

export const principalType = guardrail(
  {
    id: "principal-type",
    title: "An Azure role is held by a group or a workload identity, never by a person",
    reference: "Azure.RBAC.UseGroups",
  },
  (piece) => {
    if (piece.kind !== "role-assignment" || allowedTypes.includes(piece.principalType)) return null;
    return {
      message: `A role assignment to a principal of type ${piece.principalType} is not allowed.`,
      fix: "Name an Entra group, and make the person a member of it.",
    };
  },
);
