/**
 * Old files of a log: `service.log.1` is the newest, each older one has a higher number.
 *
 * Only renames: a process that is killed between two of them leaves a gap in the numbers and no line less.
 * The next rotation fills the gap, and drops the oldest file only where there is none.
 */
import { existsSync, renameSync, statSync } from "node:fs";

export interface RotationLimits {
  /** a file that has reached this size is put aside */
  readonly bytes: number;
  /** files in all, the current one included */
  readonly files: number;
}

/** Puts the file aside under the number 1. Afterwards there is no file of its name. */
export function rotateFiles(file: string, { files }: RotationLimits): void {
  if (!existsSync(file)) return;
  let free = 1;
  while (free < files - 1 && existsSync(`${file}.${free}`)) free++;
  for (let number = free; number > 1; number--) renameSync(`${file}.${number - 1}`, `${file}.${number}`);
  renameSync(file, `${file}.1`);
}

/** For a file that another process is about to append to. */
export function rotateFull(file: string, limits: RotationLimits): void {
  if (sizeOf(file) >= limits.bytes) rotateFiles(file, limits);
}

/** 0: there is no such file */
export const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;
