/**
 * What grows in the state and nobody needs: old history, backups of checkpoints, and what stacks leave that are
 * gone. A checkpoint is never deleted, nor a lock, nor a name of another form than the engine gives.
 */
import { lstat, rm, rmdir } from "node:fs/promises";
import path from "node:path";
import { checkpointFolder, projectName, type StateFolder, stackExists } from "../engine/stack-files.ts";
import { deleteFiles } from "./deletions.ts";
import { entriesToKeep, historyEntries } from "./history-files.ts";
import { plainFiles, plainFolders } from "./plain-files.ts";

/** Which of these stacks have a row in the metadata database. */
export type KnownStacks = (stacks: readonly string[]) => Promise<ReadonlySet<string>>;

export interface PruneStateOptions {
  readonly state: StateFolder;
  readonly knownStacks: KnownStacks;
  readonly signal?: AbortSignal;
  /** replaces the clock that ages are told by; for tests */
  readonly now?: number;
}

export interface PrunedState {
  readonly history: number;
  readonly backups: number;
  /** files and folders of stacks that are gone, and files that nobody finished */
  readonly leftovers: number;
}

/** Updates whose history is kept, a stack; besides, the newest that a stack could be restored from. */
const historyKept = 20;
/** Backups of checkpoints kept, a stack. The engine makes none with our settings; another's may. */
const backupsKept = 5;
const dayMs = 24 * 60 * 60 * 1000;
/** Nobody comes back to a file that was left unfinished, or to a stack that is gone, after so long. */
const leftAfterMs = dayMs;
/** The last checkpoint of a stack that is gone tells what it was. */
const goneStackKeptMs = 30 * dayMs;

export async function pruneState(options: PruneStateOptions): Promise<PrunedState> {
  const history = await pruneHistory(options);
  const backups = await pruneBackups(options);
  const leftovers = (await pruneUnfinished(options)) + (await pruneGoneStacks(options));
  return { history, backups, leftovers };
}

const part = ({ backend }: StateFolder, name: string, project = projectName): string =>
  path.join(backend, ".pulumi", name, project);

async function pruneHistory({ state, signal }: PruneStateOptions): Promise<number> {
  let deleted = 0;
  for (const stack of await plainFolders(part(state, "history"))) {
    const entries = await historyEntries(path.join(part(state, "history"), stack), stack);
    if (entries.length <= historyKept || signal?.aborted === true) continue;
    const keep = await entriesToKeep(entries, historyKept);
    const old = entries.filter((entry) => !keep.has(entry)).toReversed();
    deleted += await deleteFiles(
      old.flatMap(({ files }) => files),
      signal,
    );
  }
  return deleted;
}

async function pruneBackups({ state, signal }: PruneStateOptions): Promise<number> {
  let deleted = 0;
  const folder = part(state, "backups");
  for (const stack of await plainFolders(folder)) {
    const names = (await plainFiles(path.join(folder, stack))).filter(
      (name) =>
        name.startsWith(`${stack}.`) &&
        /^\d{10,20}\.json(\.gz|\.zst)?(\.attrs)?$/.test(name.slice(stack.length + 1)),
    );
    // Nanoseconds of this century have as many digits each: they sort as text.
    const old = names.toSorted().slice(0, -backupsKept);
    deleted += await deleteFiles(
      old.map((name) => path.join(folder, stack, name)),
      signal,
    );
  }
  return deleted;
}

/** Files beside checkpoints that a killed process left before it could rename them. */
async function pruneUnfinished(options: PruneStateOptions): Promise<number> {
  const folder = checkpointFolder(options.state);
  const unfinished = (await plainFiles(folder))
    .filter((name) => /\.json(\.bak)?\.([0-9a-f]{10,20}\.tmp|new)$/.test(name))
    .map((name) => path.join(folder, name));
  return await deleteFiles(await olderThan(leftAfterMs, unfinished, options), options.signal);
}

async function pruneGoneStacks(options: PruneStateOptions): Promise<number> {
  const { state, signal } = options;
  const places = [
    { folder: part(state, "history"), keptMs: goneStackKeptMs, remove: removeTree },
    { folder: part(state, "backups"), keptMs: goneStackKeptMs, remove: removeTree },
    { folder: state.workspaces, keptMs: leftAfterMs, remove: removeTree },
    // An empty one alone: a lock that is left may be somebody's.
    {
      folder: path.join(part(state, "locks", "organization"), projectName),
      keptMs: leftAfterMs,
      remove: removeEmpty,
    },
  ];
  let removed = 0;
  for (const { folder, keptMs, remove } of places) {
    const gone = await goneStacks(await plainFolders(folder), options);
    for (const old of await olderThan(
      keptMs,
      gone.map((stack) => path.join(folder, stack)),
      options,
    )) {
      // Asked again at the last moment: rows of a stack may have come back.
      if (signal?.aborted === true) return removed;
      if ((await goneStacks([path.basename(old)], options)).length > 0 && (await remove(old))) removed += 1;
    }
  }
  const folder = checkpointFolder(state);
  const backed = (await plainFiles(folder)).flatMap((name) => /^(.+)\.json\.bak$/.exec(name)?.[1] ?? []);
  const gone = (await goneStacks(backed, options)).map((stack) => path.join(folder, `${stack}.json.bak`));
  return removed + (await deleteFiles(await olderThan(goneStackKeptMs, gone, options), signal));
}

// Of all kinds of stack: a folder of another name is not ours to judge.
const isStackName = (name: string): boolean =>
  /^(platform|network|firewall|job|access|acl)-[a-z0-9]{2,12}(-[a-z0-9-]+)?$/.test(name);

/** Those that have neither state nor a row. */
async function goneStacks(
  names: readonly string[],
  { state, knownStacks }: PruneStateOptions,
): Promise<readonly string[]> {
  const without = names.filter((name) => isStackName(name) && !stackExists(state, name));
  if (without.length === 0) return [];
  const known = await knownStacks(without);
  return without.filter((name) => !known.has(name));
}

/** Those that were not changed for so long. */
async function olderThan(
  ageMs: number,
  files: readonly string[],
  { now = Date.now() }: PruneStateOptions,
): Promise<readonly string[]> {
  const old: string[] = [];
  for (const file of files) {
    const found = await lstat(file).catch(() => null);
    if (found !== null && now - found.mtimeMs > ageMs) old.push(file);
  }
  return old;
}

async function removeTree(folder: string): Promise<boolean> {
  // Links in it are removed, and what they lead to is not.
  await rm(folder, { recursive: true, force: true });
  return true;
}

const removeEmpty = (folder: string): Promise<boolean> =>
  rmdir(folder).then(
    () => true,
    () => false,
  );
