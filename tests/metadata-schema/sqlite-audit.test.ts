/** The audit log where SQLite has ways of its own: REPLACE fires no delete trigger, OR clauses, upserts. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import { type MetadataTable, tableNames, tables } from "../../metadata-schema/columns.ts";
import type { MetadataStore, RowValues } from "../../metadata-schema/store.ts";
import { openTempStore } from "../support/temp-store.ts";
import { type AuditEvent, allEvents, eventsOf, replay, summaries } from "./conformance/audit-events.ts";
import { fullRows, intoValues, literal } from "./conformance/full-rows.ts";
import { childRows, seed } from "./conformance/kit.ts";

interface Shell {
  readonly store: MetadataStore;
  readonly shell: DatabaseSync;
  /** What the log tells of a statement that may fail: `<action> <key>`, in its order. */
  told(sql: string): Promise<readonly string[]>;
  events(sql: string): Promise<readonly AuditEvent[]>;
}

/** At the end the log must tell, from its beginning, what the tables hold. */
async function inShell(foreignKeys: boolean, run: (context: Shell) => Promise<void>): Promise<void> {
  const temp = await openTempStore();
  const shell = new DatabaseSync(temp.file, { enableForeignKeyConstraints: foreignKeys });
  const kit = { query: async (sql: string) => shell.prepare(sql).all() };
  await seed(temp.store);
  const events = (sql: string) => eventsOf(kit, async () => shell.exec(sql));
  const told = async (sql: string) => (await events(sql)).map(({ action, key }) => `${action} ${key}`);
  await run({ store: temp.store, shell, told, events });
  assert.deepEqual(replay(await allEvents(kit)), await temp.store.readRows({}));
  shell.close();
  await temp.close(); // the folder stays after a failure
}

/** The table's full row, another one beside it, and the first one edited. */
function rowsOf(table: MetadataTable) {
  const { values, edit } = fullRows[table];
  const { key } = tables[table];
  const otherKey = typeof values[key] === "number" ? 301 : `${values[key]}2`;
  const beside: RowValues = { ...values, [key]: otherKey };
  const other = table !== "Jobs" && "job_id" in values ? { ...beside, job_id: 202 } : beside;
  return {
    key,
    values,
    other,
    edited: { ...values, ...edit },
    first: String(values[key]),
    second: String(otherKey),
    set: Object.entries(edit)
      .map(([column, value]) => `${column} = ${literal(value)}`)
      .join(", "),
  };
}

for (const foreignKeys of [false, true]) {
  describe(`sqlite: audit of REPLACE with foreign keys ${foreignKeys ? "on" : "off"}`, () => {
    for (const table of tableNames) replaceCases(table, foreignKeys);

    it("a job that replaces itself is told once, and so is each of its rows that goes with the old one", async () => {
      await inShell(foreignKeys, async ({ store, events }) => {
        const owned = (await store.readRows({ jobId: 201 })).slice(1);
        const replaced = await events("INSERT OR REPLACE INTO Jobs (job_id, name) VALUES (201, 'new')");
        const gone = foreignKeys ? owned.map(({ table, key }) => `delete ${table} ${key}`) : [];
        assert.deepEqual(summaries(replaced), [...gone, "update Jobs 201"].sort());
      });
    });

    it("a job that takes another one's number is told as the end of that one and an update", async () => {
      await inShell(foreignKeys, async ({ store, events }) => {
        await store.insertRows(childRows(203));
        const renumbered = await events("UPDATE OR REPLACE Jobs SET job_id = 203 WHERE job_id = 201");
        const ofJobs = renumbered.filter(({ table }) => table === "Jobs");
        assert.deepEqual(
          ofJobs.map(({ action, key, before }) => [action, key, before?.job_id]),
          [
            ["delete", "203", 203],
            ["update", "203", 201],
          ],
        );
      });
    });

    for (const table of ["Cluster_Configs", "Pipeline_Settings"] as const)
      it(`a row of ${table} that takes the place of the job's other one is told with its end`, async () => {
        await inShell(foreignKeys, async ({ store, told }) => {
          const [old] = await store.readRows({ tables: [table], jobId: 201 });
          const { key } = tables[table];
          assert.deepEqual(await told(`INSERT OR REPLACE INTO ${table} (${key}, job_id) VALUES (50, 201)`), [
            `delete ${old?.key}`,
            "insert 50",
          ]);
          await told(`INSERT INTO ${table} (${key}, job_id) VALUES (60, 202)`);
          assert.deepEqual(await told(`UPDATE OR REPLACE ${table} SET job_id = 201 WHERE job_id = 202`), [
            "delete 50",
            "update 60",
          ]);
          await told(`INSERT INTO ${table} (${key}, job_id) VALUES (70, 202)`);
          assert.deepEqual(await told(`INSERT OR REPLACE INTO ${table} (${key}, job_id) VALUES (60, 202)`), [
            "delete 70",
            "update 60",
          ]);
        });
      });

    it("a default environment that takes the place of the other one is told with its end", async () => {
      await inShell(foreignKeys, async ({ told }) => {
        const { values } = fullRows.Environments;
        assert.deepEqual(
          await told(`INSERT OR REPLACE ${intoValues("Environments", { ...values, is_default: true })}`),
          ["delete eastus", "insert france"],
        );
        assert.deepEqual(
          await told("UPDATE OR REPLACE Environments SET is_default = 1 WHERE name = 'westus'"),
          ["delete france", "update westus"],
        );
      });
    });
  });
}

function replaceCases(table: MetadataTable, foreignKeys: boolean): void {
  const { key, values, other, edited, first, second, set } = rowsOf(table);
  const where = (row: RowValues) => `WHERE ${key} = ${literal(row[key])}`;

  for (const replace of ["INSERT OR REPLACE", "REPLACE"])
    it(`${replace} of a row of ${table} by itself is one update, with the row before and after`, async () => {
      await inShell(foreignKeys, async ({ shell, events }) => {
        shell.exec(`INSERT ${intoValues(table, values)}`);
        assert.deepEqual(
          (await events(`${replace} ${intoValues(table, edited)}`)).map(({ action, before, after }) => ({
            action,
            before,
            after,
          })),
          [{ action: "update", before: values, after: edited }],
        );
      });
    });

  it(`a row of ${table} that takes another one's key is an update, and the other one's end`, async () => {
    await inShell(foreignKeys, async ({ shell, events }) => {
      shell.exec(`INSERT ${intoValues(table, values)}; INSERT ${intoValues(table, other)}`);
      const sql = `UPDATE OR REPLACE ${table} SET ${key} = ${literal(values[key])} ${where(other)}`;
      assert.deepEqual(
        (await events(sql)).map(({ action, key: rowKey, before }) => [action, rowKey, before]),
        [
          ["delete", first, values],
          ["update", first, other],
        ],
      );
    });
  });

  it(`an upsert on ${table} is one update, and none where it does nothing`, async () => {
    await inShell(foreignKeys, async ({ shell, events, told }) => {
      shell.exec(`INSERT ${intoValues(table, values)}`);
      const upsert = `INSERT ${intoValues(table, values)} ON CONFLICT (${key}) DO`;
      const [event, ...more] = await events(`${upsert} UPDATE SET ${set}`);
      assert.deepEqual([event?.action, event?.before, event?.after], ["update", values, edited]);
      assert.deepEqual(more, []);
      assert.deepEqual(await told(`${upsert} NOTHING`), []);
    });
  });

  it(`what OR IGNORE leaves alone in ${table}, and what fails, is not told, and not later either`, async () => {
    await inShell(foreignKeys, async ({ shell, told }) => {
      const insert = intoValues(table, values);
      shell.exec(`INSERT ${insert}; INSERT ${intoValues(table, other)}`);
      const takeKey = `${table} SET ${key} = ${literal(values[key])} ${where(other)}`;
      assert.deepEqual(await told(`INSERT OR IGNORE ${insert}`), []);
      assert.deepEqual(await told(`UPDATE OR IGNORE ${takeKey}`), []);
      for (const or of ["", "OR ABORT", "OR FAIL", "OR ROLLBACK"]) {
        assert.throws(() => shell.exec(`INSERT ${or} ${insert}`), /UNIQUE/);
        assert.throws(() => shell.exec(`UPDATE ${or} ${takeKey}`), /UNIQUE/);
      }
      assert.deepEqual(await told(`UPDATE ${table} SET ${set} ${where(values)}`), [`update ${first}`]);
      assert.deepEqual(await told(`DELETE FROM ${table} ${where(values)}`), [`delete ${first}`]);
      assert.deepEqual(await told(`INSERT ${insert}`), [`insert ${first}`]);
      assert.deepEqual(await told(`DELETE FROM ${table} ${where(other)}`), [`delete ${second}`]);
    });
  });

  it(`recursive triggers tell what a REPLACE on ${table} throws out once`, async () => {
    await inShell(foreignKeys, async ({ shell, told }) => {
      shell.exec(`PRAGMA recursive_triggers = ON; INSERT ${intoValues(table, values)}`);
      assert.deepEqual(await told(`INSERT OR REPLACE ${intoValues(table, edited)}`), [
        `delete ${first}`,
        `insert ${first}`,
      ]);
      shell.exec(`INSERT ${intoValues(table, other)}`);
      const sql = `UPDATE OR REPLACE ${table} SET ${key} = ${literal(values[key])} ${where(other)}`;
      assert.deepEqual(await told(sql), [`delete ${first}`, `update ${first}`]);
    });
  });
}

describe("sqlite: the audit log", () => {
  it("of an INSERT OR FAIL on many rows those before the fault are told", async () => {
    await inShell(false, async ({ shell, store }) => {
      const before = await store.readRows({ tables: ["Jobs"] });
      assert.throws(() => shell.exec("INSERT OR FAIL INTO Jobs (job_id) VALUES (300), (201), (301)"));
      assert.equal((await store.readRows({ tables: ["Jobs"] })).length, before.length + 1);
    });
  });

  it("a multi-row REPLACE is told row by row", async () => {
    await inShell(false, async ({ told }) => {
      const sql = "INSERT OR REPLACE INTO Jobs (job_id) VALUES (202), (300), (203), (300)";
      assert.deepEqual(await told(sql), ["update 202", "insert 300", "update 203", "update 300"]);
    });
  });

  it("no OR clause gets round its refusal to change, replace or delete an event", async () => {
    await inShell(false, async ({ shell, told }) => {
      for (const or of ["OR IGNORE", "OR REPLACE", "OR FAIL", "OR ROLLBACK", "OR ABORT"]) {
        assert.throws(() => shell.exec(`UPDATE ${or} Audit_Logs SET actor = 'nobody'`), /append-only/);
        const copy = `INSERT ${or} INTO Audit_Logs SELECT * FROM Audit_Logs WHERE event_id = 1`;
        assert.throws(() => shell.exec(copy), /append-only/);
      }
      assert.throws(() => shell.exec("REPLACE INTO Audit_Logs SELECT * FROM Audit_Logs"), /append-only/);
      assert.throws(() => shell.exec("DELETE FROM Audit_Logs"), /append-only/);
      assert.throws(() => shell.exec("UPDATE Audit_Logs SET rowid = -1 WHERE event_id = 1"), /append-only/);
      assert.deepEqual(await told("SELECT 1"), []);
    });
  });
});
