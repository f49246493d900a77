/** What each database role may do, and what the server refuses it. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import sql from "mssql";
import type { MetadataStore } from "../../metadata-schema/store.ts";
import { parseServerAddress } from "../../metadata-schema/stores/mssql/server-address.ts";
import { openMssqlStore } from "../../metadata-schema/stores/mssql/store.ts";
import { openTestDatabase, type TestDatabase } from "../support/mssql-database.ts";
import { eventsOf } from "./conformance/audit-events.ts";
import {
  applyStack,
  contribute,
  contribution,
  desired,
  insertPolicy,
  resolveAll,
  seed,
  touched,
} from "./conformance/kit.ts";

const serverUrl = process.env.METADATA_TEST_MSSQL_URL ?? "";
const skip = serverUrl === "" && "METADATA_TEST_MSSQL_URL is not set";

const noChains = "on this server a trigger has only the rights of who fires it";

interface Guest {
  readonly name: string;
  readonly url: string;
  readonly pool: sql.ConnectionPool;
}

const isRefusal = (message: string): boolean => /permission|must be owner/i.test(message);

describe("mssql: database roles", () => {
  let database: TestDatabase;
  let store: MetadataStore;
  let chains = false;
  const guests: Guest[] = [];

  before(async () => {
    if (skip) return;
    database = await openTestDatabase(serverUrl);
    store = await openMssqlStore({ url: database.url, clock: null });
    await seed(store);
    await contribute(store, 201, contribution("job-eastus-201", { kind: "job" }));
    await applyStack(store, "job-eastus-201", desired(), { jobId: "7" });
    chains = await hasOwnershipChains();
  });
  after(async () => {
    for (const { pool } of guests) await pool.close();
    await store?.close();
    await database?.close();
  });

  /** Whether what a trigger writes is judged by its owner's rights, as SQL Server does. */
  async function hasOwnershipChains(): Promise<boolean> {
    const owner = await database.connect();
    const guest = await guestIn("rowgate_editor");
    await owner.execute("CREATE TABLE Probe_Log (id int)");
    await owner.execute("CREATE TABLE Probe (id int)");
    await owner.execute(
      "CREATE TRIGGER Probe_log_it ON Probe AFTER INSERT AS INSERT INTO Probe_Log SELECT id FROM inserted",
    );
    await owner.execute("GRANT INSERT ON Probe TO rowgate_editor");
    try {
      return await rows(guest, "INSERT INTO Probe VALUES (1)").then(
        () => true,
        (fault: Error) => {
          assert.match(fault.message, /permission/);
          return false;
        },
      );
    } finally {
      await owner.execute("DROP TABLE Probe");
      await owner.execute("DROP TABLE Probe_Log");
      await owner.close();
    }
  }

  async function guestIn(role: string): Promise<Guest> {
    const user = await database.addUser(role);
    const guest = { ...user, pool: await new sql.ConnectionPool(parseServerAddress(user.url)).connect() };
    guests.push(guest);
    return guest;
  }

  const rows = async ({ pool }: Guest, statement: string) =>
    (await pool.request().batch(statement)).recordset;

  async function areRefused(guest: Guest, statements: readonly string[]): Promise<void> {
    const done: string[] = [];
    for (const statement of statements) {
      const said = await guest.pool
        .request()
        .batch(statement)
        .then(
          () => "was done",
          (fault: Error) => fault.message,
        );
      if (!isRefusal(said)) done.push(`${statement}: ${said}`);
    }
    assert.deepEqual(done, []);
  }

  it("adf_reader reads the view of outputs, and nothing else", { skip }, async () => {
    const guest = await guestIn("rowgate_adf_reader");
    const found = await rows(guest, "SELECT job_id, name, value FROM vw_Adf_Job_Outputs WHERE job_id = 201");
    assert.deepEqual(found, [{ job_id: 201, name: "jobId", value: "7" }]);
    await areRefused(guest, [
      "SELECT * FROM Stack_Outputs",
      "SELECT * FROM Jobs",
      "SELECT * FROM Secret_References",
      "SELECT * FROM Audit_Logs",
      "INSERT INTO Jobs (job_id) VALUES (900)",
      "DELETE FROM Stack_Outputs",
    ]);
  });

  it("editor changes rows, which are captured and logged under the login; no table of the service", {
    skip,
  }, async (t) => {
    if (!chains) return t.skip(noChains);
    const guest = await guestIn("rowgate_editor");
    await resolveAll(store);
    const outside = await database.connect();
    const events = await eventsOf(outside, async () => {
      await rows(guest, insertPolicy(203));
      await rows(guest, "UPDATE Jobs SET name = N'mine' WHERE job_id = 202");
      await rows(guest, "DELETE FROM Access_Policies WHERE job_id = 203");
    });
    await outside.close();
    assert.deepEqual(await touched(store), ["job:202", "job:203"]);
    assert.deepEqual(
      events.map(({ kind, actor, action, table }) => [kind, actor, action, table]),
      [
        ["login", guest.name, "insert", "Access_Policies"],
        ["login", guest.name, "update", "Jobs"],
        ["login", guest.name, "delete", "Access_Policies"],
      ],
    );
    await areRefused(guest, [
      "SELECT * FROM Stacks",
      "UPDATE Stacks SET applied_hash = desired_hash",
      "DELETE FROM Job_Changes",
      "SELECT * FROM Audit_Logs",
      "DELETE FROM Audit_Logs",
      "TRUNCATE TABLE Audit_Logs",
      "INSERT INTO Service_Logins (login) VALUES (SUSER_SNAME())",
      "UPDATE Approvals SET status = 'approved'",
      "ALTER TABLE Jobs DISABLE TRIGGER ALL",
      "DROP TRIGGER Jobs_touch",
    ]);
  });

  it("editor cannot speak for somebody else", { skip }, async (t) => {
    if (!chains) return t.skip(noChains);
    const guest = await guestIn("rowgate_editor");
    const outside = await database.connect();
    const events = await eventsOf(outside, () =>
      rows(
        guest,
        `EXEC sp_set_session_context N'rowgate_actor', N'ceo@contoso.example';
         EXEC sp_set_session_context N'rowgate_actor_kind', N'person';
         UPDATE Jobs SET name = N'not me' WHERE job_id = 202`,
      ),
    );
    await outside.close();
    assert.deepEqual(
      events.map(({ kind, actor }) => [kind, actor]),
      [["login", guest.name]],
    );
  });

  it("auditor reads everything and changes nothing", { skip }, async () => {
    const guest = await guestIn("rowgate_auditor");
    for (const table of ["Jobs", "Audit_Logs", "Runs", "Stacks", "vw_Adf_Job_Outputs"])
      assert.ok((await rows(guest, `SELECT * FROM ${table}`)).length > 0, table);
    await areRefused(guest, [
      insertPolicy(203),
      "UPDATE Jobs SET name = N'x'",
      "DELETE FROM Access_Policies",
      "DELETE FROM Audit_Logs",
      "INSERT INTO Audit_Logs (actor, actor_kind, action, table_name, row_key) VALUES (N'x', N'login', N'insert', N'Jobs', N'1')",
    ]);
  });

  it("service runs the store, speaks for people, and changes no schema and no log", { skip }, async (t) => {
    if (!chains) return t.skip(noChains);
    const guest = await guestIn("rowgate_service");
    const asService = await openMssqlStore({ url: guest.url, clock: null });
    try {
      await resolveAll(asService);
      const outside = await database.connect();
      const events = await eventsOf(outside, () =>
        asService.changeRows([{ kind: "insert", table: "Jobs", values: { job_id: 300 } }], {
          name: "mei.tanaka@contoso.example",
          kind: "person",
        }),
      );
      await outside.close();
      assert.deepEqual(
        events.map(({ kind, actor }) => [kind, actor]),
        [["person", "mei.tanaka@contoso.example"]],
      );
      assert.deepEqual(await touched(asService), ["job:300"]);
      await contribute(asService, 300, contribution("job-eastus-300", { kind: "job" }));
      await applyStack(asService, "job-eastus-300", desired("hash-300"), { jobId: "9" });
      assert.deepEqual((await asService.outputs("job-eastus-300"))?.values, { jobId: "9" });
    } finally {
      await asService.close();
    }
    await areRefused(guest, [
      "UPDATE Audit_Logs SET actor = N'x'",
      "DELETE FROM Audit_Logs",
      "TRUNCATE TABLE Audit_Logs",
      "DELETE FROM Service_Logins",
      "DROP TABLE Jobs",
      "ALTER TABLE Jobs DISABLE TRIGGER ALL",
      "INSERT INTO Schema_Migrations (name, checksum) VALUES (N'0009', N'x')",
    ]);
  });
});
