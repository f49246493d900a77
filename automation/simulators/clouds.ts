/** The simulated clouds as one running thing: store, gRPC providers, HTTP, network, and the idle watch. */
import { startMonitor } from "./azure/monitor.ts";
import { endInterrupted } from "./azure/pipeline-runs.ts";
import { Background } from "./background.ts";
import type { Endpoint, Home } from "./home.ts";
import { startHttpServer } from "./http-server.ts";
import { failInterrupted } from "./long-running.ts";
import { startNetwork } from "./network/network.ts";
import { type ContextOf, startProviderServer } from "./provider-server.ts";
import { openTenant, readSeed } from "./seed.ts";
import { Store } from "./store.ts";
import { Hangs } from "./strike.ts";
import { Throttle } from "./throttle.ts";
import { resourceTypes } from "./types.ts";
import { UnderWay } from "./under-way.ts";

export interface CloudsOptions {
  readonly home: Home;
  readonly seedFile: string | undefined;
  readonly idleMs: number;
}

export interface Clouds {
  readonly endpoint: Endpoint;
  stop(reason: string): void;
  /** resolves with the reason once everything is closed */
  readonly stopped: Promise<string>;
}

export async function startClouds(options: CloudsOptions): Promise<Clouds> {
  const { home, seedFile, idleMs } = options;
  const store = new Store(home.databaseFile);
  const tenant = openTenant(store, () => (seedFile ? readSeed(seedFile) : undefined));
  const hangs = new Hangs();
  failInterrupted(store);
  const underWay = new UnderWay();
  const throttle = new Throttle();
  const background = new Background();
  const contextOf: ContextOf = (config) => ({
    store,
    hangs,
    underWay,
    throttle,
    background,
    tenant,
    config,
    types: resourceTypes,
  });
  const stopping = Promise.withResolvers<string>();
  let lastCall = Date.now();
  const touch = (): void => {
    lastCall = Date.now();
  };
  const providers = await startProviderServer(contextOf, touch);
  const context = contextOf({});
  const network = await startNetwork({ context, touch });
  const networkPort = network.port;
  const http = await startHttpServer({ context, touch, stop: stopping.resolve, networkPort });
  const startedAt = new Date().toISOString();
  const endpoint = {
    pid: process.pid,
    grpcPort: providers.port,
    httpPort: http.port,
    networkPort,
    startedAt,
  };
  home.publish(endpoint);
  // looks often enough to end within a tenth of the idle time, and never more than once a second
  const watch = setInterval(
    () => {
      // somebody waits for a call that hangs
      if (hangs.count + underWay.count > 0) touch();
      if (Date.now() - lastCall > idleMs) stopping.resolve("idle");
    },
    Math.max(1000, idleMs / 10),
  );
  endInterrupted(store);
  const stopMonitor = startMonitor(contextOf({}));
  const stopped = stopping.promise.then(async (reason) => {
    clearInterval(watch);
    stopMonitor();
    hangs.stop();
    underWay.stop();
    await Promise.all([providers.stop(), http.stop(), network.stop(), background.stop()]);
    store.close();
    return reason;
  });
  return { endpoint, stop: stopping.resolve, stopped };
}
