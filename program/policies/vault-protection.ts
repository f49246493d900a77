import { guardrail } from "./pieces.ts";
import { is, settingFault } from "./settings.ts";

export const vaultProtection = guardrail(
  {
    id: "vault-protection",
    invariant: "I10",
    title: "A key vault gives access by role, and nothing in it is lost at once",
    reason: "VaultUnprotected",
    reference: "CKV_AZURE_42, CKV_AZURE_110, CKV_AZURE_111, Azure.KeyVault.RBAC, Azure.KeyVault.PurgeProtect",
    fix: "Enable role-based access, soft delete and purge protection.",
  },
  (piece) =>
    settingFault(piece, {
      "key vault": [
        is("enableRbacAuthorization", true),
        is("enableSoftDelete", true),
        is("enablePurgeProtection", true),
      ],
    }),
);
