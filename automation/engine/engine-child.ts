/**
 * Parent side of one child.
 *
 * States: starting → idle ⇄ running → (stopping) → idle → gone. A child that goes while running ends its run with
 * `EngineLost`; the watchdog lets it go when it hangs or takes too much memory.
 */
import { type ChildProcess, fork } from "node:child_process";
import { rm } from "node:fs/promises";
import { setPriority } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { ProcessRef } from "../../metadata-schema/store.ts";
import type { ChildEndReason } from "../observe/run-observer.ts";
import { endProcesses, enginesOf } from "./end-processes.ts";
import type { EndedEvent, EngineEvent, RunRequest, SlotState } from "./engine.ts";
import { failedEnd, stackFailure } from "./engine-errors.ts";
import type { EventQueue } from "./event-queue.ts";
import { type ChildSettings, type FromChild, fromChild, type ToChild } from "./messages.ts";
import {
  isSuspended,
  processRef,
  processState,
  residentBytes,
  signalGroup,
  temporaryNameOf,
} from "./processes.ts";
import { givenUp } from "./watchdog.ts";

export interface CurrentRun {
  readonly events: EventQueue<EngineEvent>;
  readonly request: RunRequest;
  /** what follows from its end; it pushes the end itself */
  onEnded(ended: EndedEvent): void;
  leaseEndsAtMs: number;
  /** asked for before the child had the run: told once it has */
  cancel: { readonly urgent: boolean } | null;
  posted: boolean;
}

export interface EngineChildOptions {
  readonly settings: ChildSettings;
  /** environment of the child; holds no database credential */
  readonly environment: Readonly<Record<string, string>>;
  readonly monotonicMs: () => number;
  /** its run is over, and it could take the next */
  onIdle(child: EngineChild): void;
  /** it and all that it started are gone */
  onGone(child: EngineChild, end: ChildEndReason, detail: string): void;
  /** a process could not be made, or its channel failed */
  onFault(fault: Error): void;
}

// Below the API in the scheduler's eyes; the engines inherit it.
const niceness = 5;
// Twice what its heap was seen to need.
const heapLimit = "--max-old-space-size=1024";

export class EngineChild {
  readonly #options: EngineChildOptions;
  readonly #process: ChildProcess;
  readonly #ready = Promise.withResolvers<void>();
  readonly #gone = Promise.withResolvers<void>();
  readonly #startedAtMs: number;
  #state: "starting" | "idle" | "running" | "stopping" | "gone" = "starting";
  #stateSinceMs: number;
  #lastHeardMs: number;
  #engine: ProcessRef | null = null;
  #engineGoneSinceMs: number | null = null;
  #run: CurrentRun | null = null;
  #end: ChildEndReason = "crashed";
  #ref: ProcessRef | null = null;
  /** takes no further run and ends */
  retired = false;
  runs = 0;
  rssBytes = 0;

  constructor(options: EngineChildOptions) {
    this.#options = options;
    this.#startedAtMs = options.monotonicMs();
    this.#stateSinceMs = this.#startedAtMs;
    this.#lastHeardMs = this.#startedAtMs;
    this.#process = this.#fork();
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }
  get ready(): Promise<void> {
    return this.#ready.promise;
  }
  get gone(): Promise<void> {
    return this.#gone.promise;
  }
  get run(): CurrentRun | null {
    return this.#run;
  }
  get isFree(): boolean {
    return !this.retired && this.#run === null && this.#state !== "gone";
  }
  get lifeMs(): number {
    return this.#options.monotonicMs() - this.#startedAtMs;
  }

  slotState(): SlotState {
    const stack = this.#run?.request.stack ?? null;
    const state = this.#state === "gone" ? "stopping" : this.#state;
    const shown = state === "idle" && stack !== null ? "starting" : state;
    return { state: shown, sinceMs: this.#stateSinceMs, stack, rssBytes: this.rssBytes };
  }

  /** Gives it a run; its request is posted by `post` once the environment is known. */
  take(run: CurrentRun): void {
    this.#run = run;
    this.runs += 1;
    this.#engine = null;
    this.#engineGoneSinceMs = null;
  }

  /** The run begins in the child. */
  begin(run: CurrentRun, environment: Readonly<Record<string, string>>): void {
    // It may have been extended since it was asked for.
    const request = { ...run.request, leaseEndsAtMs: run.leaseEndsAtMs };
    this.#enter("running");
    this.post({ type: "run", request, environment: { ...environment } });
    run.posted = true;
    if (run.cancel !== null) this.cancel(run.cancel);
  }

  extend(leaseEndsAtMs: number): void {
    if (this.#run !== null) this.#run.leaseEndsAtMs = leaseEndsAtMs;
    this.post({ type: "extend", leaseEndsAtMs });
  }

  cancel(how: { readonly urgent: boolean }): void {
    if (this.#state === "running") this.#enter("stopping");
    this.post({ type: "cancel", ...how });
  }

  post(message: ToChild): void {
    if (this.#process.connected) this.#process.send(message);
  }

  /** Ends after its run. */
  retire(end: ChildEndReason): void {
    this.retired = true;
    this.#end = end;
    if (this.#run !== null) this.#enter("stopping");
    this.post({ type: "exit" });
  }

  /** Ends its run without it. */
  finish(ended: EndedEvent): void {
    const run = this.#run;
    this.#run = null;
    run?.onEnded(ended);
  }

  /** Looks whether it is well, and lets it go at once if it is not. */
  watch(): void {
    if (this.#state === "gone") return;
    const nowMs = this.#options.monotonicMs();
    this.post({ type: "ping" });
    const { pid } = this.#process;
    this.rssBytes = pid === undefined ? 0 : (residentBytes(pid) ?? 0);
    // A suspended engine is as silent as one that waits for a cloud, but nothing it waits for will come.
    const isEngineGone =
      this.#engine !== null && (processState(this.#engine) === "dead" || isSuspended(this.#engine.pid));
    this.#engineGoneSinceMs = isEngineGone ? (this.#engineGoneSinceMs ?? nowMs) : null;
    const verdict = givenUp(
      {
        state: this.#state,
        stateSinceMs: this.#stateSinceMs,
        lastHeardMs: this.#lastHeardMs,
        engineGoneSinceMs: this.#run === null ? null : this.#engineGoneSinceMs,
        leaseEndsAtMs: this.#run?.leaseEndsAtMs ?? null,
        childBytes: this.rssBytes,
        engineBytes: this.#engine === null ? 0 : (residentBytes(this.#engine.pid) ?? 0),
      },
      nowMs,
    );
    if (verdict === null) return;
    this.#end = verdict.reason;
    this.retired = true;
    this.#process.kill("SIGKILL");
    // Politeness takes seconds that a lease at its end does not have.
    if (verdict.isUrgent && this.#engine !== null) signalGroup(this.#engine.pid, "SIGKILL");
    void this.#leave(verdict.why);
  }

  /** One that was killed could not do it itself. */
  async #removeTemporary(): Promise<void> {
    if (this.#ref === null) return;
    const folder = path.join(this.#options.settings.temporary, temporaryNameOf(this.#ref));
    await rm(folder, { recursive: true, force: true }).catch(() => {
      // It is tried again at the next start.
    });
  }

  #enter(state: "idle" | "running" | "stopping"): void {
    this.#state = state;
    this.#stateSinceMs = this.#options.monotonicMs();
  }

  #fork(): ChildProcess {
    const entry = fileURLToPath(new URL("child-entry.ts", import.meta.url));
    const forked = fork(entry, [JSON.stringify(this.#options.settings)], {
      env: { ...this.#options.environment },
      execArgv: ["--disable-warning=ExperimentalWarning", heapLimit],
      // A group of its own: a signal to the service's group must not end a run halfway.
      detached: true,
      stdio: ["ignore", "ignore", "inherit", "ipc"],
      serialization: "json",
    });
    lowerPriority(forked.pid);
    this.#ref = forked.pid === undefined ? null : processRef(forked.pid);
    forked.on("message", (raw) => this.#receive(fromChild.parse(raw)));
    forked.on("error", (fault) => {
      this.#options.onFault(fault);
      // A process that could not be made never exits.
      if (forked.pid === undefined) void this.#leave(fault.message);
    });
    forked.on("exit", (code, signal) => void this.#leave(`its process ended (${signal ?? code})`));
    return forked;
  }

  #receive(message: FromChild): void {
    this.#lastHeardMs = this.#options.monotonicMs();
    switch (message.type) {
      case "ready":
        this.#enter("idle");
        this.#ready.resolve();
        break;
      case "alive":
        break;
      case "tainted":
        this.retired = true;
        this.#end = "recycled-failure";
        break;
      case "idle":
        // Between the end of a run and this, it may have been given the next one.
        if (this.#state === "gone" || this.#run?.posted === true) break;
        this.#enter("idle");
        if (this.retired) this.post({ type: "exit" });
        this.#options.onIdle(this);
        break;
      case "ended":
        this.finish(message);
        break;
      case "processes":
        this.#engine = message.engine ?? this.#engine;
        this.#run?.events.push(message);
        break;
      default:
        this.#run?.events.push(message);
    }
  }

  /** Once for each child: its engine and plugins end before its run is told to be lost, so that the next may begin. */
  async #leave(why: string): Promise<void> {
    if (this.#state === "gone") return;
    this.#state = "gone";
    this.retired = true;
    try {
      await this.#endLeftovers();
    } catch (fault) {
      // What could not be found now is found by the stack's next run.
      this.#options.onFault(fault instanceof Error ? fault : new Error(String(fault)));
    }
    if (this.#run !== null) this.finish(lost(this.#run.request, why, this.#end));
    this.#options.onGone(this, this.#end, why);
    this.#ready.resolve();
    this.#gone.resolve();
  }

  async #endLeftovers(): Promise<void> {
    const self = this.#ref;
    const known = this.#engine === null ? [] : [this.#engine];
    const marked = self === null ? [] : enginesOf(this.#options.settings.state.backend, self);
    await endProcesses({ children: self === null ? [] : [self], engines: [...known, ...marked] });
    await this.#removeTemporary();
  }
}

function lowerPriority(pid: number | undefined): void {
  try {
    if (pid !== undefined) setPriority(pid, niceness);
  } catch {
    // It has ended already, which its exit tells.
  }
}

export const lost = (request: RunRequest, why: string, end: ChildEndReason = "crashed"): EndedEvent =>
  // What takes too much memory once takes it again: that is not tried for ever.
  failedEnd(
    stackFailure(
      end === "killed-memory" ? "unknown" : "transient",
      end === "killed-memory" ? "MemoryExceeded" : "EngineLost",
      `The ${request.kind} of stack ${request.stack} was lost: ${why}. It is tried again.`,
    ),
  );
