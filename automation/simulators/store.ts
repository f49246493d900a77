/**
 * The durable store behind the simulated clouds: one SQLite file, written before any call is answered.
 *
 * An object is live, or soft-deleted (`deletedAt` set; only vaults stay that way), or gone. Ids compare
 * without regard to case, as ARM's do; the case of the first write is kept for display.
 */
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import type { Body } from "./json.ts";
import { bringUpToDate } from "./store-schema.ts";

export const clouds = ["azure", "entra", "databricks"] as const;
export type Cloud = (typeof clouds)[number];

export interface CloudObject {
  readonly cloud: Cloud;
  readonly id: string;
  /** Pulumi type token, also of objects that no program declares (network interfaces, DNS records) */
  readonly type: string;
  readonly name: string;
  /** what holds it: resource group id, directory, workspace host or metastore */
  readonly scope: string;
  readonly body: Body;
  readonly etag: string;
  readonly createdAt: string;
  readonly changedAt: string;
  readonly deletedAt: string | null;
}

export interface ObjectWrite {
  readonly cloud: Cloud;
  readonly id: string;
  readonly type: string;
  readonly name: string;
  readonly scope: string;
  readonly body: Body;
}

export interface ObjectFilter {
  readonly cloud?: string | undefined;
  readonly type?: string | undefined;
  readonly name?: string | undefined;
  /** true: only soft-deleted; absent or false: only live */
  readonly deleted?: boolean | undefined;
}

type Row = Record<string, SQLInputValue>;

export class Store {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #depth = 0;
  #isHidden: ((object: CloudObject) => boolean) | undefined;

  constructor(file: string) {
    this.#db = new DatabaseSync(file);
    // WAL with NORMAL survives the death of the process, which is all that a simulated cloud promises
    this.#db.exec("pragma journal_mode = wal; pragma synchronous = normal; pragma busy_timeout = 5000;");
    bringUpToDate(this.#db);
  }

  close(): void {
    this.#db.close();
  }

  /** Runs one statement for its rows; the other tables' files (faults, calls) use it too. */
  all(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#prepare(sql).all(...values) as Row[];
  }

  run(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#prepare(sql).run(...values).changes);
  }

  /** All of `work` or nothing of it. Inner transactions join the outer one. */
  transaction<T>(work: () => T): T {
    if (this.#depth > 0) return work();
    this.#db.exec("begin immediate");
    this.#depth += 1;
    try {
      const result = work();
      this.#db.exec("commit");
      return result;
    } catch (error) {
      this.#db.exec("rollback");
      throw error;
    } finally {
      this.#depth -= 1;
    }
  }

  /** Runs a read to which some objects are not there. */
  without<T>(isHidden: (object: CloudObject) => boolean, work: () => T): T {
    this.#isHidden = isHidden;
    try {
      return work();
    } finally {
      this.#isHidden = undefined;
    }
  }

  /** All of `work` or nothing of it, also inside a transaction that goes on. */
  attempt<T>(work: () => T): T {
    if (this.#depth === 0) return this.transaction(work);
    const name = `attempt_${this.#depth}`;
    this.#db.exec(`savepoint ${name}`);
    this.#depth += 1;
    try {
      return work();
    } catch (error) {
      this.#db.exec(`rollback to ${name}`);
      throw error;
    } finally {
      this.#db.exec(`release ${name}`);
      this.#depth -= 1;
    }
  }

  get(cloud: Cloud, id: string): CloudObject | undefined {
    const found = this.find(cloud, id);
    return found && found.deletedAt === null && !this.#isHidden?.(found) ? found : undefined;
  }

  /** Like get, but soft-deleted objects too. */
  find(cloud: Cloud, id: string): CloudObject | undefined {
    const [row] = this.all("select * from objects where cloud = ? and key = ?", cloud, id.toLowerCase());
    return row && toObject(row);
  }

  /** Creates or replaces; keeps the first id's case and creation time, and takes a new etag. */
  put(write: ObjectWrite): CloudObject {
    const now = new Date().toISOString();
    this.run(
      `insert into objects (cloud, key, id, type, name, scope, body, etag, created_at, changed_at, deleted_at)
       values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, null)
       on conflict (cloud, key) do update set type = excluded.type, name = excluded.name,
         scope = excluded.scope, body = excluded.body, etag = excluded.etag,
         changed_at = excluded.changed_at, deleted_at = null`,
      write.cloud,
      write.id.toLowerCase(),
      write.id,
      write.type,
      write.name,
      write.scope,
      JSON.stringify(write.body),
      `W/"${crypto.randomUUID()}"`,
      now,
      now,
    );
    return this.find(write.cloud, write.id) as CloudObject;
  }

  remove(cloud: Cloud, id: string): boolean {
    return this.run("delete from objects where cloud = ? and key = ?", cloud, id.toLowerCase()) > 0;
  }

  softDelete(cloud: Cloud, id: string): void {
    const now = new Date().toISOString();
    this.run("update objects set deleted_at = ? where cloud = ? and key = ?", now, cloud, id.toLowerCase());
  }

  /** Brings back a soft-deleted object's soft-deleted parts. */
  restoreBelow(cloud: Cloud, id: string): void {
    const prefix = id.toLowerCase();
    this.run(
      "update objects set deleted_at = null where cloud = ? and key > ? and key < ?",
      cloud,
      `${prefix}/`,
      `${prefix}0`,
    );
  }

  /** Removes an object and all below it, soft-deleted or not. */
  purge(cloud: Cloud, id: string): void {
    const key = id.toLowerCase();
    this.run(
      "delete from objects where cloud = ? and (key = ? or (key > ? and key < ?))",
      cloud,
      key,
      `${key}/`,
      `${key}0`,
    );
  }

  list(filter: ObjectFilter = {}): CloudObject[] {
    return this.all(
      `select * from objects where (?1 is null or cloud = ?1) and (?2 is null or type = ?2)
         and (?3 is null or name = ?3 collate nocase) and (deleted_at is not null) = ?4
       order by cloud, type, name collate nocase, key`,
      filter.cloud ?? null,
      filter.type ?? null,
      filter.name ?? null,
      filter.deleted ? 1 : 0,
    )
      .map(toObject)
      .filter(this.#isSeen);
  }

  ofType(type: string, name?: string): CloudObject[] {
    const rows =
      name === undefined
        ? this.all("select * from objects where type = ? and deleted_at is null order by key", type)
        : this.all(
            "select * from objects where type = ? and name = ? collate nocase and deleted_at is null order by key",
            type,
            name,
          );
    return rows.map(toObject).filter(this.#isSeen);
  }

  /** Every live object whose id lies below `id`. */
  below(cloud: Cloud, id: string): CloudObject[] {
    // "0" is the character after "/", so this range is exactly the ids that continue with a slash
    const prefix = id.toLowerCase();
    return this.all(
      "select * from objects where cloud = ? and key > ? and key < ? and deleted_at is null order by key",
      cloud,
      `${prefix}/`,
      `${prefix}0`,
    )
      .map(toObject)
      .filter(this.#isSeen);
  }

  isEmpty(): boolean {
    const [row] = this.all("select (select count(*) from objects) + (select count(*) from facts) as n");
    return row?.n === 0;
  }

  fact(name: string): string | undefined {
    const [row] = this.all("select value from facts where name = ?", name);
    return row && String(row.value);
  }

  setFact(name: string, value: string): void {
    this.run(
      "insert into facts (name, value) values (?, ?) on conflict (name) do update set value = excluded.value",
      name,
      value,
    );
  }

  readonly #isSeen = (object: CloudObject): boolean => !this.#isHidden?.(object);

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

function toObject(row: Row): CloudObject {
  return {
    cloud: String(row.cloud) as Cloud,
    id: String(row.id),
    type: String(row.type),
    name: String(row.name),
    scope: String(row.scope),
    body: JSON.parse(String(row.body)) as Body,
    etag: String(row.etag),
    createdAt: String(row.created_at),
    changedAt: String(row.changed_at),
    deletedAt: row.deleted_at === null ? null : String(row.deleted_at),
  };
}
