/** Composition root: the only place that makes stores, engine and services, and puts them together. */
import { hostname } from "node:os";
import path from "node:path";
import { openStore } from "../metadata-schema/open-store.ts";
import { sampleRows } from "../metadata-schema/sample/sample.ts";
import type { MetadataStore } from "../metadata-schema/store.ts";
import { addressForPeople, storeAddress } from "../metadata-schema/store-address.ts";
import { AlertIntake } from "./alerts/alert-intake.ts";
import { systemClock } from "./clock.ts";
import { type Clouds, openClouds } from "./clouds.ts";
import type { Config } from "./config.ts";
import { engineVersion, openEngine } from "./engine/open-engine.ts";
import type { ProcessEngine } from "./engine/process-engine.ts";
import { claimHomeCloud } from "./home-cloud.ts";
import { lockHome } from "./home-lock.ts";
import { engineCheck, HostHealth, stateFolderCheck } from "./host-health.ts";
import { openHttpServer } from "./http/server.ts";
import { createLogger, type Logger } from "./log.ts";
import { startLoops } from "./loops.ts";
import { openObservation } from "./observe/observation.ts";
import { urgentSlots } from "./service-facts.ts";
import { writeServiceFile } from "./service-file.ts";
import { ServiceNames, type ServiceNamesOptions } from "./service-names.ts";
import { createServices } from "./services.ts";
import { takeRestored } from "./upkeep/restored-marker.ts";
import { Upkeep } from "./upkeep/upkeep.ts";

export interface App {
  readonly port: number;
  readonly store: MetadataStore;
  /** Stops taking work, lets what runs end politely, and resolves when all is quiet. */
  close(options: { readonly stopClouds: boolean }): Promise<void>;
}

export async function openApp(config: Config, say: (line: string) => void): Promise<App> {
  let names: ServiceNames | null = null;
  const lock = await lockHome(config.home);
  await claimHomeCloud(config.home, config.cloud.kind);
  const log = createLogger(path.join(config.home, "logs", "service.log"), config.logLevel);
  const store = await openStore({ url: config.metadataUrl });
  await takeRestored({ home: config.home, log, distrustState: () => store.distrustState() });
  if (config.sample && (await store.isEmpty())) {
    say("Seeding the metadata database with the sample.");
    await store.insertRows(await sampleRows());
  }
  const clouds = await openClouds(config, say);
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
    inherited: { ...config.inherited, ...clouds.programEnvironment },
    cloudEnvironment: () => clouds.engineEnvironment(),
    log,
    onChildEnded: (child) => observation.runs.childEnded(child),
  });
  const alerts = new AlertIntake({ store, arm: clouds.access.arm, log });
  const health = hostHealth({ config, engine, clouds, log, onOpen: () => loops.pokePool() });
  const loops = startLoops({
    config,
    store,
    engine,
    access: clouds.access,
    network: clouds.network,
    health,
    log,
    observation,
    realm: await addressForPeople(storeAddress(config.metadataUrl)),
    onDesired: () => names?.poke(),
  });
  const upkeep = new Upkeep({
    home: config.home,
    clock: systemClock,
    log,
    knownStacks: (names) => store.stacksAmong(names),
    pruneRuns: (what) => store.pruneRuns(what),
    pruneHistory: (what) => store.pruneHistory(what),
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
    services: createServices({ facts, clouds, loops, alerts, observation }),
  }).catch(async (fault) => {
    // Nothing is left behind where the service cannot be reached, e.g. on a port that is taken.
    await inTurn([...behindServer, () => clouds.stop(), ...last]).catch(() => {});
    throw fault;
  });
  names = startNames({ clouds, store, log, port: server.port });
  const file = await writeServiceFile(config.home, `http://127.0.0.1:${server.port}`);
  return {
    port: server.port,
    store,
    close: ({ stopClouds }) =>
      inTurn([
        () => file.remove(),
        () => server.close(),
        async () => names?.stop(),
        ...behindServer,
        () => (stopClouds ? clouds.stop() : Promise.resolve()),
        ...last,
      ]),
  };
}

/** Null: names of the real internet lead where they lead. */
function startNames({
  clouds: { leadHere },
  ...rest
}: Pick<ServiceNamesOptions, "store" | "log" | "port"> & {
  readonly clouds: Clouds;
}): ServiceNames | null {
  if (leadHere === null) return null;
  const names = new ServiceNames({ ...rest, clock: systemClock, leadHere });
  names.start();
  return names;
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
  readonly clouds: Clouds;
  readonly log: Logger;
  onOpen(): void;
}

function hostHealth({ config, engine, clouds, log, onOpen }: HealthOptions): HostHealth {
  const { enginePath, inherited } = config;
  return new HostHealth({
    checks: [
      stateFolderCheck(path.join(config.home, "state", "backend")),
      engineCheck(enginePath, () => engineVersion(enginePath, inherited), engine.program.version),
      ...clouds.checks,
    ],
    clock: systemClock,
    log,
    onOpen,
  });
}
