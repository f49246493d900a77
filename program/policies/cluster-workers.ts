import { mostWorkers } from "../layout/cluster-choices.ts";
import { exceptableGuardrail } from "./pieces.ts";

export const clusterWorkers = exceptableGuardrail(
  {
    id: "cluster-workers",
    invariant: "I13",
    title: "A cluster does not grow without bounds",
    reason: "TooManyWorkers",
    reference: "SRA, Databricks compute policies",
    fix: `Write ${mostWorkers} or less.`,
  },
  (piece) => {
    if (piece.kind !== "cluster" || piece.maxWorkers === null) return null;
    const { maxWorkers: most, name } = piece;
    if (typeof most === "number" && most <= mostWorkers) return null;
    return { subject: String(most), message: `${name} may have ${most} workers, more than ${mostWorkers}.` };
  },
);
