/**
 * An engine without processes or clouds, whose runs a test steps by hand or by a script. It keeps state and
 * locks as the real one does, and passes the same suite.
 *
 * A run: started → (refused: missing state, foreign lock) | under way → ended, by the test, a cancel, or a
 * lease that was not extended.
 */
import { systemClock } from "../../automation/clock.ts";
import type {
  EndedEvent,
  Engine,
  EngineEvent,
  EngineFailure,
  RunHandle,
  RunRequest,
  SlotState,
} from "../../automation/engine/engine.ts";
import { stackFailure } from "../../automation/engine/engine-errors.ts";
import { type EventQueue, eventQueue } from "../../automation/engine/event-queue.ts";
import { ownProcess } from "../../automation/engine/processes.ts";
import type { OutputValues, ProcessRef, RunStepInput } from "../../metadata-schema/store.ts";

export interface ScriptedLock {
  readonly host: string;
  readonly pid: number;
}

export interface ScriptedEngineOptions {
  readonly slots: number;
  /** Steps each run to its end; without it a test does. */
  readonly script?: (run: ScriptedRun, engine: ScriptedEngine) => void;
  /** false: a cancel is only noted, as by an engine in the middle of a long call */
  readonly endsOnCancel?: boolean;
}

// The real engine's children end this long before their lease does.
const killMarginMs = 5_000;

export class ScriptedRun {
  readonly request: RunRequest;
  /** leases that were told by `extend` */
  readonly extensions: number[] = [];
  cancelAsked = false;
  ended: EndedEvent | null = null;
  readonly #events: EventQueue<EngineEvent>;
  readonly #onEnd: (run: ScriptedRun, ended: EndedEvent) => void;
  #deadline: NodeJS.Timeout;

  constructor(
    request: RunRequest,
    events: EventQueue<EngineEvent>,
    onEnd: (run: ScriptedRun, ended: EndedEvent) => void,
  ) {
    this.request = request;
    this.#events = events;
    this.#onEnd = onEnd;
    this.#deadline = this.#timer(request.leaseEndsAtMs);
  }

  #timer(leaseEndsAtMs: number): NodeJS.Timeout {
    const ms = leaseEndsAtMs - killMarginMs - systemClock.monotonicMs();
    return setTimeout(() => this.endCanceled(), Math.max(0, ms));
  }

  processes(child: ProcessRef, engine: ProcessRef | null): void {
    if (this.ended === null) this.#events.push({ type: "processes", child, engine });
  }

  step(step: Partial<RunStepInput> = {}): void {
    if (this.ended !== null) return;
    const type = "test:index:Object";
    const urn = `urn:pulumi:${this.request.stack}::rowgate::${type}::object`;
    const whole = {
      operation: "create",
      urn,
      type,
      status: "done",
      objectId: "object",
      message: null,
    } as const;
    this.#events.push({ type: "step", step: { ...whole, ...step } });
  }

  /** `outputs` counts for an update alone, as no other kind of run has any. */
  succeed(outputs: OutputValues = {}, changes: Readonly<Record<string, number>> = {}): void {
    const told = this.request.kind === "update" ? outputs : null;
    this.end({ type: "ended", status: "succeeded", outputs: told, changes });
  }

  fail(failure: Partial<EngineFailure> = {}): void {
    const planted = { ...stackFailure("transient", "RunFailed", "planted"), ...failure };
    this.end({ type: "ended", status: "failed", failure: planted, narrowed: false, changes: {} });
  }

  endCanceled(): void {
    const failure = stackFailure("transient", "Canceled", "stopped before its end");
    this.end({ type: "ended", status: "canceled", failure, narrowed: false, changes: {} });
  }

  end(ended: EndedEvent): void {
    if (this.ended !== null) return;
    this.ended = ended;
    clearTimeout(this.#deadline);
    this.#onEnd(this, ended);
    this.#events.push(ended);
    this.#events.close();
  }

  extend(leaseEndsAtMs: number): void {
    this.extensions.push(leaseEndsAtMs);
    clearTimeout(this.#deadline);
    if (this.ended === null) this.#deadline = this.#timer(leaseEndsAtMs);
  }
}

export class ScriptedEngine implements Engine {
  readonly slots: number;
  /** set by a test */
  closed: readonly string[] = [];
  /** runs in the order they were started */
  readonly runs: ScriptedRun[] = [];
  /** what each stack's state holds, by stack */
  readonly state = new Map<string, string>();
  readonly locks = new Map<string, ScriptedLock>();
  /** the most runs that were under way at once */
  mostAtOnce = 0;
  readonly #options: ScriptedEngineOptions;
  #closed = false;

  constructor(options: ScriptedEngineOptions) {
    this.slots = options.slots;
    this.#options = options;
  }

  closedFor(): readonly string[] {
    return this.closed;
  }

  slotStates(): readonly SlotState[] {
    const sinceMs = systemClock.monotonicMs();
    return Array.from({ length: this.slots }, (_, index) => {
      const stack = this.active[index]?.request.stack ?? null;
      return { state: stack === null ? "idle" : "running", sinceMs, stack, rssBytes: 0 };
    });
  }

  get active(): readonly ScriptedRun[] {
    return this.runs.filter((run) => run.ended === null);
  }

  /** The run under way of this stack; a test waits for it first. */
  runOf(stack: string): ScriptedRun {
    const run = this.active.find((each) => each.request.stack === stack);
    if (run === undefined) throw new Error(`no run of ${stack} is under way`);
    return run;
  }

  run(request: RunRequest): RunHandle {
    if (this.#closed) throw new RangeError("the engine is closed");
    if (this.active.length >= this.slots) throw new RangeError("every slot of the engine is taken");
    const events = eventQueue<EngineEvent>();
    const run = new ScriptedRun(request, events, (ending, ended) => this.#keepState(ending, ended));
    this.runs.push(run);
    this.mostAtOnce = Math.max(this.mostAtOnce, this.active.length);
    this.#begin(run);
    return {
      events,
      extend: (leaseEndsAtMs) => run.extend(leaseEndsAtMs),
      cancel: () => {
        run.cancelAsked = true;
        if (this.#options.endsOnCancel ?? true) run.endCanceled();
      },
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const run of this.active) run.endCanceled();
  }

  #begin(run: ScriptedRun): void {
    const refusal = this.#refusal(run.request);
    if (refusal !== null) {
      run.fail(refusal);
      return;
    }
    if (run.request.kind === "destroy" && !this.state.has(run.request.stack)) {
      run.succeed();
      return;
    }
    const { script } = this.#options;
    if (script === undefined) return;
    // As by a child: the engine comes a moment after the slot was taken.
    setImmediate(() => {
      run.processes(ownProcess(), ownProcess());
      script(run, this);
    });
  }

  /** Why the run cannot begin; null: it can, and a lock that was in its way is cleared. */
  #refusal({ stack, wasApplied, destroyBegun, deadEngines }: RunRequest): EngineFailure | null {
    if (!this.state.has(stack) && wasApplied && !destroyBegun)
      return stackFailure("permanent", "StateMissing", `The state of ${stack} is gone.`);
    const lock = this.locks.get(stack);
    if (lock === undefined) return null;
    if (!deadEngines.some(({ host, pid }) => host === lock.host && pid === lock.pid))
      return stackFailure("transient", "Locked", `Stack ${stack} is locked by pid ${lock.pid}.`);
    this.locks.delete(stack);
    return null;
  }

  #keepState({ request }: ScriptedRun, ended: EndedEvent): void {
    if (ended.status !== "succeeded") return;
    if (request.kind === "update") this.state.set(request.stack, JSON.stringify(request.spec));
    if (request.kind === "destroy") this.state.delete(request.stack);
  }
}

/** A script that does what a spec asks for: one step if it differs from the state, none if it does not. */
export function applySpec(run: ScriptedRun, engine: ScriptedEngine): void {
  const { stack, kind, spec } = run.request;
  const before = engine.state.get(stack);
  const operation = kind === "destroy" ? "delete" : before === undefined ? "create" : "update";
  if (before === JSON.stringify(spec) || kind === "refresh") {
    run.succeed({ stack }, { same: 1 });
    return;
  }
  run.step({ operation, status: "started" });
  run.step({ operation, status: "done" });
  run.succeed({ stack }, { [operation]: 1 });
}
