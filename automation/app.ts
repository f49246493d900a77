/** Composition root: the only place that makes stores, engine and services, and puts them together. */
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import path from "node:path";
import { openStore } from "../metadata-schema/open-store.ts";
import { cloudsSeedFile, sampleRows } from "../metadata-schema/sample/sample.ts";
import type { Actor, MetadataStore } from "../metadata-schema/store.ts";
import { systemClock } from "./clock.ts";
import type { Config } from "./config.ts";
import { createDirectory } from "./directory/directory.ts";
import { openEngine } from "./engine/open-engine.ts";
import type { ProcessEngine } from "./engine/process-engine.ts";
import { ownProcess, processState } from "./engine/processes.ts";
import { messageOf } from "./errors.ts";
import { lockHome } from "./home-lock.ts";
import type { ReadinessBody } from "./http/contract.ts";
import { openHttpServer } from "./http/server.ts";
import { createLogger, type Logger } from "./log.ts";
import { LeaseRecovery } from "./queue/lease-recovery.ts";
import { TaskPool } from "./queue/task-pool.ts";
import { applyDocuments } from "./reconcile/apply-documents.ts";
import { requestAction } from "./reconcile/job-actions.ts";
import { Reconciler } from "./reconcile/reconciler.ts";
import { tellStackConditions } from "./reconcile/settled.ts";
import { versionSuffix } from "./reconcile/spec-hash.ts";
import { RunEvents } from "./run-events.ts";
import { writeServiceFile } from "./service-file.ts";
import { openSimulatedClouds, type SimulatedClouds } from "./simulated-clouds.ts";
import { builtVersions } from "./versions.ts";

export interface App {
  readonly port: number;
  readonly store: MetadataStore;
  /** Stops taking work, lets what runs end politely, and resolves when all is quiet. */
  close(options: { readonly stopClouds: boolean }): Promise<void>;
}

// Long enough for a busy machine to renew in time, short enough that a dead host's stacks run again
// within a minute.
const leaseMs = 30_000;
/** kept for urgent work */
const urgentSlots = 1;

export async function openApp(config: Config, say: (line: string) => void): Promise<App> {
  const lock = await lockHome(config.home);
  const log = createLogger(path.join(config.home, "logs", "service.log"), config.logLevel);
  const store = await openStore({ url: config.metadataUrl });
  if (config.sample && (await store.isEmpty())) {
    say("Seeding the metadata database with the sample.");
    await store.insertRows(await sampleRows());
  }
  const clouds = await openSimulatedClouds({
    folder: path.join(config.home, "clouds"),
    seed: cloudsSeedFile,
    environment: config.inherited,
    clock: systemClock,
  });
  const engine = await openEngine({
    command: config.enginePath,
    home: config.home,
    slots: config.slots + urgentSlots,
    inherited: config.inherited,
    cloudEnvironment: () => clouds.environment(),
    log,
  });
  const loops = startLoops({ config, store, engine, clouds, log });
  const behindServer = [() => loops.stop(), () => engine.close()];
  const last = [() => store.close(), () => lock.release()];
  const server = await openHttpServer({
    port: config.port,
    log,
    services: {
      store,
      createRequest: loops.createRequest,
      applyDocuments: async (request) => {
        const { changes, plan } = await applyDocuments(store, request, localCaller);
        if (!request.dryRun) loops.poke();
        return { changes: [...changes], plan };
      },
      engine: {
        path: engine.program.command,
        version: engine.program.version,
        slots: config.slots,
        urgentSlots,
      },
      readiness: () => readiness(config, store, clouds),
      runEvents: (runId, after, signal) => loops.events.follow(runId, after, signal),
    },
  }).catch(async (fault) => {
    // Nothing is left behind where the service cannot be reached, e.g. on a port that is taken.
    await inTurn([...behindServer, () => clouds.stop(), ...last]).catch(() => {});
    throw fault;
  });
  const file = await writeServiceFile(config.home, `http://127.0.0.1:${server.port}`);
  return {
    port: server.port,
    store,
    close: ({ stopClouds }) =>
      inTurn([
        () => file.remove(),
        () => server.close(),
        ...behindServer,
        () => (stopClouds ? clouds.stop() : Promise.resolve()),
        ...last,
      ]),
  };
}

/** Each step, whatever became of the ones before it. */
async function inTurn(steps: readonly (() => Promise<void>)[]): Promise<void> {
  const faults: unknown[] = [];
  for (const step of steps) await step().catch((fault) => faults.push(fault));
  if (faults.length > 0) throw new AggregateError(faults, "The service did not stop cleanly.");
}

/** Nobody signs in yet: whoever calls the loopback address is the machine's own user. */
const localCaller: Actor = { name: "local", kind: "person" };

interface Parts {
  readonly config: Config;
  readonly store: MetadataStore;
  readonly engine: ProcessEngine;
  readonly clouds: SimulatedClouds;
  readonly log: Logger;
}

function startLoops({ config, store, engine, clouds, log }: Parts) {
  const events = new RunEvents(store, systemClock);
  const directory = createDirectory({
    graphUrl: () => clouds.url(),
    armUrl: () => clouds.url(),
    clock: systemClock,
  });
  const reconciler = new Reconciler({
    store,
    directory,
    clock: systemClock,
    log,
    hashSuffix: versionSuffix(builtVersions(config.checkout)),
    onDesired: () => pool.poke(),
  });
  const pool = new TaskPool({
    store,
    clock: systemClock,
    log,
    runner: {
      store,
      engine,
      owner: ownProcess(),
      leaseMs,
      clock: systemClock,
      log,
      processState,
      onSteps: (runId) => events.tell(runId),
      onSettled: async (runId, _stack, settled) => {
        const run = await store.getRun(runId);
        if (run !== null) await tellStackConditions(store, run);
        if (run?.status === "failed") {
          // A cloud may have refused a name that the directory no longer knows: its rows are resolved afresh.
          directory.forget();
          await store.touch(settled.affectedJobs.map((jobId) => ({ kind: "job", jobId })));
        }
        await reconciler.updateReadiness(settled.affectedJobs);
        events.tell(runId);
        reconciler.poke();
      },
    },
  });
  const recovery = new LeaseRecovery({
    store,
    clock: systemClock,
    log,
    processState,
    onBroken: () => pool.poke(),
  });
  recovery.start();
  reconciler.start();
  pool.start();
  return {
    events,
    poke: () => reconciler.poke(),
    createRequest: (kind: "refresh" | "preview" | "reconcile", jobId: number) =>
      requestAction(kind, jobId, {
        store,
        resolveNow: (id) => reconciler.resolveNow(id),
        onQueued: () => pool.poke(),
      }),
    stop: async () => {
      await Promise.all([recovery.stop(), reconciler.stop(), pool.stop()]);
    },
  };
}

async function readiness(
  config: Config,
  store: MetadataStore,
  clouds: SimulatedClouds,
): Promise<ReadinessBody> {
  const check = async (name: string, probe: () => Promise<unknown>) => {
    try {
      await probe();
      return { name, ok: true, message: null };
    } catch (fault) {
      return { name, ok: false, message: messageOf(fault) };
    }
  };
  const checks = await Promise.all([
    check("database", () => store.ping()),
    check("engine", () => access(config.enginePath, constants.X_OK)),
    check("clouds", () => clouds.ping()),
  ]);
  return { status: checks.every(({ ok }) => ok) ? "ready" : "unavailable", cloud: "sandbox", checks };
}
