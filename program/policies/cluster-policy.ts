import { guardrail } from "./pieces.ts";

export const clusterPolicy = guardrail(
  {
    id: "cluster-policy",
    invariant: "I13",
    title: "Every cluster obeys a policy",
    reason: "NoClusterPolicy",
    reference: "SRA, Databricks compute policies",
    fix: "Set policyId to the policy of the job.",
  },
  (piece) =>
    piece.kind === "cluster" && piece.hasPolicy === false
      ? { message: `Cluster ${piece.name} obeys no policy.` }
      : null,
);
