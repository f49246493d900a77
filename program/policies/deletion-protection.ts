import { guardrail } from "./pieces.ts";

export const deletionProtection = guardrail(
  {
    id: "deletion-protection",
    invariant: "I18",
    title: "What holds the data of a production environment can't be deleted",
    reason: "Unprotected",
    reference: "",
    fix: "Set deletion_protection to true, or say with production = false that it is a place to try things.",
  },
  (piece) =>
    piece.kind === "environment" && piece.production && !piece.deletionProtection
      ? { message: `Environment ${piece.name} is in production and has its deletion protection off.` }
      : null,
);
