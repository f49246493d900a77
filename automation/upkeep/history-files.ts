/**
 * Entries of a stack's history on a `file://` backend: `<stack>-<nanoseconds>.history.json`, which tells what
 * an update was, and `.checkpoint.json`, the state after it. Seen with engine 3.259.0.
 */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { plainFiles } from "./plain-files.ts";

export interface HistoryEntry {
  /** nanoseconds since 1970, as the file names have them */
  readonly at: string;
  /** paths; those of one update */
  readonly files: readonly string[];
}

/** Newest first. Files that are no entry of this stack are left out. */
export async function historyEntries(folder: string, stack: string): Promise<readonly HistoryEntry[]> {
  const entries = new Map<string, string[]>();
  for (const name of await plainFiles(folder)) {
    if (!name.startsWith(`${stack}-`)) continue;
    const form = /^(\d{10,20})\.(?:history|checkpoint)\.json(?:\.gz|\.zst)?(?:\.attrs)?$/;
    const at = form.exec(name.slice(stack.length + 1))?.[1];
    if (at === undefined) continue;
    const files = entries.get(at) ?? [];
    files.push(path.join(folder, name));
    entries.set(at, files);
  }
  const newestFirst = [...entries.keys()].toSorted((a, b) => (BigInt(a) < BigInt(b) ? 1 : -1));
  return newestFirst.map((at) => ({ at, files: entries.get(at) ?? [] }));
}

/** The newest `count` of them, and the newest that a stack could be restored from, however old it is. */
export async function entriesToKeep(
  newestFirst: readonly HistoryEntry[],
  count: number,
): Promise<ReadonlySet<HistoryEntry>> {
  const keep = new Set(newestFirst.slice(0, count));
  for (const entry of newestFirst) {
    if (!(await isGood(entry))) continue;
    keep.add(entry);
    break;
  }
  return keep;
}

const historySchema = z.object({ result: z.literal("succeeded") });
const checkpointSchema = z.object({ checkpoint: z.object({ latest: z.object({}) }) });

async function isGood({ files }: HistoryEntry): Promise<boolean> {
  const read = async (ending: string): Promise<unknown> => {
    const file = files.find((each) => each.endsWith(ending));
    return file === undefined ? null : JSON.parse(await readFile(file, "utf8"));
  };
  try {
    return (
      historySchema.safeParse(await read(".history.json")).success &&
      checkpointSchema.safeParse(await read(".checkpoint.json")).success
    );
  } catch {
    // cut short, or pruned meanwhile
    return false;
  }
}
