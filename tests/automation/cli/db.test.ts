/** `rowgate db` as a person runs it: a process, on real files, and on the server of METADATA_TEST_MSSQL_URL. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, it, type TestContext } from "node:test";
import { parse } from "yaml";
import { readMigrations } from "../../../metadata-schema/migrate.ts";
import { openTestDatabase } from "../../support/mssql-database.ts";
import { checkout } from "../../support/service.ts";

const names = readMigrations("sqlite.sql").map(({ name }) => name);
const last = names.at(-1) ?? assert.fail("no migrations");

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A home that is not made yet, in a folder that goes with the test. */
async function openHome(t: TestContext) {
  const folder = await mkdtemp(path.join(tmpdir(), "rowgate-db-"));
  t.after(() => rm(folder, { recursive: true }));
  const home = path.join(folder, "home");
  const file = path.join(home, "metadata.db");
  const rowgate = (args: readonly string[], url = ""): Promise<Ended> =>
    new Promise((resolve) => {
      const env = { ...process.env, ROWGATE_HOME: home, ROWGATE_METADATA_URL: url };
      const launcher = path.join(checkout, "automation/setup/rowgate.js");
      const child = execFile(process.execPath, [launcher, ...args], { env }, (_, stdout, stderr) =>
        resolve({ code: child.exitCode ?? -1, stdout, stderr }),
      );
    });
  const sql = (text: string): void => {
    const shell = new DatabaseSync(file);
    shell.exec(text);
    shell.close();
  };
  return { folder, home, file, rowgate, sql };
}

/** One line, which names the thing and the next step, and no stack trace. */
function assertFault({ code, stdout, stderr }: Ended, words: RegExp): void {
  assert.deepEqual([code, stdout], [1, ""]);
  assert.match(stderr, /^rowgate: [^\n]+\n$/);
  assert.match(stderr, words);
  assert.doesNotMatch(stderr, /geheim/);
}

interface Report {
  readonly database: string;
  readonly upToDate: boolean;
  readonly fault: string | null;
  readonly migrations: readonly { name: string; state: string; appliedAt: string | null }[];
}
const reportOf = ({ stdout }: Ended): Report => JSON.parse(stdout);
const statesOf = (ended: Ended) => reportOf(ended).migrations.map(({ name, state }) => `${name} ${state}`);

describe("rowgate db status", () => {
  it("of a home that is not there: everything is pending, exit code 1, and nothing is made", async (t) => {
    const { home, file, rowgate } = await openHome(t);
    const { code, stdout, stderr } = await rowgate(["db", "status"]);
    assert.deepEqual([code, stderr], [1, ""]);
    assert.ok(stdout.startsWith(`Metadata database ${file}\n`), stdout);
    for (const name of names) assert.match(stdout, new RegExp(`^${name} +- +pending$`, "m"));
    assert.match(stdout, new RegExp(`\n${names.length} pending\\. \`rowgate db migrate\` applies them`));
    assert.equal(existsSync(home), false);
  });

  it("of a database that is up to date: when each was applied, exit code 0", async (t) => {
    const { file, rowgate } = await openHome(t);
    const began = new Date().toISOString();
    await rowgate(["db", "migrate"]);
    const text = await rowgate(["db", "status"]);
    assert.deepEqual([text.code, text.stderr], [0, ""]);
    assert.match(text.stdout, /\nThe schema is up to date\.\n$/);
    const json = await rowgate(["db", "status", "-o", "json"]);
    const report = reportOf(json);
    assert.deepEqual(parse((await rowgate(["db", "status", "-o", "yaml"])).stdout), report);
    assert.deepEqual([json.code, report.database, report.upToDate, report.fault], [0, file, true, null]);
    for (const { appliedAt } of report.migrations)
      assert.ok(
        appliedAt !== null && appliedAt >= began && appliedAt <= new Date().toISOString(),
        String(appliedAt),
      );
  });

  it("leaves a file in its mode, and nothing beside it", async (t) => {
    const { home, sql, rowgate } = await openHome(t);
    await mkdir(home);
    sql("CREATE TABLE Somebody_Elses (a INTEGER)");
    assert.equal((await rowgate(["db", "status"])).code, 1);
    assert.deepEqual(await readdir(home), ["metadata.db"]);
    const shell = new DatabaseSync(path.join(home, "metadata.db"));
    assert.equal(shell.prepare("PRAGMA journal_mode").get()?.journal_mode, "delete");
    shell.close();
  });

  it("a migration that was changed after it was applied is told, exit code 1", async (t) => {
    const { rowgate, sql } = await openHome(t);
    await rowgate(["db", "migrate"]);
    sql(`UPDATE Schema_Migrations SET checksum = 'another' WHERE name = '${last}'`);
    const text = await rowgate(["db", "status"]);
    assert.equal(text.code, 1);
    assert.match(text.stdout, new RegExp(`^${last} .* applied, then its file was changed$`, "m"));
    assert.match(text.stdout, /Restore the file and put the change into a new migration\.\n$/);
    assertFault(await rowgate(["db", "migrate"]), /was changed after it was applied/);
    assertFault(await rowgate(["db", "migrate", "--dry-run"]), /was changed after it was applied/);
  });

  it("a database of a later release is told, exit code 1", async (t) => {
    const { rowgate, sql } = await openHome(t);
    await rowgate(["db", "migrate"]);
    sql("INSERT INTO Schema_Migrations VALUES ('9999-later', 'sum', '2030-01-01T00:00:00.000Z')");
    const json = await rowgate(["db", "status", "-o", "json"]);
    assert.equal(json.code, 1);
    assert.deepEqual(statesOf(json), [...names.map((name) => `${name} applied`), "9999-later unknown"]);
    assert.match(reportOf(json).fault ?? "", /9999-later .* this release does not have it\. Run the release/);
    assertFault(await rowgate(["db", "migrate"]), /9999-later .* Run the release that applied it/);
  });

  it("a migration that a later one has overtaken is told", async (t) => {
    const { rowgate, sql } = await openHome(t);
    await rowgate(["db", "migrate"]);
    sql(`DELETE FROM Schema_Migrations WHERE name = '${names[0]}'`);
    const json = await rowgate(["db", "status", "-o", "json"]);
    assert.equal(statesOf(json)[0], `${names[0]} overtaken`);
    assertFault(await rowgate(["db", "migrate"]), /comes before .* Give the new migration a later number/);
  });
});

describe("rowgate db migrate", () => {
  it("makes the home and its database, says what it applied, and then that nothing is left", async (t) => {
    const { file, rowgate } = await openHome(t);
    const first = await rowgate(["db", "migrate"]);
    assert.deepEqual(first, {
      code: 0,
      stdout: names.map((name) => `applied ${name}\n`).join(""),
      stderr: "",
    });
    const shell = new DatabaseSync(file);
    assert.equal(shell.prepare("SELECT count(*) AS jobs FROM Jobs").get()?.jobs, 0);
    shell.close();
    assert.deepEqual(await rowgate(["db", "migrate"]), {
      code: 0,
      stdout: "Every migration is applied already.\n",
      stderr: "",
    });
  });

  it("applies what is left of them, and --dry-run says which without writing", async (t) => {
    const { home, file, rowgate, sql } = await openHome(t);
    await mkdir(home);
    const [first, ...rest] = readMigrations("sqlite.sql");
    assert.ok(first);
    sql(`CREATE TABLE Schema_Migrations (name TEXT PRIMARY KEY, checksum TEXT, applied_at TEXT);
      INSERT INTO Schema_Migrations VALUES ('${first.name}', '${first.checksum}', '2026-01-01T00:00:00.000Z');
      ${first.sql}`);
    const tables = () => {
      const shell = new DatabaseSync(file);
      const { count } = shell.prepare("SELECT count(*) AS count FROM sqlite_schema").get() ?? {};
      shell.close();
      return Number(count);
    };
    const before = tables();
    const dry = await rowgate(["db", "migrate", "--dry-run"]);
    assert.deepEqual([dry.code, dry.stdout], [0, rest.map(({ name }) => `would apply ${name}\n`).join("")]);
    assert.equal(tables(), before);
    const wet = await rowgate(["db", "migrate"]);
    assert.deepEqual([wet.code, wet.stdout], [0, rest.map(({ name }) => `applied ${name}\n`).join("")]);
    assert.ok(tables() > before);
  });

  it("of three at once each succeeds, and each migration is applied by one of them", async (t) => {
    const { rowgate } = await openHome(t);
    const ended = await Promise.all([1, 2, 3].map(() => rowgate(["db", "migrate"])));
    assert.deepEqual(
      ended.map(({ code }) => code),
      [0, 0, 0],
    );
    const applied = ended.flatMap(({ stdout }) =>
      [...stdout.matchAll(/^applied (.*)$/gm)].map(([, name]) => name),
    );
    assert.deepEqual(applied.toSorted(), names);
  });

  it("a file that another process holds locked is told by both commands, after some seconds", async (t) => {
    const { home, file, rowgate, sql } = await openHome(t);
    await mkdir(home);
    sql("CREATE TABLE Somebody_Elses (a INTEGER)");
    const other = new DatabaseSync(file);
    other.exec("BEGIN EXCLUSIVE");
    try {
      const ended = await Promise.all([rowgate(["db", "status"]), rowgate(["db", "migrate"])]);
      for (const each of ended)
        assertFault(each, /metadata\.db locked for 5 s\. End its open transaction\.$/m);
    } finally {
      other.close();
    }
  });
});

describe("rowgate db: databases that cannot be opened", () => {
  it("a folder in the file's place, a folder that is not there, a file that is no database", async (t) => {
    const { folder, rowgate } = await openHome(t);
    assertFault(
      await rowgate(["db", "status"], `sqlite:${folder}`),
      /cannot be opened\. Check its folder and rights/,
    );
    const nowhere = path.join(folder, "nowhere", "m.db");
    assertFault(
      await rowgate(["db", "migrate"], `sqlite:${nowhere}`),
      /m\.db cannot be opened\. Check its folder/,
    );
    assert.equal(existsSync(path.dirname(nowhere)), false);
    const letter = path.join(folder, "letter.txt");
    await writeFile(letter, "Dear reader, this is a letter, and by no means a database. ".repeat(100));
    for (const command of ["status", "migrate"])
      assertFault(
        await rowgate(["db", command], `sqlite:${letter}`),
        /letter\.txt is not a database of SQLite\. Name another/,
      );
  });

  it("an unknown scheme and a database in memory are told, without what a URL may hide", async (t) => {
    const { rowgate } = await openHome(t);
    const foreign = await rowgate(["db", "status"], "postgres://svc:geheim@host/m");
    assertFault(foreign, /begins with postgres:; this release opens sqlite:/);
    for (const command of ["status", "migrate"])
      assertFault(
        await rowgate(["db", command], "sqlite::memory:"),
        /ends with its process\. Name a file or a server/,
      );
  });

  it("a server that does not answer is told, without user and password", async (t) => {
    const { rowgate } = await openHome(t);
    // Nobody listens on port 1.
    const ended = await rowgate(["db", "status"], "mssql://svc:geheim@127.0.0.1:1/m");
    assertFault(
      ended,
      /database 127\.0\.0\.1:1\/m cannot be opened: .* Check server, database, sign-in and firewall/,
    );
    assert.doesNotMatch(ended.stderr, /svc/);
  });
});

describe("rowgate db on a server", () => {
  const serverUrl = process.env.METADATA_TEST_MSSQL_URL ?? "";
  const skip = serverUrl === "" && "METADATA_TEST_MSSQL_URL is not set";

  it("an empty database is behind, is migrated, and is up to date", { skip }, async (t) => {
    const { rowgate } = await openHome(t);
    const database = await openTestDatabase(serverUrl);
    t.after(() => database.close());
    await database.empty();
    const run = (...args: string[]) => rowgate(["db", ...args], database.url);
    const mssqlNames = readMigrations("mssql.sql").map(({ name }) => name);
    const before = await run("status", "-o", "json");
    assert.equal(before.code, 1);
    assert.deepEqual(
      statesOf(before),
      mssqlNames.map((name) => `${name} pending`),
    );
    assert.equal(
      (await run("migrate", "--dry-run")).stdout,
      mssqlNames.map((name) => `would apply ${name}\n`).join(""),
    );
    assert.equal((await run("migrate")).stdout, mssqlNames.map((name) => `applied ${name}\n`).join(""));
    const after = await run("status", "-o", "json");
    assert.deepEqual([after.code, reportOf(after).upToDate], [0, true]);
    for (const { appliedAt } of reportOf(after).migrations) assert.match(String(appliedAt), /^20\d\d-.*Z$/);
  });
});
