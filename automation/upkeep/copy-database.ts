/** A copy of an SQLite file that others write meanwhile: all of one instant. */
import { chmod } from "node:fs/promises";
import { backup, DatabaseSync } from "node:sqlite";
import { messageOf, ServiceError } from "../errors.ts";

// All pages in one step, under one read lock: a copy in steps begins again with each write of another process.
const allPages = 2_147_483_647;
// Writers go on while it reads. Only the last moments of another process's recovery can make it wait.
const busyTimeoutMs = 10_000;

export async function copyDatabase(from: string, to: string): Promise<void> {
  try {
    const source = new DatabaseSync(from, { timeout: busyTimeoutMs });
    try {
      await backup(source, to, { rate: allPages });
    } finally {
      source.close();
    }
    await chmod(to, 0o600);
    check(to);
  } catch (cause) {
    throw new ServiceError({
      code: "DatabaseNotCopied",
      status: 500,
      message: `The database ${from} could not be copied: ${messageOf(cause)}. Put that right and try again; no backup was made.`,
      cause,
    });
  }
}

/** A backup that cannot be read is worse than none. */
function check(file: string): void {
  const copy = new DatabaseSync(file);
  try {
    const faults = copy
      .prepare("PRAGMA quick_check(3)")
      .all()
      .map((row) => String(row.quick_check));
    if (faults.join() !== "ok") throw new Error(`its copy is damaged: ${faults.join("; ")}`);
  } finally {
    copy.close();
  }
}
