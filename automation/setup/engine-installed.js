import { resolve, sep } from "node:path";
import { findOnPath, isExecutableFile } from "./command.js";
import { COMPATIBLE_RANGE, isCompatible, probeEngine } from "./engine-version.js";
import { SetupError } from "./fault.js";

/** @typedef {{ path: string, version: string }} FoundEngine */

/**
 * The engine that a person named in ROWGATE_PULUMI: any version is theirs to choose, but it must run.
 * @param {string} named
 * @param {NodeJS.ProcessEnv} env
 * @param {import("./progress.js").Report} report
 * @returns {Promise<FoundEngine>}
 */
export async function namedEngine(named, env, report) {
  const path = named.includes(sep) ? resolve(named) : (findOnPath(named, env)[0] ?? resolve(named));
  const remedy = "Set it to the path of a pulumi executable, or unset it.";
  if (!isExecutableFile(path))
    throw new SetupError(`ROWGATE_PULUMI: ${path} is not an executable file. ${remedy}`);
  const probe = await probeEngine(path, env);
  if (probe.status === "fails")
    throw new SetupError(`ROWGATE_PULUMI: ${path} does not run: ${probe.fault}. ${remedy}`);
  if (!isCompatible(probe.version)) {
    report(
      `warning: ROWGATE_PULUMI is Pulumi ${probe.version}; Rowgate is tested with ${COMPATIBLE_RANGE} (${path})`,
    );
  }
  return { path, version: probe.version };
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<{ engine: FoundEngine } | { refused: string[] }>} `refused` says why each pulumi on PATH won't do
 */
export async function engineOnPath(env) {
  const refused = [];
  for (const path of findOnPath("pulumi", env)) {
    const probe = await probeEngine(path, env);
    if (probe.status === "fails") refused.push(`${path} does not run`);
    else if (isCompatible(probe.version)) return { engine: { path, version: probe.version } };
    else refused.push(`${path} is ${probe.version}, not ${COMPATIBLE_RANGE}`);
  }
  return { refused };
}
