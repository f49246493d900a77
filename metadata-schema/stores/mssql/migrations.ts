/** What the migration runner needs of an Azure SQL or SQL Server database. */
import sql from "mssql";
import type { AppliedMigration, MigrationDatabase } from "../../migrate.ts";

/** How a connection runs work for this file; it tries again what passes by itself. */
export interface MigrationAccess {
  read<T>(work: (pool: sql.ConnectionPool) => Promise<T>): Promise<T>;
  write<T>(work: (transaction: sql.Transaction) => Promise<T>): Promise<T>;
}

export const migrationsOver = ({ read, write }: MigrationAccess): MigrationDatabase => ({
  applied: () => read((pool) => history(new sql.Request(pool))),
  exclusively: (work) =>
    write(async (transaction) => {
      await new sql.Request(transaction).query(lockMigrations);
      return await work({
        applied: () => history(new sql.Request(transaction)),
        apply: async (migration) => {
          await new sql.Request(transaction).batch(createHistory);
          for (const batch of batchesOf(migration.sql)) await new sql.Request(transaction).batch(batch);
          await new sql.Request(transaction)
            .input("name", sql.NVarChar(100), migration.name)
            .input("checksum", sql.NVarChar(64), migration.checksum)
            .query(insertHistory);
        },
      });
    }),
});

/** A line GO ends a batch, as in every tool for this dialect. */
export const batchesOf = (migration: string): readonly string[] =>
  migration
    .split(/^GO[ \t]*$/im)
    .map((batch) => batch.trim())
    .filter((batch) => batch !== "");

async function history(request: sql.Request): Promise<readonly AppliedMigration[]> {
  const { recordset } = await request.query<{ name: string; checksum: string; applied_at: Date }>(
    selectHistory,
  );
  // The database may have no history yet; then there is no result either.
  return (recordset ?? []).map(({ name, checksum, applied_at }) => ({
    name,
    checksum,
    appliedAt: applied_at.toISOString(),
  }));
}

// Shorter than a request may take, so that the server's own words are read; then it is tried again.
const lockMigrations = `DECLARE @got int;
EXEC @got = sp_getapplock @Resource = N'rowgate-migrations', @LockMode = 'Exclusive', @LockOwner = 'Transaction',
  @LockTimeout = 20000;
IF @got < 0 THROW 51001, N'Another process has been migrating the metadata database for too long.', 1;`;
const createHistory = `IF OBJECT_ID(N'Schema_Migrations') IS NULL
CREATE TABLE Schema_Migrations (
  name nvarchar(100) NOT NULL CONSTRAINT Schema_Migrations_key PRIMARY KEY,
  checksum nvarchar(64) NOT NULL,
  applied_at datetime2(3) NOT NULL CONSTRAINT Schema_Migrations_applied_at_default DEFAULT SYSUTCDATETIME()
)`;
const selectHistory = `IF OBJECT_ID(N'Schema_Migrations') IS NOT NULL
  SELECT name, checksum, applied_at FROM Schema_Migrations ORDER BY name`;
const insertHistory = "INSERT INTO Schema_Migrations (name, checksum) VALUES (@name, @checksum)";
