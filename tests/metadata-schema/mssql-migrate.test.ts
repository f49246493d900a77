/** Migrations of a database on the server of METADATA_TEST_MSSQL_URL; skipped without one. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { migrate, readMigrations } from "../../metadata-schema/migrate.ts";
import { Connection } from "../../metadata-schema/stores/mssql/connection.ts";
import { openMssqlStore } from "../../metadata-schema/stores/mssql/store.ts";
import { openTestDatabase, type TestConnection, type TestDatabase } from "../support/mssql-database.ts";
import {
  assertCompleted,
  assertGrown,
  assertKept,
  firstRows,
  readFirstRows,
  secondRows,
} from "./migration-rows.ts";

const serverUrl = process.env.METADATA_TEST_MSSQL_URL ?? "";
const skip = serverUrl === "" && "METADATA_TEST_MSSQL_URL is not set";
const migrations = readMigrations("mssql.sql");
let database: TestDatabase;

before(async () => {
  if (serverUrl !== "") database = await openTestDatabase(serverUrl);
});
after(async () => {
  if (serverUrl !== "") await database.close();
});

const fact = (name: string, run: (outside: TestConnection) => Promise<void>): void => {
  it(name, { skip }, async () => {
    await database.empty();
    const outside = await database.connect();
    await run(outside).finally(() => outside.close());
  });
};

const openConnection = (): Promise<Connection> => Connection.open({ url: database.url, clock: null });

const appliedNames = async (outside: TestConnection) =>
  (await outside.query("SELECT name FROM Schema_Migrations ORDER BY name")).map(({ name }) => name);

describe("mssql: migrations", () => {
  fact(
    "of twenty handles that open an empty database at once each works, and each migration is applied once",
    async (outside) => {
      const url = database.url;
      const stores = await Promise.all(
        Array.from({ length: 20 }, () => openMssqlStore({ url, clock: null })),
      );
      assert.deepEqual(
        await appliedNames(outside),
        migrations.map(({ name }) => name),
      );
      for (const store of stores) assert.equal(await store.isEmpty(), true);
      for (const store of stores) await store.close();
    },
  );

  fact("rows of the first schema are kept by the later ones", async (outside) => {
    const connection = await openConnection();
    assert.deepEqual(await migrate(connection.migrations(), migrations.slice(0, 1)), ["0001-initial"]);
    for (const statement of firstRows) await outside.execute(statement);
    const rows = await readFirstRows(outside.query);
    const later = migrations.slice(1).map(({ name }) => name);
    assert.deepEqual(await migrate(connection.migrations(), migrations), later);
    assertKept(rows, await readFirstRows(outside.query));
    await connection.close();
  });

  fact(
    "rows of the second schema are completed by the third, and runs still refer to their requests",
    async (outside) => {
      const connection = await openConnection();
      await migrate(connection.migrations(), migrations.slice(0, 2));
      for (const statement of [...firstRows, ...secondRows]) await outside.execute(statement);
      const rows = await readFirstRows(outside.query);
      assert.ok((await migrate(connection.migrations(), migrations)).includes("0003-engine-host"));
      assertKept(rows, await readFirstRows(outside.query));
      await assertCompleted(outside.query);
      assert.deepEqual(
        await outside.query("SELECT 1 AS found WHERE OBJECT_ID(N'Requests_before') IS NOT NULL"),
        [],
      );
      await assert.rejects(
        outside.execute("DELETE FROM Requests WHERE request_id = 'request-2'"),
        /Runs_request_exists/i,
      );
      await outside.execute("DELETE FROM Requests WHERE request_id = 'request-3'");
      await connection.close();
    },
  );

  fact(
    "rows of the third schema grow by the fourth, and their edits are told with what is new",
    async (outside) => {
      const connection = await openConnection();
      await migrate(connection.migrations(), migrations.slice(0, 1));
      for (const statement of firstRows) await outside.execute(statement);
      await migrate(connection.migrations(), migrations.slice(0, 3));
      const rows = await readFirstRows(outside.query);
      assert.ok((await migrate(connection.migrations(), migrations)).includes("0004-whole-program"));
      assertKept(rows, await readFirstRows(outside.query));
      await assertGrown(outside.query, outside.execute);
      await connection.close();
    },
  );

  fact("a migration that fails leaves nothing of itself, and is tried again", async (outside) => {
    const connection = await openConnection();
    const migration = (sql: string) => ({ name: "0001-first", sql, checksum: sql });
    const broken = migration("CREATE TABLE Schema_Of_A_Test (a int)\nGO\nINSERT INTO Nowhere VALUES (1)");
    await assert.rejects(migrate(connection.migrations(), [broken]), /Nowhere/i);
    assert.deepEqual(
      await outside.query("SELECT 1 AS found WHERE OBJECT_ID(N'Schema_Of_A_Test') IS NOT NULL"),
      [],
    );
    const mended = migration("CREATE TABLE Schema_Of_A_Test (a int)");
    assert.deepEqual(await migrate(connection.migrations(), [mended]), ["0001-first"]);
    await outside.execute("DROP TABLE Schema_Of_A_Test");
    await connection.close();
  });
});
