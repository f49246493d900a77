/**
 * What a resolve makes of one row: entries for stacks, or a reason why it adds nothing now. Whatever the
 * reason, the words that the row still asks for decide what it keeps.
 */
import type { Entry, OutputReference, StackBase } from "../../metadata-schema/contributions.ts";
import type { GuardrailException, StackKind } from "../../metadata-schema/desired-state.ts";
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

/** Whether a row still asks, in its own words, for an entry that it had admitted. */
export type Asks = (entry: Entry) => boolean;

export interface RowOutcome {
  readonly row: RowRef;
  readonly asks: Asks;
  /** null: the row is good and its entries count */
  readonly refusal: Refusal | null;
  /** what a good row still waits for although its entries count; null: nothing */
  readonly note: Refusal | null;
  readonly placed: readonly PlacedEntry[];
  /** how many firewall ranges of the row are refused: as many dropped ones are being replaced, and stay */
  readonly replacing: number;
}

export const good = (
  row: RowRef,
  placed: readonly PlacedEntry[],
  note: Refusal | null = null,
): RowOutcome => {
  const words = new Set(placed.map((each) => each.entry.ask));
  return { row, asks: (entry) => words.has(entry.ask), refusal: null, note, placed, replacing: 0 };
};

export const refused = (row: RowRef, refusal: Refusal, asks: Asks, replacing = 0): RowOutcome => ({
  row,
  asks,
  refusal,
  note: null,
  placed: [],
  replacing,
});

/** Nobody can tell what the row asks for, so it keeps everything. */
export const asksForAll: Asks = () => true;

/** Databricks finds a group by its name alone: were another object to take the name, it would take the access. */
export const isAddressedByName = ({ item }: Entry): boolean =>
  item.kind === "access-control" || item.kind === "unity-grant" || item.kind === "workspace-member";

export const blocked = (reason: string, message: string): Refusal => ({ type: "Blocked", reason, message });
export const waiting = (reason: string, message: string): Refusal => ({ type: "Waiting", reason, message });

export const conditionOf = (refusal: Refusal): ConditionInput => ({
  type: refusal.type,
  status: "True",
  reason: refusal.reason,
  message: refusal.message,
});

const sameRow = (a: RowRef, b: RowRef): boolean => a.table === b.table && a.key === b.key;

/**
 * Entries that a refused row keeps of what it last had admitted in one contribution. `environment` is the
 * row's own now: what it had in another one is not being replaced, it moved away. `stands`: whether an exception
 * holds now.
 */
export function keptEntries(
  outcome: RowOutcome,
  before: StoredContribution,
  environment: string | null,
  stands: (exception: GuardrailException) => boolean,
): readonly Entry[] {
  const all = before.admitted.filter((entry) => sameRow(entry.row, outcome.row));
  // What an exception let in goes with it, and is not being replaced either.
  const lapsed = new Set(
    all.flatMap(({ ask, item }) => (item.kind === "exception" && !stands(item.exception) ? [ask] : [])),
  );
  const own = all.filter(({ ask }) => !lapsed.has(ask));
  const kept = own.filter(outcome.asks);
  if (before.environment !== environment) return kept;
  // A replaced firewall range stays until its replacement is good.
  const dropped = own.filter((entry) => entry.item.kind === "range" && !outcome.asks(entry));
  return [...kept, ...dropped.slice(0, outcome.replacing)];
}
