/** Which trace the next run of a stack continues: that of the newest change which gave the stack another content. */
import { canonicalJson } from "../../metadata-schema/canonical-json.ts";
import { subjectKey } from "../../metadata-schema/contributions.ts";
import type { Change, Resolution, StoredContribution } from "../../metadata-schema/store.ts";
import type { RunObserver, TracedStack } from "../observe/run-observer.ts";
import { traceIdOfChange } from "../observe/trace-ids.ts";

/** A change on its way from being read to the merge of its stacks. */
export class TracedChange {
  readonly traceId: string;
  readonly seq: number;
  readonly subject: string;
  readonly #startedAtMs = Date.now();
  #resolvedAtMs = 0;
  #touched: ReadonlySet<string> = new Set();
  readonly #stacks: TracedStack[] = [];

  constructor(realm: string, { subject, seq }: Change) {
    this.subject = subjectKey(subject);
    this.seq = seq;
    this.traceId = traceIdOfChange(realm, this.subject, seq);
  }

  /** Its resolution was stored, where these were the contributions before. */
  resolved(before: readonly StoredContribution[], { contributions }: Resolution): void {
    this.#resolvedAtMs = Date.now();
    this.#touched = touchedStacks(before, contributions);
  }

  touches(stack: string): boolean {
    return this.#touched.has(stack);
  }

  /** A stack that it touches must become something else from now on. */
  desired(stack: TracedStack): void {
    this.#stacks.push(stack);
  }

  tell(observer: RunObserver): void {
    observer.changeResolved({
      traceId: this.traceId,
      subject: this.subject,
      seq: this.seq,
      startedAtMs: this.#startedAtMs,
      resolvedAtMs: this.#resolvedAtMs,
      endedAtMs: Date.now(),
      stacks: this.#stacks,
    });
  }
}

/** The newest of the changes that touch a stack: edits have one sequence, whoever they are of. */
export const newestOf = (changes: readonly TracedChange[], stack: string): TracedChange | null =>
  changes.filter((change) => change.touches(stack)).toSorted((a, b) => b.seq - a.seq)[0] ?? null;

type Contributed = Omit<StoredContribution, "subject">;

function touchedStacks(before: readonly Contributed[], after: readonly Contributed[]): ReadonlySet<string> {
  const was = new Map(before.map((each) => [each.stack, contentOf(each)]));
  const is = new Map(after.map((each) => [each.stack, contentOf(each)]));
  const stacks = new Set([...was.keys(), ...is.keys()]);
  return new Set([...stacks].filter((stack) => was.get(stack) !== is.get(stack)));
}

const contentOf = ({ admitted, base, references, urgent }: Contributed): string =>
  canonicalJson({ admitted, base, references, urgent });
