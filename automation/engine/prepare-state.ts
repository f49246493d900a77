/**
 * Makes the embedded `file://` backend of a home ready: folders, passphrase, encryption salt. The
 * passphrase file belongs with the state and is backed up with it: without it the state cannot be read.
 */
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { projectName, readSalt, type StateFolder } from "./stack-files.ts";

export interface PreparedState {
  readonly folder: StateFolder;
  readonly salt: string;
  /** what an engine process needs to use the state */
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * `root` is the folder that holds all state, `base` the environment engine processes start from. Runs the
 * engine once on a new home, to let it make the salt.
 */
export async function prepareState(
  root: string,
  engineCommand: string,
  base: Readonly<Record<string, string>>,
): Promise<PreparedState> {
  const folder: StateFolder = {
    backend: path.join(root, "backend"),
    workspaces: path.join(root, "workspaces"),
  };
  for (const each of [folder.backend, folder.workspaces]) await mkdir(each, { recursive: true, mode: 0o700 });
  const passphrase = path.join(root, "passphrase");
  if (!existsSync(passphrase)) {
    await writeFile(`${passphrase}.new`, randomBytes(32).toString("base64url"), { mode: 0o600 });
    await rename(`${passphrase}.new`, passphrase);
  }
  const environment = {
    ...base,
    // `metadata=skip` leaves out the .attrs file beside each history entry.
    PULUMI_BACKEND_URL: `${pathToFileURL(folder.backend).href}?metadata=skip`,
    PULUMI_CONFIG_PASSPHRASE_FILE: passphrase,
    PULUMI_DIY_BACKEND_NO_LEGACY_WARNING: "true",
  };
  return { folder, environment, salt: await encryptionSalt(root, engineCommand, environment) };
}

async function encryptionSalt(
  root: string,
  engineCommand: string,
  environment: Readonly<Record<string, string>>,
): Promise<string> {
  const kept = path.join(root, "encryption-salt.yaml");
  if (existsSync(kept)) return readSalt(kept);
  const cwd = path.join(root, "set-up");
  const stack = "set-up";
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
