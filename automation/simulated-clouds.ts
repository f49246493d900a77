/**
 * Starts and finds the simulated clouds: a process of its own that outlives the service, as real clouds do.
 * A service that comes back finds it running.
 */
import { spawn } from "node:child_process";
import { mkdir, open, readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import type { ProcessRef } from "../metadata-schema/store.ts";
import type { Clock } from "./clock.ts";
import { processRef, processState, signalGroup } from "./engine/processes.ts";
import { ServiceError } from "./errors.ts";
import { rotateFull } from "./rotate-files.ts";

const endpointSchema = z.object({ pid: z.int(), grpcPort: z.int(), httpPort: z.int() });
type Endpoint = z.infer<typeof endpointSchema>;

export interface SimulatedClouds {
  /** base URL of the Graph and ARM slices */
  url(): Promise<string>;
  /** what an engine needs to use them as providers */
  environment(): Promise<Readonly<Record<string, string>>>;
  /** A name of their internet leads to this port of the machine from now on. */
  leadHere(host: string, port: number): Promise<void>;
  /** Ends with an error if they do not answer. */
  ping(): Promise<void>;
  /** Looks after them no more, and lets them run. */
  leave(): Promise<void>;
  stop(): Promise<void>;
}

export interface SimulatedCloudsOptions {
  /** folder of their store */
  readonly folder: string;
  /** file with what is there before the first run */
  readonly seed: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly clock: Clock;
}

const startDeadlineMs = 20_000;
const pollMs = 50;
// Real clouds come back by themselves: these are looked at once a second, and started again when they are gone. A
// process that hangs is given time for whatever a busy machine keeps it from.
const watchMs = 1_000;
const hangMs = 30_000;
const callMs = 5_000;
const logLimits = { bytes: 1024 * 1024, files: 3 };

export async function openSimulatedClouds(options: SimulatedCloudsOptions): Promise<SimulatedClouds> {
  await mkdir(options.folder, { recursive: true });
  if (!(await answers(options.folder))) await launch(options);
  const watch = startWatch(options);
  // Read each time: they may have been started again, on other ports.
  const endpoint = async (): Promise<Endpoint> =>
    (await readEndpoint(options.folder)) ?? notRunning(options.folder);
  return {
    url: async () => `http://127.0.0.1:${(await endpoint()).httpPort}`,
    environment: async () => {
      const { grpcPort } = await endpoint();
      const packages = ["azure-native", "azuread", "databricks"];
      return { PULUMI_DEBUG_PROVIDERS: packages.map((name) => `${name}:${grpcPort}`).join(",") };
    },
    leadHere: async (host, port) => {
      const { httpPort } = await endpoint();
      const response = await fetch(`http://127.0.0.1:${httpPort}/sandbox/hosts/${encodeURIComponent(host)}`, {
        method: "PUT",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ url: `http://127.0.0.1:${port}` }),
        signal: AbortSignal.timeout(callMs),
      });
      if (!response.ok) throw new Error(`${host} could not be led here: ${await response.text()}`);
    },
    ping: async () => {
      if (!(await answers(options.folder))) notRunning(options.folder);
    },
    leave: () => watch.stop(),
    stop: async () => {
      await watch.stop();
      const running = await readEndpoint(options.folder);
      if (running === null) return;
      await fetch(`http://127.0.0.1:${running.httpPort}/sandbox/stop`, { method: "POST" }).catch(() => null);
      const deadline = options.clock.monotonicMs() + startDeadlineMs;
      while ((await answers(options.folder)) && options.clock.monotonicMs() < deadline) {
        await options.clock.sleep(pollMs);
      }
    },
  };
}

function startWatch(options: SimulatedCloudsOptions): { stop(): Promise<void> } {
  const { clock, folder } = options;
  const stopped = new AbortController();
  const loop = async (): Promise<void> => {
    let silentSinceMs: number | null = null;
    // As it was when it last answered: a process id alone may be a stranger's by now.
    let seen: ProcessRef | null = null;
    while (!stopped.signal.aborted) {
      await clock.sleep(watchMs, stopped.signal);
      if (stopped.signal.aborted) return;
      if (await answers(folder)) {
        silentSinceMs = null;
        const pid = (await readEndpoint(folder))?.pid;
        if (pid !== undefined && seen?.pid !== pid) seen = processRef(pid);
        continue;
      }
      silentSinceMs ??= clock.monotonicMs();
      const hangs = seen !== null && processState(seen) === "alive";
      if (hangs && clock.monotonicMs() - silentSinceMs < hangMs) continue;
      if (hangs && seen !== null) signalGroup(seen.pid, "SIGKILL");
      // What keeps them from starting is in their log, and told by each ping.
      await launch(options).catch(() => {});
    }
  };
  const ended = loop();
  return {
    stop: async () => {
      stopped.abort();
      await ended;
    },
  };
}

async function launch({ folder, seed, environment, clock }: SimulatedCloudsOptions): Promise<void> {
  const entry = fileURLToPath(new URL("simulators/main.ts", import.meta.url));
  const logFile = path.join(folder, "simulated-clouds.log");
  // They write a line when they start, when they stop and when they fail: it grows with their starts.
  rotateFull(logFile, logLimits);
  const log = await open(logFile, "a");
  const child = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", entry, "--home", folder, "--seed", seed],
    { env: { ...environment }, detached: true, stdio: ["ignore", log.fd, log.fd] },
  );
  let failed = false;
  child.on("error", () => {
    failed = true;
  });
  child.unref();
  await log.close();
  const deadline = clock.monotonicMs() + startDeadlineMs;
  while (!(await answers(folder))) {
    if (failed || child.exitCode !== null || clock.monotonicMs() > deadline) notRunning(folder);
    await clock.sleep(pollMs);
  }
}

async function readEndpoint(folder: string): Promise<Endpoint | null> {
  const text = await readFile(path.join(folder, "endpoint.json"), "utf8").catch(() => null);
  return text === null ? null : endpointSchema.parse(JSON.parse(text));
}

async function answers(folder: string): Promise<boolean> {
  const endpoint = await readEndpoint(folder);
  if (endpoint === null) return false;
  const response = await fetch(`http://127.0.0.1:${endpoint.httpPort}/health`, {
    signal: AbortSignal.timeout(callMs),
  }).catch(() => null);
  return response?.ok ?? false;
}

function notRunning(folder: string): never {
  throw new ServiceError({
    code: "CloudsUnavailable",
    status: 503,
    message: `The simulated clouds do not answer. Read ${path.join(folder, "simulated-clouds.log")}, which says why. They are started again by themselves.`,
  });
}
