/** Composition root: the only place that makes stores, engine and services, and puts them together. */
import { hostname } from "node:os";
import path from "node:path";
import { openStore } from "../metadata-schema/open-store.ts";
import { cloudsSeedFile, sampleRows } from "../metadata-schema/sample/sample.ts";
import type { MetadataStore } from "../metadata-schema/store.ts";
import { addressForPeople, storeAddress } from "../metadata-schema/store-address.ts";
import { systemClock } from "./clock.ts";
import type { Config } from "./config.ts";
import { engineVersion, openEngine } from "./engine/open-engine.ts";
import type { ProcessEngine } from "./engine/process-engine.ts";
import { lockHome } from "./home-lock.ts";
import { engineCheck, HostHealth, stateFolderCheck } from "./host-health.ts";
import { openHttpServer } from "./http/server.ts";
import { createLogger, type Logger } from "./log.ts";
import { localCaller, startLoops } from "./loops.ts";
import { openObservation } from "./observe/observation.ts";
import { applyDocuments } from "./reconcile/apply-documents.ts";
import { engineFacts, metricSources, readiness, urgentSlots } from "./service-facts.ts";
import { writeServiceFile } from "./service-file.ts";
import { openSimulatedClouds, type SimulatedClouds } from "./simulated-clouds.ts";
import { takeRestored } from "./upkeep/restored-marker.ts";
import { Upkeep } from "./upkeep/upkeep.ts";

export interface App {
  readonly port: number;
  readonly store: MetadataStore;
  /** Stops taking work, lets what runs end politely, and resolves when all is quiet. */
  close(options: { readonly stopClouds: boolean }): Promise<void>;
}

export async function openApp(config: Config, say: (line: string) => void): Promise<App> {
  const lock = await lockHome(config.home);
  const log = createLogger(path.join(config.home, "logs", "service.log"), config.logLevel);
  const store = await openStore({ url: config.metadataUrl });
  await takeRestored({ home: config.home, log, distrustState: () => store.distrustState() });
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
  const observation = await openObservation({
    clock: systemClock,
    log,
    tracing: config.tracing && { ...config.tracing, instance: `${hostname()}:${process.pid}` },
    version: config.version,
  });
  const engine = await openEngine({
    command: config.enginePath,
    home: config.home,
    slots: config.slots + urgentSlots,
    inherited: config.inherited,
    cloudEnvironment: () => clouds.environment(),
    log,
    onChildEnded: (child) => observation.runs.childEnded(child),
  });
  const health = hostHealth({ config, engine, clouds, log, onOpen: () => loops.pokePool() });
  const loops = startLoops({
    config,
    store,
    engine,
    clouds,
    health,
    log,
    observation,
    realm: await addressForPeople(storeAddress(config.metadataUrl)),
  });
  const upkeep = new Upkeep({
    home: config.home,
    clock: systemClock,
    log,
    knownStacks: (names) => store.stacksAmong(names),
    pruneRuns: (what) => store.pruneRuns(what),
  });
  health.start();
  upkeep.start();
  const facts = { config, store, engine, health, upkeep };
  const behindServer = [
    () => upkeep.stop(),
    () => health.stop(),
    () => loops.stop(),
    () => engine.close(),
    () => clouds.leave(),
  ];
  const last = [() => observation.close(), () => store.close(), () => lock.release()];
  const server = await openHttpServer({
    port: config.port,
    log,
    calls: observation.calls,
    services: {
      store,
      createRequest: loops.createRequest,
      createStackRequest: loops.createStackRequest,
      cancelRun: loops.cancelRun,
      metrics: () => observation.metrics(metricSources(facts)),
      applyDocuments: async (request) => {
        const { changes, plan } = await applyDocuments(store, request, localCaller);
        if (!request.dryRun) loops.poke();
        return { changes: [...changes], plan };
      },
      engine: () => engineFacts(facts),
      readiness: () => readiness(facts),
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

interface HealthOptions {
  readonly config: Config;
  readonly engine: ProcessEngine;
  readonly clouds: SimulatedClouds;
  readonly log: Logger;
  onOpen(): void;
}

function hostHealth({ config, engine, clouds, log, onOpen }: HealthOptions): HostHealth {
  const { enginePath, inherited } = config;
  return new HostHealth({
    checks: [
      stateFolderCheck(path.join(config.home, "state", "backend")),
      engineCheck(enginePath, () => engineVersion(enginePath, inherited), engine.program.version),
      { name: "clouds", look: () => clouds.ping() },
    ],
    clock: systemClock,
    log,
    onOpen,
  });
}
