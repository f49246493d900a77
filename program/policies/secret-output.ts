import { guardrail } from "./pieces.ts";

export const secretOutput = guardrail(
  {
    id: "secret-output",
    invariant: "I11",
    title: "No output of a stack is a secret",
    reason: "SecretOutput",
    reference: "Azure.Deployment.OutputSecretValue",
    fix: "Output a reference to the key vault in its place.",
  },
  (piece) =>
    piece.kind === "output" && piece.secret ? { message: `Output ${piece.name} holds a secret.` } : null,
);
