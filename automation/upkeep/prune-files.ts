/** Files beside the state that only grow: engines' logs, and what processes left in the temporary folder. */

import { lstat, readdir, rm } from "node:fs/promises";
import path from "node:path";
import { isOfLivingChild } from "../engine/processes.ts";
import { deleteFiles } from "./deletions.ts";
import { isGone, plainFiles } from "./plain-files.ts";

/** The newest are kept. */
export interface FileLimits {
  readonly files: number;
  readonly bytes: number;
}

// Each engine process writes one of some 15 kB: the runs of about a day on a busy service.
const engineLogLimits: FileLimits = { files: 2_000, bytes: 50 * 1024 * 1024 };

/** Deletes the oldest logs of a folder until it is within the limits. Files of another kind are left. */
export async function pruneEngineLogs(
  folder: string,
  { signal, limits = engineLogLimits }: { readonly signal?: AbortSignal; readonly limits?: FileLimits } = {},
): Promise<number> {
  const logs: { readonly file: string; readonly bytes: number; readonly changedMs: number }[] = [];
  for (const name of await plainFiles(folder)) {
    if (!name.endsWith(".log")) continue;
    const file = path.join(folder, name);
    const found = await lstat(file).catch(() => null);
    if (found !== null) logs.push({ file, bytes: found.size, changedMs: found.mtimeMs });
  }
  let bytes = 0;
  const old = logs
    .toSorted((a, b) => b.changedMs - a.changedMs)
    .filter((log, index) => {
      bytes += log.bytes;
      return index >= limits.files || bytes > limits.bytes;
    });
  return await deleteFiles(old.map(({ file }) => file).toReversed(), signal);
}

// No run and no backup takes a day; a folder that somebody still uses is written to before.
const staleAfterMs = 24 * 60 * 60 * 1000;

/** Removes what nothing below it has changed for a day. Links are removed, and what they lead to is not. */
export async function pruneTemporary(
  folder: string,
  { signal, now = Date.now() }: { readonly signal?: AbortSignal; readonly now?: number } = {},
): Promise<number> {
  let removed = 0;
  for (const name of await readdir(folder).catch(() => [])) {
    if (signal?.aborted === true) break;
    if (isOfLivingChild(name)) continue;
    const entry = path.join(folder, name);
    if (now - (await newestChange(entry)) <= staleAfterMs) continue;
    await rm(entry, { recursive: true, force: true });
    removed += 1;
  }
  return removed;
}

async function newestChange(entry: string): Promise<number> {
  try {
    const found = await lstat(entry);
    let newest = found.mtimeMs;
    if (!found.isDirectory()) return newest;
    for (const name of await readdir(entry))
      newest = Math.max(newest, await newestChange(path.join(entry, name)));
    return newest;
  } catch (fault) {
    // Somebody is cleaning up in it.
    if (isGone(fault)) return Number.POSITIVE_INFINITY;
    throw fault;
  }
}
