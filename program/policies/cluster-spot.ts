import { guardrail } from "./pieces.ts";

/** Work on these ends when Azure wants its machines back, and then waits for others. */
const spotOnly = "SPOT_AZURE";
const known: readonly string[] = ["ON_DEMAND_AZURE", "SPOT_WITH_FALLBACK_AZURE"];

export const clusterSpot = guardrail(
  {
    id: "cluster-spot",
    invariant: "I13",
    title: "No work depends on spare machines alone",
    reason: "SpotOnly",
    reference: "Databricks compute policies",
    fix: `Use ${known.join(" or ")}.`,
  },
  (piece) => {
    if (piece.kind !== "cluster" || piece.availability === null || known.includes(piece.availability))
      return null;
    const what = piece.availability === spotOnly ? "spare machines alone" : `"${piece.availability}"`;
    return { message: `${piece.name} runs on ${what}.` };
  },
);
