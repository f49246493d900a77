/**
 * A copy of a home's Pulumi state while engines write it. An engine replaces each file by a rename, so that what
 * is read of one file is whole; files of different stacks are of different instants, which no stack minds.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { checkpointFolder, projectName, stateFolder } from "../engine/stack-files.ts";
import { entriesToKeep, historyEntries } from "./history-files.ts";
import { isGone, plainFiles, plainFolders } from "./plain-files.ts";

export interface StateCopy {
  /** folders of the state, in the home and in the copy */
  readonly from: string;
  readonly to: string;
}

/** What is copied of each stack's history. */
const historyKept = 20;

/** Copies checkpoints and nothing else. One that is there already is replaced, one that is gone here stays. */
export async function copyCheckpoints({ from, to }: StateCopy): Promise<readonly string[]> {
  return await copyFolder(checkpointFolder(stateFolder(from)), checkpointFolder(stateFolder(to)));
}

/**
 * Copies all that a restore needs: no locks, as the engines that held them are gone by then, and of history
 * what is kept of it. Returns the checkpoints that are damaged in the home, too.
 */
export async function copyState({ from, to }: StateCopy): Promise<readonly string[]> {
  const damaged = await copyCheckpoints({ from, to });
  const [source, target] = [stateFolder(from), stateFolder(to)];
  await copyFolder(path.join(source.backend, ".pulumi"), path.join(target.backend, ".pulumi"));
  const history = path.join(source.backend, ".pulumi", "history", projectName);
  for (const stack of await plainFolders(history)) {
    const entries = await historyEntries(path.join(history, stack), stack);
    for (const { files } of await entriesToKeep(entries, historyKept))
      for (const file of files) await copyFile(file, path.join(to, path.relative(from, file)));
  }
  for (const stack of await plainFolders(source.workspaces))
    await copyFolder(path.join(source.workspaces, stack), path.join(target.workspaces, stack));
  await copyFolder(from, to);
  return damaged;
}

// What an engine or we write before the rename.
const isUnfinished = (name: string): boolean => /\.(tmp|new)$/.test(name);

/** Copies the files of one folder. Returns which stay damaged. */
async function copyFolder(from: string, to: string): Promise<readonly string[]> {
  const damaged: string[] = [];
  for (const name of await plainFiles(from)) {
    if (isUnfinished(name)) continue;
    const whole = await copyFile(path.join(from, name), path.join(to, name));
    if (!whole) damaged.push(path.join(from, name));
  }
  return damaged;
}

// Settings of a stack are written in place. A file that is not whole after this is damaged, and copied as it is.
const tries = 5;
const pauseMs = 50;

async function copyFile(from: string, to: string): Promise<boolean> {
  for (let attempt = 1; ; attempt++) {
    const content = await readFile(from).catch((fault) => {
      if (isGone(fault)) return null;
      throw fault;
    });
    // Destroyed or pruned since it was listed.
    if (content === null) return true;
    const whole = isWhole(from, content);
    if (whole || attempt === tries) {
      await mkdir(path.dirname(to), { recursive: true, mode: 0o700 });
      await writeFile(to, content, { mode: 0o600 });
      return whole;
    }
    await sleep(pauseMs);
  }
}

function isWhole(file: string, content: Buffer): boolean {
  if (content.length === 0) return false;
  if (!file.endsWith(".json")) return true;
  try {
    JSON.parse(content.toString("utf8"));
    return true;
  } catch {
    return false;
  }
}
