/**
 * What a resolve makes of one row: entries for stacks, or a reason why it adds nothing now. Whatever the
 * reason, the words that the row still asks for decide what it keeps.
 */
import type { Entry, OutputReference, StackBase } from "../../metadata-schema/contributions.ts";
import type { StackKind } from "../../metadata-schema/desired-state.ts";
import type { RowRef } from "../../metadata-schema/rows.ts";
import type { ConditionInput, StoredContribution } from "../../metadata-schema/store.ts";

/** The stack that an entry belongs to. `base` null: an output that it needs has no value yet. */
export interface Target {
  readonly stack: string;
  readonly kind: StackKind;
  readonly base: StackBase | null;
  readonly references: readonly OutputReference[];
}

export interface PlacedEntry {
  readonly target: Target;
  readonly entry: Entry;
}

export interface Refusal {
  readonly type: "Blocked" | "Waiting";
  readonly reason: string;
  readonly message: string;
}

export interface RowOutcome {
  readonly row: RowRef;
  /** words the row plainly asks for, good or bad; `"unreadable"`: nobody can tell, so it keeps everything */
  readonly asks: ReadonlySet<string> | "unreadable";
  /** null: the row is good and its entries count */
  readonly refusal: Refusal | null;
  readonly placed: readonly PlacedEntry[];
  /** how many firewall ranges of the row are refused: as many dropped ones are being replaced, and stay */
  readonly replacing: number;
}

export const good = (row: RowRef, placed: readonly PlacedEntry[]): RowOutcome => ({
  row,
  asks: new Set(placed.map((each) => each.entry.ask)),
  refusal: null,
  placed,
  replacing: 0,
});

export const refused = (
  row: RowRef,
  refusal: Refusal,
  asks: RowOutcome["asks"],
  replacing = 0,
): RowOutcome => ({ row, asks, refusal, placed: [], replacing });

export const blocked = (reason: string, message: string): Refusal => ({ type: "Blocked", reason, message });
export const waiting = (reason: string, message: string): Refusal => ({ type: "Waiting", reason, message });

export const conditionOf = (refusal: Refusal): ConditionInput => ({
  type: refusal.type,
  status: "True",
  reason: refusal.reason,
  message: refusal.message,
});

const sameRow = (a: RowRef, b: RowRef): boolean => a.table === b.table && a.key === b.key;

/** Entries that a refused row keeps of what it last had admitted in one contribution. */
export function keptEntries(outcome: RowOutcome, before: StoredContribution): readonly Entry[] {
  const own = before.admitted.filter((entry) => sameRow(entry.row, outcome.row));
  const { asks } = outcome;
  if (asks === "unreadable") return own;
  const kept = own.filter((entry) => asks.has(entry.ask));
  // A replaced firewall range stays until its replacement is good.
  const dropped = own.filter((entry) => entry.item.kind === "range" && !asks.has(entry.ask));
  return [...kept, ...dropped.slice(0, outcome.replacing)];
}
