import { spawn } from "node:child_process";
import { constants } from "node:os";
import { CHECKOUT } from "./checkout.js";
import { compiledFolder } from "./engine-cache.js";
import { nodePath } from "./packages.js";

const SIGNALS = /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"]);
// One Ctrl-C reaches us twice under npm: from the terminal and from npm, which passes it on.
const ONE_PRESS_MS = 500;

/**
 * Runs the checkout's Node in our place: our streams, our signals, its exit code. It stays in our process
 * group, so that whoever ends the group ends it too, and its IPC channel closes when we are killed.
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<number>}
 */
export function handOver(args, env) {
  const child = spawn(nodePath(CHECKOUT), args, {
    cwd: CHECKOUT,
    env: { NODE_COMPILE_CACHE: compiledFolder(env), ...env },
    stdio: ["inherit", "inherit", "inherit", "ipc"],
  });
  let lastAt = Number.NEGATIVE_INFINITY;
  /** @param {NodeJS.Signals} name */
  const forward = (name) => {
    const now = performance.now();
    const repeated = now - lastAt < ONE_PRESS_MS;
    lastAt = now;
    // The terminal has already sent its Ctrl-C to the whole group.
    if (!repeated && !(name === "SIGINT" && process.stdin.isTTY)) child.kill(name);
  };
  for (const name of SIGNALS) process.on(name, forward);
  return new Promise((done, fail) => {
    child.on("error", fail);
    child.on("exit", (code, signal) => {
      for (const name of SIGNALS) process.off(name, forward);
      done(code ?? 128 + constants.signals[signal ?? "SIGKILL"]);
    });
  });
}
