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
    if (this.#busy.size >= slots) return;
    // More than there are slots: some of it may be running here or wait for the urgent slot.
    const work = await store.listWork(slots * 4);
    for (const item of work) {
      if (this.#stop.signal.aborted || this.#busy.size >= slots) return;
      if (this.#busy.has(item.stack.stack) || !this.#mayStart(item)) continue;
      await this.#run(item);
    }
  }

  /** One slot is kept for urgent work, where there is more than one. */
  #mayStart({ stack }: WorkItem): boolean {
    const { slots } = this.#options.runner.engine;
    if (stack.lane === "urgent" || slots === 1) return true;
    const normal = [...this.#busy.values()].filter((urgent) => !urgent).length;
    return normal < slots - 1;
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
