import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { kindOf, kinds, rowKindOf, rowKinds, tableOf } from "../../../automation/cli/kinds.ts";
import { columnsOf, tableNames, tables } from "../../../metadata-schema/columns.ts";

describe("the kinds that get lists", () => {
  it("are one for every table, found by its own name too, in any case", () => {
    for (const table of tableNames) {
      const kind = kindOf(table);
      assert.ok(kind !== null, table);
      assert.equal(tableOf(kind), table);
      assert.equal(kindOf(table.toLowerCase()), kind);
      assert.equal(kindOf(kind.toUpperCase()), kind);
    }
    assert.equal(kinds.filter((kind) => tableOf(kind) !== null).length, tableNames.length);
  });

  it("show columns that their tables have, the key first", () => {
    for (const { table, columns } of Object.values(rowKinds)) {
      assert.equal(columns[0], tables[table].key);
      for (const column of columns) assert.ok(column in columnsOf(table), `${table} ${column}`);
      assert.equal(rowKindOf(table)?.columns, columns);
    }
    assert.equal(rowKindOf("Jobs"), null);
  });

  it("are not found by part of a name", () => {
    for (const text of ["", "polic", "policy", "Access", "constructor"])
      assert.equal(kindOf(text), null, text);
  });
});
