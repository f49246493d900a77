import { exceptableGuardrail } from "./pieces.ts";

export const separateDuties = exceptableGuardrail(
  {
    id: "separate-duties",
    invariant: "I15",
    title: "In production nobody both changes pipelines and runs them",
    reason: "DutiesNotSeparate",
    reference: "PA-2",
    fix: "Give one of the two permissions to another group.",
  },
  (piece) =>
    piece.kind === "duties" &&
    piece.production &&
    piece.permissions.includes("edit_pipeline") &&
    piece.permissions.includes("run_pipeline")
      ? {
          subject: piece.principal,
          message: `${piece.principal} would hold both edit_pipeline and run_pipeline in production.`,
        }
      : null,
);
