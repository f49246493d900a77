/** What observers are told of a run, from what its runner has at hand. */
import type { Lease, RunKind, RunResult, WorkItem } from "../../metadata-schema/store.ts";
import type { ObservedEnd, ObservedRun } from "./run-observer.ts";
import { traceIdOfRun } from "./trace-ids.ts";

/** The id that all log lines of a run carry: of the change that it carries out, or else of its own. */
export const traceIdOf = ({ stack, queued }: WorkItem, runId: string): string =>
  (queued === null ? stack.traceId : queued.traceId) ?? traceIdOfRun(runId);

export function observedRun(
  { stack, queued }: WorkItem,
  { runId, epoch }: Lease,
  { kind, reason }: { readonly kind: RunKind; readonly reason: string },
): ObservedRun {
  // After a failure the pause before the next attempt is no wait for a slot. Times of one format sort as text.
  const [, last = null] = [stack.dueAt, stack.nextAttemptAt].filter((at) => at !== null).toSorted();
  return {
    runId,
    traceId: queued === null ? stack.traceId : queued.traceId,
    requestId: queued?.requestId ?? null,
    stack: stack.stack,
    kind,
    reason,
    lane: stack.lane,
    epoch,
    dueAt: queued?.queuedAt ?? last ?? stack.dueAt,
  };
}

export function observedEnd(runId: string, result: RunResult): ObservedEnd {
  const { status, changes } = result;
  if (result.status === "succeeded")
    return { runId, status, changes, failureClass: null, failureCode: null, retryAfterMs: null };
  const { failure, retryAfterMs } = result;
  // A failure's message begins with its code.
  const failureCode = /^([A-Z]\w*): /.exec(failure.message)?.[1] ?? null;
  return { runId, status, changes, failureClass: failure.class, failureCode, retryAfterMs };
}

/** A run whose end could not be settled: its lease is lost, or left to expire. */
export const lostRun = (runId: string): ObservedEnd => ({
  runId,
  status: "lost",
  changes: {},
  failureClass: null,
  failureCode: null,
  retryAfterMs: null,
});
