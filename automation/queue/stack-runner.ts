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
  RunResult,
  SettledRun,
  WorkItem,
} from "../../metadata-schema/store.ts";
import type { Clock } from "../clock.ts";
import type { DeadEngine, EndedEvent, Engine, EngineEvent, RunHandle } from "../engine/engine.ts";
import type { Logger } from "../log.ts";
import { narrowed } from "../reconcile/narrow.ts";
import { planOf } from "../reconcile/plan.ts";
import { outputsFault } from "./output-limits.ts";
import { maxPauseMs, retryAfterMs } from "./retry.ts";

export interface StackRunnerOptions {
  readonly store: MetadataStore;
  readonly engine: Engine;
  readonly owner: ProcessRef;
  readonly leaseMs: number;
  readonly clock: Clock;
  readonly log: Logger;
  /** `dead` only with proof; see engine/processes.ts */
  processState(ref: ProcessRef): "alive" | "dead" | "unknown";
  /** Steps of a run were written. */
  onSteps(runId: string): void;
  /** A run ended. */
  onSettled(runId: string, stack: string, settled: SettledRun): Promise<void>;
}

/** A run that has its lease; null: there was nothing to run, or somebody else got the lease. */
export interface StartedRun {
  readonly runId: string;
  readonly done: Promise<void>;
  cancel(): void;
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
    refresh: plan.kind === "update" && plan.refresh,
    wasApplied: stack.wasApplied,
    destroyBegun: earlier.find(({ kind }) => kind === "update" || kind === "destroy")?.kind === "destroy",
    narrowed: narrow,
    deadEngines: earlier.flatMap((run) => deadEngineOf(run, options)),
    leaseMs: options.leaseMs,
  });
  const log = options.log.child({ stack: stack.stack, runId });
  log.info({ kind: plan.kind, reason: plan.reason, epoch: acquired.lease.epoch }, "run started");
  const run = { lease: acquired.lease, attempts: stack.attempts + 1, narrow, handle, log, options };
  return { runId, done: follow(run), cancel: () => handle.cancel() };
}

/**
 * The engine of an earlier run, unless it is alive. Holding the lease is the proof for another host: that
 * run's lease had passed, and its processes end before their lease does.
 */
function deadEngineOf(run: RunRecord, options: StackRunnerOptions): readonly DeadEngine[] {
  const host = run.engine?.host ?? run.child?.host;
  if (run.startedAt === null || host === undefined) return [];
  if (run.engine !== null && options.processState(run.engine) === "alive") return [];
  return [{ host, pid: run.engine?.pid ?? null, lockedAfter: run.startedAt }];
}

interface Followed {
  readonly lease: Lease;
  readonly attempts: number;
  /** what a failed run falls back to */
  readonly narrow: StackSpec | null;
  readonly handle: RunHandle;
  readonly log: Logger;
  readonly options: StackRunnerOptions;
}

async function follow(run: Followed): Promise<void> {
  const { lease, handle, log } = run;
  const heartbeat = startHeartbeat(run);
  try {
    for await (const event of handle.events) await take(event, run);
  } catch (fault) {
    // What the engine did until it stops is found by the stack's next run.
    handle.cancel({ urgent: true });
    if (fault instanceof LeaseLostError)
      log.warn({ epoch: lease.epoch }, "lease lost; the run is left to its next owner");
    else log.warn({ err: fault }, "run could not be recorded; its lease is left to expire");
    for await (const _ of handle.events);
  } finally {
    clearInterval(heartbeat);
  }
}

async function take(event: EngineEvent, run: Followed): Promise<void> {
  const { lease, options } = run;
  const { store } = options;
  switch (event.type) {
    case "processes":
      await persist(run, () => store.recordProcesses(lease, { child: event.child, engine: event.engine }));
      break;
    case "step":
      await persist(run, () => store.appendSteps(lease, [event.step]));
      options.onSteps(lease.runId);
      break;
    case "ended":
      await settle(event, run);
      break;
    default:
      event satisfies never;
  }
}

const retryWriteMs = 500;

/** Writes, and tries again while the lease can last: somebody's lock on the database is no reason to stop an engine. */
async function persist<T>({ log, options }: Followed, write: () => Promise<T>): Promise<T> {
  const { clock, leaseMs } = options;
  const end = clock.monotonicMs() + leaseMs;
  for (let told = false; ; told = true) {
    try {
      return await write();
    } catch (fault) {
      if (fault instanceof LeaseLostError || clock.monotonicMs() > end) throw fault;
      if (!told) log.warn({ err: fault }, "run not recorded; it is tried again");
      await clock.sleep(retryWriteMs);
    }
  }
}

async function settle(ended: EndedEvent, run: Followed): Promise<void> {
  const { lease, log, options } = run;
  const result = resultOf(ended, run);
  const settled = await persist(run, () => options.store.settleRun(lease, result));
  const { status, changes } = result;
  if (result.status === "succeeded") log.info({ status, changes }, "run ended");
  else {
    const isNarrowed = result.narrowedTo !== null;
    log.warn({ status, changes, failure: result.failure, narrowed: isNarrowed }, "run ended");
  }
  // The run is over: what follows from it is told again from the tables, and must not reach its engine.
  await options
    .onSettled(lease.runId, lease.stack, settled)
    .catch((fault) => log.warn({ err: fault }, "conditions after a run could not be told"));
}

function resultOf(ended: EndedEvent, { attempts, narrow }: Followed): RunResult {
  if (ended.status === "succeeded") {
    const fault = ended.outputs === null ? null : outputsFault(ended.outputs);
    return fault === null ? ended : outputsRefused(fault, ended.changes);
  }
  const { failure, changes, status } = ended;
  const { class: failureClass, code, message } = failure;
  const retry = status === "canceled" ? 0 : retryAfterMs(failureClass, attempts, Math.random());
  // A removal that is not carried out yet is never given up.
  const removalOpen = narrow !== null && !ended.narrowed;
  return {
    status,
    changes,
    retryAfterMs: retry ?? (removalOpen ? maxPauseMs : null),
    narrowedTo: ended.narrowed ? narrow : null,
    failure: { class: failureClass, message: `${code}: ${message}` },
  };
}

// The objects are as the rows ask, but a pipeline would read half of the outputs: the earlier ones stay.
const outputsRefused = (fault: string, changes: RunResult["changes"]): RunResult => ({
  status: "failed",
  changes,
  retryAfterMs: null,
  narrowedTo: null,
  failure: { class: "permanent", message: `OutputsTooLarge: ${fault}` },
});

/** Three renewals fit into a lease, so that one may fail. */
function startHeartbeat({ lease, handle, log, options }: Followed): NodeJS.Timeout {
  return setInterval(() => {
    options.store.renewLease(lease, options.leaseMs).then(
      () => handle.extend(options.leaseMs),
      (fault) => log.warn({ err: fault }, "lease not renewed"),
    );
  }, options.leaseMs / 3);
}
