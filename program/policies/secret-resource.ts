import { guardrail } from "./pieces.ts";

/** Their values would be in the state of the engine, whatever is done to hide them. */
const forbidden =
  /^(?:azure-native:keyvault[^:]*:Secret|databricks:index\/(?:secret:Secret|secretUc:SecretUc|token:Token|oboToken:OboToken)|databricks:index\/servicePrincipalSecret:\w+|azuread:index\/\w*(?:[Pp]assword|Certificate):\w+)$/;

export const secretResource = guardrail(
  {
    id: "secret-resource",
    invariant: "I11",
    title: "Secrets are referred to, never made or held here",
    reason: "SecretResource",
    reference: "IM-8, Azure.Deployment.OutputSecretValue",
    fix: "Keep the secret in a key vault, and refer to it with a row of Secret_References.",
  },
  (piece) => {
    if (piece.kind === "resource-type" && forbidden.test(piece.type))
      return { message: `A resource of type ${piece.type} holds a secret.` };
    if (piece.kind === "secret-input")
      return { message: `Input ${piece.where} would hold a secret that is not a reference to a key vault.` };
    return null;
  },
);
