/** The loops of a service, put together: reconcile, queue, recovery of leases; and what callers ask of them. */
import type { Actor, MetadataStore, StackAction } from "../metadata-schema/store.ts";
import type { CloudAccess } from "./azure/cloud-access.ts";
import { systemClock } from "./clock.ts";
import { allSteps } from "./cloud-steps/all-steps.ts";
import { approvalSteps } from "./cloud-steps/approve-endpoints.ts";
import { withCloudSteps } from "./cloud-steps/cloud-steps.ts";
import { triggerSteps } from "./cloud-steps/pipeline-trigger.ts";
import type { Config } from "./config.ts";
import { createDirectory } from "./directory/directory.ts";
import type { ProcessEngine } from "./engine/process-engine.ts";
import { ownProcess, processState } from "./engine/processes.ts";
import type { HostHealth } from "./host-health.ts";
import type { Logger } from "./log.ts";
import type { ObservedCall } from "./observe/call-observer.ts";
import type { Observation } from "./observe/observation.ts";
import { EndpointProber } from "./probes/endpoint-prober.ts";
import type { NetworkView } from "./probes/network-view.ts";
import { LeaseRecovery } from "./queue/lease-recovery.ts";
import type { RunLimits } from "./queue/run-watch.ts";
import { TaskPool } from "./queue/task-pool.ts";
import { requestAction } from "./reconcile/job-actions.ts";
import { Reconciler } from "./reconcile/reconciler.ts";
import { tellStackConditions, tellStall } from "./reconcile/settled.ts";
import { versionSuffix } from "./reconcile/spec-hash.ts";
import { requestStackAction } from "./reconcile/stack-actions.ts";
import { RunEvents } from "./run-events.ts";
import { closedFor } from "./service-facts.ts";
import { builtVersions } from "./versions.ts";

export interface LoopsOptions {
  readonly config: Config;
  readonly store: MetadataStore;
  readonly engine: ProcessEngine;
  readonly access: CloudAccess;
  readonly network: NetworkView;
  readonly health: HostHealth;
  readonly log: Logger;
  readonly observation: Observation;
  /** the database's address for people */
  readonly realm: string;
  /** Called when rows came to ask for something else. */
  onDesired(): void;
}

// Long enough for a busy machine to renew in time, short enough that a dead host's stacks run again
// within a minute.
const leaseMs = 30_000;

/** Nobody signs in yet: whoever calls the loopback address is the machine's own user. */
export const localCaller: Actor = { name: "local", kind: "person" };

export type Loops = ReturnType<typeof startLoops>;

export function startLoops(options: LoopsOptions) {
  const { store, log, observation } = options;
  const events = new RunEvents(store, systemClock);
  const directory = createDirectory({
    clouds: options.access,
    clock: systemClock,
  });
  const reconciler = new Reconciler({
    store,
    directory,
    clock: systemClock,
    log,
    hashSuffix: versionSuffix(builtVersions(options.config.checkout)),
    observer: observation.runs,
    realm: options.realm,
    onDesired: () => {
      pool.poke();
      options.onDesired();
    },
  });
  const prober = new EndpointProber({
    store,
    from: { view: options.network, arm: options.access.arm },
    clock: systemClock,
    log,
    everyMs: options.config.probeMs,
    onProbed: observation.probed,
  });
  const afterRun: AfterRun = { store, directory, reconciler, events, prober };
  const pool = createPool(options, afterRun);
  const recovery = new LeaseRecovery({
    store,
    clock: systemClock,
    log,
    observer: observation.runs,
    processState,
    onBroken: () => pool.poke(),
  });
  recovery.start();
  reconciler.start();
  pool.start();
  prober.start();
  return {
    events,
    probe: (stack: string, endpoint?: string) => prober.probe(stack, endpoint),
    poke: () => reconciler.poke(),
    pokePool: () => pool.poke(),
    ...requests(options, { directory, reconciler, pool }),
    stop: async () => {
      await Promise.all([recovery.stop(), reconciler.stop(), pool.stop(), prober.stop()]);
    },
  };
}

interface AfterRun {
  readonly store: MetadataStore;
  readonly directory: ReturnType<typeof createDirectory>;
  readonly reconciler: Reconciler;
  readonly events: RunEvents;
  readonly prober: EndpointProber;
}

function createPool(
  { config, store, engine, access, health, log, observation }: LoopsOptions,
  after: AfterRun,
) {
  const steps = allSteps([triggerSteps(access.arm, systemClock), approvalSteps(access.arm)]);
  return new TaskPool({
    store,
    clock: systemClock,
    log,
    closedFor: () => closedFor({ health, engine }),
    runner: {
      store,
      engine: withCloudSteps(engine, { steps, clock: systemClock }),
      owner: ownProcess(),
      leaseMs,
      limits: runLimits(config),
      clock: systemClock,
      log,
      observer: observation.runs,
      processState,
      onSteps: (runId) => after.events.tell(runId),
      onStall: (_runId, stack, stall) => tellStall(store, stack, stall),
      onHostFault: (message) => health.suspect(message),
      onSettled: (runId, _stack, { affectedJobs }) => tellSettled(runId, affectedJobs, after),
    },
  });
}

async function tellSettled(
  runId: string,
  affectedJobs: readonly number[],
  { store, directory, reconciler, events, prober }: AfterRun,
): Promise<void> {
  const run = await store.getRun(runId);
  if (run !== null) await tellStackConditions(store, run);
  if (run?.kind === "update" && run.status === "succeeded") prober.afterRun(run.stack, runId);
  if (run?.status === "failed") {
    // A cloud may have refused a name that the directory no longer knows: its rows are resolved afresh.
    directory.forget();
    await store.touch(affectedJobs.map((jobId) => ({ kind: "job", jobId })));
  }
  await reconciler.updateReadiness(affectedJobs);
  events.tell(runId);
  reconciler.poke();
}

/** What somebody asked for over HTTP. */
function requests(
  { store, observation }: LoopsOptions,
  { directory, reconciler, pool }: Pick<AfterRun, "directory" | "reconciler"> & { readonly pool: TaskPool },
) {
  const onQueued = () => pool.poke();
  return {
    createRequest: async (kind: "refresh" | "preview" | "reconcile", jobId: number, call: ObservedCall) => {
      const startedAtMs = Date.now();
      // Who asks has just changed something, or waits for it: what was known a moment ago does not count.
      if (kind === "reconcile") directory.forget();
      const request = await requestAction(kind, jobId, {
        store,
        traceId: call.traceId,
        resolveNow: (id) => reconciler.resolveNow(id),
        onQueued,
      });
      const { requestId } = request;
      const about = `job ${jobId}`;
      observation.calls.requestMade(call, { requestId, kind, about, startedAtMs, endedAtMs: Date.now() });
      return request;
    },
    createStackRequest: async (stack: string, action: StackAction, call: ObservedCall) => {
      const startedAtMs = Date.now();
      const request = await requestStackAction(stack, action, { store, traceId: call.traceId, onQueued });
      const { requestId, kind } = request;
      const about = `stack ${stack}`;
      observation.calls.requestMade(call, { requestId, kind, about, startedAtMs, endedAtMs: Date.now() });
      return request;
    },
    cancelRun: async (runId: string) => {
      const outcome = await store.requestCancel(runId, localCaller.name);
      if (outcome === "asked") pool.cancel(runId, localCaller.name);
      return outcome;
    },
  };
}

/** A run that only looks has nothing to wait for but answers. */
function runLimits({ runMs, stallMs }: Config): RunLimits {
  const lookMs = runMs / 4;
  return {
    deadlineMs: { update: runMs, destroy: runMs, preview: lookMs, refresh: lookMs, adoptable: lookMs },
    stallMs,
  };
}
