import { guardrail } from "./pieces.ts";

/** Resolved by the service that asks for the secret; Data Factory takes no runtime for it. */
const withoutRuntime: readonly string[] = ["AzureKeyVault"];
const databases: readonly string[] = ["SqlServer", "AzureSqlDatabase", "AzureSqlMI", "AzureSqlDW"];

export const linkedService = guardrail(
  {
    id: "linked-service",
    invariant: "I19",
    title: "Data Factory connects from a runtime of ours, and encrypted",
    reason: "OpenConnection",
    reference: "CKV_AZURE_104",
    fix: "Name a runtime in connectVia, and set encrypt to mandatory with a certificate that is checked.",
  },
  (piece) => {
    if (piece.kind !== "linked-service") return null;
    const faults = [
      ...(piece.hasRuntime || withoutRuntime.includes(piece.type)
        ? []
        : ["it connects from the public runtime"]),
      ...(databases.includes(piece.type) && piece.encrypt !== "mandatory" && piece.encrypt !== "strict"
        ? ["it does not insist on encryption"]
        : []),
      ...(piece.trustsAnyCertificate ? ["it takes any certificate"] : []),
    ];
    return faults.length === 0
      ? null
      : { message: `Linked service ${piece.name} (${piece.type}): ${faults.join(", ")}.` };
  },
);
