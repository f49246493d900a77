/**
 * A home out of a backup: all of it or nothing. It is made in a folder beside, held against the manifest, and
 * renamed into its place last.
 */
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { access, mkdir, mkdtemp, readdir, realpath, rename, rm } from "node:fs/promises";
import path from "node:path";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { Parser, type ReadEntry } from "tar";
import { messageOf, ServiceError } from "../errors.ts";
import { lockHome } from "../home-lock.ts";
import { metadataFile } from "./home-files.ts";
import { type Manifest, manifestName, readManifest } from "./manifest.ts";
import { isGone } from "./plain-files.ts";
import { markRestored } from "./restored-marker.ts";

export interface RestoreOptions {
  readonly file: string;
  readonly home: string;
  /** true: a home that is there is put aside */
  readonly replace: boolean;
}

export interface RestoreResult {
  readonly manifest: Manifest;
  /** where the home is now that was there; null: there was none */
  readonly aside: string | null;
}

/** Throws a ServiceError that says why; the home is then as it was. */
export async function restoreBackup({ file, home: named, replace }: RestoreOptions): Promise<RestoreResult> {
  await mkdir(path.dirname(path.resolve(named)), { recursive: true });
  const home = await realpath(named).catch(() => path.resolve(named));
  const isThere = await occupied(home);
  if (isThere) await refuseUnlessReplaceable(home, replace);
  const lock = isThere ? await lockHome(home) : null;
  const staging = await mkdtemp(`${home}.restoring-`);
  try {
    const manifest = await unpack(file, staging);
    await markRestored(staging, { madeAt: manifest.madeAt });
    return { manifest, aside: await putInPlace(staging, home, isThere) };
  } finally {
    await rm(staging, { recursive: true, force: true });
    await lock?.release();
  }
}

async function occupied(home: string): Promise<boolean> {
  try {
    return (await readdir(home)).length > 0;
  } catch (fault) {
    if (isGone(fault)) return false;
    throw fault;
  }
}

async function refuseUnlessReplaceable(home: string, replace: boolean): Promise<void> {
  const isHome = await Promise.any(
    [path.join(home, "service.lock"), metadataFile(home)].map((each) => access(each)),
  ).then(
    () => true,
    () => false,
  );
  if (replace && isHome) return;
  throw new ServiceError({
    code: "HomeNotEmpty",
    status: 409,
    message: isHome
      ? `${home} is not empty. Restore into another folder with --home, or put this home aside with --replace.`
      : `${home} has files in it that are no home of Rowgate. Name an empty folder, or one that does not exist, with --home.`,
  });
}

/** Renames alone: a home is never half of one and half of the other. */
async function putInPlace(staging: string, home: string, isThere: boolean): Promise<string | null> {
  const aside = `${home}.before-${new Date().toISOString().replaceAll(/[:.]/g, "-")}`;
  try {
    if (isThere) await rename(home, aside);
    await rename(staging, home).catch(async (fault) => {
      if (isThere) await rename(aside, home);
      throw fault;
    });
  } catch (cause) {
    throw new ServiceError({
      code: "HomeNotReplaced",
      status: 500,
      message:
        `The restored home could not be put in place of ${home}: ${messageOf(cause)}. Nothing was changed. ` +
        "A folder that a disk is mounted on cannot be replaced: name one below it with --home.",
      cause,
    });
  }
  return isThere ? aside : null;
}

/** Writes the files of an archive into an empty folder, each as its manifest says. */
async function unpack(file: string, folder: string): Promise<Manifest> {
  const manifests: Manifest[] = [];
  const left = new Map<string, Manifest["files"][number]>();
  await eachEntry(file, async (taking) => {
    if (manifests.length > 0) return await writeEntry(file, { ...taking, folder, left });
    const manifest = await manifestIn(file, taking);
    manifests.push(manifest);
    for (const each of manifest.files) left.set(each.path, each);
  });
  const [manifest] = manifests;
  if (manifest === undefined) throw unusable(file, "it is empty");
  for (const missing of left.keys()) throw unusable(file, `${missing} is not in it`);
  return manifest;
}

/** One entry after the other; the first fault ends it, once nothing is written any more. */
function eachEntry(file: string, take: (taking: Taking) => Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const source = createReadStream(file);
    const stop = new AbortController();
    let last = Promise.resolve();
    const fail = (fault: unknown): void => {
      if (stop.signal.aborted) return;
      stop.abort();
      source.destroy();
      const told = fault instanceof ServiceError ? fault : unusable(file, messageOf(fault), fault);
      void last.catch(() => {}).then(() => reject(told));
    };
    const parser = new Parser({
      // what it would warn of ends it: a backup has nothing odd in it
      strict: true,
      onReadEntry: (entry) => {
        last = last.then(() => (stop.signal.aborted ? undefined : take({ entry, signal: stop.signal })));
        last.catch(fail);
      },
    });
    parser.on("error", fail);
    parser.on("end", () => last.then(resolve, fail));
    source.on("error", fail);
    source.on("data", (chunk) => {
      if (parser.write(Buffer.from(chunk))) return;
      source.pause();
      parser.once("drain", () => source.resume());
    });
    source.on("end", () => parser.end());
  });
}

interface Taking {
  readonly entry: ReadEntry;
  /** aborts when the archive turns out to be damaged, perhaps in the middle of this entry */
  readonly signal: AbortSignal;
}

// Some hundred bytes a file: this is a home of a hundred thousand stacks.
const maxManifestBytes = 256 * 1024 * 1024;

async function manifestIn(file: string, { entry, signal }: Taking): Promise<Manifest> {
  if (entry.path !== manifestName || entry.type !== "File")
    throw unusable(file, "its first entry is no manifest");
  if (entry.size > maxManifestBytes) throw unusable(file, "its manifest is too large");
  const reading = readManifest(
    await pipeline(entry, (chunks: AsyncIterable<Buffer>) => text(chunks), { signal }),
  );
  if (reading.status === "refused") throw unusable(file, reading.why);
  return reading.manifest;
}

interface Writing extends Taking {
  readonly folder: string;
  /** files that are still to come, by path; this one is taken out */
  readonly left: Map<string, Manifest["files"][number]>;
}

async function writeEntry(file: string, { entry, signal, folder, left }: Writing): Promise<void> {
  // The manifest has plain paths of a home alone, so that no entry can lead out of the folder.
  const expected = left.get(entry.path);
  if (expected === undefined) throw unusable(file, `${entry.path} is not in its manifest, or is in it twice`);
  left.delete(entry.path);
  if (entry.type !== "File") throw unusable(file, `${entry.path} is no file but a ${entry.type}`);
  if (entry.size !== expected.bytes) throw unusable(file, `${entry.path} has another size than it had`);
  const target = path.join(folder, entry.path);
  await mkdir(path.dirname(target), { recursive: true, mode: 0o700 });
  const hash = createHash("sha256");
  const hashed = async function* (chunks: AsyncIterable<Buffer>) {
    for await (const chunk of chunks) {
      hash.update(chunk);
      yield chunk;
    }
  };
  await pipeline(entry, hashed, createWriteStream(target, { flags: "wx", mode: 0o600 }), { signal });
  if (hash.digest("hex") !== expected.sha256) throw unusable(file, `${entry.path} is not as it was`);
}

const unusable = (file: string, why: string, cause?: unknown): ServiceError =>
  new ServiceError({
    code: "BackupUnusable",
    status: 400,
    message: `${file} cannot be restored: ${why}. Nothing was changed. Take another backup, made by \`rowgate backup\`.`,
    ...(cause === undefined ? {} : { cause }),
  });
