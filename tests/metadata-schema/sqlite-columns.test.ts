/** columns.ts against the SQLite database: what it says of a table and what the database does with a row. */
import assert from "node:assert/strict";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { after, before, describe, it } from "node:test";
import type { Column } from "../../metadata-schema/column.ts";
import { columnsOf, type MetadataTable, tableNames, tables } from "../../metadata-schema/columns.ts";
import { isRequired } from "../../metadata-schema/row-values.ts";
import { openTempStore, type TempStore } from "../support/temp-store.ts";

let temp: TempStore;
let database: DatabaseSync;
before(async () => {
  temp = await openTempStore();
  // Rows are probed one column at a time, so what they refer to need not be there.
  database = new DatabaseSync(temp.file, { enableForeignKeyConstraints: false });
});
after(async () => {
  database.close();
  await temp.close();
});

const columns = tableNames.flatMap((table) =>
  Object.entries(columnsOf(table)).map(([name, column]) => ({ table, name, column })),
);
type Place = (typeof columns)[number];

const stored = (value: unknown): SQLInputValue => {
  if (typeof value === "boolean") return value ? 1 : 0;
  return typeof value === "object" && value !== null ? JSON.stringify(value) : (value as SQLInputValue);
};

/** Columns that must be given, by their examples. */
const fewest = (table: MetadataTable): Record<string, SQLInputValue> =>
  Object.fromEntries(
    Object.entries(columnsOf(table))
      .filter(([, column]) => isRequired(column))
      .map(([name, column]) => [name, stored(column.example)]),
  );

/** The stored row, or what the database said; nothing stays. */
function probe(table: MetadataTable, values: Record<string, SQLInputValue>) {
  const names = Object.keys(values);
  const inserted = `(${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})`;
  database.exec("BEGIN");
  try {
    // A trigger asks for it, whether or not foreign keys count.
    if (Object.hasOwn(columnsOf(table), "job_id") && table !== "Jobs")
      database.exec("INSERT INTO Jobs (job_id) VALUES (201)");
    database
      .prepare(`INSERT INTO ${table} ${names.length === 0 ? "DEFAULT VALUES" : inserted}`)
      .run(...Object.values(values));
    return database.prepare(`SELECT * FROM ${table}`).get() ?? {};
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    database.exec("ROLLBACK");
  }
}

/** Pairs of columns that are compared with each other are moved together. */
const companions = (name: string, value: SQLInputValue): Record<string, SQLInputValue> =>
  name === "min_workers" || name === "max_workers" ? { min_workers: value, max_workers: value } : {};

const takes = ({ table, name }: Place, value: SQLInputValue): boolean =>
  typeof probe(table, { ...fewest(table), ...companions(name, value), [name]: value }) !== "string";

/** Places where the database does something else than `expected` says, as Table.column: value. */
const differing = (values: (column: Column) => readonly (readonly [SQLInputValue, boolean])[]) =>
  columns.flatMap((place) =>
    values(place.column)
      .filter(([value, expected]) => takes(place, value) !== expected)
      .map(
        ([value, expected]) =>
          `${place.table}.${place.name} ${expected ? "refuses" : "takes"} ${String(value).slice(0, 40)}`,
      ),
  );

describe("columns.ts and the SQLite database", () => {
  it("name the same tables: those whose edits are recorded", () => {
    const recorded = database
      .prepare(
        "SELECT tbl_name FROM sqlite_schema WHERE type = 'trigger' AND name LIKE '%@_audit@_insert' ESCAPE '@'",
      )
      .all()
      .map(({ tbl_name }) => tbl_name);
    assert.deepEqual(recorded.toSorted(), tableNames.toSorted());
  });

  it("agree on columns, types, keys, what may be NULL, and defaults", () => {
    const types = {
      text: "TEXT",
      integer: "INTEGER",
      number: "REAL",
      boolean: "INTEGER",
      "text-list": "TEXT",
      object: "TEXT",
    };
    const literal = (value: unknown) =>
      typeof value === "string" ? `'${value.replaceAll("'", "''")}'` : String(value);
    for (const table of tableNames) {
      const said = Object.entries(columnsOf(table)).map(([name, column]) => ({
        name,
        type: types[column.type],
        // SQLite gives a number in place of a NULL there
        notnull: column.whenNull === undefined && !column.generated ? 1 : 0,
        dflt_value: column.defaultValue === undefined ? null : literal(stored(column.defaultValue)),
        pk: name === tables[table].key ? 1 : 0,
      }));
      const found = database.prepare(`PRAGMA table_info(${table})`).all();
      assert.deepEqual(
        found.map(({ name, type, notnull, dflt_value, pk }) => ({ name, type, notnull, dflt_value, pk })),
        said,
        table,
      );
    }
  });

  it("agree on which columns hold keys of which tables", () => {
    for (const table of tableNames) {
      const said = Object.entries(columnsOf(table)).flatMap(([from, { references }]) =>
        references === undefined ? [] : [`${from}: ${references}`],
      );
      const found = database
        .prepare(`PRAGMA foreign_key_list(${table})`)
        .all()
        .map((key) => `${key.from}: ${key.table}`);
      assert.deepEqual(found.toSorted(), said.toSorted(), table);
    }
  });

  it("a row of the columns that must be given is taken, and the rest become their defaults", () => {
    for (const table of tableNames) {
      const row = probe(table, fewest(table));
      if (typeof row === "string") assert.fail(`${table}: ${row}`);
      for (const [name, column] of Object.entries(columnsOf(table))) {
        if (column.generated) assert.equal(typeof row[name], "number", `${table}.${name}`);
        else if (column.defaultValue !== undefined)
          assert.equal(row[name], stored(column.defaultValue), `${table}.${name}`);
        else if (column.whenNull !== undefined) assert.equal(row[name], null, `${table}.${name}`);
      }
    }
  });

  it("a row that lacks a column which must be given is refused", () => {
    for (const { table, name, column } of columns.filter(({ column }) => isRequired(column))) {
      const { [name]: _, ...rest } = fewest(table);
      assert.match(String(probe(table, rest)), new RegExp(`${table}\\.${name}\\b`), column.what);
    }
  });

  it("every example is taken", () => {
    assert.deepEqual(
      differing((column) => [[stored(column.example), true]]),
      [],
    );
  });

  it("NULL is taken where it has a meaning, and nowhere else", () => {
    assert.deepEqual(
      differing((column) => [[null, column.whenNull !== undefined || column.generated === true]]),
      [],
    );
  });

  it("text as long as its limit is taken, and one character more is refused", () => {
    const lengths = ({ length, maxLength, references }: Column) => {
      const most = length ?? maxLength;
      // A key is as long as the row that it belongs to allows; the next test compares the two.
      if (most === undefined || references !== undefined) return [];
      const shorter = length === undefined ? [] : [["a".repeat(most - 1), false] as const];
      return [["a".repeat(most), true] as const, ["a".repeat(most + 1), false] as const, ...shorter];
    };
    assert.deepEqual(differing(lengths), []);
    const unlimited = columns.filter(
      ({ column }) => column.type === "text" && (column.length ?? column.maxLength) === undefined,
    );
    assert.deepEqual(unlimited, []);
  });

  it("a column that holds a key has the type and the limit of that key", () => {
    for (const { table, name, column } of columns.filter(({ column }) => column.references !== undefined)) {
      const owner = tableNames.find((each) => each === column.references);
      assert.ok(owner !== undefined, `${table}.${name}`);
      const key = columnsOf(owner)[tables[owner].key];
      assert.deepEqual([column.type, column.maxLength], [key?.type, key?.maxLength], `${table}.${name}`);
    }
  });

  it("empty text is taken where columns.ts says so, and nowhere else", () => {
    assert.deepEqual(
      differing((column) => (column.type === "text" ? [["", column.mayBeEmpty === true]] : [])),
      [],
    );
  });

  it("text is refused exactly where its pattern refuses it", () => {
    const samples = ["a", "a1", "A1", "a-1", "é1", "a 1", " a1", "0123456789ab", "a\n"];
    assert.deepEqual(
      differing(({ pattern }) =>
        pattern === undefined ? [] : samples.map((sample) => [sample, pattern.regExp.test(sample)] as const),
      ),
      [],
    );
  });

  it("integers at their limits are taken, and beyond them refused", () => {
    const limits = ({ type, references, minimum, maximum }: Column) => {
      if (type !== "integer" || references !== undefined) return [];
      const [least, most] = [minimum ?? -(2 ** 31), maximum ?? 2 ** 31 - 1];
      return [
        [least, true],
        [least - 1, false],
        [most, true],
        [most + 1, false],
      ] as const;
    };
    assert.deepEqual(differing(limits), []);
  });

  it("a value of another type is refused", () => {
    const wrong: Readonly<Record<Column["type"], readonly SQLInputValue[]>> = {
      text: [],
      integer: ["many", 1.5],
      number: ["many"],
      boolean: [2, "yes"],
      "text-list": ["no JSON"],
      object: ["no JSON"],
    };
    assert.deepEqual(
      differing((column) => wrong[column.type].map((value) => [value, false] as const)),
      [],
    );
  });
});
