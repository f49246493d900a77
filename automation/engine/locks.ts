/** Which locks of a stack may be passed: those of engines of ours that are proved dead, and no others. */
import { hostname } from "node:os";
import type { DeadEngine, EngineFailure, RunRequest } from "./engine.ts";
import { type LockHolder, stackFailure } from "./engine-errors.ts";
import { processRef } from "./processes.ts";

/** Locks may be cleared only if each is the one of an engine of ours that is proved dead. */
export function areOurDeadLocks(locks: readonly LockHolder[], dead: RunRequest["deadEngines"]): boolean {
  return locks.length > 0 && locks.every((lock) => dead.some((engine) => isLockOf(engine, lock)));
}

/** Locks that an engine which this run started, and which has ended, has left. */
export const areOwnDeadLocks = (locks: readonly LockHolder[], spawned: readonly number[]): boolean =>
  locks.every(({ host, pid }) => host === hostname() && spawned.includes(pid) && processRef(pid) === null);

// A lock tells whole seconds of its host's clock, a run the database's time.
const clocksDifferMs = 1_000;
// Where the process id is the recorded one, the time only keeps an old lock of the same number apart.
const clocksOfOneProcessDifferMs = 60_000;

function isLockOf(engine: DeadEngine, lock: LockHolder): boolean {
  if (lock.host !== engine.host) return false;
  const toleranceMs = engine.pid === null ? clocksDifferMs : clocksOfOneProcessDifferMs;
  if (Date.parse(lock.at) < Date.parse(engine.lockedAfter) - toleranceMs) return false;
  // Here nobody may hold the number, whoever it is; of another host only the recorded one is proved dead.
  const isGone = lock.host === hostname() ? processRef(lock.pid) === null : engine.pid !== null;
  return isGone && (engine.pid === null || engine.pid === lock.pid);
}

export const foreignLock = (stack: string, locks: readonly LockHolder[]): EngineFailure =>
  stackFailure(
    "transient",
    "Locked",
    `Stack ${stack} is locked by ${locks
      .map((lock) => `${lock.user}@${lock.host} (pid ${lock.pid}, since ${lock.at})`)
      .join(", ")}. The lock is left alone; the run is tried again once it is released.`,
  );
