/** State of stacks that nobody asks for: seen, told, and never deleted. Its objects may still be in a cloud. */
import { lstat } from "node:fs/promises";
import path from "node:path";
import { checkpointFile, checkpointFolder, type StateFolder } from "../engine/stack-files.ts";
import { plainFiles } from "./plain-files.ts";
import type { KnownStacks } from "./prune-state.ts";

export interface UnknownState {
  readonly stack: string;
  /** path of its checkpoint */
  readonly file: string;
  /** ISO 8601 */
  readonly changedAt: string;
}

/** Stacks with a checkpoint in the backend and no row in the metadata database, by name. */
export async function findUnknownState(
  state: StateFolder,
  knownStacks: KnownStacks,
): Promise<readonly UnknownState[]> {
  const names = (await plainFiles(checkpointFolder(state))).flatMap(
    (name) => /^(.+)\.json(?:\.gz|\.zst)?$/.exec(name)?.[1] ?? [],
  );
  // After the listing: a new stack has its row before its state.
  const known = await knownStacks(names);
  const unknown: UnknownState[] = [];
  for (const stack of names.filter((name) => !known.has(name)).toSorted()) {
    const file = checkpointFile(state, stack);
    // A stack that was destroyed meanwhile lost its state before its row.
    const found = await lstat(file).catch(() => null);
    if (found !== null)
      unknown.push({ stack, file: path.resolve(file), changedAt: found.mtime.toISOString() });
  }
  return unknown;
}
