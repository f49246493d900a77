import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, readFile, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { withLock } from "../../../automation/setup/lock.js";
import { processStart } from "../../../automation/setup/process-start.js";
import { lines, startNode, tempFolder } from "./fixtures.ts";

const options = (report: (line: string) => void) => ({ purpose: "testing", report, pollMs: 5 });

function holder(fields: object): string {
  return JSON.stringify({
    id: "another",
    pid: process.pid,
    host: hostname(),
    processStart: processStart(process.pid),
    since: "2026-01-01T00:00:00.000Z",
    purpose: "building",
    ...fields,
  });
}

async function endedPid(): Promise<number> {
  const child = spawn(process.execPath, ["--version"], { stdio: "ignore" });
  await once(child, "exit");
  return child.pid ?? 0;
}

describe("the lock between set-ups", () => {
  it("admits one at a time, and is gone afterwards", async (t) => {
    const path = join(await tempFolder(t), "new folder", "a.lock");
    let inside = 0;
    let most = 0;
    const work = async () => {
      most = Math.max(most, ++inside);
      await sleep(3);
      inside--;
    };
    await Promise.all(Array.from({ length: 10 }, () => withLock(path, options(lines().report), work)));
    assert.equal(most, 1);
    assert.equal(existsSync(path), false);
  });

  it("is released when the work fails", async (t) => {
    const path = join(await tempFolder(t), "a.lock");
    const work = () => Promise.reject(new Error("no disk"));
    await assert.rejects(withLock(path, options(lines().report), work), /no disk/);
    assert.equal(existsSync(path), false);
  });

  it("names whom it waits for", async (t) => {
    const path = join(await tempFolder(t), "a.lock");
    const first = Promise.withResolvers<void>();
    const held = withLock(path, { ...options(lines().report), purpose: "building" }, () => first.promise);
    const { said, report } = lines();
    const second = withLock(path, options(report), async () => "done");
    await sleep(50);
    first.resolve();
    assert.equal(await second, "done");
    await held;
    assert.equal(said.length, 1);
    assert.match(said[0] ?? "", new RegExp(`waiting for process ${process.pid} \\(building since 20`));
  });

  it("of a process that has ended is broken", async (t) => {
    const path = join(await tempFolder(t), "a.lock");
    await writeFile(path, holder({ pid: await endedPid(), processStart: "1" }));
    const { said, report } = lines();
    assert.equal(await withLock(path, options(report), async () => "done"), "done");
    assert.match(said.join(), /broke the lock of process \d+, which has ended/);
  });

  it("of a process whose number another one has now is broken", async (t) => {
    const path = join(await tempFolder(t), "a.lock");
    await writeFile(path, holder({ processStart: "1" }));
    assert.equal(await withLock(path, options(lines().report), async () => "done"), "done");
  });

  it("of a set-up killed with SIGKILL is broken", async (t) => {
    const path = join(await tempFolder(t), "a.lock");
    const module = import.meta.resolve("../../../automation/setup/lock.js");
    const script = `import { withLock } from ${JSON.stringify(module)};
      await withLock(process.argv[1], { purpose: "hanging", report: () => {} }, async () => {
        console.log("inside");
        await new Promise(() => setInterval(() => {}, 1000));
      });`;
    const killed = startNode(["--input-type=module", "-e", script, path], {
      env: { PATH: process.env.PATH },
    });
    await killed.says("inside");
    process.kill(killed.pid, "SIGKILL");
    await killed.ended;
    assert.equal(existsSync(path), true);
    assert.equal(await withLock(path, options(lines().report), async () => "done"), "done");
  });

  it("of another host stays while its heartbeat does, and is broken after", async (t) => {
    const path = join(await tempFolder(t), "a.lock");
    await writeFile(path, holder({ host: "elsewhere" }));
    const { said, report } = lines();
    const waiting = withLock(path, options(report), async () => "done");
    await sleep(50);
    assert.match(said.join(), /waiting for process/);
    const twoMinutesAgo = new Date(Date.now() - 120_000);
    await utimes(path, twoMinutesAgo, twoMinutesAgo);
    assert.equal(await waiting, "done");
  });

  it("stale and wanted by many is broken once, and admits one at a time", async (t) => {
    const path = join(await tempFolder(t), "a.lock");
    await writeFile(path, holder({ processStart: "1" }));
    const { said, report } = lines();
    let inside = 0;
    const work = async () => {
      assert.equal(++inside, 1);
      await sleep(2);
      inside--;
    };
    await Promise.all(Array.from({ length: 8 }, () => withLock(path, options(report), work)));
    assert.equal(said.filter((line) => line.startsWith("broke")).length, 1);
  });

  it("is not taken from a later holder by one who was broken", async (t) => {
    const path = join(await tempFolder(t), "a.lock");
    await withLock(path, options(lines().report), () => writeFile(path, holder({ id: "later" })));
    assert.match(await readFile(path, "utf8"), /later/);
  });

  it("survives a guard that a killed process left", async (t) => {
    const path = join(await tempFolder(t), "a.lock");
    await writeFile(path, holder({ processStart: "1" }));
    await mkdir(`${path}.guard`);
    const aMinuteAgo = new Date(Date.now() - 60_000);
    await utimes(`${path}.guard`, aMinuteAgo, aMinuteAgo);
    assert.equal(await withLock(path, options(lines().report), async () => "done"), "done");
  });
});
