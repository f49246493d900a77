/**
 * One archive of a whole home, made while its service runs or not.
 *
 * The order makes a restore safe: metadata first, then the simulated clouds, then state. A stack that the
 * metadata calls applied then has state, and what state does not know was never built. The other way round
 * a stack made in between would be applied without state, and its objects would be unknown and built again.
 */
import { constants, createWriteStream } from "node:fs";
import { access, chmod, mkdir, mkdtemp, open, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { create } from "tar";
import { lookAtMigrations } from "../../metadata-schema/open-migrations.ts";
import { addressForPeople, storeAddress } from "../../metadata-schema/store-address.ts";
import { messageOf, ServiceError } from "../errors.ts";
import { copyDatabase } from "./copy-database.ts";
import { copyCheckpoints, copyState } from "./copy-state.ts";
import { cloudsFile, metadataFile, passphraseFile, stateRoot, temporaryFolder } from "./home-files.ts";
import { type Manifest, manifestName, manifestOf } from "./manifest.ts";

export interface BackupOptions {
  readonly home: string;
  /** see metadata-schema/store-address.ts; a database on a server is left out */
  readonly metadataUrl: string;
  /** where the archive goes */
  readonly file: string;
  /** true: a file that is there is replaced, once the new one is whole */
  readonly force: boolean;
  /** version of this Rowgate */
  readonly version: string;
}

export interface BackupResult {
  readonly manifest: Manifest;
  readonly bytes: number;
  /** checkpoints that are damaged in the home; they are in the archive as they are */
  readonly damaged: readonly string[];
}

/** All or nothing: a file that cannot be made whole is not made. Throws a ServiceError that says why. */
export async function writeBackup(options: BackupOptions): Promise<BackupResult> {
  const { home, file, force } = options;
  await refuseUnless(options);
  await mkdir(temporaryFolder(home), { recursive: true, mode: 0o700 });
  const staging = await mkdtemp(path.join(temporaryFolder(home), "backup-"));
  const unfinished = `${file}.new`;
  try {
    const { manifest, damaged } = await stage(options, staging);
    await rm(unfinished, { force: true });
    const content = create({ gzip: true, portable: true, strict: true, cwd: staging }, [
      manifestName,
      ...manifest.files.map((each) => each.path),
    ]);
    await pipeline(content, createWriteStream(unfinished, { flags: "wx", mode: 0o600 }));
    const bytes = await flushed(unfinished);
    if (!force) await refuseExisting(file);
    await rename(unfinished, file);
    return { manifest, bytes, damaged };
  } catch (fault) {
    // What is in the way there is told by the fault.
    await rm(unfinished, { force: true }).catch(() => {});
    throw fault instanceof ServiceError ? fault : notWritten(file, fault);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

async function stage(
  { home, metadataUrl, version }: BackupOptions,
  staging: string,
): Promise<{ readonly manifest: Manifest; readonly damaged: readonly string[] }> {
  const state = { from: stateRoot(home), to: stateRoot(staging) };
  // A stack that is destroyed from here on is still applied in the metadata: its last checkpoint stays.
  await copyCheckpoints(state);
  const madeAt = new Date().toISOString();
  const about = { madeAt, rowgate: version, ...(await copyMetadata(metadataUrl, metadataFile(staging))) };
  if (await exists(cloudsFile(home))) {
    await mkdir(path.dirname(cloudsFile(staging)), { mode: 0o700 });
    await copyDatabase(cloudsFile(home), cloudsFile(staging));
  }
  const damaged = await copyState(state);
  const manifest = await manifestOf(staging, about);
  await writeFile(path.join(staging, manifestName), `${JSON.stringify(manifest, null, 2)}\n`, {
    mode: 0o600,
  });
  return { manifest, damaged };
}

async function copyMetadata(url: string, to: string): Promise<Pick<Manifest, "metadata" | "migrations">> {
  const address = storeAddress(url);
  if (address.dialect === "mssql")
    return { metadata: { kind: "server", database: await addressForPeople(address) }, migrations: [] };
  await copyDatabase(address.file, to);
  const { migrations } = await lookAtMigrations(`sqlite:${to}`);
  return {
    metadata: { kind: "file" },
    migrations: migrations.filter((each) => each.appliedAt !== null).map(({ name }) => name),
  };
}

async function refuseUnless({ home, metadataUrl, file, force }: BackupOptions): Promise<void> {
  const address = storeAddress(metadataUrl);
  if (address.dialect === "sqlite" && !(await exists(address.file)))
    throw nothingThere(`There is no metadata database ${address.file}.`);
  if (!(await exists(stateRoot(home)))) throw nothingThere(`${home} has no state.`);
  if (!(await exists(passphraseFile(home)))) {
    throw new ServiceError({
      code: "PassphraseMissing",
      status: 409,
      message: `${passphraseFile(home)} is missing: a backup without it could never be read. Put it back first.`,
    });
  }
  if (!force) await refuseExisting(file);
}

async function refuseExisting(file: string): Promise<void> {
  if (!(await exists(file))) return;
  throw new ServiceError({
    code: "FileExists",
    status: 409,
    message: `${file} is there already. Give another name, or --force to replace it.`,
  });
}

const nothingThere = (fault: string): ServiceError =>
  new ServiceError({
    code: "NothingToBackUp",
    status: 404,
    message: `${fault} Name the home of a service that was started once with ROWGATE_HOME.`,
  });

const notWritten = (file: string, cause: unknown): ServiceError =>
  new ServiceError({
    code: "BackupNotWritten",
    status: 500,
    message: `The backup ${file} could not be made: ${messageOf(cause)}. Nothing is left of it.`,
    cause,
  });

const exists = (file: string): Promise<boolean> =>
  access(file, constants.F_OK).then(
    () => true,
    () => false,
  );

/** Its size, once the disk has it: a rename may be kept through a power cut that the content is not. */
async function flushed(file: string): Promise<number> {
  await chmod(file, 0o600);
  const handle = await open(file, "r+");
  try {
    await handle.sync();
    return (await handle.stat()).size;
  } finally {
    await handle.close();
  }
}
