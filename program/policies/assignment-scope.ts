import { guardrail } from "./pieces.ts";

/** A resource, or a child of one: there is a type and a name after the provider, and no wildcard or gap. */
const resourceScope =
  /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/[^/]+\/[^/]+\/[^/]+(?:\/[^/]+\/[^/]+)*$/i;

export const assignmentScope = guardrail(
  {
    id: "assignment-scope",
    title: "An Azure role is assigned on one resource, never on all of a group or subscription",
    reference: "Azure.RBAC.LimitOwner",
  },
  (piece) => {
    if (piece.kind !== "role-assignment" || resourceScope.test(piece.scope)) return null;
    return {
      message: `Scope "${piece.scope}" is wider than one resource.`,
      fix: "Assign the role on the ARM id of the resource that is meant.",
    };
  },
);
