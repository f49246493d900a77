import { guardrail } from "./pieces.ts";
import { is, isSet, settingFault } from "./settings.ts";

export const workspaceClosed = guardrail(
  {
    id: "workspace-closed",
    invariant: "I8",
    title: "A workspace is in our network, without public addresses, and its own storage is closed",
    reason: "WorkspaceOpen",
    reference: "CKV_AZURE_158, Azure.Databricks.SecureConnectivity",
    fix: "Make it with the settings that secure cluster connectivity needs; most can't be changed later.",
  },
  (piece) =>
    settingFault(piece, {
      workspace: [
        is("sku", "premium"),
        is("enableNoPublicIp", true),
        isSet("virtualNetwork"),
        is("requiredNsgRules", "NoAzureDatabricksRules"),
        is("defaultStorageFirewall", "Enabled"),
      ],
    }),
);
