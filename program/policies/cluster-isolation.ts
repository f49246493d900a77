import { guardrail } from "./pieces.ts";

/** The modes in which Unity Catalog decides what a cluster reads. */
const modes: readonly string[] = ["SINGLE_USER", "USER_ISOLATION"];

export const clusterIsolation = guardrail(
  {
    id: "cluster-isolation",
    invariant: "I13",
    title: "A cluster keeps its users apart, and its disks encrypted",
    reason: "ClusterNotIsolated",
    reference: "SRA, SAT",
    fix: `Set the access mode to ${modes.join(" or ")}, and enable local disk encryption.`,
  },
  (piece) => {
    if (piece.kind !== "cluster") return null;
    const faults = [
      ...(piece.accessModes ?? [])
        .filter((mode) => !modes.includes(mode))
        .map((mode) => `its access mode is ${mode}`),
      ...(piece.diskEncrypted === null || piece.diskEncrypted === true
        ? []
        : ["its disks are not encrypted"]),
    ];
    return faults.length === 0 ? null : { message: `Cluster ${piece.name}: ${faults.join(", ")}.` };
  },
);
