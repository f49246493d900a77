import { guardrail } from "./pieces.ts";

export const ownEnvironment = guardrail(
  {
    id: "own-environment",
    invariant: "I20",
    title: "A row names only what its own environment has",
    reason: "OtherEnvironment",
    reference: "",
    fix: "Name one of the job's environment, or move the job.",
  },
  (piece) => {
    if (piece.kind !== "reference" || piece.isOwn) return null;
    const message = `"${piece.name}" is not a ${piece.what} of environment ${piece.environment}.`;
    return piece.instead === null ? { message } : { message, fix: `Use ${piece.instead}.` };
  },
);
