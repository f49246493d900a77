import { missingCompanion } from "./companions.ts";
import { guardrail } from "./pieces.ts";

export const storageSoftDelete = guardrail(
  {
    id: "storage-soft-delete",
    invariant: "I9",
    title: "What is deleted in a storage account can be had back for a while",
    reason: "NoSoftDelete",
    reference: "CKV2_AZURE_38",
    fix: "Make BlobServiceProperties for it with both delete retention policies enabled.",
  },
  (piece) => missingCompanion(piece, { "storage account": ["soft delete"] }),
);
