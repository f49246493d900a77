/** The schema on the server of METADATA_TEST_MSSQL_URL against columns.ts; skipped without a server. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Column } from "../../metadata-schema/column.ts";
import { columnsOf, type MetadataTable, tableNames } from "../../metadata-schema/columns.ts";
import { isRequired, valuesOf } from "../../metadata-schema/row-values.ts";
import { openMssqlStore } from "../../metadata-schema/stores/mssql/store.ts";
import { catalogColumns, declaredType, tablesWithAuditTrigger } from "../support/mssql-catalog.ts";
import { openTestDatabase, type TestConnection, type TestDatabase } from "../support/mssql-database.ts";

const serverUrl = process.env.METADATA_TEST_MSSQL_URL ?? "";
const skip = serverUrl === "" && "METADATA_TEST_MSSQL_URL is not set";
let database: TestDatabase;
let outside: TestConnection;

before(async () => {
  if (serverUrl === "") return;
  database = await openTestDatabase(serverUrl);
  await database.empty();
  await (await openMssqlStore({ url: database.url, clock: null })).close();
  outside = await database.connect();
});
after(async () => {
  if (serverUrl === "") return;
  await outside.close();
  await database.close();
});

const literal = (value: Column["example"]): string => {
  if (typeof value === "number") return String(value);
  if (typeof value === "boolean") return value ? "1" : "0";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return `N'${text.replaceAll("'", "''")}'`;
};

/** A row of the columns that must be given, as it is stored; nothing stays. */
async function rowOfFewest(table: MetadataTable): Promise<Readonly<Record<string, unknown>>> {
  const given = Object.entries(columnsOf(table)).filter(([, column]) => isRequired(column));
  const names = given.map(([name]) => `[${name}]`).join(", ");
  const values = given.map(([, { example }]) => literal(example)).join(", ");
  const belongsToJob = table !== "Jobs" && Object.hasOwn(columnsOf(table), "job_id");
  const [row] = await outside.query(`BEGIN TRANSACTION;
${belongsToJob ? "INSERT INTO Jobs (job_id) VALUES (201);" : ""}
INSERT INTO ${table} ${given.length === 0 ? "DEFAULT VALUES" : `(${names}) VALUES (${values})`};
SELECT * FROM ${table};
ROLLBACK;`);
  return row ?? assert.fail(`no row of ${table}`);
}

describe("mssql: the schema", () => {
  it("has the tables of columns.ts, as those whose edits are recorded", { skip }, async () => {
    // Some servers keep names in lower case.
    const names = tableNames.map((name) => name.toLowerCase()).toSorted();
    assert.deepEqual(await tablesWithAuditTrigger(outside), names);
  });

  it("has the columns of columns.ts, with their types, lengths and NULLs", { skip }, async () => {
    const found = await catalogColumns(outside);
    for (const table of tableNames)
      assert.deepEqual(
        found
          .filter((each) => each.table === table)
          .map(({ column, type, mayBeNull }) => ({ column, type, mayBeNull })),
        Object.entries(columnsOf(table)).map(([column, about]) => ({
          column,
          type: declaredType(about),
          mayBeNull: about.whenNull !== undefined,
        })),
        table,
      );
  });

  it("fills in what columns.ts says of a column that is left out", { skip }, async () => {
    for (const table of tableNames) {
      const row = valuesOf(table, await rowOfFewest(table));
      for (const [name, column] of Object.entries(columnsOf(table))) {
        const expected = isRequired(column) ? column.example : (column.defaultValue ?? null);
        if (column.generated) assert.equal(typeof row[name], "number", `${table}.${name}`);
        else assert.deepEqual(row[name], expected, `${table}.${name}`);
      }
    }
  });
});
