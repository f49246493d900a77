/**
 * Edits by a client with an older SQLite, which runs our triggers and checks itself: Debian's and Ubuntu's shells are
 * years old. SQLite 3.39, compiled to WebAssembly.
 */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import openSqlJs from "sql.js";
import { tableNames, tables } from "../../metadata-schema/columns.ts";
import { openStore } from "../../metadata-schema/open-store.ts";
import { openTempStore } from "../support/temp-store.ts";
import { fullRows, intoValues, literal } from "./conformance/full-rows.ts";
import { resolveAll, seed, touched } from "./conformance/kit.ts";

interface Seen {
  readonly subjects: readonly string[];
  readonly events: readonly unknown[];
}

/** What the service sees of statements that a client runs on a file of its own. */
async function seenOf(run: (file: string) => Promise<void>): Promise<Seen> {
  const temp = await openTempStore();
  await seed(temp.store);
  await resolveAll(temp.store);
  await temp.store.close();
  const file = new DatabaseSync(temp.file);
  const last = file.prepare("SELECT max(event_id) AS id FROM Audit_Logs").get()?.id ?? 0;
  file.exec("PRAGMA journal_mode = DELETE"); // the older one has no shared memory
  file.close();
  await run(temp.file);
  const store = await openStore({ url: temp.url });
  const subjects = await touched(store);
  await store.close();
  const reader = new DatabaseSync(temp.file);
  const events = reader
    .prepare(
      `SELECT action, table_name, row_key, before_values, after_values FROM Audit_Logs
        WHERE event_id > ? ORDER BY event_id`,
    )
    .all(last);
  reader.close();
  await temp.close();
  return { subjects, events };
}

const inNewShell = (statements: readonly string[]) => async (file: string) => {
  const shell = new DatabaseSync(file, { enableForeignKeyConstraints: false });
  for (const sql of statements) shell.exec(sql);
  shell.close();
};

const inOldShell = (statements: readonly string[]) => async (file: string) => {
  const { Database } = await openSqlJs();
  const shell = new Database(readFileSync(file));
  assert.equal(shell.exec("SELECT sqlite_version()")[0]?.values[0]?.[0], "3.39.3");
  for (const sql of statements) shell.exec(sql);
  writeFileSync(file, shell.export());
  shell.close();
};

describe("sqlite: a client with an older SQLite", () => {
  for (const table of tableNames)
    it(`inserts, updates, replaces and deletes in ${table} as a new one does`, async () => {
      const { values, edit } = fullRows[table];
      const { key } = tables[table];
      const [[column, value] = ["", null]] = Object.entries(edit);
      const where = `WHERE ${key} = ${literal(values[key])}`;
      const statements = [
        `INSERT ${intoValues(table, values)}`,
        `UPDATE ${table} SET ${column} = ${literal(value)} ${where}`,
        `INSERT OR REPLACE ${intoValues(table, values)}`,
        `DELETE FROM ${table} ${where}`,
      ];
      const [old, recent] = [await seenOf(inOldShell(statements)), await seenOf(inNewShell(statements))];
      assert.deepEqual(old, recent);
      assert.ok(old.events.length >= 4);
    });
});
