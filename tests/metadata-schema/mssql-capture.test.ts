/** Change capture where SQL Server has ways of its own: MERGE and bulk insert. */
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it, type TestContext } from "node:test";
import sql from "mssql";
import type { MetadataStore } from "../../metadata-schema/store.ts";
import { parseServerAddress } from "../../metadata-schema/stores/mssql/server-address.ts";
import { openMssqlStore } from "../../metadata-schema/stores/mssql/store.ts";
import { openTestDatabase, type TestConnection, type TestDatabase } from "../support/mssql-database.ts";
import { eventsOf } from "./conformance/audit-events.ts";
import { childRows, resolveAll, seed, touched } from "./conformance/kit.ts";

const serverUrl = process.env.METADATA_TEST_MSSQL_URL ?? "";
const skip = serverUrl === "" && "METADATA_TEST_MSSQL_URL is not set";

const noBulkTriggers = "this server fires no trigger in a bulk insert that asks for it, on any table";

// Job 201's policy changes, job 203 gets one, job 202's goes.
const mergePolicies = `MERGE Access_Policies AS target
  USING (VALUES (201, N'ml_ops'), (203, N'ds_team')) AS source (job_id, entra_id_group)
    ON target.job_id = source.job_id
  WHEN MATCHED THEN UPDATE SET entra_id_group = source.entra_id_group
  WHEN NOT MATCHED BY TARGET THEN INSERT (job_id, role, permissions, entra_id_group)
    VALUES (source.job_id, N'DataScientist', N'["read_model"]', source.entra_id_group)
  WHEN NOT MATCHED BY SOURCE THEN DELETE`;

describe("mssql: MERGE and bulk insert", () => {
  let database: TestDatabase;
  let store: MetadataStore;
  let outside: TestConnection;
  let pool: sql.ConnectionPool;
  let bulkFiresTriggers = false;

  before(async () => {
    if (skip) return;
    database = await openTestDatabase(serverUrl);
    outside = await database.connect();
    pool = await new sql.ConnectionPool(parseServerAddress(database.url)).connect();
    bulkFiresTriggers = await probeBulk();
  });
  beforeEach(async () => {
    if (skip) return;
    await database.clear();
    store = await openMssqlStore({ url: database.url, clock: null });
    await seed(store);
    await store.insertRows(childRows(202).filter(({ table }) => table === "Access_Policies"));
    await resolveAll(store);
  });
  afterEach(async () => {
    await store?.close();
  });
  after(async () => {
    await pool?.close();
    await outside?.close();
    await database?.close();
  });

  /** Some servers take FIRE_TRIGGERS and fire none; on a table that is not ours. */
  async function probeBulk(): Promise<boolean> {
    await outside.execute("CREATE TABLE Probe_Log (id int NOT NULL)");
    await outside.execute("CREATE TABLE Probe (id int NOT NULL)");
    await outside.execute(
      "CREATE TRIGGER Probe_log_it ON Probe AFTER INSERT AS INSERT INTO Probe_Log SELECT id FROM inserted",
    );
    const table = new sql.Table("Probe");
    table.create = false;
    table.columns.add("id", sql.Int, { nullable: false });
    table.rows.add(1);
    await pool.request().bulk(table, { fireTriggers: true });
    const [row] = await outside.query(
      "SELECT (SELECT COUNT(*) FROM Probe) AS n, (SELECT COUNT(*) FROM Probe_Log) AS fired",
    );
    assert.equal(row?.n, 1);
    await outside.execute("DROP TABLE Probe; DROP TABLE Probe_Log");
    return row.fired === 1;
  }

  /** Some servers that speak this protocol know no MERGE: told with their words, counted as skipped. */
  async function merged(context: TestContext, statement: string): Promise<boolean> {
    try {
      await outside.execute(statement);
      return true;
    } catch (fault) {
      const said = fault instanceof Error ? fault.message : String(fault);
      if (!/not (currently )?supported/i.test(said)) throw fault;
      context.skip(said);
      return false;
    }
  }

  it("MERGE touches the job of each row that it inserts, updates and deletes", { skip }, async (context) => {
    if (!(await merged(context, `${mergePolicies};`))) return;
    assert.deepEqual(await touched(store), ["job:201", "job:202", "job:203"]);
  });

  it("MERGE is one event for each row", { skip }, async (context) => {
    let done = false;
    const events = await eventsOf(outside, async () => {
      done = await merged(context, `${mergePolicies};`);
    });
    if (!done) return;
    assert.deepEqual(events.map(({ action, before, after }) => [action, (after ?? before)?.job_id]).sort(), [
      ["delete", 202],
      ["insert", 203],
      ["update", 201],
    ]);
  });

  it("MERGE that changes nothing touches nothing", { skip }, async (context) => {
    const nothing = `MERGE Access_Policies AS target USING (VALUES (999)) AS source (job_id)
      ON target.job_id = source.job_id WHEN MATCHED THEN DELETE;`;
    if (!(await merged(context, nothing))) return;
    assert.deepEqual(await touched(store), []);
  });

  it("MERGE that is rolled back touches nothing", { skip }, async (context) => {
    if (!(await merged(context, `BEGIN TRANSACTION; ${mergePolicies}; ROLLBACK`))) return;
    assert.deepEqual(await touched(store), []);
  });

  function policiesOf(...jobIds: readonly number[]): sql.Table {
    const table = new sql.Table("Access_Policies");
    table.create = false;
    table.columns.add("policy_id", sql.Int, { nullable: false });
    table.columns.add("job_id", sql.Int, { nullable: false });
    table.columns.add("role", sql.NVarChar(64), { nullable: false });
    table.columns.add("permissions", sql.NVarChar(sql.MAX), { nullable: false });
    table.columns.add("entra_id_group", sql.NVarChar(256), { nullable: false });
    for (const [index, jobId] of jobIds.entries())
      table.rows.add(500 + index, jobId, "DataScientist", '["read_model"]', "ds_team");
    return table;
  }

  it("a bulk insert that fires triggers touches the job of each row, and each row is an event", {
    skip,
  }, async (context) => {
    if (!bulkFiresTriggers) return context.skip(noBulkTriggers);
    const jobIds = Array.from({ length: 3_000 }, (_, index) => 201 + (index % 3));
    const events = await eventsOf(outside, async () => {
      await pool.request().bulk(policiesOf(...jobIds), { fireTriggers: true, checkConstraints: true });
    });
    assert.deepEqual(await touched(store), ["job:201", "job:202", "job:203"]);
    assert.equal(events.length, 3_000);
    assert.ok(events.every(({ action, table }) => action === "insert" && table === "Access_Policies"));
  });

  it("an editor cannot bulk insert past the triggers", { skip }, async (context) => {
    if (!bulkFiresTriggers) return context.skip(noBulkTriggers);
    const editor = await database.addUser("rowgate_editor");
    const asEditor = await new sql.ConnectionPool(parseServerAddress(editor.url)).connect();
    const said = await asEditor
      .request()
      .bulk(policiesOf(203))
      .then(
        () => "was done",
        (fault: Error) => fault.message,
      )
      .finally(() => asEditor.close());
    assert.match(said, /permission|denied/i);
    assert.deepEqual(await touched(store), []);
  });
});
