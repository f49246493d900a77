/**
 * Starts and finds the simulated clouds: a process of its own that outlives the service, as real clouds do.
 * A service that comes back finds it running.
 */
import { spawn } from "node:child_process";
import { mkdir, open, readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import type { Clock } from "./clock.ts";
import { ServiceError } from "./errors.ts";

const endpointSchema = z.object({ pid: z.int(), grpcPort: z.int(), httpPort: z.int() });
type Endpoint = z.infer<typeof endpointSchema>;

export interface SimulatedClouds {
  /** base URL of the Graph and ARM slices */
  url(): Promise<string>;
  /** what an engine needs to use them as providers */
  environment(): Promise<Readonly<Record<string, string>>>;
  /** Ends with an error if they do not answer. */
  ping(): Promise<void>;
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

export async function openSimulatedClouds(options: SimulatedCloudsOptions): Promise<SimulatedClouds> {
  await mkdir(options.folder, { recursive: true });
  if (!(await answers(options.folder))) await launch(options);
  // Read each time: a person may have restarted them on other ports.
  const endpoint = async (): Promise<Endpoint> =>
    (await readEndpoint(options.folder)) ?? notRunning(options.folder);
  return {
    url: async () => `http://127.0.0.1:${(await endpoint()).httpPort}`,
    environment: async () => {
      const { grpcPort } = await endpoint();
      const packages = ["azure-native", "azuread", "databricks"];
      return { PULUMI_DEBUG_PROVIDERS: packages.map((name) => `${name}:${grpcPort}`).join(",") };
    },
    ping: async () => {
      if (!(await answers(options.folder))) notRunning(options.folder);
    },
    stop: async () => {
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

async function launch({ folder, seed, environment, clock }: SimulatedCloudsOptions): Promise<void> {
  const entry = fileURLToPath(new URL("simulators/main.ts", import.meta.url));
  const log = await open(path.join(folder, "simulated-clouds.log"), "a");
  const child = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", entry, "--home", folder, "--seed", seed],
    { env: { ...environment }, detached: true, stdio: ["ignore", log.fd, log.fd] },
  );
  child.unref();
  await log.close();
  const deadline = clock.monotonicMs() + startDeadlineMs;
  while (!(await answers(folder))) {
    if (child.exitCode !== null || clock.monotonicMs() > deadline) notRunning(folder);
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
    signal: AbortSignal.timeout(5_000),
  }).catch(() => null);
  return response?.ok ?? false;
}

function notRunning(folder: string): never {
  throw new ServiceError({
    code: "CloudsUnavailable",
    status: 503,
    message: `The simulated clouds do not answer. Read ${path.join(folder, "simulated-clouds.log")}, then start the service again.`,
  });
}
