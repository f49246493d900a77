/**
 * What a run needs done in a cloud that no resource of Pulumi stands for: before its engine starts, and once
 * it has succeeded. An engine with these steps is an engine like any other.
 */
import type { OutputValues } from "../../metadata-schema/store.ts";
import type { Clock } from "../clock.ts";
import type { EndedEvent, Engine, EngineFailure, RunHandle, RunRequest } from "../engine/engine.ts";
import { failedEnd } from "../engine/engine-errors.ts";
import { eventQueue } from "../engine/event-queue.ts";
import { messageOf } from "../errors.ts";

export type StepEnd =
  | { readonly status: "done" }
  /** it may not write any more */
  | { readonly status: "stopped" }
  | { readonly status: "failed"; readonly failure: EngineFailure };

/**
 * Asked before each call that changes something. False once the lease is about to end, as the next worker may be at the
 * stack then, or once the run is canceled. It is asked and not told: a process that was frozen hears of nothing in time.
 */
export type MayWrite = () => boolean;

export interface CloudSteps {
  /** Makes the clouds ready for a run that writes. A failure ends the run before its engine starts. */
  before(request: RunRequest, mayWrite: MayWrite): Promise<StepEnd>;
  /** What follows a run that succeeded. A failure is the run's: it is tried again like one of the engine. */
  after(request: RunRequest, outputs: OutputValues | null, mayWrite: MayWrite): Promise<StepEnd>;
  /**
   * Puts back what `before` had changed, as far as a run that did not succeed leaves it to be put back: of a canceled
   * run too, but not without its lease.
   */
  undo(request: RunRequest, mayWrite: MayWrite): Promise<void>;
}

const isWriting = ({ kind }: RunRequest): boolean => kind === "update" || kind === "destroy";

// A call to Azure Resource Manager is given up after 10 s: what began before the margin is over when the lease is.
const leaseMarginMs = 10_000;

export interface CloudStepsOptions {
  readonly steps: CloudSteps;
  readonly clock: Pick<Clock, "monotonicMs">;
}

/** The engine, with the steps around each run that writes. */
export const withCloudSteps = (engine: Engine, options: CloudStepsOptions): Engine => ({
  get slots() {
    return engine.slots;
  },
  closedFor: () => engine.closedFor(),
  slotStates: () => engine.slotStates(),
  close: () => engine.close(),
  run: (request) => (isWriting(request) ? runWithSteps(engine, options, request) : engine.run(request)),
});

function runWithSteps(engine: Engine, { steps, clock }: CloudStepsOptions, request: RunRequest): RunHandle {
  const events = eventQueue<RunHandle["events"] extends AsyncIterable<infer E> ? E : never>();
  let inner: RunHandle | null = null;
  let leaseEndsAtMs = request.leaseEndsAtMs;
  let canceled = false;
  let isLost = false;
  const hasLease: MayWrite = () => !isLost && clock.monotonicMs() < leaseEndsAtMs - leaseMarginMs;
  const mayWrite: MayWrite = () => !canceled && hasLease();
  const undo = () => steps.undo(request, hasLease).catch(() => {});
  const carryOut = async (): Promise<EndedEvent> => {
    const before = await attempt(() => steps.before(request, mayWrite));
    const mayGoOn = mayWrite();
    if (before.status === "stopped" || !mayGoOn) await undo();
    if (before.status === "failed") return failedEnd(before.failure);
    if (before.status === "stopped" || !mayGoOn) return canceledEnd(request, "before its engine started");
    const handle = engine.run({ ...request, leaseEndsAtMs });
    inner = handle;
    let ended: EndedEvent | null = null;
    for await (const event of handle.events) {
      if (event.type === "ended") ended = event;
      else events.push(event);
    }
    if (ended === null) throw new Error("an engine's stream ended without an end");
    if (ended.status !== "succeeded") {
      await undo();
      return ended;
    }
    const { outputs, changes } = ended;
    const after = await attempt(() => steps.after(request, outputs, mayWrite));
    if (after.status === "done") return ended;
    return after.status === "failed"
      ? { ...failedEnd(after.failure), changes }
      : { ...canceledEnd(request, "after its engine had ended"), changes };
  };
  void carryOut()
    .catch((fault) => failedEnd(unexpected(fault)))
    .then((ended) => {
      events.push(ended);
      events.close();
    });
  return {
    events,
    extend: (untilMs) => {
      leaseEndsAtMs = untilMs;
      inner?.extend(untilMs);
    },
    cancel: (options) => {
      canceled = true;
      // Somebody else has the stack, or nobody knows: nothing is put back either.
      if (options?.urgent) isLost = true;
      inner?.cancel(options);
    },
  };
}

const attempt = (step: () => Promise<StepEnd>): Promise<StepEnd> =>
  step().catch((fault) => ({ status: "failed", failure: unexpected(fault) }));

const unexpected = (fault: unknown): EngineFailure => ({
  class: "unknown",
  code: "CloudStepFailed",
  message: `CloudStepFailed: ${messageOf(fault)}`,
  scope: "stack",
  retryAfterMs: null,
});

const canceledEnd = (request: RunRequest, when: string): EndedEvent => ({
  type: "ended",
  status: "canceled",
  failure: {
    class: "transient",
    code: "Canceled",
    message: `Canceled: The ${request.kind} of stack ${request.stack} was stopped ${when}; it is tried again.`,
    scope: "stack",
    retryAfterMs: null,
  },
  narrowed: false,
  changes: {},
});
