import { guardrail } from "./pieces.ts";

/** Starred in CATALOGUE B1: who manages an object gives it to others. */
const management = /^(?:CAN_MANAGE|CAN_MANAGE_(?:STAGING|PRODUCTION)_VERSIONS|IS_OWNER)$/;

export const managementLevel = guardrail(
  {
    id: "management-level",
    invariant: "I14",
    title: "People use objects of Databricks; they never manage or own them, nor the workspace",
    reason: "ManagementLevel",
    reference: "Databricks permission levels",
    fix: "Ask for a permission that uses the object; the job's own identity manages what is the job's.",
  },
  (piece) => {
    if (piece.kind === "membership") {
      const refused = piece.permissions.filter((permission) => permission !== "USER");
      if (refused.length === 0) return null;
      return {
        message: `${piece.name} may not be ${refused.join(", ")} of a workspace.`,
        fix: "Make it a USER of the workspace.",
      };
    }
    if (piece.kind !== "object-permission" || piece.principal === "service principal") return null;
    if (!management.test(piece.level) && /^CAN_[A-Z_]+$/.test(piece.level)) return null;
    return { message: `${piece.level} on ${piece.object} may not be given to people.` };
  },
);
