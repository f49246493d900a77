import { isLongTermRuntime, runtimeWords } from "../layout/cluster-choices.ts";
import { exceptableGuardrail } from "./pieces.ts";

export const clusterRuntime = exceptableGuardrail(
  {
    id: "cluster-runtime",
    invariant: "I13",
    title: "A cluster runs a Databricks runtime with long-term support",
    reason: "RuntimeNotSupported",
    reference: "SAT, Databricks runtime support lifecycles",
    fix: `Write a version of: ${runtimeWords}, e.g. 16.4.x-scala2.12.`,
  },
  (piece) =>
    piece.kind !== "cluster" || piece.runtime === null || isLongTermRuntime(piece.runtime)
      ? null
      : {
          subject: piece.runtime,
          message: `"${piece.runtime}" of ${piece.name} is not a runtime with long-term support.`,
        },
);
