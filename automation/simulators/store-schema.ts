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
  `create table activity (
    seq integer primary key autoincrement, at text not null, caller text not null, operation text not null,
    resource_id text not null, correlation_id text not null, status text not null, message text
  );
  create index activity_by_time on activity (at);`,
  // Monitor, Data Factory's runs, and what the clouds send out. What is kept of alerts and runs is no object:
  // it outlives what it is about, as on Azure
  `create table log_rows (
    seq integer primary key autoincrement, table_key text not null, at text not null, row text not null
  );
  create index log_rows_by_time on log_rows (table_key, at);
  create table metric_points (
    seq integer primary key autoincrement, resource_key text not null, metric text not null, at text not null,
    value real not null, dimensions text not null
  );
  create index metric_points_by_time on metric_points (resource_key, metric, at);
  create table alerts (
    alert_id text primary key, rule_key text not null, instance text not null, condition text not null,
    fired_at text not null, changed_at text not null, clean integer not null default 0, body text not null
  );
  create index alerts_by_rule on alerts (rule_key, instance, condition);
  create table rule_clocks (rule_key text primary key, evaluated_at text not null, fault text);
  create table deliveries (
    delivery_id integer primary key autoincrement, alert_id text not null, condition text not null,
    channel text not null, receiver text not null, target text not null, payload text not null,
    state text not null, attempts integer not null default 0, next_at text not null, last_status integer,
    last_fault text
  );
  create index deliveries_by_state on deliveries (state, next_at);
  create table hosts (host text primary key, url text not null);
  create table outgoing_calls (
    seq integer primary key autoincrement, at text not null, purpose text not null, about text not null,
    method text not null, host text not null, path text not null, status integer, fault text
  );
  create table pipeline_runs (
    run_id text primary key, factory_key text not null, pipeline text not null, parameters text not null,
    status text not null, message text, started_at text not null, ended_at text
  );
  create table activity_runs (
    activity_run_id text primary key, run_id text not null, name text not null, type text not null,
    status text not null, input text, output text, error text, started_at text not null, ended_at text
  );
  create table job_runs (
    job_run_id integer primary key autoincrement, host text not null, job_id text not null,
    parameters text not null, started_by text not null, started_at text not null, state text not null
  );`,
  // when a rule was looked at goes with it, however it goes: alone, or with its group
  `delete from rule_clocks where rule_key not in (select key from objects where cloud = 'azure');
  create trigger rule_clock_goes after delete on objects when old.cloud = 'azure' begin
    delete from rule_clocks where rule_key = old.key;
  end;`,
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
