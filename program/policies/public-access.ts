import { guardrail } from "./pieces.ts";
import { is, settingFault } from "./settings.ts";

const closed = [is("publicNetworkAccess", "Disabled")];

/**
 * Log Analytics and the endpoint that takes metrics are left out: they have no private endpoint of their own, only
 * a scope for all of Azure Monitor, which no environment has yet.
 */
export const publicAccess = guardrail(
  {
    id: "public-access",
    invariant: "I4",
    title: "Vault, lake, SQL server, workspace and factory have no public side",
    reason: "PublicAccess",
    reference:
      "CKV_AZURE_113, CKV_AZURE_189, CKV_AZURE_59, CKV_AZURE_104, Azure.Databricks.PublicAccess, Azure.KeyVault.Firewall, Azure.Storage.Firewall",
    fix: "Set publicNetworkAccess to Disabled, and reach it by a private endpoint.",
  },
  (piece) =>
    settingFault(piece, {
      "key vault": closed,
      "storage account": closed,
      "SQL server": closed,
      workspace: closed,
      factory: closed,
    }),
);
