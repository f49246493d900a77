/** `rowgate db`: the schema of the metadata database, beside the service or without it. */
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { Command } from "commander";
import {
  applyMigrations,
  lookAtMigrations,
  type MigrationReport,
  type MigrationState,
} from "../../metadata-schema/open-migrations.ts";
import { dataText, type TextFormat, textOutputOption } from "./output.ts";
import { formatTable } from "./table.ts";

export interface DbOptions {
  readonly home: string;
  readonly checkout: string;
  readonly environment: NodeJS.ProcessEnv;
  print(text: string): void;
  /** the exit code, where nothing failed */
  endWith(code: number): void;
}

/** `status` ends with this code when the schema is not what this release needs. */
const behindExit = 1;

export function dbCommand(options: DbOptions): Command {
  return new Command("db")
    .description("The metadata database's schema: ROWGATE_METADATA_URL, or metadata.db in the home.")
    .addCommand(statusCommand(options))
    .addCommand(migrateCommand(options));
}

function statusCommand(options: DbOptions): Command {
  return new Command("status")
    .description("Tell which migrations are applied. Exit code 0: all of them as they are here, 1: not.")
    .addOption(textOutputOption())
    .action(async (flags: { readonly output: TextFormat }) => {
      const report = await lookAtMigrations(metadataUrl(options));
      const upToDate = report.migrations.every(({ state }) => state === "applied");
      options.print(
        flags.output === "text" ? statusText(report) : dataText(flags.output, { ...report, upToDate }),
      );
      if (!upToDate) options.endWith(behindExit);
    });
}

function migrateCommand(options: DbOptions): Command {
  return new Command("migrate")
    .description("Apply the migrations that are pending, as the service does when it starts.")
    .option("--dry-run", "tell what would be applied, but write nothing")
    .action(async (flags: { readonly dryRun?: boolean }) => {
      const url = metadataUrl(options);
      if (flags.dryRun === true) {
        const report = await lookAtMigrations(url);
        if (report.fault !== null) throw new Error(report.fault);
        tell(options, "would apply", pendingOf(report));
        return;
      }
      if (url === ownUrl(options)) await mkdir(options.home, { recursive: true, mode: 0o700 });
      tell(options, "applied", await applyMigrations(url));
    });
}

function tell({ print }: DbOptions, done: string, names: readonly string[]): void {
  if (names.length === 0) print("Every migration is applied already.");
  for (const name of names) print(`${done} ${name}`);
}

const ownUrl = ({ home }: Pick<DbOptions, "home">): string => `sqlite:${path.join(home, "metadata.db")}`;

/** As the service places it. It runs in the checkout, so a relative file is below that. */
export function metadataUrl(options: Pick<DbOptions, "home" | "checkout" | "environment">): string {
  const url = options.environment.ROWGATE_METADATA_URL || ownUrl(options);
  const file = /^sqlite:(?!:memory:$)(.+)$/.exec(url)?.[1];
  return file === undefined ? url : `sqlite:${path.resolve(options.checkout, file)}`;
}

const pendingOf = ({ migrations }: MigrationReport): readonly string[] =>
  migrations.filter(({ state }) => state === "pending").map(({ name }) => name);

const stateWords: Readonly<Record<MigrationState, string>> = {
  applied: "applied",
  pending: "pending",
  changed: "applied, then its file was changed",
  unknown: "applied, not in this release",
  overtaken: "not applied, but a later one is",
};

function statusText(report: MigrationReport): string {
  const rows = report.migrations.map(({ name, state, appliedAt }) => [
    name,
    appliedAt ?? "-",
    stateWords[state],
  ]);
  const table = formatTable(["MIGRATION", "APPLIED AT", "STATE"], rows);
  return [`Metadata database ${report.database}`, table, verdict(report)].join("\n");
}

function verdict(report: MigrationReport): string {
  if (report.fault !== null) return report.fault;
  const pending = pendingOf(report).length;
  return pending === 0
    ? "The schema is up to date."
    : `${pending} pending. \`rowgate db migrate\` applies them, and so does a start of the service.`;
}
