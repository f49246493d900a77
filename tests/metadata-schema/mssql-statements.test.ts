/**
 * What the mssql store sends, without a server: each method's statements and parameters, in order, as the file
 * golden/mssql-statements.sql has them. `UPDATE_GOLDEN=1 npm test -- <this file>` writes the file anew.
 */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { type Parameters, rowLists } from "../../metadata-schema/stores/mssql/connection.ts";
import { batchesOf } from "../../metadata-schema/stores/mssql/migrations.ts";
import type { Sent } from "../support/scripted-mssql.ts";
import { sentByScenarios } from "./mssql-scenarios.ts";

const goldenFile = join(import.meta.dirname, "golden", "mssql-statements.sql");

const valueText = (value: unknown): string => {
  if (value instanceof Date) return value.toISOString();
  return typeof value === "string" ? `'${value}'` : String(value);
};

const statementText = ({ how, text, parameters }: Sent): string =>
  [
    `-- ${how}`,
    text.trim(),
    ...Object.entries(parameters)
      .filter(([name]) => text.includes(`@${name}`))
      .map(([name, value]) => `--   @${name} = ${valueText(value)}`),
  ].join("\n");

describe("statements of the mssql store", () => {
  it("each method sends the statements and parameters of the golden file", async () => {
    const parts = (await sentByScenarios()).map(
      ({ method, title, sent }) =>
        `-- ==== ${method}: ${title}\n${sent.length === 0 ? "-- nothing" : sent.map(statementText).join("\n\n")}\n`,
    );
    const actual = parts.join("\n");
    if (process.env.UPDATE_GOLDEN === "1") await writeFile(goldenFile, actual);
    assert.equal(actual, await readFile(goldenFile, "utf8"));
  });

  it("each parameter that a statement names is given", async () => {
    for (const { method, title, sent } of await sentByScenarios())
      for (const { text, parameters } of sent) {
        const declared = new Set([...text.matchAll(/DECLARE (@\w+)/g)].map(([, name]) => name));
        for (const [name] of text.matchAll(/(?<![@\w])@\w+/g))
          if (!declared.has(name) && name !== "@now" && !isProcedureParameter(text, name))
            assert.ok(name.slice(1) in parameters, `${method}, ${title}: ${name} in ${text}`);
      }
  });
});

/** `@Resource = @resource`: a procedure's own name, on the left side. */
const isProcedureParameter = (text: string, name: string): boolean =>
  new RegExp(`sp_getapplock[^;]*${name} = `).test(text);

describe("rows as parameters", () => {
  const rows = (count: number, columns: readonly string[]): readonly Parameters[] =>
    Array.from({ length: count }, (_, row) => Object.fromEntries(columns.map((column) => [column, row])));

  it("every row is in one list, in order, with a parameter for each column", () => {
    assert.deepEqual(
      rowLists([
        { a: 1, b: "x" },
        { a: null, b: "y" },
      ]),
      [
        {
          text: "(@r0_a, @r0_b),\n(@r1_a, @r1_b)",
          parameters: { r0_a: 1, r0_b: "x", r1_a: null, r1_b: "y" },
        },
      ],
    );
    assert.deepEqual(rowLists([]), []);
  });

  it("a list has at most 2,100 parameters, with room for those of the statement itself", () => {
    for (const columns of [5, 7, 9, 13]) {
      const names = Array.from({ length: columns }, (_, index) => `c${index}`);
      const lists = rowLists(rows(3_000, names));
      const counts = lists.map(({ parameters }) => Object.keys(parameters).length);
      assert.ok(Math.max(...counts) <= 2_090, `${columns} columns: ${Math.max(...counts)} parameters`);
      assert.equal(
        counts.reduce((a, b) => a + b),
        3_000 * columns,
      );
    }
  });

  it("a list has at most 1,000 rows", () => {
    const lists = rowLists(rows(2_500, ["a"]));
    assert.deepEqual(
      lists.map(({ parameters }) => Object.keys(parameters).length),
      [1_000, 1_000, 500],
    );
    assert.equal(lists[2]?.parameters.r499_a, 2_499);
  });
});

describe("batches of a migration", () => {
  it("a line GO ends a batch, whatever its case and the spaces behind it", () => {
    assert.deepEqual(batchesOf("SELECT 1;\nGO\nSELECT 2\ngo  \n\nGo\nSELECT 3\n"), [
      "SELECT 1;",
      "SELECT 2",
      "SELECT 3",
    ]);
  });

  it("GO inside of a line ends nothing", () => {
    assert.deepEqual(batchesOf("SELECT 'GO' AS go -- GO\n"), ["SELECT 'GO' AS go -- GO"]);
    assert.deepEqual(batchesOf("\n  \n"), []);
  });
});
