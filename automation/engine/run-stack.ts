/**
 * Child side: one run of one stack through the Automation API, as a stream of messages. States of a run:
 * started → state prepared (prepare-run.ts) → engine process → (locked by a dead engine of ours → cleared →
 * engine process) → what failed creates leave is noted → ended.
 */
import type { EngineEvent as PulumiEvent, PulumiFn, Stack } from "@pulumi/pulumi/automation/index.js";
import type { StackSpec } from "../../metadata-schema/desired-state.ts";
import type { RunKind } from "../../metadata-schema/store.ts";
import { stackProgram } from "../../program/stack-program.ts";
import { systemClock } from "../clock.ts";
import { messageOf } from "../errors.ts";
import { listAdoptable } from "./adoption.ts";
import { createWatch } from "./create-watch.ts";
import type { EndedEvent, EngineFailure, RunRequest } from "./engine.ts";
import { EngineCommand, EngineExitError } from "./engine-command.ts";
import {
  failedEnd,
  failureOf,
  type LockHolder,
  lockHolders,
  stackFailure,
  unreadableState,
} from "./engine-errors.ts";
import { eventReader } from "./event-reader.ts";
import { rememberCreates } from "./leftovers.ts";
import { areOurDeadLocks, foreignLock } from "./locks.ts";
import type { ChildSettings, FromChild } from "./messages.ts";
import { isTainted, openStack, type StackParts } from "./open-stack.ts";
import { prepareRun, stateUnreadable } from "./prepare-run.ts";
import { ownProcess, processRef } from "./processes.ts";
import type { RunContext } from "./run-context.ts";
import { ScratchStack } from "./scratch-stack.ts";
import { makeStackFiles, removeWorkspace, stackExists } from "./stack-files.ts";
import { readCheckpoint } from "./state-file.ts";

export interface RunControl {
  readonly done: Promise<EndedEvent>;
  /** ends the engine politely, or soon when `urgent` */
  stop(urgent: boolean): void;
  kill(): void;
  /** true: what is left of a failed program goes on in this process, which must not run another */
  isTainted(): boolean;
}

/** Starts the run. `send` gets everything but the end, which is the value of `done`. */
export function runStack(
  request: RunRequest,
  settings: ChildSettings,
  environment: Readonly<Record<string, string>>,
  send: (message: FromChild) => void,
): RunControl {
  const spawned: number[] = [];
  const unfinished = new Set<PulumiFn>();
  const command = new EngineCommand({
    ...settings.engine,
    environment,
    onProcess: (pid) => {
      spawned.push(pid);
      send({ type: "processes", child: ownProcess(), engine: processRef(pid) });
    },
    onSuccess: () => unfinished.clear(),
  });
  // Before any engine starts: a service that dies now must leave a trace of who may still start one.
  send({ type: "processes", child: ownProcess(), engine: null });
  const parts: StackParts = { settings, environment, command, unfinished };
  const context: RunContext = {
    request,
    parts,
    scratch: new ScratchStack(request.stack, parts),
    spawned,
    step: (step) => send({ type: "step", step }),
    progress: atMostEach(progressMs, () => send({ type: "progress" })),
    recovered: (what, objectType) => send({ type: "recovered", what, objectType }),
  };
  return {
    done: execute(context),
    stop: (urgent) => command.stop(urgent),
    kill: () => command.kill(),
    isTainted: () => isTainted(parts),
  };
}

async function execute(context: RunContext): Promise<EndedEvent> {
  const { request, parts, scratch } = context;
  const { kind, stack, destroyBegun, wasApplied } = request;
  const { state, salt } = parts.settings;
  if (!stackExists(state, stack)) {
    if (kind === "destroy" && (destroyBegun || !wasApplied)) return destroyed;
    if (wasApplied && !destroyBegun) return failedEnd(stateMissing(stack));
  }
  await makeStackFiles(state, stack, salt);
  try {
    return await dispatch(context);
  } catch (fault) {
    // Before the engine's own run: a look at the clouds, or a lookup, that failed.
    return parts.command.stopping ? canceled(request, {}) : failedEnd(failureOfFault(fault));
  } finally {
    await scratch.remove();
  }
}

function dispatch(context: RunContext): Promise<EndedEvent> {
  switch (context.request.kind) {
    case "update":
    case "destroy":
      return write(context);
    case "preview":
    case "refresh":
    case "adoptable":
      return look(context);
    default:
      return context.request.kind satisfies never;
  }
}

/** Runs that change neither clouds nor state. */
async function look(context: RunContext): Promise<EndedEvent> {
  const { request, parts } = context;
  const checkpoint = await readCheckpoint(parts.settings.state, request.stack);
  if (checkpoint.status === "unreadable") return failedEnd(notLookedAt(request.stack, checkpoint.why));
  if (request.kind !== "adoptable") return attemptUnlocked(context, request.spec, request.refresh);
  if (request.spec === null) throw new RangeError("an adoptable run needs the spec of its stack");
  await listAdoptable(context, request.spec, checkpoint.deployment);
  return { type: "ended", status: "succeeded", outputs: null, changes: {} };
}

async function write(context: RunContext): Promise<EndedEvent> {
  const { request, parts } = context;
  const ended = await attemptPrepared(context, request.spec, null);
  if (ended.status === "succeeded" && request.kind === "destroy")
    await removeWorkspace(parts.settings.state, request.stack);
  return ended;
}

/** `engineRefusal`: why the engine could not read the state at the attempt before this one. */
async function attemptPrepared(
  context: RunContext,
  spec: StackSpec | null,
  engineRefusal: string | null,
): Promise<EndedEvent> {
  const { request } = context;
  const prepared = await prepareRun(context, { spec, engineRefusal });
  if (prepared.status === "refused") return failedEnd(prepared.failure);
  const { refresh, settled } = prepared.value;
  const ended = await attemptUnlocked(context, spec, refresh || request.refresh, settled);
  const refusal = ended.status === "failed" ? unreadableState(ended.failure) : null;
  if (refusal === null) return ended;
  if (engineRefusal !== null) return failedEnd(stateUnreadable(request.stack, refusal));
  return attemptPrepared(context, spec, refusal);
}

// A look at hundreds of objects says a lot, and is told as going on by a little.
const progressMs = 1_000;

function atMostEach(pauseMs: number, tell: () => void): () => void {
  let nextMs = 0;
  return () => {
    const nowMs = systemClock.monotonicMs();
    if (nowMs < nextMs) return;
    nextMs = nowMs + pauseMs;
    tell();
  };
}

const destroyed: EndedEvent = { type: "ended", status: "succeeded", outputs: null, changes: {} };

/** One engine run, and one more if a dead engine of ours had left its lock. */
async function attemptUnlocked(
  context: RunContext,
  spec: StackSpec | null,
  refresh: boolean,
  settled: ReadonlySet<string> = new Set(),
): Promise<EndedEvent> {
  const { request, parts } = context;
  const stack = await openStack(spec === null ? null : stackProgram(spec), request.stack, parts);
  const attempt = () => attemptRun(context, stack, refresh, settled);
  const first = await attempt();
  if (first.status === "ended") return first.ended;
  if (!areOurDeadLocks(first.locks, request.deadEngines))
    return failedEnd(foreignLock(request.stack, first.locks));
  await stack.cancel();
  context.recovered("lock", "");
  const second = await attempt();
  return second.status === "ended" ? second.ended : failedEnd(foreignLock(request.stack, second.locks));
}

type Attempt =
  | { readonly status: "ended"; readonly ended: EndedEvent }
  | { readonly status: "locked"; readonly locks: readonly LockHolder[] };

async function attemptRun(
  context: RunContext,
  stack: Stack,
  refresh: boolean,
  settled: ReadonlySet<string>,
): Promise<Attempt> {
  const { request, parts } = context;
  const reader = eventReader(context.step);
  const creates = createWatch();
  try {
    const onEvent = (event: PulumiEvent): void => {
      context.progress();
      reader.read(event);
      creates.read(event);
    };
    await call(stack, request.kind, refresh, onEvent);
    const outputs = request.kind === "update" ? reader.outputs() : null;
    return {
      status: "ended",
      ended: { type: "ended", status: "succeeded", outputs, changes: reader.changes() },
    };
  } catch (fault) {
    const exit = fault instanceof EngineExitError ? fault : null;
    const locks = exit === null ? null : lockHolders(exit.stderr + exit.stdout);
    if (locks !== null && !parts.command.stopping) return { status: "locked", locks };
    await rememberCreates(context, creates.failed(), settled);
    const ended = (failure: EngineFailure): Attempt => ({
      status: "ended",
      ended: { type: "ended", status: "failed", failure, narrowed: false, changes: reader.changes() },
    });
    if (parts.command.stopping) return { status: "ended", ended: canceled(request, reader.changes()) };
    if (exit !== null && exit.signal !== null) return ended(engineLost(request.stack, exit));
    const said = reader.errors();
    return ended(
      failureOf({
        errors: said.length > 0 || exit !== null ? said : [messageOf(fault)],
        stderr: exit?.stderr ?? "",
        stdout: exit?.stdout ?? "",
      }),
    );
  }
}

async function call(
  stack: Stack,
  kind: RunKind,
  refresh: boolean,
  onEvent: (event: PulumiEvent) => void,
): Promise<void> {
  const options = { onEvent, suppressProgress: true, color: "never" } as const;
  switch (kind) {
    case "update":
      await stack.up({ ...options, refresh });
      return;
    case "destroy":
      await stack.destroy({ ...options, refresh });
      return;
    case "preview":
      await stack.preview(options);
      return;
    case "refresh":
      await stack.previewRefresh(options);
      return;
    case "adoptable":
      throw new RangeError("an adoptable run is previews only");
    default:
      kind satisfies never;
  }
}

const canceled = (request: RunRequest, changes: Readonly<Record<string, number>>): EndedEvent => ({
  type: "ended",
  status: "canceled",
  failure: stackFailure(
    "transient",
    "Canceled",
    `The ${request.kind} of stack ${request.stack} was stopped before its end; it is tried again.`,
  ),
  narrowed: false,
  changes,
});

const engineLost = (stack: string, exit: EngineExitError): EngineFailure =>
  stackFailure(
    "transient",
    "EngineLost",
    `The run of stack ${stack} was lost: ${exit.message} It is tried again.`,
  );

const stateMissing = (stack: string): EngineFailure =>
  stackFailure(
    "permanent",
    "StateMissing",
    `Stack ${stack} was applied before, but its state is gone. Nothing is built again on its own. Restore the state from a backup, then reconcile.`,
  );

/** What was said when no engine run had begun: the engine's own words, or a lookup's. */
function failureOfFault(fault: unknown): EngineFailure {
  const exit = fault instanceof EngineExitError ? fault : null;
  const stderr = exit?.stderr ?? "";
  return failureOf({ errors: exit === null ? [messageOf(fault)] : [], stderr, stdout: exit?.stdout ?? "" });
}

const notLookedAt = (stack: string, why: string): EngineFailure =>
  stackFailure(
    "permanent",
    "StateUnreadable",
    `The state of stack ${stack} can't be read: ${why}. Reconcile: an update restores it, if an earlier one is kept.`,
  );
