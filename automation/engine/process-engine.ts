/**
 * Parent side: a pool of warm children, one run each at a time.
 *
 * A child is recycled after a number of runs or above a memory limit, since a warm process was seen to grow by
 * 180 MB in 50 runs. Children that end by themselves one after the other close the engine for a while: each fork
 * costs two seconds of a core.
 */
import { systemClock } from "../clock.ts";
import { messageOf } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { ChildEndReason } from "../observe/run-observer.ts";
import type { EndedEvent, Engine, EngineEvent, RunHandle, RunRequest, SlotState, Strays } from "./engine.ts";
import { type CurrentRun, EngineChild, lost } from "./engine-child.ts";
import { isAboutObjects } from "./engine-errors.ts";
import { eventQueue } from "./event-queue.ts";
import type { ChildSettings } from "./messages.ts";

export interface ProcessEngineOptions {
  readonly slots: number;
  readonly settings: ChildSettings;
  /** environment of each child; holds no database credential */
  readonly childEnvironment: Readonly<Record<string, string>>;
  /** the whole environment of the engine process of a run, asked for when the run starts */
  readonly engineEnvironment: () => Promise<Readonly<Record<string, string>>>;
  readonly log: Logger;
  /** A child has ended, with all that it started. */
  onChildEnded?(child: { readonly reason: ChildEndReason; readonly lifeMs: number }): void;
}

const maxRunsPerChild = 50;
// Twice what a child weighs with all SDKs loaded.
const maxRssBytes = 600 * 1024 * 1024;
const watchMs = 2_000;
// One crash may be an accident, and its slot is filled again at once; the pause doubles with each one after it.
const firstPauseMs = 1_000;
const maxPauseMs = 30_000;

// Two small files are read for it; a disk that takes longer hangs.
const environmentMs = 20_000;

async function inTime<T>(answer: Promise<T>): Promise<T> {
  const late = new AbortController();
  const tooLate = systemClock.sleep(environmentMs, late.signal).then((): never => {
    throw new Error(`no answer within ${environmentMs / 1_000} s`);
  });
  try {
    return await Promise.race([answer, tooLate]);
  } finally {
    // Its fault is nobody's by now.
    tooLate.catch(() => {});
    late.abort();
  }
}

/** One request in one child. */
interface Started {
  readonly run: CurrentRun;
  extend(leaseEndsAtMs: number): void;
  cancel(options: { readonly urgent: boolean }): void;
}

/**
 * What an update that failed falls back to: additions that fail must not keep what the same spec takes away, and the
 * engine deletes last. Null: nothing.
 */
function narrowerRequest(request: RunRequest, ended: EndedEvent): RunRequest | null {
  const mayNarrow =
    request.kind === "update" && ended.status === "failed" && isAboutObjects(ended.failure.code);
  if (!mayNarrow || request.narrowed === null) return null;
  return { ...request, spec: request.narrowed, narrowed: null, strays: null };
}

export class ProcessEngine implements Engine {
  readonly slots: number;
  readonly #options: ProcessEngineOptions;
  readonly #children = new Set<EngineChild>();
  readonly #watch: NodeJS.Timeout;
  #crashes = 0;
  #crash = "";
  #crashedAtMs = 0;
  #forkAgainAtMs = 0;

  constructor(options: ProcessEngineOptions) {
    this.slots = options.slots;
    this.#options = options;
    this.#watch = setInterval(() => {
      for (const child of this.#children) child.watch();
    }, watchMs);
    this.#watch.unref();
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

  closedFor(): readonly string[] {
    const pauseMs = this.#forkAgainAtMs - systemClock.monotonicMs();
    if (pauseMs <= 0 || [...this.#children].some((child) => child.isFree)) return [];
    return [
      `The processes that run stacks end by themselves (${this.#crashes} in a row, the last: ${this.#crash}); the next is started in ${Math.ceil(pauseMs / 1000)} s.`,
    ];
  }

  slotStates(): readonly SlotState[] {
    const taken = [...this.#children].map((child) => child.slotState());
    const isBackingOff = this.#forkAgainAtMs > systemClock.monotonicMs();
    const free: SlotState = {
      state: isBackingOff ? "backing-off" : "idle",
      sinceMs: isBackingOff ? this.#crashedAtMs : systemClock.monotonicMs(),
      stack: null,
      rssBytes: 0,
    };
    return [...taken, ...Array<SlotState>(Math.max(0, this.slots - taken.length)).fill(free)];
  }

  run(request: RunRequest): RunHandle {
    const events = eventQueue<EngineEvent>();
    const first = { ...request, strays: this.#withoutOurs(request.strays) };
    let current: Started;
    const end = (ended: EndedEvent): void => {
      events.push(ended);
      events.close();
    };
    const afterFirst = (ended: EndedEvent): void => {
      const narrower = narrowerRequest(first, ended);
      if (narrower === null || ended.status === "succeeded") {
        end(ended);
        return;
      }
      // In another process: what is left of the failed program goes on in the one it ran in.
      const { leaseEndsAtMs } = current.run;
      current = this.#begin({ ...narrower, leaseEndsAtMs }, events, (then) =>
        end({ ...ended, narrowed: then.status === "succeeded" }),
      );
    };
    current = this.#begin(first, events, afterFirst);
    return {
      events,
      extend: (leaseEndsAtMs) => current.extend(leaseEndsAtMs),
      cancel: (options = { urgent: false }) => current.cancel(options),
    };
  }

  #begin(request: RunRequest, events: CurrentRun["events"], onEnded: CurrentRun["onEnded"]): Started {
    const { leaseEndsAtMs } = request;
    const run: CurrentRun = { events, request, leaseEndsAtMs, cancel: null, posted: false, onEnded };
    const child = this.#take();
    child.take(run);
    void this.#start(child, run);
    // A handle of a run that has ended must not reach the next run of its child.
    const isCurrent = (): boolean => child.run === run;
    return {
      run,
      extend: (endsAtMs) => {
        if (isCurrent()) child.extend(endsAtMs);
      },
      cancel: (options) => {
        if (!run.posted) run.cancel = options;
        else if (isCurrent()) child.cancel(options);
      },
    };
  }

  async close(): Promise<void> {
    for (const child of this.#children) child.retire("closed");
    await Promise.all([...this.#children].map((child) => child.gone));
    clearInterval(this.#watch);
  }

  async #start(child: EngineChild, run: CurrentRun): Promise<void> {
    try {
      const environment = await inTime(this.#options.engineEnvironment());
      await Promise.race([child.ready, child.gone]);
      if (child.run === run) child.begin(run, environment);
    } catch (cause) {
      if (child.run !== run) return;
      child.finish(lost(run.request, `its environment is not available: ${messageOf(cause)}`));
      this.#recycle(child);
    }
  }

  /** A child of this pool may have been given up by a run and be well: the pool looks after it itself. */
  #withoutOurs(strays: Strays | null): Strays | null {
    if (strays === null) return null;
    const ours = new Set([...this.#children].map((child) => child.pid));
    return { ...strays, children: strays.children.filter(({ pid }) => !ours.has(pid)) };
  }

  #take(): EngineChild {
    const staying = [...this.#children].filter((child) => !child.retired);
    const idle = staying.find((child) => child.isFree);
    if (idle !== undefined) return idle;
    if (staying.length >= this.slots) throw new RangeError("every slot of the engine is taken");
    return this.#fork();
  }

  #fork(): EngineChild {
    const child = new EngineChild({
      settings: this.#options.settings,
      environment: this.#options.childEnvironment,
      monotonicMs: systemClock.monotonicMs,
      onIdle: (idle) => this.#recycle(idle),
      onGone: (gone, end, why) => this.#gone(gone, end, why),
      onFault: (fault) => this.#options.log.warn({ err: fault }, "engine child fault"),
    });
    this.#children.add(child);
    return child;
  }

  #recycle(child: EngineChild): void {
    this.#crashes = 0;
    this.#forkAgainAtMs = 0;
    // It may have been given the next run already.
    if (child.run !== null) return;
    if (child.runs >= maxRunsPerChild) child.retire("recycled-runs");
    else if (child.rssBytes > maxRssBytes) child.retire("recycled-memory");
  }

  #gone(child: EngineChild, reason: ChildEndReason, why: string): void {
    this.#children.delete(child);
    const { lifeMs } = child;
    this.#options.onChildEnded?.({ reason, lifeMs });
    const log = this.#options.log.child({ pid: child.pid, reason, lifeMs: Math.round(lifeMs) });
    if (reason === "closed" || reason.startsWith("recycled-")) {
      log.debug({ why }, "engine child ended");
      return;
    }
    log.warn({ why }, "engine child lost; its slot is filled again");
    if (this.#crashes === 0) this.#crashedAtMs = systemClock.monotonicMs();
    this.#crashes += 1;
    this.#crash = why;
    if (this.#crashes < 2) return;
    const pauseMs = Math.min(maxPauseMs, firstPauseMs * 2 ** (this.#crashes - 2));
    this.#forkAgainAtMs = systemClock.monotonicMs() + pauseMs;
  }
}
