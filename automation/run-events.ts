/** Steps of a run as they are written. What a reader gets comes from the store, so it can resume anywhere. */
import { EventEmitter, once } from "node:events";
import type { MetadataStore, RunStep } from "../metadata-schema/store.ts";
import type { Clock } from "./clock.ts";

// A run may be carried out by another process: then nothing here tells of its steps.
const pollMs = 500;
const page = 500;

export class RunEvents {
  readonly #store: MetadataStore;
  readonly #clock: Clock;
  readonly #written = new EventEmitter().setMaxListeners(0);

  constructor(store: MetadataStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Steps of the run were written, or it ended. */
  tell(runId: string): void {
    this.#written.emit(runId);
  }

  async *follow(runId: string, after: number, signal: AbortSignal): AsyncIterable<RunStep> {
    let last = after;
    while (!signal.aborted) {
      const told = new AbortController();
      const wake = once(this.#written, runId, { signal: told.signal }).catch(() => []);
      // In this order: a run that has ended writes no step any more.
      const run = await this.#store.getRun(runId);
      const steps = await this.#store.readSteps(runId, last, page);
      for (const step of steps) yield step;
      last = steps.at(-1)?.number ?? last;
      const ended = run === null || (run.status !== "queued" && run.status !== "running");
      if (steps.length === 0) {
        if (ended) return told.abort();
        await Promise.race([wake, this.#clock.sleep(pollMs, signal)]);
      }
      told.abort();
    }
  }
}
