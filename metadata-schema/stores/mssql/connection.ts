/**
 * The pool of connections to one database, and its transactions.
 *
 * A transaction is tried again when it lost to another one or lost its connection. If the connection broke
 * while it committed, nobody knows whether it did: each write leaves a mark (Commit_Marks) in its own
 * transaction, and the mark tells.
 *
 * Writers exclude each other by what they write about, with application locks (`lock`): one subject, one
 * stack. The locks are taken in the order subject, stacks by name, references, outputs; so no two wait for
 * each other.
 */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import sql from "mssql";
import { messageOf } from "../../errors.ts";
import type { MigrationDatabase } from "../../migrate.ts";
import { signIn } from "./credential.ts";
import { migrationsOver } from "./migrations.ts";
import { addressForPeople, parseServerAddress } from "./server-address.ts";
import { isConnectionLost, isDuplicate, isTransient } from "./transient.ts";

export type Row = Readonly<Record<string, unknown>>;
export type Parameter = string | number | boolean | Date | null;
export type Parameters = Readonly<Record<string, Parameter>>;

/** Who an edit is recorded for. */
export interface EditActor {
  readonly name: string;
  readonly kind: "person" | "service";
}

/** Statements inside one transaction. Each is one round trip. */
export interface Transaction {
  /** database time, ISO 8601: the same all through the transaction */
  readonly now: string;
  all(sql: string, parameters?: Parameters): Promise<readonly Row[]>;
  get(sql: string, parameters?: Parameters): Promise<Row | undefined>;
  /** One list of rows for each SELECT of a batch. */
  lists(sql: string, parameters?: Parameters): Promise<readonly (readonly Row[])[]>;
  /** Returns how many rows the last of its statements changed. */
  run(sql: string, parameters?: Parameters): Promise<number>;
}

export interface ConnectionOptions {
  /** see server-address.ts */
  readonly url: string;
  readonly clock: { now(): Date } | null;
  /** told each statement's text as it is sent; for tests */
  readonly onStatement?: (sql: string) => void;
  /** how long a call waits for a database that is away; for tests */
  readonly retryForMs?: number;
}

const serviceActor: EditActor = { name: "rowgate", kind: "service" };
// A restart or failover of Azure SQL takes most of a minute; callers that wait longer pause and try again.
const defaultRetryForMs = 20_000;
/** A release's migrations take longer than a call. */
const migrationRetryForMs = 120_000;
const firstPauseMs = 50;
const longestPauseMs = 2_000;
/** How long a writer waits at once for another one's application lock. */
const lockTimeoutMs = 10_000;
const requestTimeoutMs = 30_000;
const pingTimeoutMs = 5_000;
// Marks matter as long as the transaction that they prove may be asked about.
const markHours = 24;
const writesBetweenCleanings = 1_000;
/** Few enough that the server locks rows and not the table, which every writer needs. */
const marksAtOnce = 2_000;

export class Connection {
  readonly #pool: sql.ConnectionPool;
  readonly #options: ConnectionOptions;
  readonly #address: string;
  readonly #retryForMs: number;
  #readLevel: number = sql.ISOLATION_LEVEL.REPEATABLE_READ;
  #writes = 0;
  #closed = false;

  private constructor(pool: sql.ConnectionPool, options: ConnectionOptions, address: string) {
    this.#pool = pool;
    this.#options = options;
    this.#address = address;
    this.#retryForMs = options.retryForMs ?? defaultRetryForMs;
  }

  static async open(options: ConnectionOptions): Promise<Connection> {
    const address = parseServerAddress(options.url);
    const config: sql.config = {
      ...address,
      ...(await signIn(address)),
      // Any error ends the transaction at the server too. Set for the session: what a statement with parameters
      // sets ends with it.
      options: { ...address.options, abortTransactionOnError: true },
      requestTimeout: requestTimeoutMs,
      connectionTimeout: 15_000,
      pool: { min: 0, max: 8, idleTimeoutMillis: 30_000 },
    };
    const where = addressForPeople(address);
    const deadline = performance.now() + (options.retryForMs ?? defaultRetryForMs);
    for (let attempt = 0; ; attempt += 1) {
      const pool = new sql.ConnectionPool(config);
      // Without a listener the loss of an idle connection would end the process; the next request tells it.
      pool.on("error", () => {});
      try {
        await pool.connect();
        const connection = new Connection(pool, options, where);
        await connection.#chooseReadLevel();
        return connection;
      } catch (error) {
        await pool.close().catch(() => {});
        if (!isTransient(error) || performance.now() >= deadline)
          throw new Error(
            `The metadata database ${where} cannot be opened: ${messageOf(error)}. ` +
              "Check server, database, sign-in and firewall.",
            { cause: error },
          );
      }
      await pause(attempt);
    }
  }

  /** A snapshot where the database has them (Azure SQL always does); else locks that are held while it reads. */
  async #chooseReadLevel(): Promise<void> {
    const result = await new sql.Request(this.#pool).query(
      "SELECT snapshot_isolation_state AS state FROM sys.databases WHERE name = DB_NAME()",
    );
    if (Number(result.recordset[0]?.state) === 1) this.#readLevel = sql.ISOLATION_LEVEL.SNAPSHOT;
  }

  /** One statement, or several that need not agree. It may be sent more than once. */
  async query<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    const prefix = "SET TRANSACTION ISOLATION LEVEL READ COMMITTED;\n";
    return await this.#patiently(() =>
      work(this.#statements((text) => [new sql.Request(this.#pool), prefix + text], null)),
    );
  }

  /** Work on one snapshot. It may run more than once, so it must have no other effects. */
  async read<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    return await this.#patiently(() =>
      this.#transact(this.#readLevel, async (transaction) => {
        const { now } = await this.#first(transaction, "SELECT 1 AS started");
        return await work(this.#inside(transaction, now));
      }),
    );
  }

  /** Work that writes, all or nothing. It may run more than once, so it must have no other effects. */
  async write<T>(
    work: (transaction: Transaction) => Promise<T>,
    actor: EditActor = serviceActor,
  ): Promise<T> {
    this.#writes += 1;
    if (this.#writes % writesBetweenCleanings === 0) await this.forgetMarks();
    return await this.#patiently(async () => {
      const mark = randomUUID();
      const done: { value?: { readonly result: T } } = {};
      try {
        return await this.#transact(sql.ISOLATION_LEVEL.READ_COMMITTED, async (transaction) => {
          const { now } = await this.#first(transaction, beginWrite, {
            mark,
            actor: actor.name,
            actorKind: actor.kind,
          });
          const result = await work(this.#inside(transaction, now));
          done.value = { result };
          return result;
        });
      } catch (error) {
        // Before the commit nothing is done for good; whatever went wrong with the commit, the mark tells.
        if (done.value === undefined) throw error;
        if (await this.#isCommitted(mark)) return done.value.result;
        throw error;
      }
    });
  }

  async #isCommitted(mark: string): Promise<boolean> {
    return await this.query(async (t) => (await t.get(selectMark, { mark })) !== undefined);
  }

  async #first(transaction: sql.Transaction, text: string, parameters: Parameters = {}) {
    const request = new sql.Request(transaction);
    const clock = this.#options.clock?.now() ?? null;
    const rows = await this.#send(request, `${text};\n${selectNow}`, { ...parameters, clock });
    const last = rows.recordsets.at(-1)?.[0];
    return { now: instant(last ?? {}, "now") };
  }

  async #transact<T>(level: number, work: (transaction: sql.Transaction) => Promise<T>): Promise<T> {
    const transaction = new sql.Transaction(this.#pool);
    await transaction.begin(level);
    try {
      const result = await work(transaction);
      await transaction.commit();
      return result;
    } catch (error) {
      // The server has ended it already where the error is severe; and a lost connection ends it too.
      await transaction.rollback().catch(() => {});
      throw error;
    }
  }

  #inside(transaction: sql.Transaction, now: string): Transaction {
    return this.#statements((text) => [new sql.Request(transaction), text], now);
  }

  #statements(begin: (text: string) => [sql.Request, string], now: string | null): Transaction {
    const clock = this.#options.clock?.now() ?? null;
    const send = (text: string, parameters: Parameters = {}) => {
      const [request, whole] = begin(text);
      return this.#send(request, whole, { ...parameters, now: now === null ? clock : new Date(now) });
    };
    return {
      get now(): string {
        if (now === null) throw new TypeError("a query without a transaction has no time of its own");
        return now;
      },
      all: async (text, parameters) => (await send(text, parameters)).recordset ?? [],
      get: async (text, parameters) => (await send(text, parameters)).recordset?.[0],
      lists: async (text, parameters) => (await send(text, parameters)).recordsets,
      run: async (text, parameters) => (await send(text, parameters)).rowsAffected.at(-1) ?? 0,
    };
  }

  async #send(request: sql.Request, text: string, parameters: Parameters) {
    for (const [name, value] of Object.entries(parameters))
      if (text.includes(`@${name}`))
        request.input(name, times.has(name) ? sql.DateTime2(3) : typeOf(value), value);
    this.#options.onStatement?.(text);
    const result = await request.query<Record<string, unknown>>(text);
    return {
      recordset: result.recordset as Row[] | undefined,
      recordsets: result.recordsets as unknown as Row[][],
      rowsAffected: result.rowsAffected,
    };
  }

  /** Tries again what passes by itself. */
  async #patiently<T>(attempt: () => Promise<T>, forMs: number = this.#retryForMs): Promise<T> {
    const deadline = performance.now() + forMs;
    for (let tries = 0; ; tries += 1) {
      try {
        return await attempt();
      } catch (error) {
        const again = isTransient(error) || (isDuplicate(error) && tries < 3);
        if (!again || this.#closed) throw error;
        if (performance.now() >= deadline) throw isConnectionLost(error) ? this.#noAnswer(error) : error;
      }
      await pause(tries);
    }
  }

  #noAnswer(error: unknown): Error {
    return new Error(`The metadata database ${this.#address} does not answer: ${messageOf(error)}`, {
      cause: error,
    });
  }

  /** One try, so that a probe answers at once. */
  async ping(): Promise<void> {
    if (this.#closed) throw new Error("The metadata store is closed.");
    const answered = new AbortController();
    try {
      // The driver itself waits far longer for a server that is silent.
      await Promise.race([
        new sql.Request(this.#pool).query("SELECT ever_filled FROM Service_State"),
        sleep(pingTimeoutMs, undefined, { signal: answered.signal }).then(() => {
          throw new Error(`no answer within ${pingTimeoutMs / 1_000} s`);
        }),
      ]);
    } catch (error) {
      throw this.#noAnswer(error);
    } finally {
      answered.abort();
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#pool.close();
  }

  /** Old marks prove nothing any more. Called now and then; what is left over, the next time. */
  async forgetMarks(): Promise<void> {
    await this.query((t) => t.run(deleteMarks, { hours: markHours, most: marksAtOnce }));
  }

  /** What the migration runner needs. It may begin anew: what was applied is read inside of each transaction. */
  migrations(): MigrationDatabase {
    return migrationsOver({
      read: (work) => this.#patiently(() => work(this.#pool), migrationRetryForMs),
      write: (work) =>
        this.#patiently(() => this.#transact(sql.ISOLATION_LEVEL.READ_COMMITTED, work), migrationRetryForMs),
    });
  }
}

/** Half of the pause is chance, so that two that met do not meet again. */
const pause = (tries: number): Promise<void> =>
  sleep(Math.min(longestPauseMs, firstPauseMs * 2 ** tries) * (0.5 + Math.random() / 2));

/** Parameters that are times even when they are NULL. */
const times: ReadonlySet<string> = new Set(["now", "clock"]);

function typeOf(value: Parameter) {
  if (typeof value === "string") return value.length > 4_000 ? sql.NVarChar(sql.MAX) : sql.NVarChar(4_000);
  if (typeof value === "boolean") return sql.Bit;
  if (value instanceof Date) return sql.DateTime2(3);
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value)) return sql.Float;
    return Math.abs(value) < 2 ** 31 ? sql.Int : sql.BigInt;
  }
  return sql.NVarChar(4_000);
}

// ---- many rows

// The server takes 2,100 parameters a statement, and 1,000 rows a list of values.
const parametersAtOnce = 2_000;
const rowsAtMost = 1_000;

export interface RowList {
  /** `(@r0_stack, @r0_kind), (@r1_stack, …)`: goes behind VALUES */
  readonly text: string;
  readonly parameters: Parameters;
}

/** Rows as parameters, in as many lists as one statement each can take. Every row has the same columns. */
export function rowLists(rows: readonly Parameters[]): readonly RowList[] {
  const columns = Object.keys(rows[0] ?? {});
  const fitting = Math.floor(parametersAtOnce / Math.max(1, columns.length));
  const rowsAtOnce = Math.max(1, Math.min(rowsAtMost, fitting));
  const lists: RowList[] = [];
  for (let start = 0; start < rows.length; start += rowsAtOnce) {
    const part = rows.slice(start, start + rowsAtOnce);
    const name = (index: number, column: string) => `r${index}_${column}`;
    lists.push({
      text: part
        .map((_, index) => `(${columns.map((column) => `@${name(index, column)}`).join(", ")})`)
        .join(",\n"),
      parameters: Object.fromEntries(
        part.flatMap((row, index) =>
          columns.map((column) => [name(index, column), row[column] ?? null] as const),
        ),
      ),
    });
  }
  return lists;
}

// ---- locks

/**
 * For a read that passes over rows of transactions that have not ended; in READ COMMITTED alone. A database that reads
 * row versions there (Azure SQL does) takes READPAST only together with READCOMMITTEDLOCK.
 */
export const passOver = "WITH (READPAST, READCOMMITTEDLOCK)";

/**
 * Takes an application lock until the transaction ends. `Shared` locks admit each other.
 * Raises error 51001, after which the transaction is tried again, when it waits too long or in a circle.
 */
export const lockText = (parameter: string, mode: "Exclusive" | "Shared" = "Exclusive"): string =>
  `DECLARE @got_${parameter} int;
EXEC @got_${parameter} = sp_getapplock @Resource = @${parameter}, @LockMode = '${mode}', @LockOwner = 'Transaction',
  @LockTimeout = ${lockTimeoutMs};
IF @got_${parameter} < 0 THROW 51001, N'Another writer has held the application lock for too long.', 1;`;

export const lock = async (
  transaction: Transaction,
  resource: string,
  mode: "Exclusive" | "Shared" = "Exclusive",
): Promise<void> => {
  await transaction.run(lockText("resource", mode), { resource });
};

// ---- statements

/** The test's clock, or the server's. Within a transaction @now is fixed at its beginning. */
export const nowText = "COALESCE(@now, CAST(SYSUTCDATETIME() AS datetime2(3)))";

const selectNow = "SELECT COALESCE(@clock, CAST(SYSUTCDATETIME() AS datetime2(3))) AS now";

// Pooled connections are never reset, so who edits is said at the start of every transaction that writes.
const beginWrite = `EXEC sp_set_session_context @key = N'rowgate_actor', @value = @actor;
EXEC sp_set_session_context @key = N'rowgate_actor_kind', @value = @actorKind;
INSERT INTO Commit_Marks (mark) VALUES (@mark)`;
// Waits for a transaction that has made the mark and not ended yet; row versions would show it as not committed.
const selectMark = "SELECT 1 AS found FROM Commit_Marks WITH (READCOMMITTEDLOCK) WHERE mark = @mark";
const deleteMarks =
  "DELETE TOP (@most) FROM Commit_Marks WHERE at < DATEADD(hour, -@hours, SYSUTCDATETIME())";

/** An instant so many milliseconds after another one. */
export const laterBy = (from: string, ms: number): Date => new Date(Date.parse(from) + ms);

// ---- columns of the service's own tables; a value of another type is a broken database

export function text(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== "string") throw new TypeError(`Column ${column} holds no text.`);
  return value;
}
export const textOrNull = (row: Row, column: string): string | null =>
  row[column] === null ? null : text(row, column);

/** The driver gives a 64-bit number as text. */
export function integer(row: Row, column: string): number {
  const value = row[column];
  const number = typeof value === "string" ? Number(value) : value;
  if (!Number.isSafeInteger(number)) throw new TypeError(`Column ${column} holds no integer.`);
  return number as number; // checked
}
export const integerOrNull = (row: Row, column: string): number | null =>
  row[column] === null ? null : integer(row, column);

export function bit(row: Row, column: string): boolean {
  const value = row[column];
  if (typeof value !== "boolean") throw new TypeError(`Column ${column} holds no bit.`);
  return value;
}

/** ISO 8601 with milliseconds and Z. */
export function instant(row: Row, column: string): string {
  const value = row[column];
  if (!(value instanceof Date)) throw new TypeError(`Column ${column} holds no time.`);
  return value.toISOString();
}
export const instantOrNull = (row: Row, column: string): string | null =>
  row[column] === null ? null : instant(row, column);

/** JSON that this store wrote itself; only it knows the type. */
export const json = <T>(row: Row, column: string): T => JSON.parse(text(row, column)) as T;
export const jsonOrNull = <T>(row: Row, column: string): T | null =>
  row[column] === null ? null : json<T>(row, column);
