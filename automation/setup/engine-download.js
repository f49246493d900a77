import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isExecutableFile, lastLines, runCommand } from "./command.js";
import { SetupError } from "./fault.js";
import { formatMegabytes, withHeartbeat } from "./progress.js";

/**
 * The official installer, in a child that is watched by what it writes: its own time limit is two minutes
 * for its script alone, and a blackholed connection would use them up.
 */

/**
 * @typedef {object} DownloadOptions
 * @property {NodeJS.ProcessEnv} env
 * @property {import("./progress.js").Report} report
 * @property {string} workDir empty; removed by the caller
 * @property {string} node the Node that runs the installer
 * @property {string} [script]
 * @property {number} [silenceMs]
 */

const SCRIPT = fileURLToPath(new URL("engine-download-child.js", import.meta.url));
// A set-up without a network must go on within 20 s; what reaches the server at all does so in 5.
const SILENCE_MS = 12_000;
const LOOK_EVERY_MS = 500;
// Less than this is the installer's script and its empty files, not the engine (about 100 MB).
const SCRIPT_BYTES = 64 * 1024;

/**
 * @param {DownloadOptions} options
 * @returns {Promise<string>} the executable, inside workDir
 */
export async function downloadEngine({
  env,
  report,
  workDir,
  node,
  script = SCRIPT,
  silenceMs = SILENCE_MS,
}) {
  report("fetching the engine with Pulumi's installer: usually 10 to 60 s");
  const silence = new AbortController();
  let bytes = 0;
  let grewAt = Date.now();
  const watch = setInterval(async () => {
    const now = await folderBytes(workDir);
    if (now > Math.max(bytes, SCRIPT_BYTES)) {
      bytes = now;
      grewAt = Date.now();
    }
    if (Date.now() - grewAt > silenceMs) silence.abort();
  }, LOOK_EVERY_MS);
  const describe = () => `fetching the engine: ${formatMegabytes(bytes)}`;
  try {
    const result = await withHeartbeat({ report, describe }, () =>
      // Node's fetch takes a proxy from the environment only when asked to.
      runCommand(node, [script, workDir], {
        env: { ...env, TMPDIR: workDir, NODE_USE_ENV_PROXY: "1" },
        signal: silence.signal,
      }),
    );
    if (silence.signal.aborted) throw new SetupError(`nothing arrived for ${silenceMs / 1000} s`);
    if (result.code !== 0) throw new SetupError(`the installer failed, ${lastLines(result, 3)}`);
  } finally {
    clearInterval(watch);
  }
  const executable = join(workDir, "bin", "pulumi");
  if (!isExecutableFile(executable)) throw new SetupError("the installer ended without an executable");
  return executable;
}

/** @param {string} folder */
async function folderBytes(folder) {
  let bytes = 0;
  for (const name of await readdir(folder, { recursive: true }).catch(() => [])) {
    // A file may be gone before it is measured: the installer moves what it unpacked.
    const found = await stat(join(folder, name)).catch(() => undefined);
    if (found?.isFile()) bytes += found.size;
  }
  return bytes;
}
