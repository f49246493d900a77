/** The schema that the migrations make, as SQL in a stable order: a table, its indexes, its triggers, the next table. */
import { migrate, readMigrations } from "../../migrate.ts";
import { Connection, text } from "./connection.ts";

const heading = `-- The SQLite schema that all migrations make together. Made from them by \`npm run generate\`, so that
-- what a migration does to the whole can be read in its diff; nothing runs this file.`;

export async function dumpSqliteSchema(): Promise<string> {
  const connection = await Connection.open({ file: ":memory:", clock: null });
  try {
    await migrate(connection.migrations(), readMigrations("sqlite.sql"));
    const rows = await connection.read((t) => t.all(selectSchema));
    return `${[heading, ...rows.map((row) => `${text(row, "sql")};`)].join("\n\n")}\n`;
  } finally {
    await connection.close();
  }
}

// SQLite's own tables and indexes have no text, or its name.
const selectSchema = `SELECT sql FROM sqlite_schema
WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite@_%' ESCAPE '@'
ORDER BY tbl_name, CASE type WHEN 'index' THEN 1 WHEN 'trigger' THEN 2 ELSE 0 END, name`;
