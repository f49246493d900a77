/**
 * Brings a database's schema up to date, from any number of processes at once.
 *
 * Each migration runs in one transaction that no other process migrates in, and what was applied is read
 * again inside of it: the process that comes second finds the work done. A migration is never edited once
 * merged; its checksum proves it.
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface Migration {
  /** folder name, e.g. `0001-initial`; the number gives the order */
  readonly name: string;
  readonly sql: string;
  /** SHA-256 of the file, in hex */
  readonly checksum: string;
}
export interface AppliedMigration extends Pick<Migration, "name" | "checksum"> {
  /** ISO 8601 */
  readonly appliedAt: string;
}

export interface MigrationTransaction {
  /** What was applied so far, in order of name; nothing in an empty database. */
  applied(): Promise<readonly AppliedMigration[]>;
  /** Runs the migration's statements and records it as applied. */
  apply(migration: Migration): Promise<void>;
}

/** What a store lends to the runner. */
export interface MigrationDatabase {
  /** Without a lock: a database that is up to date costs one read. */
  applied(): Promise<readonly AppliedMigration[]>;
  /** One transaction that waits for, and locks out, every other one of these on the same database. */
  exclusively<T>(work: (transaction: MigrationTransaction) => Promise<T>): Promise<T>;
}

/** The database's history and this release's migrations do not fit. A person must act. */
export class MigrationError extends Error {
  override readonly name = "MigrationError";
}

const migrationsFolder = join(import.meta.dirname, "migrations");

/** The migrations of one dialect, in order. `file` is the dialect's file in each folder, e.g. `sqlite.sql`. */
export function readMigrations(file: string, folder: string = migrationsFolder): readonly Migration[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(folder, entry.name, file)))
    .map((entry) => entry.name)
    .sort()
    .map((name) => {
      if (!/^\d{4}-[a-z0-9-]+$/.test(name))
        throw new MigrationError(`Migration folder "${name}" must be named like 0001-initial.`);
      // A checkout on Windows may turn line ends; that is not an edit.
      const sql = readFileSync(join(folder, name, file), "utf8").replaceAll("\r\n", "\n");
      return { name, sql, checksum: createHash("sha256").update(sql).digest("hex") };
    });
}

/**
 * applied and pending are as they should be. changed: its file is not the one that was applied; unknown: a later
 * release applied it; overtaken: a later migration was applied before it. Those are a person's to mend.
 */
export type MigrationState = "applied" | "pending" | "changed" | "unknown" | "overtaken";

export interface MigrationStatus {
  readonly name: string;
  readonly state: MigrationState;
  /** null: it is not applied */
  readonly appliedAt: string | null;
}

/** Every migration of this release and of the database, in order of name. */
export function migrationStatus(
  migrations: readonly Migration[],
  applied: readonly AppliedMigration[],
): readonly MigrationStatus[] {
  const last = applied.at(-1)?.name ?? "";
  const names = new Set([...migrations, ...applied].map(({ name }) => name));
  return [...names].sort().map((name) => {
    const known = migrations.find((migration) => migration.name === name);
    const done = applied.find((migration) => migration.name === name);
    if (done === undefined)
      return { name, state: name < last ? "overtaken" : "pending", appliedAt: null } as const;
    const { checksum, appliedAt } = done;
    if (known === undefined) return { name, state: "unknown", appliedAt } as const;
    return { name, state: known.checksum === checksum ? "applied" : "changed", appliedAt } as const;
  });
}

/** Applies what is missing. Returns the names of the migrations that this call applied. */
export async function migrate(
  database: MigrationDatabase,
  migrations: readonly Migration[],
): Promise<readonly string[]> {
  const appliedHere: string[] = [];
  if (pendingMigrations(migrations, await database.applied()).length === 0) return appliedHere;
  for (;;) {
    const name = await database.exclusively(async (transaction) => {
      const next = pendingMigrations(migrations, await transaction.applied())[0];
      if (next === undefined) return null;
      await transaction.apply(next);
      return next.name;
    });
    if (name === null) return appliedHere;
    appliedHere.push(name);
  }
}

function pendingMigrations(
  migrations: readonly Migration[],
  applied: readonly AppliedMigration[],
): readonly Migration[] {
  const fault = historyFault(migrations, applied);
  if (fault !== null) throw new MigrationError(fault);
  return migrations.slice(applied.length);
}

/** Why nothing may be applied, with the next step; null where history and migrations fit. */
export function historyFault(
  migrations: readonly Migration[],
  applied: readonly AppliedMigration[],
): string | null {
  for (const [index, done] of applied.entries()) {
    const known = migrations.find((migration) => migration.name === done.name);
    if (known === undefined)
      return (
        `Migration ${done.name} was applied to the metadata database, but this release does not have it. ` +
        "Run the release that applied it, or a later one."
      );
    if (known.checksum !== done.checksum)
      return (
        `Migration ${done.name} was changed after it was applied to the metadata database: its checksum is ` +
        `${known.checksum}, applied was ${done.checksum}. Restore the file and put the change into a new migration.`
      );
    const expected = migrations[index];
    if (expected !== known)
      return (
        `Migration ${expected?.name} comes before ${done.name}, which is already applied. ` +
        "Give the new migration a later number."
      );
  }
  return null;
}
