/**
 * One run of one stack: lease → engine → steps written as they happen → settled in one transaction.
 *
 * The lease is renewed while the engine works; each renewal lets the engine's processes go on. When a
 * renewal fails they stop themselves before the lease can pass to somebody else.
 */
import { randomUUID } from "node:crypto";
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
import type { EndedEvent, Engine, EngineEvent, RunHandle, RunRequest } from "../engine/engine.ts";
import type { Logger } from "../log.ts";
import { planOf } from "../reconcile/plan.ts";
import { retryAfterMs } from "./retry.ts";

export interface StackRunnerOptions {
  readonly store: MetadataStore;
  readonly engine: Engine;
  readonly owner: ProcessRef;
  readonly leaseMs: number;
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

export async function startRun(item: WorkItem, options: StackRunnerOptions): Promise<StartedRun | null> {
  const { store } = options;
  const { stack, queued } = item;
  const plan = planOf(item);
  if (plan.kind === "none") {
    if (queued !== null)
      await store.cancelQueuedRun(queued.runId, `Stack ${stack.stack} must not exist any more.`);
    return null;
  }
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
  const handle = options.engine.run({
    runId,
    stack: stack.stack,
    kind: plan.kind,
    spec: stack.desired.spec,
    refresh: plan.kind === "update" && plan.refresh,
    wasApplied: stack.wasApplied,
    deadEngine: deadEngineOf(acquired.previousRun, options),
    leaseMs: options.leaseMs,
  });
  const log = options.log.child({ stack: stack.stack, runId });
  log.info({ kind: plan.kind, reason: plan.reason, epoch: acquired.lease.epoch }, "run started");
  const done = follow({ lease: acquired.lease, attempts: stack.attempts + 1, handle, log, options });
  return { runId, done, cancel: () => handle.cancel() };
}

/** The engine of the stack's last run, if it is proved dead: its lock may be cleared. */
function deadEngineOf(previous: RunRecord | null, options: StackRunnerOptions): RunRequest["deadEngine"] {
  if (previous === null || previous.startedAt === null) return null;
  const { child, engine } = previous;
  if (child === null || options.processState(child) !== "dead") return null;
  if (engine !== null && options.processState(engine) !== "dead") return null;
  return { host: child.host, pid: engine?.pid ?? null, lockedAfter: previous.startedAt };
}

interface Followed {
  readonly lease: Lease;
  readonly attempts: number;
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
    // The engine stops on its own when its lease is not extended; what it did is found by the next run.
    handle.cancel();
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
  switch (event.type) {
    case "processes":
      await options.store.recordProcesses(lease, { child: event.child, engine: event.engine });
      break;
    case "step":
      await options.store.appendSteps(lease, [event.step]);
      options.onSteps(lease.runId);
      break;
    case "ended":
      await settle(event, run);
      break;
    default:
      event satisfies never;
  }
}

async function settle(ended: EndedEvent, { lease, attempts, log, options }: Followed): Promise<void> {
  const settled = await options.store.settleRun(lease, resultOf(ended, attempts));
  const fields = { status: ended.status, changes: ended.changes };
  if (ended.status === "succeeded") log.info(fields, "run ended");
  else log.warn({ ...fields, failure: ended.failure }, "run ended");
  await options.onSettled(lease.runId, lease.stack, settled);
}

function resultOf(ended: EndedEvent, attempts: number): RunResult {
  if (ended.status === "succeeded") return ended;
  const { failure, changes, status } = ended;
  const retry = status === "canceled" ? 0 : retryAfterMs(failure.class, attempts, Math.random());
  const { class: failureClass, code, message } = failure;
  return {
    status,
    changes,
    retryAfterMs: retry,
    failure: { class: failureClass, message: `${code}: ${message}` },
  };
}

/** Three renewals fit into a lease, so that one may fail. */
function startHeartbeat({ lease, handle, log, options }: Followed): NodeJS.Timeout {
  return setInterval(() => {
    options.store.renewLease(lease, options.leaseMs).then(
      () => handle.extend(options.leaseMs),
      (fault) => log.warn({ err: fault }, "lease not renewed"),
    );
  }, options.leaseMs / 3);
}
