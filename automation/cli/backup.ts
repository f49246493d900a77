/**
 * `rowgate backup` and `rowgate restore`: a whole home as one file. They open the home themselves and ask no
 * service: one may run or not, and its key would otherwise have to leave it over HTTP.
 */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { Command } from "commander";
import { z } from "zod";
import { writeBackup } from "../upkeep/backup.ts";
import { restoreBackup } from "../upkeep/restore.ts";
import { type DbOptions, metadataUrl } from "./db.ts";
import { oneLine } from "./one-line.ts";

type BackupContext = Pick<DbOptions, "home" | "checkout" | "environment" | "print">;

export const backupCommand = (context: BackupContext): Command =>
  new Command("backup")
    .description("Write a whole home into one file, while its service runs or not.")
    .argument("<file>", "where the archive goes, e.g. home.tar.gz; it holds the key to the state's secrets")
    .option("--force", "replace a file that is there")
    .action(async (name: string, { force = false }: { readonly force?: boolean }) => {
      const file = path.resolve(name);
      const { home, print } = context;
      const { version } = packageFile.parse(
        JSON.parse(await readFile(path.join(context.checkout, "package.json"), "utf8")),
      );
      const url = metadataUrl(context);
      const { manifest, bytes, damaged } = await writeBackup({
        home,
        metadataUrl: url,
        file,
        force,
        version,
      });
      print(
        `Backed up ${oneLine(home)}: ${manifest.files.length} files, ${megabytes(bytes)} in ${oneLine(file)}.`,
      );
      print(
        "It holds the key to the state's secrets (passphrase and salt): keep it as safe as the service itself.",
      );
      if (manifest.metadata.kind === "server") {
        print(
          `The metadata database ${oneLine(manifest.metadata.database)} is not in it. Back it up with its server's means, ` +
            `and restore it to ${manifest.madeAt} or a little before.`,
        );
      }
      for (const each of damaged)
        print(`Damaged in the home, and in the backup as it is: ${oneLine(each)}. Its .bak is in it, too.`);
    });

export const restoreCommand = (context: BackupContext): Command =>
  new Command("restore")
    .description("Make a home out of a file that `backup` wrote: all of it or nothing.")
    .argument("<file>", "the archive")
    .option("--home <folder>", "where the home is made (default: ROWGATE_HOME, or .rowgate in the checkout)")
    .option("--replace", "put a home aside that is there; no service may run on it")
    .action(async (name: string, options: { readonly home?: string; readonly replace?: boolean }) => {
      const home = path.resolve(options.home ?? context.home);
      const { print } = context;
      const { manifest, aside } = await restoreBackup({
        file: path.resolve(name),
        home,
        replace: options.replace ?? false,
      });
      print(`Restored ${oneLine(home)} as it was at ${manifest.madeAt}: ${manifest.files.length} files.`);
      if (aside !== null) print(`The home that was there is now ${oneLine(aside)}.`);
      for (const line of databaseLines(manifest.metadata, context.environment, manifest.madeAt)) print(line);
      print("The next start of its service looks at every stack before it takes anything as built.");
    });

function databaseLines(
  metadata: { readonly kind: "file" } | { readonly kind: "server"; readonly database: string },
  environment: NodeJS.ProcessEnv,
  madeAt: string,
): readonly string[] {
  if (metadata.kind === "server") {
    return [
      `Its metadata database ${oneLine(metadata.database)} was not in it: before you start the service, restore that ` +
        `to ${madeAt} or a little before.`,
    ];
  }
  return environment.ROWGATE_METADATA_URL
    ? ["ROWGATE_METADATA_URL is set: the restored metadata.db is in the home, and not where that points."]
    : [];
}

const packageFile = z.object({ version: z.string() });

const megabytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MB`;
