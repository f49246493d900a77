/**
 * Entry of a child: the process that fills a slot. It runs one program at a time, as one program's throw
 * would fail its neighbours in the same process.
 *
 * States: idle → (ends what earlier runs left) → running → idle. From any state: the channel to the service
 * closes → the engine is stopped politely → the process ends. While running: the lease is not extended in time →
 * the engine is killed.
 */
import { mkdirSync, rmSync } from "node:fs";
import path from "node:path";
import { systemClock } from "../clock.ts";
import { messageOf } from "../errors.ts";
import { endProcesses, enginesOf, orphans } from "./end-processes.ts";
import type { EndedEvent, EngineFailure, Strays } from "./engine.ts";
import { failedEnd, failureOf, stackFailure } from "./engine-errors.ts";
import { type ChildSettings, type FromChild, type ToChild, toChild } from "./messages.ts";
import { engineMark, ownProcess, temporaryNameOf } from "./processes.ts";
import { guardPrograms } from "./program-guard.ts";
import { type RunControl, runStack } from "./run-stack.ts";

// The engine is dead this long before the lease can pass to somebody else.
const killMarginMs = 5_000;

// forked by engine-child.ts with these settings, as JSON
const settings: ChildSettings = JSON.parse(process.argv[2] ?? "null");
const self = ownProcess();
guardPrograms();

interface Current {
  control: RunControl | null;
  /** asked for before the engine could begin */
  stop: "no" | "polite" | "urgent";
  deadline: NodeJS.Timeout;
}
let current: Current | null = null;
let leaving = false;

// The Automation API leaves files in the temporary folder when its process is killed: with a folder for each child
// they can be told from those in use.
const temporary = path.join(settings.temporary, temporaryNameOf(self));
mkdirSync(temporary, { recursive: true });
process.env.TMPDIR = temporary;
process.on("exit", () => rmSync(temporary, { recursive: true, force: true }));

function ignore(): void {}

function send(message: FromChild): void {
  // The channel may close between the question and the answer; `disconnect` deals with that.
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}

function leaseTimer(leaseEndsAtMs: number): NodeJS.Timeout {
  const ms = Math.max(0, leaseEndsAtMs - killMarginMs - systemClock.monotonicMs());
  return setTimeout(() => kill(), ms);
}

function kill(): void {
  if (current === null) return;
  current.stop = "urgent";
  current.control?.kill();
}

async function run(message: Extract<ToChild, { type: "run" }>): Promise<void> {
  const mine: Current = { control: null, stop: "no", deadline: leaseTimer(message.request.leaseEndsAtMs) };
  current = mine;
  const ended = await execute(message, mine).catch(
    // Before any engine could say it: e.g. a disk that takes no file.
    (fault): EndedEvent => failedEnd(failureOf({ errors: [messageOf(fault)], stderr: "", stdout: "" })),
  );
  clearTimeout(mine.deadline);
  removeStrangers();
  // A plugin outlives an engine that was killed.
  if (ended.status !== "succeeded")
    await endProcesses({ children: [], engines: enginesOf(settings.state.backend, self) });
  current = null;
  if (mine.control?.isTainted()) send({ type: "tainted" });
  send(ended);
  if (leaving) process.exit(0);
  send({ type: "idle" });
}

async function execute(
  { request, environment }: Extract<ToChild, { type: "run" }>,
  mine: Current,
): Promise<EndedEvent> {
  if (request.strays !== null) {
    const left = await endStrays(request.strays, request.stack);
    if (left !== null) return failedEnd(left);
  }
  // An idle child's folder may have been tidied away by whoever tidies temporary files.
  mkdirSync(temporary, { recursive: true });
  const mark = { backend: settings.state.backend, stack: request.stack, child: self };
  const inEngine = { ...environment, ...engineMark(mark), TMPDIR: temporary };
  mine.control = runStack(request, settings, inEngine, send);
  if (mine.stop !== "no") mine.control.stop(mine.stop === "urgent");
  return mine.control.done;
}

/** Null: nothing is left of earlier runs of the stack on this host. */
async function endStrays({ children, engines }: Strays, stack: string): Promise<EngineFailure | null> {
  const left = await endProcesses({
    children,
    engines: [...engines, ...orphans(settings.state.backend, stack)],
  });
  // Children are ended first: what they had started is found without them.
  const more = await endProcesses({ children: [], engines: orphans(settings.state.backend, stack) });
  const all = [...left, ...more];
  if (all.length === 0) return null;
  return stackFailure(
    "transient",
    "StrayProcess",
    `Process ${all.map(({ pid }) => pid).join(", ")} of an earlier run of stack ${stack} does not end. Nothing runs on the stack until it does; look at what it hangs on.`,
  );
}

/**
 * The Automation API leaves its listeners behind when an engine ends before its program: each later program's error
 * would be told once more for each of them. Seen with @pulumi/pulumi 3.259.0.
 */
function removeStrangers(): void {
  process.removeAllListeners("uncaughtException");
  process.removeAllListeners("unhandledRejection");
  process.on("unhandledRejection", ignore);
}

function extend(leaseEndsAtMs: number): void {
  if (current === null) return;
  clearTimeout(current.deadline);
  current.deadline = leaseTimer(leaseEndsAtMs);
}

function stop(urgent: boolean): void {
  if (current === null) return;
  if (current.stop !== "urgent") current.stop = urgent ? "urgent" : "polite";
  current.control?.stop(urgent);
}

function leave(): void {
  leaving = true;
  if (current === null) process.exit(0);
  stop(false);
}

process.on("message", (raw) => {
  const message = toChild.parse(raw);
  switch (message.type) {
    case "run":
      void run(message);
      break;
    case "extend":
      extend(message.leaseEndsAtMs);
      break;
    case "cancel":
      stop(message.urgent);
      break;
    case "ping":
      send({ type: "alive" });
      break;
    case "exit":
      leave();
      break;
    default:
      message satisfies never;
  }
});
process.on("disconnect", leave);
// A terminal's Ctrl-C reaches the whole foreground group; only the service decides when a child ends.
process.on("SIGINT", () => {});
process.on("SIGTERM", leave);
// A program's stray rejection fails its own run through the engine; it must not take the process along
// before that run's end was told.
process.on("unhandledRejection", ignore);
send({ type: "ready" });
