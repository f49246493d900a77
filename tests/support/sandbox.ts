/** A folder with simulated clouds and our engine, without a service: for runs that are timed by themselves. */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { systemClock } from "../../automation/clock.ts";
import { openEngine } from "../../automation/engine/open-engine.ts";
import type { ProcessEngine } from "../../automation/engine/process-engine.ts";
import { createLogger } from "../../automation/log.ts";
import { openSimulatedClouds } from "../../automation/simulated-clouds.ts";
import { cloudsSeedFile } from "../../metadata-schema/sample/sample.ts";
import type { SideOptions } from "./engine-sides.ts";
import { ownEnvironment } from "./service.ts";

export interface Sandbox {
  readonly engine: ProcessEngine;
  /** the same clouds for a side that brings its own engine processes; `tuned` sets the collector as ours does */
  side(name: string, tuned: boolean): Promise<SideOptions>;
  close(): Promise<void>;
}

export async function openSandbox(enginePath: string, slots: number): Promise<Sandbox> {
  const home = await mkdtemp(path.join(tmpdir(), "rowgate-bench-"));
  const inherited = ownEnvironment();
  const clouds = await openSimulatedClouds({
    folder: path.join(home, "clouds"),
    seed: cloudsSeedFile,
    environment: inherited,
    clock: systemClock,
  });
  const engine = await openEngine({
    command: enginePath,
    home,
    slots,
    inherited,
    cloudEnvironment: () => clouds.environment(),
    log: createLogger(null, "info"),
  });
  return {
    engine,
    side: async (name, tuned) => {
      const folder = path.join(home, name);
      await mkdir(path.join(folder, "state"), { recursive: true });
      const environment = {
        ...inherited,
        ...(await clouds.environment()),
        ...(tuned
          ? { GOGC: "off", GOMEMLIMIT: "512MiB", PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS: "true" }
          : {}),
        PULUMI_HOME: path.join(folder, "pulumi"),
        PULUMI_BACKEND_URL: `${pathToFileURL(path.join(folder, "state")).href}${tuned ? "?metadata=skip" : ""}`,
        PULUMI_CONFIG_PASSPHRASE: "bench",
        // Off on all sides: looking for plugins that are attached costs 2.5 s a run and would flatter ours.
        PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
        PULUMI_SKIP_UPDATE_CHECK: "true",
      };
      return { enginePath, folder, environment };
    },
    close: async () => {
      await engine.close();
      await clouds.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}
