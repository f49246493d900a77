import { randomUUID } from "node:crypto";
import {
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isMissing } from "./fault.js";
import { processStart } from "./process-start.js";
import { formatDuration } from "./progress.js";

/**
 * A lock between processes: a file that names its holder.
 *
 *   free --link--> held --unlink--> free
 *                  held, holder gone --unlink under the guard--> free
 *
 * The file appears with its content (a link to a finished file), so nobody reads a half-written holder. A
 * holder is gone when its process is: pid and start time on this host, a heartbeat that stopped on another. A
 * command that it started counts too: npm goes on for a while after its set-up was killed.
 */

/**
 * @typedef {object} Holder
 * @property {string} id
 * @property {number} pid
 * @property {string} host
 * @property {string} processStart
 * @property {string} since
 * @property {string} purpose
 * @property {{ pid: number, processStart: string }} [command] what it runs
 */

/** @typedef {(pid: number) => void} RecordCommand says which command the holder runs now */

/**
 * @typedef {object} LockOptions
 * @property {string} purpose what is done under the lock, for those who wait: "installing packages"
 * @property {import("./progress.js").Report} report
 * @property {number} [pollMs]
 */

const POLL_MS = 200;
const BEAT_MS = 5_000;
// Twelve missed beats: a laptop's short sleep on a shared home folder is no reason to break in.
const SILENT_MS = 60_000;
// The guard is held for one read and one unlink; ten seconds means that its holder died inside.
const GUARD_MS = 10_000;
const SAY_EVERY_MS = 10_000;

/**
 * @template T
 * @param {string} path
 * @param {LockOptions} options
 * @param {(record: RecordCommand) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(path, options, work) {
  const { release, record } = await acquire(path, options);
  const beat = setInterval(() => touch(path), BEAT_MS);
  process.on("exit", release);
  try {
    return await work(record);
  } finally {
    process.off("exit", release);
    clearInterval(beat);
    release();
  }
}

/**
 * @param {string} path
 * @param {LockOptions} options
 */
async function acquire(path, { purpose, report, pollMs = POLL_MS }) {
  // The checkout's lock lies in what may become the service's home, which nobody else may read.
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const mine = describeSelf(purpose);
  const startedAt = Date.now();
  let nextSayMs = 0;
  while (!tryLink(path, mine)) {
    const holder = readHolder(path);
    if (holder === undefined) continue;
    if (isGone(holder, path)) {
      if (breakLock(path, holder))
        report(`broke the lock of process ${holder.pid}, which has ended (${path})`);
    } else if (Date.now() - startedAt >= nextSayMs) {
      const waited = nextSayMs === 0 ? "" : `, ${formatDuration(Date.now() - startedAt)} so far`;
      report(`waiting for process ${holder.pid} (${holder.purpose} since ${holder.since})${waited}`);
      nextSayMs += SAY_EVERY_MS;
    }
    await sleep(pollMs);
  }
  const isMine = () => readHolder(path)?.id === mine.id;
  return {
    release: () => {
      if (isMine()) rmSync(path, { force: true });
    },
    /** @type {RecordCommand} */
    record: (pid) => {
      const draft = `${path}.${mine.id}`;
      writeFileSync(
        draft,
        JSON.stringify({ ...mine, command: { pid, processStart: processStart(pid) ?? "" } }),
      );
      if (isMine()) renameSync(draft, path);
      else rmSync(draft);
    },
  };
}

/**
 * @param {string} purpose
 * @returns {Holder}
 */
function describeSelf(purpose) {
  const since = new Date().toISOString();
  return {
    id: randomUUID(),
    pid: process.pid,
    host: hostname(),
    processStart: processStart(process.pid) ?? "",
    since,
    purpose,
  };
}

/**
 * @param {string} path
 * @param {Holder} holder
 */
function tryLink(path, holder) {
  const draft = `${path}.${holder.id}`;
  writeFileSync(draft, JSON.stringify(holder));
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/**
 * @param {string} path
 * @returns {Holder | undefined} undefined: nobody holds it
 */
function readHolder(path) {
  try {
    const holder = JSON.parse(readFileSync(path, "utf8"));
    if (typeof holder?.id === "string" && typeof holder.pid === "number") return holder;
  } catch (error) {
    if (isMissing(error)) return undefined;
    if (!(error instanceof SyntaxError)) throw error;
  }
  // A file that no set-up wrote: an unknown host leaves it to the heartbeat.
  return { id: "", pid: 0, host: "", processStart: "", since: "an unknown time", purpose: "unknown" };
}

/**
 * @param {Holder} holder
 * @param {string} path
 */
function isGone(holder, path) {
  const sameHost = holder.host === hostname() && holder.processStart !== "";
  if (sameHost) return ![holder, holder.command].some((each) => each !== undefined && stillRuns(each));
  const silentMs = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
  return silentMs > SILENT_MS;
}

/** @param {{ pid: number, processStart: string }} recorded */
function stillRuns({ pid, processStart: recorded }) {
  return processStart(pid) === recorded;
}

/**
 * Two who wait may both find the holder gone; without the guard the second could unlink the first one's lock.
 * @param {string} path
 * @param {Holder} gone
 */
function breakLock(path, gone) {
  const guard = `${path}.guard`;
  try {
    mkdirSync(guard);
  } catch {
    const heldMs = Date.now() - (statSync(guard, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (heldMs > GUARD_MS) remove(guard);
    return false;
  }
  try {
    if (readHolder(path)?.id !== gone.id) return false;
    rmSync(path, { force: true });
    return true;
  } finally {
    remove(guard);
  }
}

/** @param {string} folder */
function remove(folder) {
  rmSync(folder, { recursive: true, force: true });
}

/** @param {string} path */
function touch(path) {
  try {
    utimesSync(path, new Date(), new Date());
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}
