/** One observer for many: each is told, whatever becomes of the others. */
import type { Logger } from "../log.ts";
import type { RunObserver } from "./run-observer.ts";

/** A fault of an observer is logged once and goes no further: a run must not fail because somebody looks at it. */
export function observeAll(observers: readonly Partial<RunObserver>[], log: Logger): RunObserver {
  let told = false;
  const each = (call: (observer: Partial<RunObserver>) => void): void => {
    for (const observer of observers) {
      try {
        call(observer);
      } catch (fault) {
        if (!told) log.error({ err: fault }, "an observer failed; metrics or traces may lack something");
        told = true;
      }
    }
  };
  return {
    changeResolved: (change) => each((observer) => observer.changeResolved?.(change)),
    runStarted: (run) => each((observer) => observer.runStarted?.(run)),
    runStep: (runId, step) => each((observer) => observer.runStep?.(runId, step)),
    runEnded: (end) => each((observer) => observer.runEnded?.(end)),
    leaseBroken: (stack) => each((observer) => observer.leaseBroken?.(stack)),
    lockCleared: (stack) => each((observer) => observer.lockCleared?.(stack)),
    leftoverAdopted: (stack, type) => each((observer) => observer.leftoverAdopted?.(stack, type)),
    childEnded: (child) => each((observer) => observer.childEnded?.(child)),
    subscriptionPaused: (id, forMs) => each((observer) => observer.subscriptionPaused?.(id, forMs)),
    databaseFault: (place) => each((observer) => observer.databaseFault?.(place)),
  };
}
