import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import { type Migration, MigrationError, migrate, readMigrations } from "../../metadata-schema/migrate.ts";
import { openStore } from "../../metadata-schema/open-store.ts";
import { Connection } from "../../metadata-schema/stores/sqlite/connection.ts";
import { openTempStore } from "../support/temp-store.ts";
import {
  assertCompleted,
  assertGrown,
  assertKept,
  firstRows,
  readFirstRows,
  secondRows,
} from "./migration-rows.ts";

const migration = (name: string, sql: string): Migration => ({ name, sql, checksum: `sum of ${sql}` });
const first = migration("0001-first", "CREATE TABLE First (a INTEGER) STRICT");
const second = migration(
  "0002-second",
  "CREATE TABLE Second (a INTEGER) STRICT; INSERT INTO First VALUES (1)",
);

async function inMemory(run: (connection: Connection) => Promise<void>): Promise<void> {
  const connection = await Connection.open({ file: ":memory:", clock: null });
  await run(connection);
  await connection.close();
}

const rowsOfFirst = (connection: Connection) => connection.read((t) => t.all("SELECT a FROM First").length);

describe("migrations", () => {
  it("what is missing is applied in order, and only once", async () => {
    await inMemory(async (connection) => {
      assert.deepEqual(await migrate(connection.migrations(), [first]), ["0001-first"]);
      assert.deepEqual(await migrate(connection.migrations(), [first, second]), ["0002-second"]);
      assert.deepEqual(await migrate(connection.migrations(), [first, second]), []);
      assert.equal(await rowsOfFirst(connection), 1);
    });
  });

  it("a migration that fails leaves nothing of itself, and is tried again", async () => {
    await inMemory(async (connection) => {
      const broken = migration("0002-second", "INSERT INTO First VALUES (1); INSERT INTO Nowhere VALUES (1)");
      await assert.rejects(migrate(connection.migrations(), [first, broken]), /Nowhere/);
      assert.equal(await rowsOfFirst(connection), 0);
      assert.deepEqual(await migrate(connection.migrations(), [first, second]), ["0002-second"]);
    });
  });

  it("a migration that was changed after it was applied is refused", async () => {
    await inMemory(async (connection) => {
      await migrate(connection.migrations(), [first]);
      const changed = { ...first, checksum: "another" };
      await assert.rejects(migrate(connection.migrations(), [changed]), (error: unknown) => {
        assert.ok(error instanceof MigrationError);
        assert.match(error.message, /0001-first was changed after it was applied/);
        return true;
      });
    });
  });

  it("a database of a later release is refused", async () => {
    await inMemory(async (connection) => {
      await migrate(connection.migrations(), [first, second]);
      await assert.rejects(migrate(connection.migrations(), [first]), /0002-second .* does not have it/);
    });
  });

  it("a new migration before one that is applied is refused", async () => {
    await inMemory(async (connection) => {
      await migrate(connection.migrations(), [second, migration("0003-third", "SELECT 1")].slice(1));
      await assert.rejects(
        migrate(connection.migrations(), [first, migration("0003-third", "SELECT 1")]),
        /0001-first comes before 0003-third/,
      );
    });
  });

  it("rows of the first schema are kept by the later ones", async () => {
    const migrations = readMigrations("sqlite.sql");
    await inMemory(async (connection) => {
      const query = (statement: string) => connection.read((t) => t.all(statement));
      assert.deepEqual(await migrate(connection.migrations(), migrations.slice(0, 1)), ["0001-initial"]);
      await connection.write((t) => {
        for (const statement of firstRows) t.run(statement);
      });
      const rows = await readFirstRows(query);
      const later = migrations.slice(1).map(({ name }) => name);
      assert.deepEqual(await migrate(connection.migrations(), migrations), later);
      assertKept(rows, await readFirstRows(query));
      const [{ plain } = {}] = await query("SELECT plain FROM Stack_Outputs");
      assert.equal(plain, "acl-1", "outputs from before are told as text, too");
    });
  });

  it("rows of the second schema are completed by the third, and runs still refer to their requests", async () => {
    const migrations = readMigrations("sqlite.sql");
    const third = "0003-engine-host";
    await inMemory(async (connection) => {
      const query = (statement: string) => connection.read((t) => t.all(statement));
      await migrate(connection.migrations(), migrations.slice(0, 2));
      await connection.write((t) => {
        for (const statement of [...firstRows, ...secondRows]) t.run(statement);
      });
      const rows = await readFirstRows(query);
      assert.ok((await migrate(connection.migrations(), migrations)).includes(third));
      assertKept(rows, await readFirstRows(query));
      await assertCompleted(query);
      assert.deepEqual(await query("PRAGMA foreign_key_check"), []);
      assert.deepEqual(await query("SELECT name FROM sqlite_schema WHERE name LIKE '%before'"), []);
      const refused = /FOREIGN KEY/;
      await assert.rejects(
        connection.write((t) => t.run("DELETE FROM Requests WHERE request_id = 'request-2'")),
        refused,
      );
      await assert.rejects(
        connection.write((t) => t.run("UPDATE Runs SET request_id = 'request-9' WHERE run_id = 'run-2'")),
        refused,
      );
      assert.equal(
        await connection.write((t) => t.run("DELETE FROM Requests WHERE request_id = 'request-3'")),
        1,
      );
    });
  });

  it("rows of the third schema grow by the fourth, and their edits are told with what is new", async () => {
    const migrations = readMigrations("sqlite.sql");
    await inMemory(async (connection) => {
      const query = (statement: string) => connection.read((t) => t.all(statement));
      await migrate(connection.migrations(), migrations.slice(0, 1));
      await connection.write((t) => {
        for (const statement of firstRows) t.run(statement);
      });
      await migrate(connection.migrations(), migrations.slice(0, 3));
      const rows = await readFirstRows(query);
      assert.ok((await migrate(connection.migrations(), migrations)).includes("0004-whole-program"));
      assertKept(rows, await readFirstRows(query));
      await assertGrown(query, (statement) => connection.write((t) => t.run(statement)));
    });
  });

  it("a store whose migration was changed does not open, and leaves the file unlocked", async () => {
    const temp = await openTempStore();
    await temp.store.close();
    const shell = new DatabaseSync(temp.file);
    shell.exec("UPDATE Schema_Migrations SET checksum = 'another'");
    await assert.rejects(openStore({ url: temp.url }), MigrationError);
    shell.exec("INSERT INTO Jobs (job_id) VALUES (1)");
    shell.close();
    await temp.close();
  });

  it("line ends of a checkout do not change a checksum, a space does", async () => {
    const folder = await mkdtemp(join(tmpdir(), "migrations-"));
    await mkdir(join(folder, "0001-first"));
    const file = join(folder, "0001-first", "sqlite.sql");
    const checksum = async (sql: string) => {
      await writeFile(file, sql);
      return readMigrations("sqlite.sql", folder)[0]?.checksum;
    };
    assert.equal(await checksum("SELECT 1;\r\nSELECT 2;\r\n"), await checksum("SELECT 1;\nSELECT 2;\n"));
    assert.notEqual(await checksum("SELECT 1;\n"), await checksum("SELECT  1;\n"));
    await rm(folder, { recursive: true });
  });

  it("a folder without a number is refused", async () => {
    const folder = await mkdtemp(join(tmpdir(), "migrations-"));
    await mkdir(join(folder, "first"));
    await writeFile(join(folder, "first", "sqlite.sql"), "SELECT 1");
    assert.throws(() => readMigrations("sqlite.sql", folder), /"first" must be named like 0001-initial/);
    await rm(folder, { recursive: true });
  });
});

describe("opening a store", () => {
  it("an unknown scheme is a clear error that says no password", async () => {
    const url = "postgres://service:geheim@host/metadata";
    await assert.rejects(openStore({ url }), (error: unknown) => {
      assert.ok(error instanceof Error);
      assert.match(error.message, /begins with postgres:; this release opens sqlite:/);
      assert.doesNotMatch(error.message, /geheim/);
      return true;
    });
    await assert.rejects(openStore({ url: "/tmp/metadata.db" }), /has no scheme/);
    await assert.rejects(openStore({ url: "sqlite:" }), /names no file/);
  });

  it("a folder that is not there is a clear error", async () => {
    await assert.rejects(openStore({ url: "sqlite:/nowhere/at/all.db" }), /all\.db cannot be opened/);
  });

  it("a file that is no database is refused", async () => {
    const folder = await mkdtemp(join(tmpdir(), "metadata-"));
    const file = join(folder, "letter.txt");
    await writeFile(file, "Dear reader, this is a letter, and by no means a database. ".repeat(100));
    await assert.rejects(openStore({ url: `sqlite:${file}` }), /not a database/);
    await rm(folder, { recursive: true });
  });

  it("a database in memory works and is empty", async () => {
    const store = await openStore({ url: "sqlite::memory:" });
    assert.equal(await store.isEmpty(), true);
    await store.insertRows([{ table: "Jobs", values: {} }]);
    assert.equal((await store.readChanges(10)).length, 1);
    await store.ping();
    await store.close();
  });

  it("without a clock the time is the database's", async () => {
    const store = await openStore({ url: "sqlite::memory:" });
    const before = new Date().toISOString();
    const now = await store.now();
    assert.match(now, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.ok(before <= now && now <= new Date().toISOString());
    await store.close();
  });

  it("a ping fails once the file is gone or replaced", async () => {
    const temp = await openTempStore();
    await temp.store.ping();
    await rm(temp.file);
    await assert.rejects(temp.store.ping(), /was moved, deleted or replaced/);
    await writeFile(temp.file, "");
    await assert.rejects(temp.store.ping(), /was moved, deleted or replaced/);
    await temp.close();
  });
});
