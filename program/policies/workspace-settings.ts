import { missingCompanion } from "./companions.ts";
import { guardrail } from "./pieces.ts";

export const workspaceSettings = guardrail(
  {
    id: "workspace-settings",
    invariant: "I8",
    title: "A workspace has no way in past Unity Catalog and Entra ID",
    reason: "LegacyAccess",
    reference: "SRA workspace/main.tf",
    fix: "Disable legacy access, and set enableTokensConfig to false, in the stack of what is inside the workspace.",
  },
  (piece) => missingCompanion(piece, { "workspace's inside": ["legacy access off", "personal tokens off"] }),
);
