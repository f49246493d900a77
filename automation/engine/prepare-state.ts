/**
 * Makes the embedded `file://` backend of a home ready: folders, passphrase, encryption salt. The
 * passphrase file belongs with the state and is backed up with it: without it the state cannot be read.
 */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { ServiceError } from "../errors.ts";
import type { Logger } from "../log.ts";
import { checkPassphrase, preparePassphrase } from "./passphrase.ts";
import { projectName, readSalt, type StateFolder, stateFolder } from "./stack-files.ts";

export interface PreparedState {
  readonly folder: StateFolder;
  readonly salt: string;
  /** what an engine process needs to use the state */
  readonly environment: Readonly<Record<string, string>>;
}

export interface PrepareStateOptions {
  /** the folder that holds all state */
  readonly root: string;
  readonly engineCommand: string;
  /** the environment engine processes start from */
  readonly base: Readonly<Record<string, string>>;
  readonly log: Logger;
}

/**
 * Runs the engine once on a new home, to let it make the salt. Throws a ServiceError where state is there but
 * its passphrase is not, or is another one: found here, and not at the first run.
 */
export async function prepareState(options: PrepareStateOptions): Promise<PreparedState> {
  const { root, engineCommand, base, log } = options;
  const folder = stateFolder(root);
  for (const each of [folder.backend, folder.workspaces]) await mkdir(each, { recursive: true, mode: 0o700 });
  const passphrase = path.join(root, "passphrase");
  // A passphrase was used here before: for the salt, or for a stack.
  const stateExists = existsSync(saltFile(root)) || (await checkpointsIn(folder)).length > 0;
  await preparePassphrase({ file: passphrase, stateExists, log });
  const environment = {
    ...base,
    // `metadata=skip` leaves out the .attrs file beside each history entry.
    PULUMI_BACKEND_URL: `${pathToFileURL(folder.backend).href}?metadata=skip`,
    PULUMI_CONFIG_PASSPHRASE_FILE: passphrase,
    PULUMI_DIY_BACKEND_NO_LEGACY_WARNING: "true",
  };
  const salt = await encryptionSalt(root, engineCommand, environment);
  await checkPassphrase(passphrase, salt);
  return { folder, environment, salt };
}

const saltFile = (root: string): string => path.join(root, "encryption-salt.yaml");

const setUpStack = "set-up";

/** Names of the files in which stacks have state, backups of checkpoints included. */
async function checkpointsIn({ backend }: StateFolder): Promise<readonly string[]> {
  const stacks = path.join(backend, ".pulumi", "stacks");
  const files = await readdir(stacks, { recursive: true, withFileTypes: true }).catch(() => []);
  return files.filter((file) => !file.isDirectory()).map((file) => file.name);
}

const saltMissing = (root: string): ServiceError =>
  new ServiceError({
    code: "SaltMissing",
    status: 500,
    message:
      `The encryption salt ${saltFile(root)} is missing, but there is state that was made with one. Put the file back ` +
      "from your backup, or write it anew with the line that every workspaces/*/Pulumi.*.yaml beside it has.",
  });

async function encryptionSalt(
  root: string,
  engineCommand: string,
  environment: Readonly<Record<string, string>>,
): Promise<string> {
  const kept = saltFile(root);
  if (existsSync(kept)) return readSalt(kept);
  const checkpoints = await checkpointsIn(stateFolder(root));
  // That of an interrupted set-up has nothing in it yet.
  if (checkpoints.some((file) => !file.startsWith(`${setUpStack}.json`))) throw saltMissing(root);
  const cwd = path.join(root, setUpStack);
  const stack = setUpStack;
  await mkdir(cwd, { recursive: true });
  await writeFile(path.join(cwd, "Pulumi.yaml"), `name: ${projectName}\nruntime: nodejs\n`);
  const run = (...args: string[]) =>
    promisify(execFile)(engineCommand, [...args, "--non-interactive"], { cwd, env: { ...environment } });
  await run("stack", "rm", "--yes", "--force", "--stack", stack).catch(() => {
    // There is one only if an earlier set-up was interrupted here.
  });
  await run("stack", "init", stack);
  await rename(path.join(cwd, `Pulumi.${stack}.yaml`), kept);
  await run("stack", "rm", "--yes", "--force", "--stack", stack);
  await rm(cwd, { recursive: true, force: true });
  return readSalt(kept);
}
