import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { chmod, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { ENGINE_VERSION, isCompatible, probeEngine } from "./engine-version.js";
import { isMissing, SetupError } from "./fault.js";

/**
 * The engine of one person on one machine:
 *
 *   <cache>/engine/3.259.0/bin/pulumi    the executable
 *   <cache>/engine/3.259.0/stamp.json    its SHA-256 and where it came from
 *   <cache>/engine/3.259.0.lock          who is making it
 *   <cache>/engine/3.259.0/work-*        what is being made
 *
 * Executable and stamp are each renamed into place, the executable first: a set-up killed at any moment
 * leaves either a pair that matches or one that the next set-up sees is broken.
 */

/** @typedef {{ version: string, sha256: string, source: string, madeAt: string }} Stamp */

/**
 * @typedef {{ status: "ready", path: string, version: string }
 *   | { status: "empty" }
 *   | { status: "broken", fault: string }} CacheState
 */

/** @param {NodeJS.ProcessEnv} env */
export function engineFolder(env) {
  return join(cacheRoot(env), "engine", ENGINE_VERSION);
}

/**
 * Where Node keeps what it compiled: every process of ours starts in half the time with it.
 * @param {NodeJS.ProcessEnv} env
 */
export function compiledFolder(env) {
  return join(cacheRoot(env), "compiled");
}

/** @param {NodeJS.ProcessEnv} env */
function cacheRoot(env) {
  if (env.ROWGATE_CACHE) return resolve(env.ROWGATE_CACHE);
  // A relative XDG_CACHE_HOME is to be ignored (XDG Base Directory Specification).
  const shared = env.XDG_CACHE_HOME && isAbsolute(env.XDG_CACHE_HOME) ? env.XDG_CACHE_HOME : undefined;
  return join(shared ?? join(env.HOME || homedir(), ".cache"), "rowgate");
}

/** @param {string} folder */
export function lockPath(folder) {
  return `${folder}.lock`;
}

/**
 * @param {string} folder
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<CacheState>}
 */
export async function readCache(folder, env) {
  const path = executablePath(folder);
  const [stamp, sha256] = await Promise.all([readStamp(folder), hashFile(path)]);
  if (sha256 === undefined)
    return stamp ? { status: "broken", fault: `${path} is missing` } : { status: "empty" };
  if (stamp === undefined) return { status: "broken", fault: `${path} has no readable stamp` };
  if (stamp.sha256 !== sha256)
    return { status: "broken", fault: `${path} is not what its stamp says (SHA-256)` };
  const probe = await probeEngine(path, env);
  if (probe.status === "fails") return { status: "broken", fault: `${path}: ${probe.fault}` };
  if (!isCompatible(probe.version)) return { status: "broken", fault: `${path} is ${probe.version}` };
  return { status: "ready", path, version: probe.version };
}

/**
 * Puts a finished executable into the cache. The caller holds the lock.
 * @param {string} folder
 * @param {{ executable: string, source: string, env: NodeJS.ProcessEnv }} made
 * @returns {Promise<{ path: string, version: string }>}
 */
export async function publishEngine(folder, { executable, source, env }) {
  await chmod(executable, 0o755);
  const probe = await probeEngine(executable, env);
  if (probe.status === "fails") throw new SetupError(`the engine does not run here: ${probe.fault}`);
  if (!isCompatible(probe.version))
    throw new SetupError(`it is version ${probe.version}, not ${ENGINE_VERSION}`);
  const sha256 = await hashFile(executable);
  /** @type {Stamp} */
  const stamp = {
    version: probe.version,
    sha256: sha256 ?? "",
    source,
    madeAt: new Date().toISOString(),
  };
  const path = executablePath(folder);
  await mkdir(dirname(path), { recursive: true });
  await rename(executable, path);
  const draft = join(folder, "work-stamp.json");
  await writeFile(draft, `${JSON.stringify(stamp, null, 2)}\n`);
  await rename(draft, stampPath(folder));
  return { path, version: probe.version };
}

/**
 * An empty folder on the cache's file system, and nothing left of earlier ones. The caller holds the lock.
 * @param {string} folder
 * @param {string} name
 */
export async function freshWorkFolder(folder, name) {
  await mkdir(folder, { recursive: true });
  await clearWork(folder);
  const work = join(folder, `work-${name}-${process.pid}`);
  await mkdir(work, { recursive: true });
  return work;
}

/** @param {string} folder */
export async function clearWork(folder) {
  const leftovers = (await readdir(folder)).filter((entry) => entry.startsWith("work-"));
  await Promise.all(leftovers.map((entry) => rm(join(folder, entry), { recursive: true, force: true })));
}

/** @param {string} folder */
function executablePath(folder) {
  return join(folder, "bin", "pulumi");
}

/** @param {string} folder */
function stampPath(folder) {
  return join(folder, "stamp.json");
}

/**
 * @param {string} folder
 * @returns {Promise<Stamp | undefined>}
 */
async function readStamp(folder) {
  try {
    const stamp = JSON.parse(await readFile(stampPath(folder), "utf8"));
    return typeof stamp?.sha256 === "string" ? stamp : undefined;
  } catch (error) {
    if (isMissing(error) || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/**
 * @param {string} path
 * @returns {Promise<string | undefined>} undefined: no such file
 */
async function hashFile(path) {
  const hash = createHash("sha256");
  try {
    // 1 MiB pieces: 115 MB take 0.15 s, three times as long with the default of 64 KiB.
    await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  return hash.digest("hex");
}
