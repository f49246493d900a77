/**
 * One service a home: two on one database file would fight for its simulated clouds and its children.
 *
 * The lock is one on a database file, which the operating system drops with the process however it ends. A
 * file with a process id would outlive a kill, and two that take it over could both win.
 */
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { ServiceError } from "./errors.ts";

export interface HomeLock {
  release(): Promise<void>;
}

/** Takes the home, or throws a ServiceError with code HomeInUse that names the other process. */
export async function lockHome(home: string): Promise<HomeLock> {
  await mkdir(home, { recursive: true, mode: 0o700 });
  const note = path.join(home, "service.pid");
  const lock = new DatabaseSync(path.join(home, "service.lock"), { timeout: 0 });
  try {
    lock.exec(
      "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; CREATE TABLE IF NOT EXISTS held (x); COMMIT",
    );
  } catch (cause) {
    lock.close();
    throw inUse(home, await readFile(note, "utf8").catch(() => ""), cause);
  }
  // For people alone: nothing is decided by it.
  await writeFile(note, `pid ${process.pid} on ${hostname()}`);
  return {
    release: async () => {
      await rm(note, { force: true });
      lock.close();
    },
  };
}

const inUse = (home: string, who: string, cause: unknown): ServiceError =>
  new ServiceError({
    code: "HomeInUse",
    status: 409,
    message:
      `Another Rowgate${who === "" ? "" : ` (${who})`} runs on ${home}. ` +
      "Stop it, or give this one a folder of its own with ROWGATE_HOME and a port with PORT.",
    cause,
  });
