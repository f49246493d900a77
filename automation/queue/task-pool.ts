/**
 * Fills the engine's slots with the most pressing work. Looks when it is poked, when a slot gets free and
 * at each poll; starts what it finds until slots or work run out.
 */
import type { MetadataStore, WorkItem } from "../../metadata-schema/store.ts";
import type { Clock } from "../clock.ts";
import type { Logger } from "../log.ts";
import { type StackRunnerOptions, type StartedRun, startRun } from "./stack-runner.ts";

export interface TaskPoolOptions {
  readonly store: MetadataStore;
  readonly runner: StackRunnerOptions;
  readonly clock: Clock;
  readonly log: Logger;
  /** Why no run may start now, whichever stack it is of; none: runs may. */
  closedFor(): readonly string[];
}

// Work that comes due by time alone (a back-off that ended) is found within this time.
const pollMs = 500;
const faultPauseMs = 1_000;

export class TaskPool {
  readonly #options: TaskPoolOptions;
  readonly #runs = new Map<string, StartedRun>();
  readonly #stop = new AbortController();
  #poke = new AbortController();
  #loopEnded: Promise<void> | null = null;
  /** stacks that are being leased or run here, with whether they are urgent */
  readonly #busy = new Map<string, boolean>();

  constructor(options: TaskPoolOptions) {
    this.#options = options;
  }

  start(): void {
    this.#loopEnded ??= this.#loop();
  }

  /** Starts nothing more, stops what runs politely, and resolves when all is quiet. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.poke();
    await this.#loopEnded;
    const runs = [...this.#runs.values()];
    for (const run of runs) run.cancel();
    await Promise.all(runs.map((run) => run.done));
  }

  poke(): void {
    this.#poke.abort();
  }

  /** Somebody asked for the end of a run: if it is one of this pool, it need not wait for its next heartbeat. */
  cancel(runId: string, by: string): void {
    this.#runs.get(runId)?.cancelFor(by);
  }

  get running(): number {
    return this.#runs.size;
  }

  async #loop(): Promise<void> {
    let healthy = true;
    while (!this.#stop.signal.aborted) {
      this.#poke = new AbortController();
      let pauseMs = pollMs;
      try {
        await this.#fill();
        healthy = true;
      } catch (fault) {
        this.#options.runner.observer.databaseFault("work");
        if (healthy) this.#options.log.warn({ err: fault }, "work could not be read; it is tried again");
        healthy = false;
        pauseMs = faultPauseMs;
      }
      await this.#options.clock.sleep(pauseMs, this.#poke.signal);
    }
  }

  async #fill(): Promise<void> {
    const { store, runner } = this.#options;
    const { slots } = runner.engine;
    if (this.#busy.size >= slots || this.#options.closedFor().length > 0) return;
    // Where only the urgent slot is free, a long queue before an urgent stack must not hide it.
    const lane = this.#normalSlotIsFree() ? undefined : "urgent";
    for (const item of await store.listWork(slots * 4, lane)) {
      if (this.#stop.signal.aborted || this.#busy.size >= slots || this.#options.closedFor().length > 0)
        return;
      const mayStart = item.stack.lane === "urgent" || this.#normalSlotIsFree();
      if (mayStart && !this.#busy.has(item.stack.stack)) await this.#run(item);
    }
    // The last normal slot has just been filled: urgent work may still start.
    if (lane === undefined && !this.#normalSlotIsFree() && this.#busy.size < slots) this.poke();
  }

  /** One slot is kept for urgent work, where there is more than one. */
  #normalSlotIsFree(): boolean {
    const { slots } = this.#options.runner.engine;
    const normal = [...this.#busy.values()].filter((urgent) => !urgent).length;
    return normal < Math.max(1, slots - 1);
  }

  async #run(item: WorkItem): Promise<void> {
    const { stack } = item.stack;
    this.#busy.set(stack, item.stack.lane === "urgent");
    const run = await startRun(item, this.#options.runner).catch((fault: unknown) => {
      this.#busy.delete(stack);
      throw fault;
    });
    if (run === null) {
      this.#busy.delete(stack);
      return;
    }
    this.#runs.set(run.runId, run);
    void run.done.finally(() => {
      this.#runs.delete(run.runId);
      this.#busy.delete(stack);
      this.poke();
    });
  }
}
