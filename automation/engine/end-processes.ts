/** Ends processes of ours that outlived their run: the lease says who may work on a stack, and it is not them. */
import { setTimeout as sleep } from "node:timers/promises";
import type { ProcessRef } from "../../metadata-schema/store.ts";
import type { Strays } from "./engine.ts";
import { markedProcesses, processState, signalGroup } from "./processes.ts";

// An engine that is asked once ends when its calls have ended, asked twice within about a second; one whose child
// is gone can't finish its program, so it gets little time.
const pauseBeforeSecondTermMs = 2_000;
const pauseBeforeKillMs = 2_000;
const pauseAfterKillMs = 2_000;
const pollMs = 20;

/** Ends what is alive of them on this host; resolves to what would not die, which is nothing but for a kernel's hang. */
export async function endProcesses(strays: Strays): Promise<readonly ProcessRef[]> {
  const children = alive(strays.children);
  // First of all: a child that lives could start another engine.
  for (const child of children) signalGroup(child.pid, "SIGKILL");
  let engines = alive(strays.engines);
  for (const [signal, pauseMs] of [
    ["SIGTERM", pauseBeforeSecondTermMs],
    ["SIGTERM", pauseBeforeKillMs],
    ["SIGKILL", pauseAfterKillMs],
  ] as const) {
    if (engines.length === 0) break;
    for (const engine of engines) signalProcess(engine, signal);
    engines = await untilDead(engines, pauseMs);
  }
  return [...(await untilDead(children, pauseAfterKillMs)), ...engines];
}

/** Engines and plugins on this state whose child is gone, of one stack or of all. */
export function orphans(backend: string, stack?: string): readonly ProcessRef[] {
  return markedProcesses(backend)
    .filter(({ mark }) => stack === undefined || mark.stack === stack)
    .filter(({ mark }) => processState(mark.child) === "dead")
    .map(({ process }) => process);
}

/** Engines and plugins that this child has started, whatever became of it. */
export function enginesOf(backend: string, child: ProcessRef): readonly ProcessRef[] {
  return markedProcesses(backend)
    .filter(({ mark }) => mark.child.pid === child.pid && mark.child.startedAt === child.startedAt)
    .map(({ process }) => process);
}

/** A plugin leads a group of its own, or is in its engine's; what it started shares its group. */
function signalProcess({ pid }: ProcessRef, signal: NodeJS.Signals): void {
  if (signalGroup(pid, signal)) return;
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}

async function untilDead(refs: readonly ProcessRef[], pauseMs: number): Promise<readonly ProcessRef[]> {
  for (let waitedMs = 0; waitedMs < pauseMs && alive(refs).length > 0; waitedMs += pollMs)
    await sleep(pollMs);
  return alive(refs);
}

const alive = (refs: readonly ProcessRef[]): readonly ProcessRef[] =>
  refs.filter((ref) => processState(ref) === "alive");
