/** Outcomes of a subject's rows → its contributions, stack by stack. */
import type { Contribution, Entry, OutputReference, StackBase } from "../../metadata-schema/contributions.ts";
import type { GuardrailException } from "../../metadata-schema/desired-state.ts";
import { rowName } from "../../metadata-schema/rows.ts";
import type { StoredContribution } from "../../metadata-schema/store.ts";
import { partsOfStackName } from "../../program/layout/names.ts";
import { keptEntries, type RowOutcome, type Target, waiting } from "./outcome.ts";

interface Draft {
  /** of all its targets */
  readonly references: OutputReference[];
  /** the last one with a base, else the first */
  target: Target;
  readonly wanted: Entry[];
  readonly admitted: Entry[];
}

export interface ContributeOptions {
  readonly before: readonly StoredContribution[];
  readonly outcomes: readonly RowOutcome[];
  readonly urgent: boolean;
  /** name of the environment that the subject is in now; null: nobody knows */
  readonly environment: string | null;
  /** whether an exception that let entries in holds now */
  stands(exception: GuardrailException): boolean;
  /** brings the facts of a kept contribution up to date, so that no stack is pinned to old ones */
  refreshBase(base: StackBase): StackBase;
}

export interface Contributed {
  readonly contributions: readonly Contribution[];
  /** good rows that wait for another stack's output */
  readonly unplaced: readonly RowOutcome[];
}

export function contribute(options: ContributeOptions): Contributed {
  const { before, outcomes, environment } = options;
  const drafts = new Map<string, Draft>();
  const draftOf = (target: Target): Draft => {
    const draft = drafts.get(target.stack) ?? { target, references: [], wanted: [], admitted: [] };
    draft.references.push(...target.references.filter((each) => !draft.references.some(sameReference(each))));
    if (target.base !== null) draft.target = target;
    drafts.set(target.stack, draft);
    return draft;
  };
  const waitsFor = new Map<RowOutcome, { readonly target: Target; readonly entries: Entry[] }>();
  for (const outcome of outcomes) {
    for (const { target, entry } of outcome.placed) {
      const draft = draftOf(target);
      draft.wanted.push(entry);
      if (target.base !== null) draft.admitted.push(entry);
      else {
        const waits = waitsFor.get(outcome) ?? { target, entries: [] };
        waits.entries.push(entry);
        waitsFor.set(outcome, waits);
      }
    }
  }
  for (const contribution of before) {
    for (const outcome of outcomes) {
      const waits = waitsFor.get(outcome);
      if (outcome.refusal === null && waits === undefined) continue;
      const kept = keptEntries(outcome, contribution, environment, options.stands).filter(
        (entry) =>
          (outcome.refusal !== null || isAwaited(entry, waits?.entries ?? [])) &&
          !holds(drafts.get(contribution.stack), entry),
      );
      if (kept.length > 0) draftOf(contribution).admitted.push(...kept);
    }
  }
  return {
    contributions: [...drafts.values()].map((draft) => contributionOf(draft, options)),
    unplaced: [...waitsFor].map(([outcome, { target }]) => waitingOutcome(outcome, target)),
  };
}

/** Of a good row that waits, only what waits stays as it was: the rest has its new place already. */
const isAwaited = (entry: Entry, waiting: readonly Entry[]): boolean =>
  waiting.some(({ ask, item }) => ask === entry.ask && item.kind === entry.item.kind);

/** Of these a row has one each: an older one must not stay beside it. */
const singles: ReadonlySet<string> = new Set(["platform", "job", "cluster", "pipeline", "alert", "runtime"]);

const holds = (draft: Draft | undefined, entry: Entry): boolean =>
  draft?.admitted.some(
    (other) =>
      other.ask === entry.ask &&
      (JSON.stringify(other.item) === JSON.stringify(entry.item) ||
        (singles.has(entry.item.kind) && other.item.kind === entry.item.kind)),
  ) ?? false;

const sameReference = (a: OutputReference) => (b: OutputReference) =>
  a.stack === b.stack && a.output === b.output;

function contributionOf(
  { target, references, wanted, admitted }: Draft,
  options: ContributeOptions,
): Contribution {
  const previous = options.before.find((each) => each.stack === target.stack)?.base ?? null;
  const base = target.base ?? previous;
  return {
    stack: target.stack,
    kind: target.kind,
    environment: partsOfStackName(target.stack).environment,
    base: base === null ? null : options.refreshBase(base),
    wanted,
    admitted,
    references,
    urgent: options.urgent,
  };
}

function waitingOutcome(outcome: RowOutcome, target: Target): RowOutcome {
  const needed = target.references.at(-1);
  const message =
    needed === undefined
      ? `${rowName(outcome.row)} waits.`
      : `${rowName(outcome.row)} waits for stack ${needed.stack}, whose output ${needed.output} has no value yet.`;
  return { ...outcome, refusal: waiting("WaitingForStack", message) };
}
