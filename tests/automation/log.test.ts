import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createLogger } from "../../automation/log.ts";
import { rotateFiles, rotateFull } from "../../automation/rotate-files.ts";
import { until } from "../support/service.ts";

describe("the log of a service", () => {
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "rowgate log "));
    file = path.join(folder, "logs", "service.log");
  });
  afterEach(() => rm(folder, { recursive: true, maxRetries: 3 }));

  /** The files of the log, oldest first. */
  async function logFiles(): Promise<readonly string[]> {
    const number = (name: string) => Number(/\d+$/.exec(name)?.[0] ?? 0);
    const names = await readdir(path.dirname(file));
    return names.toSorted((a, b) => number(b) - number(a)).map((name) => path.join(path.dirname(file), name));
  }
  /** The number in each whole line of all files, oldest first. */
  async function numbers(): Promise<readonly number[]> {
    const texts = await Promise.all((await logFiles()).map((each) => readFile(each, "utf8")));
    return texts.flatMap((text) => {
      assert.ok(text === "" || text.endsWith("\n"), "no file ends in the middle of a line");
      return text
        .split("\n")
        .filter((line) => line !== "")
        .map((line): number => JSON.parse(line).n);
    });
  }
  const upTo = (count: number, from = 0) => Array.from({ length: count }, (_, index) => from + index);

  it("is rotated by size with every line in order, and the oldest file goes", async () => {
    const log = createLogger(file, "info", { bytes: 2_000, files: 4 });
    for (const n of upTo(30)) log.info({ n }, "a line");
    assert.deepEqual(await numbers(), upTo(30), "nothing is lost while there is room");
    for (const n of upTo(270, 30)) {
      log.info({ n }, "a line");
      // The replaced file is closed in the next tick: no real limit is reached twice in one.
      await sleep(0);
    }
    const kept = await numbers();
    assert.deepEqual(kept, upTo(kept.length, 300 - kept.length), "the newest lines, without a gap");
    const files = await logFiles();
    assert.deepEqual(
      files.map((each) => path.basename(each)),
      ["service.log.3", "service.log.2", "service.log.1", "service.log"],
    );
    for (const each of files) assert.ok((await stat(each)).size < 2_200, each);
  });

  it("goes on in the file that a service before it has filled", async () => {
    const limits = { bytes: 2_000, files: 9 };
    for (const n of upTo(40)) createLogger(file, "info", limits).info({ n }, "one line by each");
    assert.deepEqual(await numbers(), upTo(40));
    assert.ok((await logFiles()).length > 1);
  });

  it("leaves no open file behind each rotation", async () => {
    const log = createLogger(file, "info", { bytes: 200, files: 3 });
    const open = async () => (await readdir("/proc/self/fd")).length;
    const before = await open();
    for (const n of upTo(200)) {
      log.info({ n }, "a line");
      await sleep(0);
    }
    assert.ok((await open()) <= before + 2, `${await open()} files open, ${before} before`);
  });

  it("loses no line when its process is killed at any moment", async () => {
    const source = `
      import { createLogger } from ${JSON.stringify(new URL("../../automation/log.ts", import.meta.url).href)};
      import { writeSync } from "node:fs";
      const log = createLogger(${JSON.stringify(file)}, "info", { bytes: 500, files: 100_000 });
      const from = Number(process.argv[1]);
      // Told after it was logged: what was told must be found.
      for (let n = from; ; n++) { log.info({ n }, "a line"); writeSync(1, n + "\\n"); }`;
    let next = 0;
    for (let round = 0; round < 5; round++) {
      const child = spawn(process.execPath, ["--input-type=module", "-e", source, String(next)], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      let said = "";
      child.stdout.on("data", (chunk) => {
        said += chunk;
        if (said.length > 2_000 + round * 777) child.kill("SIGKILL");
      });
      await once(child, "close");
      const told = Number(said.split("\n").at(-2));
      const found = await numbers();
      assert.ok(told > next);
      // One more may have been logged than could be told.
      assert.ok(found.length === told + 1 || found.length === told + 2, `${found.length}, told ${told}`);
      assert.deepEqual(found, upTo(found.length));
      next = found.length;
    }
  });

  it("a rotation that was cut short is made good by the next, and no file goes for it", async () => {
    createLogger(file, "info");
    const put = (number: number, text: string) => writeFile(`${file}.${number}`, text);
    await writeFile(file, "current");
    // Killed after 2 was renamed to 3, before 1 became 2.
    await Promise.all([put(1, "one"), put(3, "two")]);
    rotateFiles(file, { bytes: 1, files: 4 });
    const text = (number: number) => readFile(`${file}.${number}`, "utf8");
    assert.deepEqual(await Promise.all([1, 2, 3].map(text)), ["current", "one", "two"]);
    assert.equal(existsSync(file), false);
    rotateFiles(file, { bytes: 1, files: 4 });
    assert.deepEqual(
      await Promise.all([1, 2, 3].map(text)),
      ["current", "one", "two"],
      "nothing to put aside",
    );
  });

  it("a file for another process is put aside only when it is full", async () => {
    createLogger(file, "info");
    rotateFull(file, { bytes: 3, files: 3 });
    await writeFile(file, "ab");
    rotateFull(file, { bytes: 3, files: 3 });
    assert.deepEqual((await logFiles()).length, 1);
    await writeFile(file, "abc");
    rotateFull(file, { bytes: 3, files: 3 });
    assert.deepEqual(
      (await logFiles()).map((each) => path.basename(each)),
      ["service.log.1"],
    );
  });

  it("a full disk costs lines, pushes no old file out, is told once, and what waited is written after it", async () => {
    const source = `
      import { createLogger } from ${JSON.stringify(new URL("../../automation/log.ts", import.meta.url).href)};
      const log = createLogger(${JSON.stringify(file)}, "info", { bytes: 1_000, files: 3 });
      for (let n = 0; n < 20; n++) log.info({ n }, "a line");
      process.stdout.write("full");
      await new Promise((resolve) => process.once("SIGUSR2", resolve));
      for (let n = 20; n < 400; n++) log.info({ n }, "a line");
      process.stdout.write("again");
      await new Promise((resolve) => process.once("SIGUSR2", resolve));
      log.info({ n: 400 }, "a line");
      process.stdout.write("done");`;
    const child = spawn(
      process.execPath,
      [
        "--input-type=module",
        "-e",
        `process.on("SIGXFSZ", () => {}); const alive = setInterval(() => {}, 1000);${source}; clearInterval(alive);`,
      ],
      {
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    let said = "";
    let errors = "";
    child.stdout.on("data", (chunk) => {
      said += chunk;
    });
    child.stderr.on("data", (chunk) => {
      errors += chunk;
    });
    const filesUpTo = (bytes: string) =>
      execFileSync("prlimit", ["--pid", String(child.pid), `--fsize=${bytes}:unlimited`]);
    await until("the first lines", () => said === "full");
    const before = await numbers();
    assert.ok(before.includes(0) && before.includes(19));
    filesUpTo("0");
    child.kill("SIGUSR2");
    await until("lines that cannot be written", () => said === "fullagain");
    assert.deepEqual(await numbers(), before, "no old file went for lines that were not written");
    filesUpTo("unlimited");
    child.kill("SIGUSR2");
    await once(child, "close");
    assert.equal(said, "fullagaindone", errors);
    assert.equal((await numbers()).at(-1), 400);
    assert.equal(errors.match(/cannot be written/g)?.length, 1, errors);
  });

  it("a file that cannot be put aside is written on, is told once, and no line is lost", async () => {
    const log = createLogger(file, "info", { bytes: 500, files: 2 });
    await mkdir(path.join(`${file}.1`, "in the way"), { recursive: true });
    for (const n of upTo(50)) log.info({ n }, "a line");
    await rm(`${file}.1`, { recursive: true });
    assert.deepEqual(await numbers(), upTo(50));
  });
});
