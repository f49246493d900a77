/** Makes the engine of a home ready: its state, the environment of its processes, its children. */
import { execFile } from "node:child_process";
import { mkdir, readdir, rm } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { ServiceError } from "../errors.ts";
import type { Logger } from "../log.ts";
import { pulumiHome } from "./plugins.ts";
import { prepareState } from "./prepare-state.ts";
import { ProcessEngine, type ProcessEngineOptions } from "./process-engine.ts";
import { isOfLivingChild } from "./processes.ts";

export interface OpenEngineOptions {
  /** the engine's executable */
  readonly command: string;
  readonly home: string;
  readonly slots: number;
  /** what engine processes may inherit from the service's environment */
  readonly inherited: Readonly<Record<string, string>>;
  /** how engine processes reach the clouds; asked for at each run */
  readonly cloudEnvironment: () => Promise<Readonly<Record<string, string>>>;
  readonly log: Logger;
  readonly onChildEnded?: ProcessEngineOptions["onChildEnded"];
}

// With the collector off an engine takes some 150 MB for a stack of ours; the limit turns it on again before
// a stack of hundreds of objects could take the machine's memory.
export const engineSettings = {
  GOGC: "off",
  GOMEMLIMIT: "512MiB",
  // Where plugins are attached or installed beforehand, looking for them costs 2.5 s a run.
  PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
  PULUMI_SKIP_UPDATE_CHECK: "true",
  // A backup a run is not needed beside history; corrupt state is restored from the .bak file or history.
  PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS: "true",
  // Each engine process writes a log of its own: two days and 50 MB of them at most.
  PULUMI_LOG_ROTATION_MAX_AGE_DAYS: "2",
  PULUMI_LOG_ROTATION_MAX_TOTAL_MB: "50",
} as const;

export async function openEngine(options: OpenEngineOptions): Promise<ProcessEngine> {
  const { command, home, inherited } = options;
  const engineHome = pulumiHome(home);
  await mkdir(engineHome, { recursive: true, mode: 0o700 });
  const base = { ...inherited, ...engineSettings, PULUMI_HOME: engineHome };
  const version = await engineVersion(command, base);
  await removeTemporary(path.join(home, "tmp"));
  const root = path.join(home, "state");
  const state = await prepareState({ root, engineCommand: command, base, log: options.log });
  return new ProcessEngine({
    slots: options.slots,
    settings: {
      engine: { command, version },
      state: state.folder,
      salt: state.salt,
      temporary: path.join(home, "tmp"),
    },
    childEnvironment: inherited,
    engineEnvironment: async () => ({ ...state.environment, ...(await options.cloudEnvironment()) }),
    log: options.log,
    ...(options.onChildEnded === undefined ? {} : { onChildEnded: options.onChildEnded }),
  });
}

/** Children name their temporary folders after themselves: what a killed one left is removed. */
async function removeTemporary(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const name of await readdir(folder)) {
    if (!isOfLivingChild(name)) await rm(path.join(folder, name), { recursive: true, force: true });
  }
}

/** What `command version` says, e.g. `3.259.0`. ServiceError EngineUnusable if it does not run. */
export async function engineVersion(command: string, env: Readonly<Record<string, string>>): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(command, ["version"], { env: { ...env }, timeout: 30_000 });
    return stdout.trim().replace(/^v/, "");
  } catch (cause) {
    throw new ServiceError({
      code: "EngineUnusable",
      status: 500,
      message: `The engine ${command} does not run. Start with \`npm start\`, which sets it up.`,
      cause,
    });
  }
}
