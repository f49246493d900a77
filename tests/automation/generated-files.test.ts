import assert from "node:assert/strict";
import { appendFile, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import { rewriteCommand, rewriteStaleFiles, staleFiles } from "../../automation/generated-files.ts";
import { columnsOf, tableNames } from "../../metadata-schema/columns.ts";
import { referencePage } from "../../metadata-schema/reference-page.ts";
import { dumpSqliteSchema } from "../../metadata-schema/stores/sqlite/schema-dump.ts";
import { checkout } from "../support/service.ts";
import { openTempStore } from "../support/temp-store.ts";

describe("generated files", () => {
  it("the checked-in ones are what the code gives", async () => {
    assert.deepEqual(await staleFiles(checkout), [], `run \`${rewriteCommand}\``);
  });

  it("one that was edited by hand or is missing is stale until it is rewritten", async () => {
    const folder = await mkdtemp(join(tmpdir(), "generated-"));
    const written = await rewriteStaleFiles(folder);
    assert.ok(written.includes("docs/metadata-tables.md"));
    await appendFile(join(folder, "docs/metadata-tables.md"), "one word more");
    assert.deepEqual(await staleFiles(folder), ["docs/metadata-tables.md"]);
    assert.deepEqual(await rewriteStaleFiles(folder), ["docs/metadata-tables.md"]);
    assert.deepEqual(await staleFiles(folder), []);
    assert.equal(await readFile(join(folder, "docs/metadata-tables.md"), "utf8"), referencePage());
    await rm(folder, { recursive: true });
  });
});

describe("the reference page", () => {
  const page = referencePage();

  it("has a section for each table and a line for each of its columns", () => {
    const sections = page.split(/^## /m).slice(1);
    assert.deepEqual(
      sections.map((section) => section.split("\n")[0]),
      tableNames,
    );
    for (const [index, table] of tableNames.entries()) {
      const lines = [...(sections[index] ?? "").matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
      assert.deepEqual(lines, Object.keys(columnsOf(table)));
    }
  });

  it("says type and limits, what happens when it is left out, and an example", () => {
    for (const line of [
      "| `schedule_time_zone` | Time zone id that the schedule is in. | text, at most 64 characters | left out: `UTC` | `America/New_York` |",
      "| `environment` | Environment it runs in. | text, at most 12 characters; key of [Environments](#environments) | NULL: the default environment | `eastus` |",
      "| `severity` | 0 (critical) to 4 (verbose). | integer, 0 to 4 | left out: `2` | `2` |",
      '| `permissions` | What the group may do. | list of text (JSON) | must be given | `["execute_inference","read_model"]` |',
    ])
      assert.ok(page.includes(line), line);
  });

  it("has no words in angle brackets, which a browser would take for HTML", () => {
    assert.match(page, /NULL: raw\/job_&lt;job_id>/);
    assert.doesNotMatch(page.replaceAll(/`[^`]*`/g, ""), /<\w/);
  });
});

describe("the dump of the SQLite schema", () => {
  const objects = (database: DatabaseSync): readonly string[] =>
    database
      .prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite@_%' ESCAPE '@'")
      .all()
      .map(({ sql }) => String(sql))
      .sort();

  it("makes the same schema as the migrations, from an empty database", async () => {
    const temp = await openTempStore();
    const migrated = new DatabaseSync(temp.file);
    const restored = new DatabaseSync(":memory:");
    restored.exec(await dumpSqliteSchema());
    assert.ok(objects(migrated).length > 100);
    assert.deepEqual(objects(restored), objects(migrated));
    migrated.close();
    await temp.close();
  });

  it("has each table's indexes and triggers behind it", async () => {
    const dump = await dumpSqliteSchema();
    const jobs = dump.indexOf("CREATE TABLE Jobs (");
    const next = dump.indexOf("CREATE TABLE", jobs + 1);
    for (const part of ["CREATE INDEX Jobs_environment ", "CREATE TRIGGER Jobs_"]) {
      assert.ok(dump.indexOf(part) > jobs, part);
      assert.ok(dump.lastIndexOf(part) < next, part);
    }
  });
});
