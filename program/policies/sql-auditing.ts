import { missingCompanion } from "./companions.ts";
import { guardrail } from "./pieces.ts";

export const sqlAuditing = guardrail(
  {
    id: "sql-auditing",
    invariant: "I12",
    title: "Every statement on an SQL server is audited",
    reason: "NoAuditing",
    reference: "CKV_AZURE_156, CKV2_AZURE_25, Azure.SQL.Auditing",
    fix: "Make an ExtendedServerBlobAuditingPolicy for it whose state is Enabled.",
  },
  (piece) => missingCompanion(piece, { "SQL server": ["auditing policy"] }),
);
