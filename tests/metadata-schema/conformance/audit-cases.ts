/** Audit_Logs: every edit of a metadata row is one event, whoever made it. */
import assert from "node:assert/strict";
import { type MetadataTable, tableNames, tables } from "../../../metadata-schema/columns.ts";
import type { RowChange } from "../../../metadata-schema/store.ts";
import { type AuditEvent, allEvents, eventsOf, replay, summaries } from "./audit-events.ts";
import { fullRows, intoValues, literal } from "./full-rows.ts";
import { type Case, childRows, insertPolicy, seed } from "./kit.ts";

const actors = (events: readonly AuditEvent[]): readonly string[] =>
  events.map(({ kind, actor }) => (kind === "login" ? kind : `${kind} ${actor}`));

export function auditCases(fact: Case): void {
  for (const table of tableNames) tableCase(fact, table);
  actorCases(fact);
  statementCases(fact);
  appendOnlyCases(fact);
}

function tableCase(fact: Case, table: MetadataTable): void {
  fact(`each edit of ${table} is one event, with the row before and after`, async (kit) => {
    const { values, edit } = fullRows[table];
    const { key } = tables[table];
    const rowKey = String(values[key]);
    const [[column, value] = ["", null]] = Object.entries(edit);
    const where = `WHERE ${key} = ${literal(values[key])}`;
    await seed(kit.store);
    const events = await eventsOf(kit, async () => {
      await kit.raw(`INSERT ${intoValues(table, values)}`);
      await kit.raw(`UPDATE ${table} SET ${column} = ${literal(value)} ${where}`);
      await kit.raw(`DELETE FROM ${table} ${where}`);
    });
    const edited = { ...values, ...edit };
    assert.deepEqual(
      events.map(({ id: _, actor: __, ...event }) => event),
      [
        { kind: "login", action: "insert", table, key: rowKey, before: null, after: values },
        { kind: "login", action: "update", table, key: rowKey, before: values, after: edited },
        { kind: "login", action: "delete", table, key: rowKey, before: edited, after: null },
      ],
    );
  });
}

const insertJob = (jobId: number): RowChange => ({
  kind: "insert",
  table: "Jobs",
  values: { job_id: jobId },
});

function actorCases(fact: Case): void {
  fact(
    "a change by a person is recorded for that person, whose words are not trusted as SQL",
    async (kit) => {
      await seed(kit.store);
      const change = (name: string, jobId: number) =>
        eventsOf(kit, () => kit.store.changeRows([insertJob(jobId)], { name, kind: "person" }));
      assert.deepEqual(actors(await change("mei.tanaka@contoso.example", 300)), [
        "person mei.tanaka@contoso.example",
      ]);
      assert.deepEqual(actors(await change("o'brien'); --", 301)), ["person o'brien'); --"]);
    },
  );

  fact("rows that the service inserts are recorded for the service", async (kit) => {
    const events = await eventsOf(kit, () => seed(kit.store));
    assert.equal(events.length, 5 + childRows(201).length);
    assert.deepEqual([...new Set(actors(events))], ["service rowgate"]);
  });

  fact("an edit in SQL is recorded for the login, also after a person's change", async (kit) => {
    await seed(kit.store);
    const events = await eventsOf(kit, async () => {
      await kit.store.changeRows([insertJob(300)], { name: "mei.tanaka@contoso.example", kind: "person" });
      await kit.raw("UPDATE Jobs SET name = 'x' WHERE job_id = 300");
      await kit.store.insertRows([{ table: "Jobs", values: { job_id: 301 } }]);
      await kit.raw("DELETE FROM Jobs WHERE job_id = 300");
    });
    assert.deepEqual(actors(events), [
      "person mei.tanaka@contoso.example",
      "login",
      "service rowgate",
      "login",
    ]);
    assert.notEqual(events[1]?.actor, "");
  });

  fact("an edit in SQL after a change that was refused is recorded for the login", async (kit) => {
    await seed(kit.store);
    const events = await eventsOf(kit, async () => {
      await assert.rejects(
        kit.store.changeRows([insertJob(300), insertJob(201)], {
          name: "mei.tanaka@contoso.example",
          kind: "person",
        }),
      );
      await kit.raw("UPDATE Jobs SET name = 'x' WHERE job_id = 202");
    });
    assert.deepEqual(summaries(events), ["update Jobs 202"]);
    assert.deepEqual(actors(events), ["login"]);
  });
}

function statementCases(fact: Case): void {
  fact("an edit that is rolled back leaves no event", async (kit) => {
    await seed(kit.store);
    const events = await eventsOf(kit, async () => {
      await kit.raw("BEGIN TRANSACTION");
      await kit.raw("UPDATE Jobs SET name = 'x'");
      await kit.raw("DELETE FROM Access_Policies");
      await kit.raw("ROLLBACK");
    });
    assert.deepEqual(events, []);
  });

  fact("one statement on many rows is one event a row", async (kit) => {
    await seed(kit.store);
    const events = await eventsOf(kit, async () => {
      await kit.raw(insertPolicy(202, 203));
      await kit.raw("UPDATE Jobs SET name = 'x'");
    });
    const inserted = (await kit.store.readRows({ tables: ["Access_Policies"] })).slice(1);
    assert.deepEqual(summaries(events), [
      ...inserted.map(({ key }) => `insert Access_Policies ${key}`),
      "update Jobs 201",
      "update Jobs 202",
      "update Jobs 203",
    ]);
  });

  fact("a statement that changes no row, or fails, is no event", async (kit) => {
    await seed(kit.store);
    const events = await eventsOf(kit, async () => {
      await kit.raw("UPDATE Jobs SET name = 'x' WHERE job_id = 999");
      await assert.rejects(kit.raw("INSERT INTO Jobs (job_id) VALUES (300), (201)"));
      await assert.rejects(kit.raw("DELETE FROM Environments WHERE name = 'westus'"));
    });
    assert.deepEqual(events, []);
  });

  fact("replayed from its beginning, the log tells what the tables hold", async (kit) => {
    await seed(kit.store);
    for (const table of tableNames) await kit.raw(`INSERT ${intoValues(table, fullRows[table].values)}`);
    await kit.raw("UPDATE Access_Policies SET policy_id = policy_id + 1, role = 'Reader'");
    await kit.raw("UPDATE Network_Rules SET job_id = 202");
    await kit.raw("UPDATE Jobs SET job_id = 210 WHERE job_id = 201");
    await kit.raw("UPDATE Pipeline_Settings SET data_source = 'erp', integration_runtime = 'ir-lyon'");
    await kit.raw("DELETE FROM Jobs WHERE job_id = 203");
    await kit.raw("INSERT INTO Jobs (job_id) VALUES (203)");
    await kit.raw("UPDATE Environments SET is_default = 0");
    const rows = await kit.store.readRows({});
    assert.deepEqual(replay(await allEvents(kit)), rows);
    // environments, jobs, shared rows, the rows of job 201, and a network rule of job 203 that moved
    assert.equal(rows.length, 3 + 4 + 3 + childRows(201).length + 1);
  });

  fact("the rows that go with a deleted job are events too, one each", async (kit) => {
    await seed(kit.store);
    const owned = await kit.store.readRows({ jobId: 201 });
    assert.equal(owned.length, 1 + childRows(201).length);
    const events = await eventsOf(kit, () => kit.raw("DELETE FROM Jobs WHERE job_id = 201"));
    assert.deepEqual(summaries(events), owned.map(({ table, key }) => `delete ${table} ${key}`).sort());
    const told = events.map(({ table, before }) => ({ table, values: before }));
    for (const { table, values } of owned)
      assert.deepEqual(told.find((event) => event.table === table)?.values, values);
  });
}

function appendOnlyCases(fact: Case): void {
  for (const [what, statement] of [
    ["changed", "UPDATE Audit_Logs SET actor = 'nobody'"],
    ["deleted", "DELETE FROM Audit_Logs"],
  ] as const)
    fact(`an event cannot be ${what}`, async (kit) => {
      await seed(kit.store);
      const before = await allEvents(kit);
      await assert.rejects(kit.raw(statement), /append-only/);
      await assert.rejects(
        kit.raw(`${statement} WHERE event_id = (SELECT MIN(event_id) FROM Audit_Logs)`),
        /append-only/,
      );
      assert.deepEqual(await allEvents(kit), before);
    });
}
