import { CHECKOUT } from "./checkout.js";
import { isExecutableFile } from "./command.js";
import { buildEngine, findGo } from "./engine-build.js";
import {
  clearWork,
  engineFolder,
  freshWorkFolder,
  lockPath,
  publishEngine,
  readCache,
} from "./engine-cache.js";
import { downloadEngine } from "./engine-download.js";
import { engineOnPath, namedEngine } from "./engine-installed.js";
import { COMPATIBLE_RANGE, ENGINE_VERSION } from "./engine-version.js";
import { messageOf, SetupError } from "./fault.js";
import { withLock } from "./lock.js";
import { nodePath } from "./packages.js";

/**
 * Where the engine comes from, in this order: named by a person, found on PATH, the person's cache, the
 * official installer, a build from source. The first that yields one wins; the last two fill the cache.
 */

/** @typedef {"ROWGATE_PULUMI" | "PATH" | "cache" | "installer" | "go build"} EngineSource */

/** @typedef {{ path: string, version: string, source: EngineSource }} Engine */

/** @typedef {{ env: NodeJS.ProcessEnv, report: import("./progress.js").Report, workDir: string }} MakeOptions */

/**
 * The two sources that make an engine; tests hand in their own.
 * @typedef {object} EngineMakers
 * @property {(options: MakeOptions) => Promise<string>} download
 * @property {(options: MakeOptions) => Promise<string>} build
 */

/**
 * @typedef {object} EngineOptions
 * @property {NodeJS.ProcessEnv} env
 * @property {import("./progress.js").Report} report
 * @property {EngineMakers} [makers]
 */

/** @type {EngineMakers} */
const MAKERS = {
  download: (options) => {
    const node = nodePath(CHECKOUT);
    return downloadEngine({ ...options, node: isExecutableFile(node) ? node : process.execPath });
  },
  build: async (options) => {
    const go = findGo(options.env);
    if (go === undefined) throw new SetupError("there is no go on PATH");
    return buildEngine(go, options);
  },
};

/**
 * @param {EngineOptions} options
 * @returns {Promise<Engine>}
 */
export async function ensureEngine({ env, report, makers = MAKERS }) {
  if (env.ROWGATE_PULUMI) {
    return { ...(await namedEngine(env.ROWGATE_PULUMI, env, report)), source: "ROWGATE_PULUMI" };
  }
  const onPath = await engineOnPath(env);
  if ("engine" in onPath) return { ...onPath.engine, source: "PATH" };
  for (const refusal of onPath.refused) report(`not used: ${refusal}`);

  const folder = engineFolder(env);
  const cached = await readCache(folder, env).catch((error) => cacheFault(folder, error));
  if (cached.status === "ready") return { path: cached.path, version: cached.version, source: "cache" };
  if (cached.status === "broken") report(`the cached engine is broken and will be replaced: ${cached.fault}`);
  const tried = [
    `PATH: ${onPath.refused.join("; ") || "no pulumi"}`,
    `cache: ${cached.status === "broken" ? cached.fault : `${folder} is empty`}`,
  ];
  const options = { purpose: `making the engine ${ENGINE_VERSION}`, report };
  return withLock(lockPath(folder), options, () => makeEngine(folder, { env, report, makers, tried })).catch(
    (error) => {
      if (error instanceof SetupError) throw error;
      throw cacheFault(folder, error);
    },
  );
}

/**
 * @param {string} folder
 * @param {Required<EngineOptions> & { tried: string[] }} options
 * @returns {Promise<Engine>}
 */
async function makeEngine(folder, { env, report, makers, tried }) {
  // Whoever held the lock before us may have made it.
  const cached = await readCache(folder, env);
  if (cached.status === "ready") return { path: cached.path, version: cached.version, source: "cache" };
  const sources = /** @type {const} */ ([
    ["installer", makers.download],
    ["go build", makers.build],
  ]);
  try {
    for (const [source, make] of sources) {
      try {
        const executable = await make({ env, report, workDir: await freshWorkFolder(folder, "make") });
        const made = await publishEngine(folder, { executable, source, env });
        report(`the engine ${made.version} is ready (${source}): ${made.path}`);
        return { ...made, source };
      } catch (error) {
        report(`${source}: ${messageOf(error)}`);
        tried.push(`${source}: ${messageOf(error)}`);
      }
    }
  } finally {
    await clearWork(folder);
  }
  throw noEngine(tried);
}

/** @param {readonly string[]} tried */
function noEngine(tried) {
  return new SetupError(
    [
      `no Pulumi engine ${COMPATIBLE_RANGE} could be found or made. Tried:`,
      ...["ROWGATE_PULUMI: not set", ...tried].map((line) => `  - ${line}`),
      "Do one of these, then run the command again:",
      `  - install Pulumi ${ENGINE_VERSION} and put it on PATH, or set ROWGATE_PULUMI to its executable`,
      "  - let this machine reach Pulumi's download server (HTTPS_PROXY is honoured)",
      "  - install Go 1.26 or newer and let this machine reach the Go module proxy",
    ].join("\n"),
  );
}

/**
 * @param {string} folder
 * @param {unknown} error
 * @returns {never}
 */
function cacheFault(folder, error) {
  throw new SetupError(
    `the engine's cache ${folder} cannot be used: ${messageOf(error)}. Set ROWGATE_CACHE to a folder that can be written.`,
    { cause: error },
  );
}
