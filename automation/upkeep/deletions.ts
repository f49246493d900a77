/** Deletions in small batches, so that engines and the API get their turn on the disk between them. */
import { unlink } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { isGone } from "./plain-files.ts";

// Some ten milliseconds of work at a time, and as long a rest.
const batch = 200;
const restMs = 10;

/** Deletes files, in this order; stops early when `signal` aborts. Returns how many it deleted. */
export async function deleteFiles(files: readonly string[], signal?: AbortSignal): Promise<number> {
  let deleted = 0;
  for (let start = 0; start < files.length && signal?.aborted !== true; start += batch) {
    for (const file of files.slice(start, start + batch)) {
      // unlink takes away a name and follows no link.
      await unlink(file).then(
        () => {
          deleted += 1;
        },
        (fault) => {
          if (!isGone(fault)) throw fault;
        },
      );
    }
    await sleep(restMs);
  }
  return deleted;
}
