import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lastLines, runCommand } from "./command.js";

/** The SDK of package.json and the module of engine/go.mod are pinned to the same version. */
export const ENGINE_VERSION = "3.259.0";
export const COMPATIBLE_RANGE = "3.259.x";

// `pulumi version` takes 0.25 s; a machine that swaps while it builds gets forty times as long.
const PROBE_MS = 10_000;

/** @typedef {{ status: "runs", version: string } | { status: "fails", fault: string }} EngineProbe */

/**
 * @param {string} path
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<EngineProbe>}
 */
export async function probeEngine(path, env) {
  // Every engine process leaves a log in its home: this one's must not pile up in the person's own.
  const home = await mkdtemp(join(tmpdir(), "rowgate-engine-probe-"));
  try {
    const signal = AbortSignal.timeout(PROBE_MS);
    const probeEnv = { ...env, PULUMI_HOME: home, PULUMI_SKIP_UPDATE_CHECK: "true" };
    const result = await runCommand(path, ["version"], { env: probeEnv, signal });
    const version = /^v?(\d+\.\d+\.\d+\S*)/m.exec(result.stdout)?.[1];
    if (result.code === 0 && version !== undefined) return { status: "runs", version };
    const why = signal.aborted ? `no answer within ${PROBE_MS / 1000} s` : lastLines(result, 2);
    return { status: "fails", fault: `\`pulumi version\` failed, ${why}` };
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

/** @param {string} version */
export function isCompatible(version) {
  return version.startsWith("3.259.");
}
