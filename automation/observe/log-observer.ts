/** Log lines of what only passes by: changes and steps. Who runs a stack logs the rest under the same traceId. */
import type { Logger } from "../log.ts";
import type { RunObserver } from "./run-observer.ts";
import { traceIdOfRun } from "./trace-ids.ts";

export function logObserver(log: Logger): Partial<RunObserver> {
  const runs = new Map<string, Logger>();
  return {
    changeResolved: ({ traceId, subject, seq, stacks }) => {
      log.info({ traceId, subject, seq, stacks: stacks.map(({ stack }) => stack) }, "change resolved");
      // Who follows the older change has to know where it went.
      for (const each of stacks)
        if (each.traceId !== traceId)
          log.info({ traceId, stack: each.stack, continuedIn: each.traceId }, "change joins a newer one");
    },
    runStarted: ({ runId, traceId, stack }) => {
      runs.set(runId, log.child({ traceId: traceId ?? traceIdOfRun(runId), runId, stack }));
    },
    runStep: (runId, { operation, urn, type, status, objectId }) => {
      if (status === "done" || status === "failed")
        runs.get(runId)?.info({ operation, status, urn, type, objectId }, "step ended");
    },
    runEnded: ({ runId }) => {
      runs.delete(runId);
    },
  };
}
