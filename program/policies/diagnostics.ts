import { missingCompanion } from "./companions.ts";
import { guardrail } from "./pieces.ts";

export const diagnostics = guardrail(
  {
    id: "diagnostics",
    invariant: "I17",
    title: "Who did what on vault, lake, SQL server, workspace and factory is kept",
    reason: "NoDiagnostics",
    reference: "Azure.KeyVault.Logs, CKV_AZURE_33, LT-3",
    fix: "Make a DiagnosticSetting for it in the same stack.",
  },
  (piece) =>
    missingCompanion(piece, {
      "key vault": ["diagnostic setting"],
      "storage account": ["diagnostic setting"],
      "SQL server": ["diagnostic setting"],
      workspace: ["diagnostic setting"],
      factory: ["diagnostic setting"],
    }),
);
