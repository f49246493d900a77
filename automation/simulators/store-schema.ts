/**
 * The tables of the store, as steps that are never edited: a file of an older version is brought up to date
 * when it is opened. `user_version` counts the steps a file has had.
 */
import type { DatabaseSync } from "node:sqlite";

const steps: readonly string[] = [
  // files from before steps were counted hold these tables already
  `create table if not exists objects (
    cloud text not null, key text not null, id text not null, type text not null, name text not null,
    scope text not null, body text not null, etag text not null,
    created_at text not null, changed_at text not null, deleted_at text,
    primary key (cloud, key)
  );
  create index if not exists objects_by_type on objects (type, name collate nocase);
  create table if not exists facts (name text primary key, value text not null);
  create table if not exists faults (
    fault_id integer primary key autoincrement, type text not null, call text not null, nth integer not null,
    times integer not null, code text not null, message text not null, after_commit integer not null,
    seen integer not null default 0
  );
  create table if not exists calls (
    seq integer primary key autoincrement, at text not null, call text not null, type text not null,
    name text not null, id text not null, stack text not null, result text not null, message text
  );`,
  // kinds of fault; times, code and message may be absent; totals of calls outlive the log's oldest entries
  `create table newer_faults (
    fault_id integer primary key autoincrement, type text not null, call text not null,
    kind text not null default 'error', nth integer not null, times integer, code text, message text,
    retry_after_seconds integer, seconds real, after_commit integer not null, seen integer not null default 0
  );
  insert into newer_faults (fault_id, type, call, nth, times, code, message, after_commit, seen)
    select fault_id, type, call, nth, times, code, message, after_commit, seen from faults;
  drop table faults;
  alter table newer_faults rename to faults;
  create table call_totals (
    type text not null, call text not null, result text not null, total integer not null,
    primary key (type, call, result)
  );
  insert into call_totals select type, call, result, count(*) from calls group by type, call, result;`,
];

export function bringUpToDate(database: DatabaseSync): void {
  database.exec("begin immediate");
  try {
    const version = Number(database.prepare("pragma user_version").get()?.user_version);
    for (const step of steps.slice(version)) database.exec(step);
    database.exec(`pragma user_version = ${Math.max(version, steps.length)}; commit`);
  } catch (fault) {
    database.exec("rollback");
    throw fault;
  }
}
