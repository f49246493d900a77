/**
 * Child side: one run of one stack through the Automation API, as a stream of messages. States of a run:
 * started → engine process → (locked by a dead engine of ours → cleared → engine process) → ended.
 */
import type { EngineEvent as PulumiEvent } from "@pulumi/pulumi/automation/index.js";
import { LocalWorkspace, type PulumiCommand, Stack } from "@pulumi/pulumi/automation/index.js";
import type { StackSpec } from "../../metadata-schema/desired-state.ts";
import { stackProgram } from "../../program/stack-program.ts";
import { messageOf } from "../errors.ts";
import type { DeadEngine, EndedEvent, EngineFailure, RunRequest } from "./engine.ts";
import { EngineCommand, EngineExitError } from "./engine-command.ts";
import { failureOf, type LockHolder, lockHolders } from "./engine-errors.ts";
import { eventReader } from "./event-reader.ts";
import type { ChildSettings, FromChild } from "./messages.ts";
import { ownProcess, processRef } from "./processes.ts";
import { makeStackFiles, projectName, removeWorkspace, stackExists, workspaceFolder } from "./stack-files.ts";

export interface RunControl {
  readonly done: Promise<EndedEvent>;
  /** ends the engine politely, or soon when `urgent` */
  stop(urgent: boolean): void;
  kill(): void;
}

/** Starts the run. `send` gets everything but the end, which is the value of `done`. */
export function runStack(
  request: RunRequest,
  settings: ChildSettings,
  environment: Readonly<Record<string, string>>,
  send: (message: FromChild) => void,
): RunControl {
  const command = new EngineCommand({
    ...settings.engine,
    environment,
    onProcess: (pid) => send({ type: "processes", child: ownProcess(), engine: processRef(pid) }),
  });
  // Before any engine starts: a service that dies now must leave a trace of who may still start one.
  send({ type: "processes", child: ownProcess(), engine: null });
  return {
    done: execute(request, settings, environment, command, send),
    stop: (urgent) => command.stop(urgent),
    kill: () => command.kill(),
  };
}

async function execute(
  request: RunRequest,
  settings: ChildSettings,
  environment: Readonly<Record<string, string>>,
  command: EngineCommand,
  send: (message: FromChild) => void,
): Promise<EndedEvent> {
  const { state } = settings;
  const { kind, destroyBegun, wasApplied, spec, narrowed } = request;
  if (!stackExists(state, request.stack)) {
    if (kind === "destroy" && (destroyBegun || !wasApplied)) return destroyed;
    if (wasApplied && !destroyBegun) return failed(stateMissing(request.stack));
  }
  await makeStackFiles(state, request.stack, settings.salt);
  const attempt = async (spec: StackSpec | null): Promise<EndedEvent> => {
    const stack = await openStack(spec, request.stack, { settings, environment, command });
    return attemptUnlocked(request, stack, command, send);
  };
  const ended = await attempt(spec);
  if (ended.status === "succeeded") {
    if (kind === "destroy") await removeWorkspace(state, request.stack);
    return ended;
  }
  // Additions that fail must not keep what the same spec takes away: the engine deletes last.
  const mayNarrow =
    kind === "update" && narrowed !== null && ended.status === "failed" && ended.failure.code === "RunFailed";
  if (!mayNarrow) return ended;
  const fallback = await attempt(narrowed);
  return { ...ended, narrowed: fallback.status === "succeeded" };
}

const destroyed: EndedEvent = { type: "ended", status: "succeeded", outputs: null, changes: {} };

/** One engine run, and one more if a dead engine of ours had left its lock. */
async function attemptUnlocked(
  request: RunRequest,
  stack: Stack,
  command: EngineCommand,
  send: (message: FromChild) => void,
): Promise<EndedEvent> {
  const first = await attemptRun(request, stack, command, send);
  if (first.status === "ended") return first.ended;
  if (!areOurDeadLocks(first.locks, request.deadEngines))
    return failed(foreignLock(request.stack, first.locks));
  await stack.cancel();
  const second = await attemptRun(request, stack, command, send);
  return second.status === "ended" ? second.ended : failed(foreignLock(request.stack, second.locks));
}

interface RunParts {
  readonly settings: ChildSettings;
  readonly environment: Readonly<Record<string, string>>;
  readonly command: EngineCommand;
}

function openStack(spec: StackSpec | null, name: string, parts: RunParts): Promise<Stack> {
  const pulumiHome = parts.environment.PULUMI_HOME;
  return LocalWorkspace.create({
    workDir: workspaceFolder(parts.settings.state, name),
    ...(pulumiHome === undefined ? {} : { pulumiHome }),
    projectSettings: { name: projectName, runtime: "nodejs" },
    // The Automation API types it as its own class; it calls nothing of it but run() and version.
    pulumiCommand: parts.command as unknown as PulumiCommand,
    ...(spec === null ? {} : { program: stackProgram(spec) }),
  }).then((workspace) => Stack.select(name, workspace));
}

type Attempt =
  | { readonly status: "ended"; readonly ended: EndedEvent }
  | { readonly status: "locked"; readonly locks: readonly LockHolder[] };

async function attemptRun(
  request: RunRequest,
  stack: Stack,
  command: EngineCommand,
  send: (message: FromChild) => void,
): Promise<Attempt> {
  const reader = eventReader((step) => send({ type: "step", step }));
  try {
    await call(stack, request, reader.read);
    const outputs = request.kind === "update" ? reader.outputs() : null;
    return {
      status: "ended",
      ended: { type: "ended", status: "succeeded", outputs, changes: reader.changes() },
    };
  } catch (fault) {
    const exit = fault instanceof EngineExitError ? fault : null;
    if (command.stopping) return { status: "ended", ended: canceled(request, reader.changes()) };
    const locks = exit === null ? null : lockHolders(exit.stderr + exit.stdout);
    if (locks !== null) return { status: "locked", locks };
    const said = reader.errors();
    if (exit !== null && exit.signal !== null)
      return { status: "ended", ended: failed(engineLost(request.stack, exit)) };
    const failure = failureOf({
      errors: said.length > 0 || exit !== null ? said : [messageOf(fault)],
      stderr: exit?.stderr ?? "",
      stdout: exit?.stdout ?? "",
    });
    return {
      status: "ended",
      ended: { type: "ended", status: "failed", failure, narrowed: false, changes: reader.changes() },
    };
  }
}

async function call(stack: Stack, request: RunRequest, onEvent: (event: PulumiEvent) => void): Promise<void> {
  const options = { onEvent, suppressProgress: true, color: "never" } as const;
  switch (request.kind) {
    case "update":
      await stack.up({ ...options, refresh: request.refresh });
      return;
    case "destroy":
      await stack.destroy(options);
      return;
    case "preview":
      await stack.preview(options);
      return;
    case "refresh":
      await stack.previewRefresh(options);
      return;
    default:
      request.kind satisfies never;
  }
}

/** Locks may be cleared only if each is the one of an engine of ours that is proved dead. */
function areOurDeadLocks(locks: readonly LockHolder[], dead: RunRequest["deadEngines"]): boolean {
  return locks.length > 0 && locks.every((lock) => dead.some((engine) => isLockOf(engine, lock)));
}

// A lock tells whole seconds.
const lockClockMs = 1_000;

function isLockOf(engine: DeadEngine, lock: LockHolder): boolean {
  if (lock.host !== engine.host) return false;
  if (Date.parse(lock.at) < Date.parse(engine.lockedAfter) - lockClockMs) return false;
  if (engine.pid !== null) return lock.pid === engine.pid;
  // It died before its pid was recorded: the lock is newer than its run, and nobody holds the pid.
  return processRef(lock.pid) === null;
}

const failed = (failure: EngineFailure): EndedEvent => ({
  type: "ended",
  status: "failed",
  failure,
  narrowed: false,
  changes: {},
});

const canceled = (request: RunRequest, changes: Readonly<Record<string, number>>): EndedEvent => ({
  type: "ended",
  status: "canceled",
  failure: {
    class: "transient",
    code: "Canceled",
    message: `The ${request.kind} of stack ${request.stack} was stopped before its end; it is tried again.`,
  },
  narrowed: false,
  changes,
});

const engineLost = (stack: string, exit: EngineExitError): EngineFailure => ({
  class: "transient",
  code: "EngineLost",
  message: `The run of stack ${stack} was lost: ${exit.message} It is tried again.`,
});

const stateMissing = (stack: string): EngineFailure => ({
  class: "permanent",
  code: "StateMissing",
  message:
    `Stack ${stack} was applied before, but its state is gone. Nothing is built again on its own. ` +
    "Restore the state from a backup, then reconcile.",
});

const foreignLock = (stack: string, locks: readonly LockHolder[]): EngineFailure => ({
  class: "transient",
  code: "Locked",
  message: `Stack ${stack} is locked by ${locks
    .map((lock) => `${lock.user}@${lock.host} (pid ${lock.pid}, since ${lock.at})`)
    .join(", ")}. The lock is left alone; the run is tried again once it is released.`,
});
