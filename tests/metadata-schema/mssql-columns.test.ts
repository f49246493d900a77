/** columns.ts against the text of the migrations for Azure SQL and SQL Server, which needs no server. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Column } from "../../metadata-schema/column.ts";
import { columnsOf, tableNames, tables } from "../../metadata-schema/columns.ts";
import { readMigrations } from "../../metadata-schema/migrate.ts";
import { declaredType } from "../support/mssql-catalog.ts";

const text = readMigrations("mssql.sql")
  .map(({ sql }) => sql)
  .join("\n")
  .replaceAll(/--.*$/gm, "");

/**
 * Column name -> its declaration, as one line. Declarations begin two spaces deep; what follows is deeper. A later
 * migration adds one column a statement.
 */
function declarationsOf(table: string): ReadonlyMap<string, string> {
  const [, body = ""] = new RegExp(`^CREATE TABLE ${table} \\(\n(.*?)\n\\);`, "ms").exec(text) ?? [];
  const added = text.matchAll(new RegExp(`^ALTER TABLE ${table} ADD (\\w+ [^;]*);`, "gm"));
  return new Map(
    [...body.split(/\n(?= {2}\S)/), ...[...added].map(([, declaration = ""]) => declaration)]
      .map((part) => part.trim().replaceAll(/\s+/g, " "))
      .filter((part) => !part.startsWith("CONSTRAINT"))
      .map((part) => [part.split(" ")[0] ?? "", part]),
  );
}

const columns = tableNames.flatMap((table) => {
  const declarations = declarationsOf(table);
  return Object.entries(columnsOf(table)).map(([name, column]) => ({
    table,
    name,
    column,
    declaration: declarations.get(name) ?? "",
  }));
});

/** Fails with every column whose declaration says something else. */
function assertSaid(
  expected: (place: (typeof columns)[number]) => string | null,
  said: (declaration: string) => string | null,
): void {
  const place = ({ table, name }: (typeof columns)[number]) => `${table}.${name}`;
  assert.deepEqual(
    columns.map((each) => [place(each), said(each.declaration)]),
    columns.map((each) => [place(each), expected(each)]),
  );
}

const found = (pattern: RegExp) => (declaration: string) => pattern.exec(declaration)?.[1] ?? null;

const quoted = (value: string): string => `N'${value.replaceAll("'", "''")}'`;

function defaultOf({ generated, defaultValue }: Column): string | null {
  if (generated) return "NEXT VALUE";
  if (defaultValue === undefined) return null;
  if (typeof defaultValue === "string") return quoted(defaultValue);
  return typeof defaultValue === "object"
    ? quoted(JSON.stringify(defaultValue))
    : String(Number(defaultValue));
}

describe("columns.ts and the migrations for SQL Server", () => {
  it("name the same columns in the same order", () => {
    for (const table of tableNames)
      assert.deepEqual([...declarationsOf(table).keys()], Object.keys(columnsOf(table)), table);
  });

  it("have no later edit of these tables but new columns, which the other tests would not see", () => {
    const edits = text.match(new RegExp(`^\\s*ALTER TABLE (?:${tableNames.join("|")})\\b.*$`, "gim")) ?? [];
    assert.deepEqual(
      edits.filter((edit) => !/^\s*ALTER TABLE \w+ ADD (?!CONSTRAINT)\w+ \w+/.test(edit)),
      [],
    );
  });

  it("agree on types and lengths", () => {
    assertSaid(({ column }) => declaredType(column), found(/^\w+ (\w+(?:\(\w+\))?)/));
  });

  it("agree on what may be NULL", () => {
    assertSaid(
      ({ column }) => (column.whenNull === undefined ? "NOT NULL" : "NULL"),
      found(/^\w+ \w+(?:\(\w+\))?(?: COLLATE \w+)? (NOT NULL|NULL)/),
    );
  });

  it("agree on defaults, and on which numbers the database makes", () => {
    assertSaid(({ column }) => defaultOf(column), found(/ DEFAULT \(?(NEXT VALUE|N'(?:[^']|'')*'|-?[\d.]+)/));
  });

  it("agree on keys, and on which columns hold keys of which tables", () => {
    assertSaid(
      ({ table, name }) => (name === tables[table].key ? "PRIMARY KEY" : null),
      found(/ (PRIMARY KEY)/),
    );
    assertSaid(({ column }) => column.references ?? null, found(/ REFERENCES (\w+) /));
  });

  it("agree on which text may be empty, and which columns hold JSON", () => {
    // An exact length and a pattern have a check of their own.
    const shortest = ({ type, mayBeEmpty, length, pattern }: Column) =>
      type === "text" && !mayBeEmpty && length === undefined && pattern === undefined ? ">= 1" : null;
    assertSaid(({ column }) => shortest(column), found(/CHECK \(LEN\(\w+\) (>= 1)\)/));
    assertSaid(
      ({ column }) => (column.length === undefined ? null : String(column.length)),
      found(/CHECK \(LEN\(\w+\) = (\d+)\)/),
    );
    assertSaid(
      ({ column: { type } }) => (type === "text-list" || type === "object" ? "= 1" : null),
      found(/CHECK \(ISJSON\(\w+\) (= 1)\)/),
    );
  });

  it("agree on the limits of integers", () => {
    assertSaid(
      ({ column: { minimum, maximum = 2 ** 31 - 1, generated } }) =>
        minimum === undefined || generated ? null : `${minimum} AND ${maximum}`,
      found(/CHECK \(\w+ BETWEEN (-?\d+ AND \d+)\)/),
    );
  });

  it("say in the catalog what each table and column means", () => {
    for (const table of tableNames)
      assert.ok(
        text.includes(`${quoted(tables[table].what)}, N'SCHEMA', @schema, N'TABLE', N'${table}';`),
        table,
      );
    for (const { table, name, column } of columns) {
      const place = `N'SCHEMA', @schema, N'TABLE', N'${table}', N'COLUMN', N'${name}';`;
      const line = text.split("EXEC ").find((each) => each.includes(place)) ?? "";
      assert.ok(line.includes(quoted(column.what).slice(0, -1)), `${table}.${name}`);
      if (column.whenNull !== undefined)
        assert.ok(line.includes(`NULL: ${quoted(column.whenNull).slice(2, -1)}`), `${table}.${name}`);
    }
  });
});
