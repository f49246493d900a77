import { isMachine, machineWords } from "../layout/cluster-choices.ts";
import { exceptableGuardrail } from "./pieces.ts";

export const clusterMachine = exceptableGuardrail(
  {
    id: "cluster-machine",
    invariant: "I13",
    title: "A cluster is made of machines that are on the list",
    reason: "MachineNotListed",
    reference: "SRA, Databricks compute policies",
    fix: `Write one of: ${machineWords}.`,
  },
  (piece) =>
    piece.kind !== "cluster" || piece.nodeType === null || isMachine(piece.nodeType)
      ? null
      : {
          subject: piece.nodeType,
          message: `"${piece.nodeType}" of ${piece.name} is not a machine that clusters are made of here.`,
        },
);
