/** From how the engine ended a run to what is settled. */
import type { StackSpec } from "../../metadata-schema/desired-state.ts";
import type { RunResult } from "../../metadata-schema/store.ts";
import type { EndedEvent, EngineFailure } from "../engine/engine.ts";
import { outputsFault } from "./output-limits.ts";
import { maxPauseMs, retryAfterMs } from "./retry.ts";

/** Why the service itself stopped a run; null: it did not, or because it stops. */
export type StopReason =
  | { readonly kind: "deadline"; readonly deadlineMs: number }
  | { readonly kind: "person"; readonly by: string }
  | null;

export interface EndFacts {
  /** failures in a row, this one included */
  readonly attempts: number;
  /** what a failed run falls back to */
  readonly narrow: StackSpec | null;
  /** it takes something away, which is never given up */
  readonly removes: boolean;
  readonly stopped: StopReason;
  /** in [0, 1) */
  readonly random: number;
}

export function resultOf(ended: EndedEvent, facts: EndFacts): RunResult {
  if (ended.status === "succeeded") {
    const fault = ended.outputs === null ? null : outputsFault(ended.outputs);
    return fault === null ? ended : outputsRefused(fault, ended.changes);
  }
  const { changes } = ended;
  // However it ended: a child that hung was killed, and the second half of a narrowed run may have been struck.
  if (facts.stopped !== null) return stoppedResult(facts.stopped, changes, facts);
  const { class: failureClass, code, message } = ended.failure;
  const retry = ended.status === "canceled" ? 0 : pauseAfter(ended.failure, facts);
  const removalOpen = facts.removes && !ended.narrowed;
  return {
    status: ended.status,
    changes,
    retryAfterMs: retry ?? (removalOpen ? maxPauseMs : null),
    narrowedTo: ended.narrowed ? facts.narrow : null,
    failure: { class: failureClass, message: `${code}: ${message}` },
  };
}

// A person's own update lasts minutes, and nobody tells when it is over; a look costs a second of one core.
const lockedPauseMs = 20_000;

function pauseAfter(failure: EngineFailure, { attempts, random }: EndFacts): number | null {
  // Nothing was built, and the stack is as it was but for being unfinished: it is looked at once more without it.
  if (failure.code === "AdoptRefused") return 0;
  if (failure.code === "Locked") return Math.round(lockedPauseMs * (0.5 + random / 2));
  return retryAfterMs(failure.class, attempts, random, failure.retryAfterMs);
}

function stoppedResult(
  stopped: NonNullable<StopReason>,
  changes: RunResult["changes"],
  facts: EndFacts,
): RunResult {
  const base = { changes, narrowedTo: null } as const;
  switch (stopped.kind) {
    case "deadline": {
      const minutes = Math.round(stopped.deadlineMs / 6_000) / 10;
      const retry =
        retryAfterMs("unknown", facts.attempts, facts.random, null) ?? (facts.removes ? maxPauseMs : null);
      const message = `DeadlineExceeded: The run took longer than ${minutes} minutes and was stopped. Read its last steps for what it waited for; what it had begun is found by the next run.`;
      return { ...base, status: "failed", retryAfterMs: retry, failure: { class: "unknown", message } };
    }
    case "person": {
      const retry = facts.removes ? maxPauseMs : null;
      const then =
        retry === null
          ? "The stack is left as it is until its rows change, or somebody asks for a reconcile."
          : "As it takes something away, it is tried again in five minutes.";
      const message = `Canceled: ${stopped.by} canceled the run. ${then}`;
      return { ...base, status: "canceled", retryAfterMs: retry, failure: { class: "permanent", message } };
    }
    default:
      return stopped satisfies never;
  }
}

// The objects are as the rows ask, but a pipeline would read half of the outputs: the earlier ones stay.
const outputsRefused = (fault: string, changes: RunResult["changes"]): RunResult => ({
  status: "failed",
  changes,
  retryAfterMs: null,
  narrowedTo: null,
  failure: { class: "permanent", message: `OutputsTooLarge: ${fault}` },
});
