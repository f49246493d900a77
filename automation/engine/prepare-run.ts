/**
 * Child side: makes the state true before a run that writes. In this order: an unreadable checkpoint is
 * restored, leftovers are found, what a doubtful state may have forgotten is put in, and what a person named
 * is taken over. One write at the end: a death before it leaves all as it was, to be done again.
 */
import type { StackSpec } from "../../metadata-schema/desired-state.ts";
import { adoptNamed, recoverForgotten } from "./adoption.ts";
import { awaitsRefresh, type Deployment, pendingCreates } from "./checkpoint.ts";
import type { EngineFailure } from "./engine.ts";
import { stackFailure } from "./engine-errors.ts";
import { resolveLeftovers } from "./leftovers.ts";
import { areOurDeadLocks, areOwnDeadLocks, foreignLock } from "./locks.ts";
import { type Outcome, type RunContext, refused, tell } from "./run-context.ts";
import { findRestorable, readCheckpoint, readLocks, setAside, writeCheckpoint } from "./state-file.ts";

export interface Prepared {
  /** the run has to look at the clouds first */
  readonly refresh: boolean;
  /** URNs of leftovers that were dealt with */
  readonly settled: ReadonlySet<string>;
}

export interface PrepareOptions {
  readonly spec: StackSpec | null;
  /** why the engine itself can't read a checkpoint that looks whole; null: it has not said so */
  readonly engineRefusal: string | null;
}

export async function prepareRun(context: RunContext, options: PrepareOptions): Promise<Outcome<Prepared>> {
  const { request } = context;
  const begun = await begin(context, options.engineRefusal);
  if (begun.status === "refused") return begun;
  const { before, isRestored } = begun.value;
  const isDoubtful = isRestored || request.stateDoubtful;
  const leaveAlone = !isDoubtful && request.adopt.length === 0;
  if (before === null && leaveAlone) return ready(false, new Set());
  const mayBeRead = before !== null && pendingCreates(before).length === 0 && leaveAlone;
  if (mayBeRead) return ready(awaitsRefresh(before), new Set());
  // While somebody else's engine runs, its creates look like leftovers.
  const locks = await readLocks(context.parts.settings.state, request.stack);
  if (!mayPass(context, locks)) return refused(foreignLock(request.stack, locks));
  const changed = await change(context, options.spec, before, isDoubtful);
  if (changed.status === "refused") return changed;
  const { deployment, settled } = changed.value;
  const written = await save(context, deployment, isRestored);
  if (written !== null) return refused(written);
  return ready(true, settled);
}

const ready = (refresh: boolean, settled: ReadonlySet<string>): Outcome<Prepared> => ({
  status: "done",
  value: { refresh, settled },
});

const mayPass = ({ request, spawned }: RunContext, locks: Parameters<typeof areOurDeadLocks>[0]): boolean =>
  locks.length === 0 || areOurDeadLocks(locks, request.deadEngines) || areOwnDeadLocks(locks, spawned);

interface Begun {
  readonly before: Deployment | null;
  readonly isRestored: boolean;
}

async function begin(context: RunContext, engineRefusal: string | null): Promise<Outcome<Begun>> {
  const { request, parts } = context;
  const { state } = parts.settings;
  const checkpoint = await readCheckpoint(state, request.stack);
  if (checkpoint.status === "good" && engineRefusal === null)
    return { status: "done", value: { before: checkpoint.deployment, isRestored: false } };
  const why = checkpoint.status === "unreadable" ? checkpoint.why : String(engineRefusal);
  const kept = await findRestorable(
    state,
    request.stack,
    checkpoint.status === "good" ? checkpoint.deployment : null,
  );
  if (kept === null) return refused(stateUnreadable(request.stack, why));
  tell(
    context,
    "",
    `The state of stack ${request.stack} can't be read: ${why}. It is restored as it was at ${kept.at}, and ` +
      "what may have been made since is looked for.",
  );
  return { status: "done", value: { before: kept.deployment, isRestored: true } };
}

interface Changed {
  readonly deployment: Deployment | null;
  readonly settled: ReadonlySet<string>;
}

async function change(
  context: RunContext,
  spec: StackSpec | null,
  before: Deployment | null,
  isDoubtful: boolean,
): Promise<Outcome<Changed>> {
  const resolved =
    before === null
      ? ({ status: "done", value: { deployment: null, settled: new Set<string>() } } as const)
      : await resolveLeftovers(context, before);
  if (resolved.status === "refused") return resolved;
  const { settled } = resolved.value;
  const keep = (deployment: Deployment | null) =>
    ({ status: "done", value: { deployment, settled } }) as const;
  let { deployment }: { deployment: Deployment | null } = resolved.value;
  // A destroy has no program that would tell what else there should be.
  if (spec === null) return keep(deployment);
  if (context.request.adopt.length > 0) {
    const adopted = await adoptNamed(context, spec, deployment);
    if (adopted.status === "refused") return adopted;
    deployment = adopted.value;
  }
  if (!isDoubtful) return keep(deployment);
  const recovered = await recoverForgotten(context, spec, deployment);
  return recovered.status === "refused" ? recovered : keep(recovered.value);
}

async function save(
  context: RunContext,
  deployment: Deployment | null,
  isRestored: boolean,
): Promise<EngineFailure | null> {
  const { request, parts } = context;
  const { state } = parts.settings;
  if (deployment === null) return null;
  if (isRestored) {
    const aside = await setAside(state, request.stack, new Date());
    tell(context, "", `The unreadable state is kept as ${aside}.`);
  }
  const locks = await writeCheckpoint(state, {
    stack: request.stack,
    deployment,
    isRestore: isRestored,
    mayPass: (held) => mayPass(context, held),
  });
  return locks === null ? null : foreignLock(request.stack, locks);
}

export const stateUnreadable = (stack: string, why: string): EngineFailure =>
  stackFailure(
    "permanent",
    "StateUnreadable",
    `The state of stack ${stack} can't be read: ${why}, and no earlier state of it is kept. Nothing is built ` +
      "or destroyed on its own. Restore the state from a backup, then reconcile.",
  );
