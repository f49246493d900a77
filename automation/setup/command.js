import { spawn } from "node:child_process";
import { accessSync, constants as fsConstants, statSync } from "node:fs";
import { constants as osConstants } from "node:os";
import { delimiter, join, resolve } from "node:path";

/**
 * @typedef {object} CommandOptions
 * @property {NodeJS.ProcessEnv} env
 * @property {string} [cwd]
 * @property {AbortSignal} [signal] kills the command with everything that it started
 * @property {(line: string) => void} [onLine] each line of either output
 * @property {(pid: number) => void} [onStart]
 */

/**
 * `code` is null where the command was killed or could not be started; `stderr` then says why.
 * @typedef {{ code: number | null, stdout: string, stderr: string }} CommandResult
 */

// Outputs are only read for their last lines or a version; the limit keeps a chatty command out of memory.
const KEPT_CHARACTERS = 200_000;

/** @type {Set<number>} process groups that must not outlive set-up */
const liveGroups = new Set();

const FATAL_SIGNALS = /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"]);

/**
 * Runs a command of set-up to its end, without standard input. It gets a process group of its own, so that
 * an abort or a signal to set-up also ends what the command started (npm's scripts, Go's compilers).
 * @param {string} command
 * @param {readonly string[]} args
 * @param {CommandOptions} options
 * @returns {Promise<CommandResult>}
 */
export function runCommand(command, args, { env, cwd, signal, onLine, onStart }) {
  return new Promise((done) => {
    const child = spawn(command, args, { env, cwd, stdio: ["ignore", "pipe", "pipe"], detached: true });
    const stdout = collect(child.stdout, onLine);
    const stderr = collect(child.stderr, onLine);
    const { pid } = child;
    if (pid !== undefined) {
      watchGroup(pid);
      onStart?.(pid);
    }
    const abort = () => pid !== undefined && killGroup(pid, "SIGKILL");
    signal?.addEventListener("abort", abort);
    if (signal?.aborted) abort();
    /** @param {CommandResult} result */
    const finish = (result) => {
      signal?.removeEventListener("abort", abort);
      if (pid !== undefined) releaseGroup(pid);
      done(result);
    };
    child.on("error", (error) => finish({ code: null, stdout: stdout(), stderr: error.message }));
    child.on("close", (code) => finish({ code, stdout: stdout(), stderr: stderr() }));
  });
}

/**
 * @param {import("node:stream").Readable} stream
 * @param {CommandOptions["onLine"]} onLine
 */
function collect(stream, onLine) {
  let kept = "";
  let partial = "";
  stream.setEncoding("utf8").on("data", (chunk) => {
    kept = (kept + chunk).slice(-KEPT_CHARACTERS);
    if (!onLine) return;
    const lines = (partial + chunk).split("\n");
    partial = lines.pop() ?? "";
    for (const line of lines) onLine(line);
  });
  return () => kept;
}

/** @param {number} pid */
function watchGroup(pid) {
  if (liveGroups.size === 0) for (const name of FATAL_SIGNALS) process.on(name, endAll);
  liveGroups.add(pid);
}

/** @param {number} pid */
function releaseGroup(pid) {
  liveGroups.delete(pid);
  if (liveGroups.size === 0) for (const name of FATAL_SIGNALS) process.off(name, endAll);
}

/** @param {NodeJS.Signals} name */
function endAll(name) {
  for (const pid of liveGroups) killGroup(pid, "SIGTERM");
  process.exit(128 + osConstants.signals[name]);
}

/**
 * @param {number} pid
 * @param {NodeJS.Signals} name
 */
function killGroup(pid, name) {
  try {
    process.kill(-pid, name);
  } catch {
    // The group ended between the decision and the call.
  }
}

/**
 * The last lines of a failed command, for an error's message.
 * @param {CommandResult} result
 */
export function lastLines({ code, stdout, stderr }, count = 8) {
  const text = stderr.trim() || stdout.trim();
  const lines = text.split("\n").slice(-count);
  return `${code === null ? "it did not finish" : `exit code ${code}`}: ${lines.join("\n    ")}`;
}

/**
 * Every executable of that name on PATH, in its order.
 * @param {string} name
 * @param {NodeJS.ProcessEnv} env
 */
export function findOnPath(name, env) {
  const folders = (env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  return folders.map((folder) => resolve(join(folder, name))).filter(isExecutableFile);
}

/** @param {string} path */
export function isExecutableFile(path) {
  try {
    accessSync(path, fsConstants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
