import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findOnPath, isExecutableFile, lastLines, runCommand } from "./command.js";
import { ENGINE_VERSION } from "./engine-version.js";
import { SetupError } from "./fault.js";
import { withHeartbeat } from "./progress.js";

/**
 * @typedef {object} BuildOptions
 * @property {NodeJS.ProcessEnv} env
 * @property {import("./progress.js").Report} report
 * @property {string} workDir empty, on the cache's file system; removed by the caller
 * @property {number} [silenceMs]
 */

const MODULE_FOLDER = fileURLToPath(new URL("engine", import.meta.url));
const MAIN_PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi";
const LINK_FLAGS = `-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${ENGINE_VERSION}`;
// Go names each module as its download begins; the largest, 60 MB, needs a link of 0.5 MB/s to pass in time.
const SILENCE_MS = 120_000;

/**
 * @param {NodeJS.ProcessEnv} env
 * @returns {string | undefined}
 */
export function findGo(env) {
  return findOnPath("go", env)[0];
}

/**
 * Builds the engine from its pinned source: modules first, then the compiler.
 * @param {string} go
 * @param {BuildOptions} options
 * @returns {Promise<string>} the executable, inside workDir
 */
export async function buildEngine(go, { env, report, workDir, silenceMs = SILENCE_MS }) {
  report(`building the engine ${ENGINE_VERSION} with Go: usually 3 to 5 min on two cores, once per user`);
  const goEnv = goEnvironment(env);
  const total = await fetchModules(go, { env: goEnv, report, silenceMs });
  const executable = join(workDir, "pulumi");
  let compiled = 0;
  const args = ["build", "-v", "-trimpath", "-buildvcs=false", "-ldflags", LINK_FLAGS, "-o", executable];
  // What Go's own cache holds is not compiled again: the count may stop far below the total.
  const describe = () =>
    compiled < total ? `compiling: ${compiled} of at most ${total} packages` : "linking";
  const result = await withHeartbeat({ report, describe }, () =>
    runCommand(go, [...args, MAIN_PACKAGE], {
      env: goEnv,
      cwd: MODULE_FOLDER,
      onLine: () => {
        compiled += 1;
      },
    }),
  );
  if (result.code !== 0) throw new SetupError(`go build failed, ${lastLines(result, 4)}`);
  if (!isExecutableFile(executable)) throw new SetupError("go build ended without an executable");
  return executable;
}

/**
 * @param {string} go
 * @param {{ env: NodeJS.ProcessEnv, report: import("./progress.js").Report, silenceMs: number }} options
 * @returns {Promise<number>} how many packages there are to compile
 */
async function fetchModules(go, { env, report, silenceMs }) {
  let modules = 0;
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), silenceMs);
  const describe = () => `fetching Go modules: ${modules} so far`;
  const result = await withHeartbeat({ report, describe }, () =>
    runCommand(go, ["list", "-deps", MAIN_PACKAGE], {
      env,
      cwd: MODULE_FOLDER,
      signal: silence.signal,
      onLine: (line) => {
        clearTimeout(timer);
        timer = setTimeout(() => silence.abort(), silenceMs);
        if (line.startsWith("go: downloading")) modules += 1;
      },
    }),
  );
  clearTimeout(timer);
  if (silence.signal.aborted) throw new SetupError(`no Go module arrived for ${silenceMs / 1000} s`);
  if (result.code !== 0) throw new SetupError(`the Go modules could not be fetched, ${lastLines(result, 4)}`);
  return result.stdout.trim().split("\n").length;
}

/**
 * The person's own settings for Go, less those that would build something else than this machine's pinned engine.
 * @param {NodeJS.ProcessEnv} env
 * @returns {NodeJS.ProcessEnv}
 */
function goEnvironment(env) {
  const { GOOS: _os, GOARCH: _arch, ...kept } = env;
  return { ...kept, CGO_ENABLED: "0", GOFLAGS: "-mod=readonly", GOWORK: "off" };
}
