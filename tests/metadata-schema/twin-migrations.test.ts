/** Both dialects have the same tables, indexes and views, but for those that one of them needs alone. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("../../metadata-schema/migrations", import.meta.url));
const migrations = readdirSync(folder).sort();
type Dialect = "sqlite" | "mssql";

const textOf = (dialect: Dialect): string =>
  migrations
    .map((name) => readFileSync(path.join(folder, name, `${dialect}.sql`), "utf8"))
    .join("\n")
    .replace(/--.*$/gm, "");

function declared(dialect: Dialect, pattern: RegExp): readonly string[] {
  return [...textOf(dialect).matchAll(pattern)].map(([, ...parts]) =>
    parts
      .filter((part) => part !== undefined)
      .join(" ")
      .replaceAll(/[[\]]/g, "")
      .replaceAll(/\s+/g, " ")
      .trim(),
  );
}

function differences(pattern: RegExp): Readonly<Record<Dialect, readonly string[]>> {
  const [sqlite, mssql] = [declared("sqlite", pattern), declared("mssql", pattern)];
  assert.ok(sqlite.length > 0 && mssql.length > 0, "both dialects declare some");
  return {
    sqlite: sqlite.filter((each) => !mssql.includes(each)).sort(),
    mssql: mssql.filter((each) => !sqlite.includes(each)).sort(),
  };
}

describe("twin migrations", () => {
  it("are in twin folders with the same file names", () => {
    for (const name of migrations)
      assert.deepEqual(readdirSync(path.join(folder, name)).sort(), ["mssql.sql", "sqlite.sql"], name);
  });

  it("make the same tables", () => {
    assert.deepEqual(differences(/CREATE TABLE (\w+)/g), {
      // SQL Server has a session's context and no REPLACE, and makes a copy of a table without this statement
      sqlite: ["Audit_Context", "Audit_Replaced", "Requests_before"],
      mssql: ["Commit_Marks", "Service_Logins"], // SQLite loses no connection and has no logins
    });
  });

  it("make the same indexes on the same columns", () => {
    assert.deepEqual(differences(/CREATE (UNIQUE )?(?:CLUSTERED )?INDEX (\w+)\s+ON (\w+)\s*\(([^)]*)\)/g), {
      sqlite: [],
      mssql: [
        "Commit_Marks_at Commit_Marks at",
        // tables that only grow between two looks, so that writers do not wait for each other
        "Environment_Changes_environment Environment_Changes environment, seq",
        "Job_Changes_job Job_Changes job_id, seq",
        "Stack_Merges_listed Stack_Merges listed", // UNIQUE takes one NULL there
      ],
    });
  });

  it("make the same views for readers", () => {
    const forTriggers = /^(Touched|Edited|Audit)_/;
    const { sqlite, mssql } = differences(/CREATE VIEW (\w+)/g);
    assert.deepEqual(
      [...sqlite, ...mssql].filter((name) => !forTriggers.test(name)),
      [],
    );
  });
});
