/**
 * One run of one stack: lease → engine → steps written as they happen → settled in one transaction.
 *
 * The lease is renewed while the engine works; each renewal lets the engine's processes go on. When a
 * renewal fails they stop themselves before the lease can pass to somebody else.
 */
import { randomUUID } from "node:crypto";
import type { StackSpec } from "../../metadata-schema/desired-state.ts";
import { LeaseLostError } from "../../metadata-schema/errors.ts";
import type {
  Lease,
  MetadataStore,
  ProcessRef,
  RunRecord,
  SettledRun,
  WorkItem,
} from "../../metadata-schema/store.ts";
import type { Clock } from "../clock.ts";
import type { DeadEngine, EndedEvent, Engine, EngineEvent, RunHandle, Strays } from "../engine/engine.ts";
import type { Logger } from "../log.ts";
import { lostRun, observedEnd, observedRun, traceIdOf } from "../observe/observed-run.ts";
import type { RunObserver } from "../observe/run-observer.ts";
import { narrowed } from "../reconcile/narrow.ts";
import { planOf, removesAccess } from "../reconcile/plan.ts";
import { resultOf, type StopReason } from "./run-result.ts";
import { type RunLimits, RunWatch, type Stall } from "./run-watch.ts";

export interface StackRunnerOptions {
  readonly store: MetadataStore;
  readonly engine: Engine;
  readonly owner: ProcessRef;
  readonly leaseMs: number;
  readonly limits: RunLimits;
  readonly clock: Clock;
  readonly log: Logger;
  readonly observer: RunObserver;
  /** `dead` only with proof; see engine/processes.ts */
  processState(ref: ProcessRef): "alive" | "dead" | "unknown";
  /** Steps of a run were written. */
  onSteps(runId: string): void;
  /** A run says nothing any more (`stall`), or goes on after it did not (null). */
  onStall(runId: string, stack: string, stall: Stall | null): Promise<void>;
  /** A run failed because the whole host lacks something: no other should start before it is looked at. */
  onHostFault(message: string): void;
  /** A run ended. */
  onSettled(runId: string, stack: string, settled: SettledRun): Promise<void>;
}

/** A run that has its lease; null: there was nothing to run, or somebody else got the lease. */
export interface StartedRun {
  readonly runId: string;
  readonly done: Promise<void>;
  /** because the service stops */
  cancel(): void;
  /** because somebody asked: it is not begun again by itself */
  cancelFor(by: string): void;
}

// As many runs as may have failed in a row while the lock of one before them was still there.
const runsToProve = 20;

export async function startRun(item: WorkItem, options: StackRunnerOptions): Promise<StartedRun | null> {
  const { store } = options;
  const { stack, queued } = item;
  const plan = planOf(item);
  if (plan.kind === "none") {
    if (queued !== null)
      await store.cancelQueuedRun(queued.runId, `Stack ${stack.stack} must not exist any more.`);
    return null;
  }
  const earlier = await store.recentRuns(stack.stack, runsToProve);
  const runId = queued?.runId ?? randomUUID();
  // From before the question: the lease runs from the instant in which it is written.
  const askedAtMs = options.clock.monotonicMs();
  const acquired = await store.acquireLease({
    stack: stack.stack,
    owner: options.owner,
    leaseMs: options.leaseMs,
    runId,
    kind: plan.kind,
    reason: plan.reason,
    desiredHash: stack.desired.hash,
  });
  if (acquired.status === "none") return null;
  const narrow = plan.kind === "update" ? narrowed(stack.appliedSpec, stack.desired.spec) : null;
  const handle = options.engine.run({
    runId,
    stack: stack.stack,
    kind: plan.kind,
    spec: stack.desired.spec,
    previous: stack.appliedSpec,
    refresh: plan.kind === "update" && plan.refresh,
    wasApplied: stack.wasApplied,
    destroyBegun: earlier.find(mayHaveChangedState)?.kind === "destroy",
    narrowed: narrow,
    stateDoubtful: stack.stateDoubtful,
    adopt: queued?.adopt ?? [],
    ...leftovers(earlier, options),
    leaseEndsAtMs: askedAtMs + options.leaseMs,
  });
  const log = options.log.child({ traceId: traceIdOf(item, runId), stack: stack.stack, runId });
  options.observer.runStarted(observedRun(item, acquired.lease, plan));
  log.info({ kind: plan.kind, reason: plan.reason, epoch: acquired.lease.epoch }, "run started");
  const run = new FollowedRun({
    lease: acquired.lease,
    kind: plan.kind,
    subscriptionId: stack.desired.spec?.environment.subscriptionId ?? null,
    attempts: stack.attempts + 1,
    narrow,
    removes:
      plan.kind === "destroy" ||
      (plan.kind === "update" && removesAccess(stack.appliedSpec, stack.desired.spec)),
    handle,
    log,
    options,
  });
  return {
    runId,
    done: run.follow(),
    cancel: () => handle.cancel(),
    cancelFor: (by) => run.stop({ kind: "person", by }),
  };
}

/**
 * What earlier runs of the stack may have left. Holding the lease is the proof for another host: those runs' leases
 * had passed, and their processes end before their lease does. On this host what is still alive is ended first.
 */
function leftovers(
  earlier: readonly RunRecord[],
  { processState }: StackRunnerOptions,
): { readonly deadEngines: readonly DeadEngine[]; readonly strays: Strays | null } {
  const isAlive = (ref: ProcessRef | null): ref is ProcessRef =>
    ref !== null && processState(ref) === "alive";
  // One whose lease has expired is still told as running, until the new lease marks it as lost.
  const unclean = earlier.filter(({ status }) => status !== "succeeded");
  const unfinished = unclean.filter(({ status }) => status === "lost" || status === "running");
  const strays = {
    children: unfinished.map(({ child }) => child).filter(isAlive),
    engines: unclean.map(({ engine }) => engine).filter(isAlive),
  };
  return {
    deadEngines: earlier.flatMap(deadEngineOf),
    // A run that ended in order ended its processes.
    strays: earlier[0] === undefined || earlier[0].status === "succeeded" ? null : strays,
  };
}

/** A run that found its state missing has changed nothing, and is no reason why it is. */
const mayHaveChangedState = ({ kind, failure }: RunRecord): boolean =>
  (kind === "update" || kind === "destroy") && !(failure?.message.startsWith("StateMissing:") ?? false);

function deadEngineOf(run: RunRecord): readonly DeadEngine[] {
  const host = run.engine?.host ?? run.child?.host;
  if (run.startedAt === null || host === undefined) return [];
  return [{ host, pid: run.engine?.pid ?? null, lockedAfter: run.startedAt }];
}

interface RunFacts {
  readonly lease: Lease;
  readonly kind: RunRecord["kind"];
  readonly subscriptionId: string | null;
  readonly attempts: number;
  /** what a failed run falls back to */
  readonly narrow: StackSpec | null;
  readonly removes: boolean;
  readonly handle: RunHandle;
  readonly log: Logger;
  readonly options: StackRunnerOptions;
}

const retryWriteMs = 500;

class FollowedRun {
  readonly #run: RunFacts;
  readonly #watch: RunWatch;
  #stopped: StopReason = null;

  constructor(run: RunFacts) {
    this.#run = run;
    const { limits } = run.options;
    this.#watch = new RunWatch({
      kind: run.kind,
      limits,
      onDeadline: () => {
        run.log.warn({ deadlineMs: limits.deadlineMs[run.kind] }, "run stopped at its deadline");
        this.stop({ kind: "deadline", deadlineMs: limits.deadlineMs[run.kind] });
      },
      onStall: (stall) => this.#tellStall(stall),
      onProgress: () => this.#tellStall(null),
    });
  }

  /** Resolves when the run is settled, or left to the next owner of its lease; never rejects. */
  async follow(): Promise<void> {
    const { lease, handle, log } = this.#run;
    const heartbeat = this.#startHeartbeat();
    try {
      for await (const event of handle.events) await this.#take(event);
    } catch (fault) {
      // What the engine did until it stops is found by the stack's next run.
      handle.cancel({ urgent: true });
      if (fault instanceof LeaseLostError)
        log.warn({ epoch: lease.epoch }, "lease lost; the run is left to its next owner");
      else log.warn({ err: fault }, "run could not be recorded; its lease is left to expire");
      for await (const _ of handle.events);
      this.#run.options.observer.runEnded(lostRun(lease.runId));
    } finally {
      clearInterval(heartbeat);
      this.#watch.stop();
    }
  }

  async #take(event: EngineEvent): Promise<void> {
    const { lease, options } = this.#run;
    const { store } = options;
    switch (event.type) {
      case "processes":
        this.#watch.heard();
        await this.#persist(() => store.recordProcesses(lease, { child: event.child, engine: event.engine }));
        break;
      case "step":
        this.#watch.heard(event.step);
        await this.#persist(() => store.appendSteps(lease, [event.step]));
        options.observer.runStep(lease.runId, event.step);
        options.onSteps(lease.runId);
        break;
      case "progress":
        this.#watch.heard();
        break;
      case "recovered":
        if (event.what === "lock") options.observer.lockCleared(lease.stack);
        else options.observer.leftoverAdopted(lease.stack, event.objectType);
        this.#run.log.info(
          { what: event.what, objectType: event.objectType },
          "left by an earlier run, and put right",
        );
        break;
      case "ended":
        await this.#settle(event);
        break;
      default:
        event satisfies never;
    }
  }

  stop(reason: StopReason): void {
    // A person's wish outlasts the deadline: it is not tried again.
    if (this.#stopped === null || reason?.kind === "person") this.#stopped = reason;
    this.#run.handle.cancel();
  }

  #tellStall(stall: Stall | null): void {
    const { lease, log, options } = this.#run;
    if (stall !== null) log.warn({ ...stall }, "run says nothing");
    options
      .onStall(lease.runId, lease.stack, stall)
      .catch((fault) => log.warn({ err: fault }, "stall of a run could not be told"));
  }

  /** Writes, and tries again while the lease can last: somebody's lock on the database is no reason to stop an engine. */
  async #persist<T>(write: () => Promise<T>): Promise<T> {
    const { log, options } = this.#run;
    const { clock, leaseMs } = options;
    const end = clock.monotonicMs() + leaseMs;
    for (let told = false; ; told = true) {
      try {
        return await write();
      } catch (fault) {
        if (fault instanceof LeaseLostError || clock.monotonicMs() > end) throw fault;
        if (!told) log.warn({ err: fault }, "run not recorded; it is tried again");
        options.observer.databaseFault("run");
        await clock.sleep(retryWriteMs);
      }
    }
  }

  async #settle(ended: EndedEvent): Promise<void> {
    const { lease, attempts, narrow, removes, log, options } = this.#run;
    const stopped = this.#stopped;
    const result = resultOf(ended, { attempts, narrow, removes, stopped, random: Math.random() });
    await this.#pauseIfThrottled(ended);
    const settled = await this.#persist(() => options.store.settleRun(lease, result));
    options.observer.runEnded(observedEnd(lease.runId, result));
    const { status, changes } = result;
    if (result.status === "succeeded") log.info({ status, changes }, "run ended");
    else {
      const isNarrowed = result.narrowedTo !== null;
      log.warn({ status, changes, failure: result.failure, narrowed: isNarrowed }, "run ended");
    }
    if (ended.status === "failed" && ended.failure.scope === "host")
      options.onHostFault(ended.failure.message);
    // The run is over: what follows from it is told again from the tables, and must not reach its engine.
    await options
      .onSettled(lease.runId, lease.stack, settled)
      .catch((fault) => log.warn({ err: fault }, "conditions after a run could not be told"));
  }

  /** One stack that is told to wait speaks for its subscription: more calls would only lengthen the wait. */
  async #pauseIfThrottled(ended: EndedEvent): Promise<void> {
    const { subscriptionId, attempts, log, options } = this.#run;
    if (ended.status !== "failed" || ended.failure.code !== "Throttled" || subscriptionId === null) return;
    const forMs = ended.failure.retryAfterMs ?? pauseWithoutAnswerMs * 2 ** Math.min(attempts - 1, 5);
    log.warn({ subscriptionId, forMs }, "subscription throttled; its runs wait");
    options.observer.subscriptionPaused(subscriptionId, forMs);
    await this.#persist(() =>
      options.store.pauseSubscription(subscriptionId, { forMs, reason: ended.failure.message }),
    );
  }

  /** Three renewals fit into a lease, so that one may fail. */
  #startHeartbeat(): NodeJS.Timeout {
    const { lease, handle, log, options } = this.#run;
    const { clock, leaseMs, store } = options;
    return setInterval(() => {
      // From before the question: the answer may take long, and the lease began to run when it was written.
      const askedAtMs = clock.monotonicMs();
      store.renewLease(lease, leaseMs).then(
        ({ cancelAskedBy }) => {
          handle.extend(askedAtMs + leaseMs);
          if (cancelAskedBy !== null) this.stop({ kind: "person", by: cancelAskedBy });
        },
        (fault) => {
          options.observer.databaseFault("lease");
          log.warn({ err: fault }, "lease not renewed");
        },
      );
    }, leaseMs / 3);
  }
}

// Azure's buckets fill again within seconds to minutes; where it does not say, this and its doubles are waited.
const pauseWithoutAnswerMs = 10_000;
