import { guardrail } from "./pieces.ts";
import { is, mayBe, settingFault } from "./settings.ts";

export const storageAccess = guardrail(
  {
    id: "storage-access",
    invariant: "I9",
    title: "Only Entra ID opens a storage account: no keys, no anonymous reads, no local users",
    reason: "StorageOpen",
    reference:
      "CKV2_AZURE_40, CKV2_AZURE_47, CKV_AZURE_190, CKV_AZURE_244, CKV_AZURE_34, Azure.Storage.LocalAuth, Azure.Storage.BlobPublicAccess",
    fix: "Switch off every other way in.",
  },
  (piece) =>
    settingFault(piece, {
      "storage account": [
        is("allowSharedKeyAccess", false),
        is("allowBlobPublicAccess", false),
        is("isLocalUserEnabled", false),
        mayBe("isSftpEnabled", false),
        is("allowCrossTenantReplication", false),
        is("allowedCopyScope", "AAD", "PrivateLink"),
        is("isHnsEnabled", true),
      ],
    }),
);
