/** Listings that never lead out of a folder: links and all else that is no file or folder are left out. */
import type { Dirent } from "node:fs";
import { readdir } from "node:fs/promises";

async function entries(folder: string): Promise<readonly Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (fault) {
    if (isGone(fault)) return [];
    throw fault;
  }
}

/** Names of the files in a folder; none where there is no such folder. */
export const plainFiles = async (folder: string): Promise<readonly string[]> =>
  (await entries(folder)).filter((each) => each.isFile()).map(({ name }) => name);

/** Names of the folders in a folder; none where there is no such folder. */
export const plainFolders = async (folder: string): Promise<readonly string[]> =>
  (await entries(folder)).filter((each) => each.isDirectory()).map(({ name }) => name);

/** Another process was faster: what was listed is not there any more. */
export const isGone = (fault: unknown): boolean =>
  fault instanceof Error && "code" in fault && (fault.code === "ENOENT" || fault.code === "ENOTDIR");
