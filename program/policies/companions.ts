/** Rules on what has to be made beside a resource. */
import type { Companion, Fault, Piece } from "./pieces.ts";

type Subject = Extract<Piece, { kind: "companions" }>["type"];

/** Which of its companions a resource lacks; null: none, or the piece is of another kind. */
export function missingCompanion(
  piece: Piece,
  wanted: Readonly<Partial<Record<Subject, readonly Companion[]>>>,
): Fault | null {
  if (piece.kind !== "companions") return null;
  const missing = (wanted[piece.type] ?? []).filter((companion) => !piece.has.includes(companion));
  if (missing.length === 0) return null;
  return { message: `The ${piece.type} ${piece.name} is made without: ${missing.join(", ")}.` };
}
