/**
 * `<home>/restored.json`: this home came out of a backup, and no service has taken that into account yet. Its
 * state may be older than the clouds.
 */
import { readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Logger } from "../log.ts";
import { isGone } from "./plain-files.ts";

const markerFile = (home: string): string => path.join(home, "restored.json");

export const markRestored = (home: string, about: { readonly madeAt: string }): Promise<void> =>
  writeFile(markerFile(home), `${JSON.stringify({ ...about, restoredAt: new Date().toISOString() })}\n`, {
    mode: 0o600,
  });

export interface TakeRestoredOptions {
  readonly home: string;
  /** After it, every stack is looked at before anything is taken as built. */
  readonly distrustState: () => Promise<number>;
  readonly log: Logger;
}

/** At a start. The marker goes only once the state is distrusted: a start that fails leaves it to the next. */
export async function takeRestored({ home, distrustState, log }: TakeRestoredOptions): Promise<void> {
  const marker = await readFile(markerFile(home), "utf8").catch((fault) => {
    if (isGone(fault)) return null;
    throw fault;
  });
  if (marker === null) return;
  log.warn({ marker: marker.trim() }, "the home was restored from a backup; every stack is looked at again");
  await distrustState();
  await rm(markerFile(home));
}
