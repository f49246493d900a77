/** @typedef {(line: string) => void} Report */

// Ten seconds of silence is what makes a person reach for Ctrl-C; eight leaves room for a busy machine.
const HEARTBEAT_MS = 8_000;

/**
 * Set-up speaks on standard error: standard output belongs to the service, the tests or the command.
 * @type {Report}
 */
export function reportToStderr(line) {
  process.stderr.write(`set-up: ${line}\n`);
}

/** @param {number} elapsedMs */
export function formatDuration(elapsedMs) {
  const seconds = Math.round(elapsedMs / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** @param {number} bytes */
export function formatMegabytes(bytes) {
  return `${Math.round(bytes / 1_000_000)} MB`;
}

/**
 * Runs `work` and says `describe()` with the time passed until it ends.
 * @template T
 * @param {{ report: Report, describe: () => string, everyMs?: number }} options
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withHeartbeat({ report, describe, everyMs = HEARTBEAT_MS }, work) {
  const startedAt = Date.now();
  const timer = setInterval(
    () => report(`${describe()}, ${formatDuration(Date.now() - startedAt)}`),
    everyMs,
  );
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}
