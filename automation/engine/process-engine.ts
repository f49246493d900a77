/**
 * Parent side: a pool of warm children, one run each at a time.
 *
 * A child: starting → idle ⇄ running → gone. It is recycled after a number of runs or above a memory limit,
 * since a warm process was seen to grow by 180 MB in 50 runs. A child that goes while running ends its run
 * with `EngineLost`; the next run forks another.
 */
import { type ChildProcess, fork } from "node:child_process";
import { setPriority } from "node:os";
import { fileURLToPath } from "node:url";
import { messageOf } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { EndedEvent, Engine, EngineEvent, RunHandle, RunRequest } from "./engine.ts";
import { type EventQueue, eventQueue } from "./event-queue.ts";
import { type ChildSettings, type FromChild, fromChild, type ToChild } from "./messages.ts";

export interface ProcessEngineOptions {
  readonly slots: number;
  readonly settings: ChildSettings;
  /** environment of each child; holds no database credential */
  readonly childEnvironment: Readonly<Record<string, string>>;
  /** the whole environment of the engine process of a run, asked for when the run starts */
  readonly engineEnvironment: () => Promise<Readonly<Record<string, string>>>;
  readonly log: Logger;
}

const maxRunsPerChild = 50;
// Twice what a child weighs with all SDKs loaded.
const maxRssBytes = 600 * 1024 * 1024;
// Below the API in the scheduler's eyes; the engines inherit it.
const niceness = 5;

interface CurrentRun {
  readonly events: EventQueue<EngineEvent>;
  readonly request: RunRequest;
  /** asked for before the child had the run: told once it has */
  cancel: { readonly urgent: boolean } | null;
  posted: boolean;
}

interface Child {
  readonly process: ChildProcess;
  runs: number;
  rssBytes: number;
  /** takes no further run and ends */
  retired: boolean;
  run: CurrentRun | null;
  readonly ready: Promise<void>;
  readonly gone: Promise<void>;
}

export class ProcessEngine implements Engine {
  readonly slots: number;
  readonly #options: ProcessEngineOptions;
  readonly #children = new Set<Child>();

  constructor(options: ProcessEngineOptions) {
    this.slots = options.slots;
    this.#options = options;
  }

  /** The engine itself: its executable, and what it says its version is. */
  get program(): { readonly command: string; readonly version: string } {
    return this.#options.settings.engine;
  }

  /** Forks children ahead of need, so that the first run finds one warm. */
  warm(count: number): void {
    for (let missing = Math.min(count, this.slots) - this.#children.size; missing > 0; missing--)
      this.#fork();
  }

  run(request: RunRequest): RunHandle {
    const run: CurrentRun = { events: eventQueue<EngineEvent>(), request, cancel: null, posted: false };
    const child = this.#take();
    child.run = run;
    child.runs += 1;
    void this.#start(child, run);
    // A handle of a run that has ended must not reach the next run of its child.
    const post = (message: ToChild): void => {
      if (child.run === run) this.#post(child, message);
    };
    return {
      events: run.events,
      extend: (leaseMs) => post({ type: "extend", leaseMs }),
      cancel: (options = { urgent: false }) => {
        if (run.posted) post({ type: "cancel", ...options });
        else run.cancel = options;
      },
    };
  }

  async close(): Promise<void> {
    for (const child of this.#children) this.#post(child, { type: "exit" });
    await Promise.all([...this.#children].map((child) => child.gone));
  }

  async #start(child: Child, run: CurrentRun): Promise<void> {
    const { request } = run;
    try {
      const environment = await this.#options.engineEnvironment();
      await Promise.race([child.ready, child.gone]);
      if (child.run !== run) return;
      this.#post(child, { type: "run", request, environment: { ...environment } });
      run.posted = true;
      if (run.cancel !== null) this.#post(child, { type: "cancel", ...run.cancel });
    } catch (cause) {
      if (child.run === run)
        this.#end(child, lost(request, `its environment is not available: ${messageOf(cause)}`));
    }
  }

  #take(): Child {
    const staying = [...this.#children].filter((child) => !child.retired);
    const idle = staying.find((child) => child.run === null);
    if (idle !== undefined) return idle;
    if (staying.length >= this.slots) throw new RangeError("every slot of the engine is taken");
    return this.#fork();
  }

  #fork(): Child {
    const entry = fileURLToPath(new URL("child-entry.ts", import.meta.url));
    const forked = fork(entry, [JSON.stringify(this.#options.settings)], {
      env: { ...this.#options.childEnvironment },
      execArgv: ["--disable-warning=ExperimentalWarning"],
      // A group of its own: a signal to the service's group must not end a run halfway.
      detached: true,
      stdio: ["ignore", "ignore", "inherit", "ipc"],
      serialization: "json",
    });
    const gone = Promise.withResolvers<void>();
    const ready = Promise.withResolvers<void>();
    const child: Child = {
      process: forked,
      runs: 0,
      rssBytes: 0,
      retired: false,
      run: null,
      ready: ready.promise,
      gone: gone.promise,
    };
    this.#children.add(child);
    lowerPriority(forked.pid);
    forked.on("message", (raw) => this.#receive(child, fromChild.parse(raw), ready.resolve));
    const leave = (why: string): void => {
      this.#children.delete(child);
      if (child.run !== null) this.#end(child, lost(child.run.request, `its process ended (${why})`));
      gone.resolve();
    };
    forked.on("error", (fault) => {
      this.#options.log.warn({ err: fault }, "engine child fault");
      // A process that could not be made never exits.
      if (forked.pid === undefined) leave(fault.message);
    });
    forked.on("exit", (code, signal) => leave(String(signal ?? code)));
    return child;
  }

  #receive(child: Child, message: FromChild, ready: () => void): void {
    switch (message.type) {
      case "ready":
        ready();
        break;
      case "idle":
        child.rssBytes = message.rssBytes;
        break;
      case "ended":
        this.#end(child, message);
        break;
      default:
        child.run?.events.push(message);
    }
  }

  #end(child: Child, ended: EndedEvent): void {
    const { run } = child;
    child.run = null;
    run?.events.push(ended);
    run?.events.close();
    if (child.runs >= maxRunsPerChild || child.rssBytes > maxRssBytes) {
      child.retired = true;
      this.#post(child, { type: "exit" });
    }
  }

  #post(child: Child, message: ToChild): void {
    if (child.process.connected) child.process.send(message);
  }
}

function lowerPriority(pid: number | undefined): void {
  try {
    if (pid !== undefined) setPriority(pid, niceness);
  } catch {
    // It has ended already, which its exit tells.
  }
}

const lost = (request: RunRequest, why: string): EndedEvent => ({
  type: "ended",
  status: "failed",
  failure: {
    class: "transient",
    code: "EngineLost",
    message: `The ${request.kind} of stack ${request.stack} was lost: ${why}. It is tried again.`,
  },
  narrowed: false,
  changes: {},
});
