import { findGrantableRole } from "../layout/azure-roles.ts";
import { guardrail } from "./pieces.ts";

/** A resource, or a child of one: there is a type and a name after the provider, and no wildcard or gap. */
const resourceScope =
  /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/[^/]+\/[^/]+\/[^/]+(?:\/[^/]+\/[^/]+)*$/i;

export const assignmentScope = guardrail(
  {
    id: "assignment-scope",
    invariant: "I1",
    title: "An Azure role is assigned on one resource of the kind it is meant for",
    reason: "ScopeTooWide",
    reference: "Azure.RBAC.LimitOwner",
    fix: "Assign the role on the ARM id of the resource that is meant.",
  },
  (piece) => {
    if (piece.kind !== "role-assignment") return null;
    if (!resourceScope.test(piece.scope))
      return { message: `Scope "${piece.scope}" is wider than one resource.` };
    const role = findGrantableRole(piece.roleId, piece.scope);
    if (role === undefined || role.scope.pattern.test(piece.scope)) return null;
    return {
      message: `Scope "${piece.scope}" is not what ${role.name} is assigned on.`,
      fix: `Assign it on ${role.scope.words}.`,
    };
  },
);
