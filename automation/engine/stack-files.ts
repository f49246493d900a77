/**
 * The files that make a stack on a `file://` backend. `pulumi stack init` would cost a second engine process
 * for each new stack; an empty checkpoint and a settings file with the home's encryption salt are all that
 * it writes. Seen with engine 3.259.0.
 */
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";

/** The project of every stack; also the name in Pulumi.yaml. */
export const projectName = "rowgate";

export interface StateFolder {
  /** folder of the `file://` backend */
  readonly backend: string;
  /** holds a folder for each stack with its Pulumi.<stack>.yaml */
  readonly workspaces: string;
}

/** `root`: the folder of a home that holds all state. */
export const stateFolder = (root: string): StateFolder => ({
  backend: path.join(root, "backend"),
  workspaces: path.join(root, "workspaces"),
});

/** Holds a checkpoint for each stack. */
export const checkpointFolder = (state: StateFolder): string =>
  path.join(state.backend, ".pulumi", "stacks", projectName);

export const checkpointFile = (state: StateFolder, stack: string): string =>
  path.join(checkpointFolder(state), `${stack}.json`);

export const workspaceFolder = (state: StateFolder, stack: string): string =>
  path.join(state.workspaces, stack);

/** Whether the backend knows the stack. */
export const stackExists = (state: StateFolder, stack: string): boolean =>
  existsSync(checkpointFile(state, stack));

/** Writes what is missing of a stack's files. `salt` is what `encryptionsalt` must be in its settings. */
export async function makeStackFiles(state: StateFolder, stack: string, salt: string): Promise<void> {
  const folder = workspaceFolder(state, stack);
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, `Pulumi.${stack}.yaml`), `encryptionsalt: ${salt}\n`);
  if (stackExists(state, stack)) return;
  const file = checkpointFile(state, stack);
  await mkdir(path.dirname(file), { recursive: true });
  const checkpoint = { version: 3, checkpoint: { stack: `organization/${projectName}/${stack}` } };
  await writeFile(`${file}.new`, JSON.stringify(checkpoint));
  await rename(`${file}.new`, file);
}

/** Removes what a destroyed stack leaves: its workspace folder. The engine removed its state. */
export async function removeWorkspace(state: StateFolder, stack: string): Promise<void> {
  await rm(workspaceFolder(state, stack), { recursive: true, force: true });
}

/** The salt that `pulumi stack init` wrote into a settings file. Throws if there is none. */
export async function readSalt(settingsFile: string): Promise<string> {
  const salt = /^encryptionsalt: (\S+)$/m.exec(await readFile(settingsFile, "utf8"))?.[1];
  if (salt === undefined)
    throw new Error(`${settingsFile} has no encryptionsalt; remove the file and start again.`);
  return salt;
}
