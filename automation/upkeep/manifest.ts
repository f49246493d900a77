/** The manifest of a backup: its first entry, against which all others are held. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { z } from "zod";

export const manifestName = "manifest.json";
const formatVersion = 1;

/** What a backup may hold, and nothing else: a restore writes into a home what the archive says. */
const isInBackup = (file: string): boolean =>
  (file === "metadata.db" || file === "clouds/clouds.db" || file.startsWith("state/")) &&
  file.split("/").every((part) => part !== "" && part !== "." && part !== "..") &&
  !/[\\\p{Cc}]/u.test(file);

const manifestSchema = z.strictObject({
  format: z.literal(formatVersion),
  /** the instant of the metadata; all else is a little newer */
  madeAt: z.iso.datetime(),
  /** version of the Rowgate that made it */
  rowgate: z.string(),
  /** `server`: the database is not in it */
  metadata: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("file") }),
    z.strictObject({ kind: z.literal("server"), database: z.string() }),
  ]),
  /** applied in the metadata database; none where it is on a server */
  migrations: z.array(z.string()),
  files: z.array(
    z.strictObject({
      path: z.string().refine(isInBackup, "is no file of a home that a backup holds"),
      bytes: z.int().min(0),
      sha256: z.hex().length(64),
    }),
  ),
});

export type Manifest = z.infer<typeof manifestSchema>;

/** A manifest of all files below a folder. */
export async function manifestOf(
  folder: string,
  about: Pick<Manifest, "madeAt" | "rowgate" | "metadata" | "migrations">,
): Promise<Manifest> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = found
    .filter((each) => each.isFile())
    .map((each) => path.relative(folder, path.join(each.parentPath, each.name)));
  const files: Manifest["files"] = [];
  for (const each of paths.toSorted()) {
    const file = path.join(folder, each);
    files.push({ path: each, bytes: (await stat(file)).size, sha256: await sha256Of(file) });
  }
  return manifestSchema.parse({ format: formatVersion, ...about, files });
}

export type ManifestReading =
  | { readonly status: "read"; readonly manifest: Manifest }
  | { readonly status: "refused"; readonly why: string };

export function readManifest(text: string): ManifestReading {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    return { status: "refused", why: "its manifest is no JSON" };
  }
  const { data: version } = z.object({ format: z.int() }).safeParse(found);
  if (version !== undefined && version.format > formatVersion) {
    const why = `its format ${version.format} is newer than this release, which reads ${formatVersion}`;
    return { status: "refused", why };
  }
  const parsed = manifestSchema.safeParse(found);
  if (parsed.success) return { status: "read", manifest: parsed.data };
  const [issue] = parsed.error.issues;
  return { status: "refused", why: `its manifest is not valid: ${issue?.path.join(".")} ${issue?.message}` };
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}
