/**
 * Child side: one run of one stack through the Automation API, as a stream of messages. States of a run:
 * started → engine process → (locked by a dead engine of ours → cleared → engine process) → ended.
 */
import type { EngineEvent as PulumiEvent } from "@pulumi/pulumi/automation/index.js";
import { LocalWorkspace, type PulumiCommand, Stack } from "@pulumi/pulumi/automation/index.js";
import { stackProgram } from "../../program/stack-program.ts";
import { messageOf } from "../errors.ts";
import type { EndedEvent, EngineFailure, RunRequest } from "./engine.ts";
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
    onProcess: (pid) => {
      send({ type: "processes", child: ownProcess(), engine: pid === null ? null : processRef(pid) });
    },
  });
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
  const exists = stackExists(state, request.stack);
  if (!exists && request.wasApplied) return failed(stateMissing(request.stack));
  if (!exists && request.kind === "destroy")
    return { type: "ended", status: "succeeded", outputs: null, changes: {} };
  await makeStackFiles(state, request.stack, settings.salt);
  const stack = await openStack(request, settings, environment, command);
  let attempt = await attemptRun(request, stack, command, send);
  if (attempt.status === "locked") {
    if (!isOurDeadLock(attempt.locks, request.deadEngine))
      return failed(foreignLock(request.stack, attempt.locks));
    await stack.cancel();
    attempt = await attemptRun(request, stack, command, send);
    if (attempt.status === "locked") return failed(foreignLock(request.stack, attempt.locks));
  }
  if (attempt.ended.status === "succeeded" && request.kind === "destroy")
    await removeWorkspace(state, request.stack);
  return attempt.ended;
}

function openStack(
  request: RunRequest,
  settings: ChildSettings,
  environment: Readonly<Record<string, string>>,
  command: EngineCommand,
): Promise<Stack> {
  const pulumiHome = environment.PULUMI_HOME;
  return LocalWorkspace.create({
    workDir: workspaceFolder(settings.state, request.stack),
    ...(pulumiHome === undefined ? {} : { pulumiHome }),
    projectSettings: { name: projectName, runtime: "nodejs" },
    // The Automation API types it as its own class; it calls nothing of it but run() and version.
    pulumiCommand: command as unknown as PulumiCommand,
    ...(request.spec === null ? {} : { program: stackProgram(request.spec) }),
  }).then((workspace) => Stack.select(request.stack, workspace));
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
    const failure = failureOf({
      errors: said.length > 0 || exit !== null ? said : [messageOf(fault)],
      stderr: exit?.stderr ?? "",
      stdout: exit?.stdout ?? "",
    });
    return {
      status: "ended",
      ended: { type: "ended", status: "failed", failure, changes: reader.changes() },
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

/** A lock may be cleared only if it is the one of the engine that is proved dead. */
function isOurDeadLock(locks: readonly LockHolder[], dead: RunRequest["deadEngine"]): boolean {
  if (dead === null || locks.length === 0) return false;
  return locks.every((lock) => {
    if (lock.host !== dead.host) return false;
    if (dead.pid !== null) return lock.pid === dead.pid;
    // The engine died before its pid was recorded: its lock is newer than its run, and nobody holds the pid.
    return Date.parse(lock.at) >= Date.parse(dead.lockedAfter) - 1000 && processRef(lock.pid) === null;
  });
}

const failed = (failure: EngineFailure): EndedEvent => ({
  type: "ended",
  status: "failed",
  failure,
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
  changes,
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
