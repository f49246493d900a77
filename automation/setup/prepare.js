import { CHECKOUT } from "./checkout.js";
import { ensureEngine } from "./engine.js";
import { messageOf, SetupError } from "./fault.js";
import { ensurePackages } from "./packages.js";
import { reportToStderr } from "./progress.js";

// Node 20 is the oldest that set-up is tested with; the service itself runs on the checkout's Node 24.
const OLDEST_NODE = 20;

/** Packages only: for commands that start no run. */
export async function preparePackages() {
  if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE) {
    throw new SetupError(
      `Node ${process.versions.node} is too old for set-up. Install Node ${OLDEST_NODE} or newer.`,
    );
  }
  await ensurePackages({ root: CHECKOUT, env: process.env, report: reportToStderr });
}

/**
 * Packages and the engine.
 * @returns {Promise<NodeJS.ProcessEnv>} the environment in which the service and the tests find the engine
 */
export async function prepareAll() {
  await preparePackages();
  const engine = await ensureEngine({ env: process.env, report: reportToStderr });
  return { ...process.env, ROWGATE_ENGINE_PATH: engine.path };
}

/**
 * Runs an npm script's body; what set-up itself refuses is printed without a stack.
 * @param {() => Promise<number>} body gives the exit code
 */
export async function runScript(body) {
  try {
    process.exitCode = await body();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(`set-up failed: ${messageOf(error)}\n`);
    process.exitCode = 1;
  }
}
