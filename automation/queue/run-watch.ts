/**
 * Watches one run from outside of its engine: how long it may take by its kind, and whether anything happens. A run
 * that says nothing for a while is told as Stalled, with what it waits for; at its deadline it is stopped.
 */
import type { RunKind, RunStepInput } from "../../metadata-schema/store.ts";

export interface RunLimits {
  /** how long a run may take */
  readonly deadlineMs: Readonly<Record<RunKind, number>>;
  /** silence after which a run is told as Stalled */
  readonly stallMs: number;
}

/** What is under way in a run that says nothing. */
export interface Stall {
  readonly silentMs: number;
  /** steps that have begun and not ended */
  readonly waitsFor: readonly RunStepInput[];
}

export interface RunWatchOptions {
  readonly kind: RunKind;
  readonly limits: RunLimits;
  onDeadline(): void;
  onStall(stall: Stall): void;
  /** something happened again after a stall */
  onProgress(): void;
}

export class RunWatch {
  readonly #options: RunWatchOptions;
  readonly #deadline: NodeJS.Timeout;
  readonly #underWay = new Map<string, RunStepInput>();
  #stall: NodeJS.Timeout;
  #isStalled = false;

  constructor(options: RunWatchOptions) {
    this.#options = options;
    this.#deadline = setTimeout(options.onDeadline, options.limits.deadlineMs[options.kind]);
    this.#stall = this.#stallTimer();
  }

  /** Something of the run was heard; a step where it was one. */
  heard(step?: RunStepInput): void {
    if (step?.status === "started") this.#underWay.set(step.urn, step);
    else if (step !== undefined) this.#underWay.delete(step.urn);
    clearTimeout(this.#stall);
    this.#stall = this.#stallTimer();
    if (this.#isStalled) this.#options.onProgress();
    this.#isStalled = false;
  }

  stop(): void {
    clearTimeout(this.#deadline);
    clearTimeout(this.#stall);
    if (this.#isStalled) this.#options.onProgress();
  }

  #stallTimer(): NodeJS.Timeout {
    const { stallMs } = this.#options.limits;
    return setTimeout(() => {
      this.#isStalled = true;
      this.#options.onStall({ silentMs: stallMs, waitsFor: [...this.#underWay.values()] });
    }, stallMs);
  }
}
