import { assignmentScope } from "./assignment-scope.ts";
import { deniedAzureRole } from "./denied-azure-role.ts";
import { knownPermission } from "./known-permission.ts";
import { permissionInRole } from "./permission-in-role.ts";
import type { Guardrail, Piece, Verdict } from "./pieces.ts";
import { principalType } from "./principal-type.ts";
import { rangeWidth } from "./range-width.ts";

export const guardrails: readonly Guardrail[] = [
  knownPermission,
  permissionInRole,
  deniedAzureRole,
  assignmentScope,
  principalType,
  rangeWidth,
];

/** Every guardrail's verdict on a piece; empty: the piece may pass. */
export const judge = (piece: Piece): Verdict[] =>
  guardrails.map((rule) => rule.judge(piece)).filter((verdict) => verdict !== null);
