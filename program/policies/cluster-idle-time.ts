import { idleMinutes } from "../layout/cluster-choices.ts";
import { exceptableGuardrail } from "./pieces.ts";

const { least, most } = idleMinutes;

export const clusterIdleTime = exceptableGuardrail(
  {
    id: "cluster-idle-time",
    invariant: "I13",
    title: "A cluster that people work on ends by itself",
    reason: "NoIdleEnd",
    reference: "SAT, Databricks compute policies",
    fix: `Write ${least} to ${most} minutes.`,
  },
  (piece) => {
    if (piece.kind !== "cluster" || piece.purpose !== "interactive" || piece.idleMinutes === null)
      return null;
    const minutes = piece.idleMinutes;
    if (typeof minutes === "number" && minutes >= least && minutes <= most) return null;
    const message = `${piece.name} ends after ${minutes} minutes without use, not after ${least} to ${most}.`;
    return { subject: String(minutes), message };
  },
);
