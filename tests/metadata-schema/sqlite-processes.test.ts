/** SQLite's file shared with other processes: migrations, writers and a person's open transaction. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { readMigrations } from "../../metadata-schema/migrate.ts";
import { openStore } from "../../metadata-schema/open-store.ts";
import { openTempStore } from "../support/temp-store.ts";
import {
  desired,
  environmentValues,
  insertPolicy,
  job,
  resolveAll,
  seed,
  touched,
} from "./conformance/kit.ts";

const migrationNames = readMigrations("sqlite.sql").map(({ name }) => name);

const execute = promisify(execFile);

async function inProcess(url: string, task: "open" | "edit" | "work"): Promise<readonly string[]> {
  const worker = join(import.meta.dirname, "sqlite-worker.ts");
  const { stdout } = await execute(process.execPath, [worker, url, task]);
  const done: unknown = JSON.parse(stdout);
  assert.ok(Array.isArray(done));
  return done.map(String);
}

async function inEmptyFolder(run: (url: string, file: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "metadata-"));
  const file = join(folder, "metadata.db");
  await run(`sqlite:${file}`, file);
  await rm(folder, { recursive: true }); // kept on failure
}

function appliedIn(file: string): readonly unknown[] {
  const database = new DatabaseSync(file);
  const names = database.prepare("SELECT name FROM Schema_Migrations").all();
  database.close();
  return names.map(({ name }) => name);
}

describe("sqlite: many processes on one file", () => {
  it("twenty processes that open an empty database at once migrate it once", async () => {
    await inEmptyFolder(async (url, file) => {
      await Promise.all(Array.from({ length: 20 }, () => inProcess(url, "open")));
      assert.deepEqual(appliedIn(file), migrationNames);
    });
  });

  it("twenty handles of one process that open an empty database at once migrate it once", async () => {
    await inEmptyFolder(async (url, file) => {
      const stores = await Promise.all(Array.from({ length: 20 }, () => openStore({ url })));
      assert.deepEqual(appliedIn(file), migrationNames);
      await stores[0]?.insertRows([environmentValues("eastus")]);
      for (const store of stores) {
        assert.deepEqual(await touched(store), ["environment:eastus"]);
        await store.close();
      }
    });
  });

  it("opening a database again keeps its rows and migrates nothing", async () => {
    await inEmptyFolder(async (url, file) => {
      const first = await openStore({ url });
      await seed(first);
      await first.close();
      const second = await openStore({ url });
      assert.equal((await second.listJobs()).length, 3);
      assert.deepEqual(appliedIn(file), migrationNames);
      await second.close();
    });
  });

  it("four processes that take leases share the work: each run is made once", async () => {
    const temp = await openTempStore();
    const stacks = Array.from({ length: 80 }, (_, index) => `stack-${index + 100}`);
    for (const stack of stacks) await temp.store.setDesired(stack, 1, desired(), "normal", null);
    const done = await Promise.all(Array.from({ length: 4 }, () => inProcess(temp.url, "work")));
    assert.deepEqual(done.flat().sort(), stacks);
    assert.deepEqual(await temp.store.listWork(1), []);
    await temp.close();
  });

  it("processes that edit at once lose no edit and use no seq twice", async () => {
    const temp = await openTempStore();
    const seqs = (await Promise.all(Array.from({ length: 4 }, () => inProcess(temp.url, "edit")))).flat();
    assert.equal(seqs.length, 200);
    assert.equal(new Set(seqs).size, 200);
    assert.equal((await touched(temp.store)).length, 4);
    await temp.close();
  });

  it("raw writers and the service write at the same time, and every edit is seen", async () => {
    const temp = await openTempStore();
    await seed(temp.store);
    const shell = new DatabaseSync(temp.file, { timeout: 5_000 });
    for (let edit = 0; edit < 50; edit += 1) {
      const write = temp.store.touch([job(203)]);
      shell.exec(insertPolicy(202));
      await write;
      assert.deepEqual(await touched(temp.store), ["job:202", "job:203"]);
      await resolveAll(temp.store);
    }
    assert.equal((await temp.store.loadJob(202)).policies.length, 50);
    shell.close();
    await temp.close();
  });
});

describe("sqlite: another process's open transaction", () => {
  it("a write waits for it without freezing the process, and readers do not wait", async () => {
    const temp = await openTempStore();
    const shell = new DatabaseSync(temp.file);
    shell.exec("BEGIN IMMEDIATE");
    let written = false;
    const write = temp.store.touch([job(1)]).then(() => {
      written = true;
    });
    const began = performance.now();
    assert.deepEqual(await temp.store.readChanges(1), []);
    let longestPauseMs = 0;
    for (let last = performance.now(); last - began < 1_000; ) {
      await sleep(1);
      longestPauseMs = Math.max(longestPauseMs, performance.now() - last);
      last = performance.now();
    }
    assert.equal(written, false);
    // A slice is 50 ms; the rest is for a busy machine.
    assert.ok(longestPauseMs < 700, `the process stood still for ${longestPauseMs} ms`);
    shell.exec("COMMIT");
    await write;
    assert.deepEqual(await touched(temp.store), ["job:1"]);
    shell.close();
    await temp.close();
  });

  it("writes give up after five seconds, all of them, say why, and the next one works", async () => {
    const temp = await openTempStore();
    const shell = new DatabaseSync(temp.file);
    shell.exec("BEGIN IMMEDIATE");
    const began = performance.now();
    const ended = await Promise.allSettled([3, 4, 5].map((jobId) => temp.store.touch([job(jobId)])));
    for (const each of ended) {
      assert.equal(each.status, "rejected");
      assert.match(String(each.reason), /has held the metadata database .* locked for 5 s/);
    }
    assert.ok(performance.now() - began < 9_000, "they waited together");
    shell.exec("ROLLBACK");
    await temp.store.touch([job(2)]);
    assert.deepEqual(await touched(temp.store), ["job:2"]);
    shell.close();
    await temp.close();
  });

  it("writes of one handle are done in the order they were asked for", async () => {
    const temp = await openTempStore();
    await Promise.all([3, 1, 2].map((jobId) => temp.store.touch([job(jobId)])));
    assert.deepEqual(
      (await temp.store.readChanges(10)).map(({ subject }) => subject),
      [job(3), job(1), job(2)],
    );
    await temp.close();
  });

  it("close waits for the writes before it", async () => {
    const temp = await openTempStore();
    const writes = [1, 2, 3].map((jobId) => temp.store.touch([job(jobId)]));
    await temp.store.close();
    await Promise.all(writes);
    const again = await openStore({ url: temp.url });
    assert.equal((await touched(again)).length, 3);
    await again.close();
    await temp.close();
  });
});
