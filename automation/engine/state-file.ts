/**
 * A stack's checkpoint on the `file://` backend: read, changed between runs, and restored when it is
 * unreadable. A change is one rename, so a death at any instant leaves the state before or after it.
 */
import { existsSync } from "node:fs";
import { copyFile, open, readdir, readFile, rename, stat } from "node:fs/promises";
import path from "node:path";
import { type Checkpoint, checkpointText, type Deployment, parseCheckpoint } from "./checkpoint.ts";
import type { LockHolder } from "./engine-errors.ts";
import { checkpointFile, projectName, type StateFolder } from "./stack-files.ts";

export async function readCheckpoint(state: StateFolder, stack: string): Promise<Checkpoint> {
  return parseCheckpoint(await readFile(checkpointFile(state, stack), "utf8"));
}

/** Who holds the stack now: the engine writes a file for each lock. */
export async function readLocks(state: StateFolder, stack: string): Promise<readonly LockHolder[]> {
  const folder = path.join(state.backend, ".pulumi", "locks", "organization", projectName, stack);
  const names = existsSync(folder) ? await readdir(folder) : [];
  const locks = await Promise.all(
    names.filter((name) => name.endsWith(".json")).map((name) => lockOf(path.join(folder, name))),
  );
  return locks.flat();
}

async function lockOf(file: string): Promise<readonly LockHolder[]> {
  try {
    const { pid, username, hostname, timestamp } = JSON.parse(await readFile(file, "utf8"));
    return [{ user: String(username), host: String(hostname), pid: Number(pid), at: String(timestamp) }];
  } catch {
    // Released just now, or half written by an engine that is starting: it will tell of itself.
    return existsSync(file) ? [{ user: "unknown", host: "unknown", pid: 0, at: "" }] : [];
  }
}

export interface CheckpointWrite {
  readonly stack: string;
  readonly deployment: Deployment;
  /** true: what was there could not be used, and is no backup */
  readonly isRestore: boolean;
  /** true: these locks are no reason to leave the state alone */
  mayPass(locks: readonly LockHolder[]): boolean;
}

/**
 * Replaces a stack's deployment, as `pulumi stack import` would with one more engine process. Looks for locks
 * right before: a lock that may not be passed leaves everything as it was, and is told.
 */
export async function writeCheckpoint(
  state: StateFolder,
  { stack, deployment, isRestore, mayPass }: CheckpointWrite,
): Promise<readonly LockHolder[] | null> {
  const file = checkpointFile(state, stack);
  await writeWhole(`${file}.new`, checkpointText(stack, projectName, deployment));
  // as the engine does: what was there before stays beside it
  if (!isRestore && (await readCheckpoint(state, stack)).status === "good")
    await copyFile(file, `${file}.bak`);
  const locks = await readLocks(state, stack);
  if (locks.length > 0 && !mayPass(locks)) return locks;
  await rename(`${file}.new`, file);
  return null;
}

async function writeWhole(file: string, text: string): Promise<void> {
  const handle = await open(file, "w", 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export interface Restorable {
  readonly file: string;
  /** when the engine wrote it, RFC 3339 */
  readonly at: string;
  readonly deployment: Deployment;
}

/**
 * The newest readable state of a stack that is kept beside its checkpoint or in its history, other than the
 * one that the engine has refused. It writes a `.bak` at each save within a run, and a copy into the history at the end of each run.
 */
export async function findRestorable(
  state: StateFolder,
  stack: string,
  refused: Deployment | null,
): Promise<Restorable | null> {
  const history = path.join(state.backend, ".pulumi", "history", projectName, stack);
  const kept = existsSync(history) ? await readdir(history) : [];
  const files = [
    `${checkpointFile(state, stack)}.bak`,
    ...kept.filter((name) => name.endsWith(".checkpoint.json")).map((name) => path.join(history, name)),
  ];
  const found = await Promise.all(files.map(restorableFrom));
  const isRefused = ({ deployment }: Restorable): boolean =>
    JSON.stringify(deployment) === JSON.stringify(refused);
  const good = found
    .flat()
    .filter((each) => !isRefused(each))
    .sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
  return good[0] ?? null;
}

async function restorableFrom(file: string): Promise<readonly Restorable[]> {
  const text = await readFile(file, "utf8").catch(() => null);
  const parsed = text === null ? null : parseCheckpoint(text);
  if (parsed?.status !== "good" || parsed.deployment === null) return [];
  const at = parsed.deployment.manifest?.time ?? (await stat(file)).mtime.toISOString();
  return [{ file, at, deployment: parsed.deployment }];
}

/** Keeps a copy of an unreadable checkpoint aside; tells its name. */
export async function setAside(state: StateFolder, stack: string, now: Date): Promise<string> {
  const file = checkpointFile(state, stack);
  const aside = `${file}.unreadable-${now.toISOString().replaceAll(":", "-")}`;
  await copyFile(file, aside);
  return aside;
}
