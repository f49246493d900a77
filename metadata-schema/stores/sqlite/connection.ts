/**
 * One handle on the database file, and its transactions.
 *
 * A transaction's work is synchronous, so none on this handle can come between its statements. Writers wait
 * in one line (#lastWrite) for the file's single write lock, which other processes take too: a shell, the
 * API of another replica. The wait is done in slices, so that a person's open transaction does not freeze
 * this process; readers never wait, as the file is in WAL mode.
 */
import { statSync } from "node:fs";
import { DatabaseSync, type SQLOutputValue, type StatementSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../../errors.ts";
import type { AppliedMigration, MigrationDatabase } from "../../migrate.ts";

export type Row = Readonly<Record<string, SQLOutputValue>>;
export type Parameter = string | number | null;

/** Statements inside one transaction. */
export interface Transaction {
  /** database time: the same all through the transaction */
  readonly now: string;
  get(sql: string, ...parameters: readonly Parameter[]): Row | undefined;
  all(sql: string, ...parameters: readonly Parameter[]): readonly Row[];
  /** Returns how many rows the statement itself changed. */
  run(sql: string, ...parameters: readonly Parameter[]): number;
}

export interface ConnectionOptions {
  /** path of the file, or `:memory:` */
  readonly file: string;
  readonly clock: { now(): Date } | null;
  /** the file stays in the mode that it is in, so that a look at it changes nothing */
  readonly keepMode?: true;
}

/** How long anything waits for another process's write, in all. */
const busyTimeoutMs = 5_000;
/** How long one try may block the thread: a renewal of a lease has tens of seconds, a request a few. */
const busySliceMs = 50;
const busyPauseMs = 20;

/** SQLite's primary result codes: BUSY, LOCKED; READONLY, IOERR, FULL, CANTOPEN; NOTADB. */
const busyCodes = [5, 6];
const readOnly = 8;
const unwritableCodes = [readOnly, 10, 13, 14];
/** Extended result codes carry the primary one in the low byte. */
const primaryCode = (error: unknown): number => sqliteCode(error) & 0xff;
const isBusy = (error: unknown): boolean => busyCodes.includes(primaryCode(error));

const isNoDatabase = (error: unknown): boolean => primaryCode(error) === 26;

/** The extended result code of an error that SQLite raised; 0 for any other error. */
export const sqliteCode = (error: unknown): number =>
  error instanceof Error && "errcode" in error && typeof error.errcode === "number" ? error.errcode : 0;

export class Connection {
  #database: DatabaseSync;
  /** why the last write failed, where that is the file's or its disk's fault; null: it did not */
  #writeFault: Error | null = null;
  readonly #file: string;
  readonly #inode: bigint | null;
  readonly #clock: { now(): Date } | null;
  readonly #statements = new Map<string, StatementSync>();
  #lastWrite: Promise<unknown> = Promise.resolve();
  #closing = false;

  private constructor(database: DatabaseSync, options: ConnectionOptions) {
    this.#database = database;
    this.#file = options.file;
    this.#inode = inodeOf(options.file);
    this.#clock = options.clock;
  }

  static async open(options: ConnectionOptions): Promise<Connection> {
    return new Connection(await patiently(options.file, () => openFile(options)), options);
  }

  /** Work on one snapshot. It may run more than once, so it must have no other effects. */
  async read<T>(work: (transaction: Transaction) => T): Promise<T> {
    return await patiently(this.#file, () => this.#transact("BEGIN", work));
  }

  /** Work that writes, all or nothing. It may run more than once, so it must have no other effects. */
  async write<T>(work: (transaction: Transaction) => T): Promise<T> {
    // Counted from here: writers that wait behind each other give up together, not one after the other.
    const deadline = performance.now() + busyTimeoutMs;
    const turn = this.#lastWrite.then(() =>
      patiently(this.#file, () => this.#transact("BEGIN IMMEDIATE", work), deadline),
    );
    this.#lastWrite = turn.then(
      () => {
        this.#writeFault = null;
      },
      (error) => this.#takeFault(error),
    );
    return await turn.catch((error) => {
      throw this.#unwritable(error) ?? error;
    });
  }

  /** Fails at once if the file cannot be read or written, or is no longer the one at its path. */
  ping(): void {
    if (inodeOf(this.#file) !== this.#inode)
      throw new Error(
        `The metadata database ${this.#file} was moved, deleted or replaced. Restart the service.`,
      );
    this.#transact("BEGIN", (transaction) => transaction.get("SELECT change_seq FROM Service_State"));
    try {
      // After a fault only a real write tells that it has passed; else the right to write is enough.
      this.#transact("BEGIN IMMEDIATE", ({ run }) => {
        if (this.#writeFault === null) return;
        // There and back: SQLite leaves out a write that changes nothing.
        for (const _ of ["there", "back"]) run("UPDATE Service_State SET ever_filled = 1 - ever_filled");
      });
      this.#writeFault = null;
    } catch (error) {
      // Somebody writes right now; that is a fault only if a writer waited in vain.
      if (!isBusy(error)) this.#takeFault(error);
      if (this.#writeFault !== null) throw this.#writeFault;
    }
  }

  #takeFault(error: unknown): void {
    this.#writeFault = this.#unwritable(error) ?? this.#writeFault;
    // A handle that was opened without the right to write never gets it.
    if (primaryCode(error) === readOnly) this.#reopen();
  }

  /** In words, if the error is the file's or its disk's fault and not that of what was written. */
  #unwritable(error: unknown): Error | null {
    if (error instanceof LockedError) return error;
    const code = primaryCode(error);
    if (!unwritableCodes.includes(code)) return null;
    const why =
      code === readOnly
        ? `is read-only for this process (user id ${process.geteuid?.() ?? "unknown"}). Give it the right to write the file and its folder.`
        : `cannot be written (${messageOf(error)}). Check its disk.`;
    return new Error(`The metadata database ${this.#file} ${why}`, { cause: error });
  }

  #reopen(): void {
    // Nothing is made where the file was: that would be another, empty database.
    if (inodeOf(this.#file) !== this.#inode) return;
    let fresh: DatabaseSync;
    try {
      fresh = openFile({ file: this.#file });
    } catch {
      return; // the old handle still reads; the next write that fails tries this again
    }
    this.#statements.clear();
    this.#database.close();
    this.#database = fresh;
  }

  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    await this.#lastWrite;
    this.#statements.clear();
    this.#database.close();
  }

  /** What the migration runner needs. */
  migrations(): MigrationDatabase {
    const database = this.#database;
    const applied = async (): Promise<readonly AppliedMigration[]> => readApplied(database);
    return {
      applied,
      exclusively: async (work) => {
        await patiently(this.#file, () => database.exec("BEGIN EXCLUSIVE"));
        try {
          const result = await work({
            applied,
            apply: async (migration) => {
              database.exec(createHistory);
              database.exec(migration.sql);
              database
                .prepare("INSERT INTO Schema_Migrations (name, checksum, applied_at) VALUES (?, ?, ?)")
                .run(migration.name, migration.checksum, this.#now());
            },
          });
          database.exec("COMMIT");
          return result;
        } catch (error) {
          if (database.isTransaction) database.exec("ROLLBACK");
          throw this.#unwritable(error) ?? error;
        }
      },
    };
  }

  #transact<T>(begin: "BEGIN" | "BEGIN IMMEDIATE", work: (transaction: Transaction) => T): T {
    this.#statement(begin).run();
    try {
      let now: string | null = null;
      const readNow = () => {
        now ??= this.#now();
        return now;
      };
      const result = work({
        get now() {
          return readNow();
        },
        get: (sql, ...parameters) => this.#statement(sql).get(...parameters),
        all: (sql, ...parameters) => this.#statement(sql).all(...parameters),
        run: (sql, ...parameters) => Number(this.#statement(sql).run(...parameters).changes),
      });
      this.#statement("COMMIT").run();
      return result;
    } catch (error) {
      // A full disk and the like end the transaction before we can.
      if (this.#database.isTransaction) this.#statement("ROLLBACK").run();
      throw error;
    }
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #now(): string {
    if (this.#clock !== null) return this.#clock.now().toISOString();
    return text(this.#statement("SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now') AS now").get() ?? {}, "now");
  }
}

function openFile({ file, keepMode }: Pick<ConnectionOptions, "file" | "keepMode">): DatabaseSync {
  let database: DatabaseSync;
  try {
    database = new DatabaseSync(file, { enableForeignKeyConstraints: true, timeout: busySliceMs });
  } catch (error) {
    throw new Error(`The metadata database ${file} cannot be opened. Check its folder and rights.`, {
      cause: error,
    });
  }
  try {
    database.exec(keepMode ? "PRAGMA schema_version" : "PRAGMA journal_mode = WAL");
    // FULL: a lease that was taken, and an edit that was acknowledged, must outlast a power cut. NORMAL
    // could forget that a run had begun to change a stack, and the stack would count as applied.
    database.exec("PRAGMA synchronous = FULL");
    return database;
  } catch (error) {
    database.close();
    if (!isNoDatabase(error)) throw error;
    throw new Error(
      `The metadata database ${file} is not a database of SQLite. Name another file, or move this one away.`,
      { cause: error },
    );
  }
}

class LockedError extends Error {
  override readonly name = "LockedError";
}

/** Tries again while another process holds the lock, without blocking the thread for long. */
async function patiently<T>(
  file: string,
  attempt: () => T,
  deadline = performance.now() + busyTimeoutMs,
): Promise<T> {
  for (;;) {
    try {
      return attempt();
    } catch (error) {
      if (!isBusy(error)) throw error;
      if (performance.now() >= deadline)
        throw new LockedError(
          `Another process has held the metadata database ${file} locked for ${busyTimeoutMs / 1000} s. ` +
            "End its open transaction.",
          { cause: error },
        );
    }
    // Half of the pause is chance, so that two waiting processes do not keep meeting.
    await sleep(busyPauseMs / 2 + (Math.random() * busyPauseMs) / 2);
  }
}

const createHistory = `CREATE TABLE IF NOT EXISTS Schema_Migrations (
  name TEXT NOT NULL PRIMARY KEY,
  checksum TEXT NOT NULL,
  applied_at TEXT NOT NULL
) STRICT, WITHOUT ROWID`;

function readApplied(database: DatabaseSync): readonly AppliedMigration[] {
  const exists = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'Schema_Migrations'").get();
  if (exists === undefined) return [];
  return database
    .prepare("SELECT name, checksum, applied_at FROM Schema_Migrations ORDER BY name")
    .all()
    .map((row) => ({
      name: text(row, "name"),
      checksum: text(row, "checksum"),
      appliedAt: text(row, "applied_at"),
    }));
}

const inodeOf = (file: string): bigint | null =>
  file === ":memory:" ? null : (statSync(file, { bigint: true, throwIfNoEntry: false })?.ino ?? -1n);

/** An instant so many milliseconds after another one. */
export const laterBy = (from: string, ms: number): string => new Date(Date.parse(from) + ms).toISOString();

// ---- columns of the service's own tables; a value of another type is a broken database

export function text(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== "string") throw new TypeError(`Column ${column} holds no text.`);
  return value;
}
export const textOrNull = (row: Row, column: string): string | null =>
  row[column] === null ? null : text(row, column);

export function integer(row: Row, column: string): number {
  const value = row[column];
  if (typeof value !== "number") throw new TypeError(`Column ${column} holds no number.`);
  return value;
}
export const integerOrNull = (row: Row, column: string): number | null =>
  row[column] === null ? null : integer(row, column);

/** JSON that this store wrote itself; only it knows the type. */
export const json = <T>(row: Row, column: string): T => JSON.parse(text(row, column)) as T;
export const jsonOrNull = <T>(row: Row, column: string): T | null =>
  row[column] === null ? null : json<T>(row, column);
