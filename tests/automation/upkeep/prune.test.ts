import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { pruneEngineLogs, pruneTemporary } from "../../../automation/upkeep/prune-files.ts";
import { type KnownStacks, pruneState } from "../../../automation/upkeep/prune-state.ts";
import { checkpoint, dayMs, HomeKit } from "./home-kit.ts";

let kit: HomeKit;
beforeEach(async () => {
  kit = await HomeKit.make();
});
afterEach(() => kit.remove());

const known =
  (...stacks: readonly string[]): KnownStacks =>
  async (names) =>
    new Set(names.filter((name) => stacks.includes(name)));
const prune = (knownStacks = known("job-eastus-201")) => pruneState({ state: kit.state, knownStacks });
const stackFile = (name: string) => kit.backend("stacks", "rowgate", name);
const historyNames = async (stack: string) =>
  (await readdir(kit.backend("history", "rowgate", stack))).toSorted();

describe("history of a stack", () => {
  const stack = "job-eastus-201";
  const pairOf = (at: string | undefined) => [
    `${stack}-${at}.checkpoint.json`,
    `${stack}-${at}.history.json`,
  ];

  it("of a year, 8,000 updates, is pruned to twenty, and a second time costs next to nothing", async (context) => {
    const numbers = await kit.history(stack, 8_000);
    await kit.put(stackFile(`${stack}.json`), checkpoint(stack));
    const began = performance.now();
    const { history } = await prune();
    const first = performance.now() - began;
    assert.equal(history, 2 * (8_000 - 20));
    assert.deepEqual(await historyNames(stack), numbers.slice(-20).flatMap(pairOf));
    const again = performance.now();
    assert.deepEqual(await prune(), { history: 0, backups: 0, leftovers: 0 });
    const second = performance.now() - again;
    context.diagnostic(`8,000 updates pruned in ${Math.round(first)} ms, then ${Math.round(second)} ms`);
    assert.ok(second < first / 5);
  });

  it("keeps the newest update that a stack could be restored from, however old", async () => {
    const numbers = await kit.history(stack, 60, (index) =>
      index === 4 || index === 9 ? "succeeded" : "failed",
    );
    // One that says it succeeded, but whose checkpoint was cut short.
    await writeFile(
      kit.backend("history", "rowgate", stack, `${stack}-${numbers[9]}.checkpoint.json`),
      '{"ver',
    );
    await prune();
    assert.deepEqual(await historyNames(stack), [numbers[4], ...numbers.slice(-20)].flatMap(pairOf));
  });

  it("loses pairs alone, the oldest first, and halves with them", async () => {
    const numbers = await kit.history(stack, 25);
    await rm(kit.backend("history", "rowgate", stack, `${stack}-${numbers[2]}.history.json`));
    await kit.put(
      kit.backend("history", "rowgate", stack, `${stack}-${numbers[1]}.checkpoint.json.attrs`),
      "{}",
    );
    assert.equal((await prune()).history, 5 * 2 - 1 + 1);
    assert.deepEqual(await historyNames(stack), numbers.slice(-20).flatMap(pairOf));
  });

  it("leaves alone whatever is not an entry of this very stack: links, folders, other names", async () => {
    const numbers = await kit.history(stack, 25);
    const folder = kit.backend("history", "rowgate", stack);
    const target = await kit.put(path.join(kit.folder, "precious"), "kept");
    const old = "1600000000000000000";
    const strange = [
      `${stack}-1.history.json`,
      `job-eastus-2011-${old}.history.json`,
      `${stack}-${old}.history.json.mine`,
      `${stack}-${old}x.checkpoint.json`,
      "notes.txt",
      "..history.json",
      `${stack}-${old}\n.history.json`,
    ];
    for (const name of strange) await kit.put(path.join(folder, name), "kept");
    await kit.link(path.join(folder, `${stack}-${old}.checkpoint.json`), target);
    await mkdir(path.join(folder, `${stack}-${old}.history.json`));
    await prune();
    const left = [...strange, `${stack}-${old}.checkpoint.json`, `${stack}-${old}.history.json`];
    assert.deepEqual(await historyNames(stack), [...left, ...numbers.slice(-20).flatMap(pairOf)].toSorted());
    assert.equal(await readFile(target, "utf8"), "kept");
  });

  it("behind a link is not followed, and stays", async () => {
    const elsewhere = path.join(kit.folder, "elsewhere");
    for (let n = 0; n < 30; n++)
      await kit.put(
        path.join(elsewhere, `${stack}-${1_700_000_000_000_000_000n + BigInt(n)}.history.json`),
        "{}",
      );
    await kit.link(kit.backend("history", "rowgate", stack), elsewhere);
    assert.equal((await prune()).history, 0);
    assert.equal((await readdir(elsewhere)).length, 30);
  });

  it("stops early when the service does, and goes on at the next round", async () => {
    const [oldest] = await kit.history(stack, 1_000);
    const stop = new AbortController();
    const first = kit.backend("history", "rowgate", stack, `${stack}-${oldest}.history.json`);
    const timer = setInterval(() => {
      if (!existsSync(first)) stop.abort();
    }, 1);
    await pruneState({ state: kit.state, knownStacks: known(stack), signal: stop.signal });
    clearInterval(timer);
    const left = (await historyNames(stack)).length;
    assert.ok(left > 40 && left < 2_000, `${left} files are left`);
    await prune();
    assert.equal((await historyNames(stack)).length, 40);
  });
});

describe("what else grows in the state", () => {
  it("five backups of checkpoints are kept, the newest", async () => {
    const folder = kit.backend("backups", "rowgate", "job-eastus-201");
    const names = Array.from(
      { length: 9 },
      (_, n) => `job-eastus-201.${1_700_000_000_000_000_000n + BigInt(n)}.json`,
    );
    for (const name of [...names, "mine.json"]) await kit.put(path.join(folder, name), "{}");
    assert.equal((await prune()).backups, 4);
    assert.deepEqual((await readdir(folder)).toSorted(), [...names.slice(-5), "mine.json"]);
  });

  it("files that a killed process left unfinished go after a day; checkpoints never do", async () => {
    const stays = [
      await kit.put(stackFile("job-eastus-201.json"), checkpoint("job-eastus-201"), 900 * dayMs),
      await kit.put(stackFile("job-eastus-999.json"), checkpoint("job-eastus-999"), 900 * dayMs),
      await kit.put(stackFile("job-eastus-201.json.bak"), "{}", 900 * dayMs),
      await kit.put(stackFile("job-eastus-201.json.18a3c0ffee12345.tmp"), "{", 0.5 * dayMs),
      await kit.put(stackFile("mine.tmp"), "", 900 * dayMs),
    ];
    const goes = [
      await kit.put(stackFile("job-eastus-202.json.18a3c0ffee12345.tmp"), "{", 2 * dayMs),
      await kit.put(stackFile("job-eastus-202.json.bak.18a3c0ffee12345.tmp"), "{", 2 * dayMs),
      await kit.put(stackFile("job-eastus-202.json.new"), "{", 2 * dayMs),
    ];
    assert.equal((await prune()).leftovers, goes.length);
    assert.deepEqual(goes.filter(existsSync), []);
    assert.deepEqual(stays.filter(existsSync), stays);
  });

  it("folders of a stack with neither state nor row go after a time, but no lock and no other's folder", async () => {
    const gone = "acl-weu-job-316";
    const foldersOf = (stack: string) => ({
      workspace: kit.at("state", "workspaces", stack),
      history: kit.backend("history", "rowgate", stack),
      locks: kit.backend("locks", "organization", "rowgate", stack),
    });
    const make = async (stack: string, ageMs: number) => {
      const folders = foldersOf(stack);
      await kit.put(path.join(folders.workspace, `Pulumi.${stack}.yaml`), "encryptionsalt: x\n");
      await kit.history(stack, 1);
      await mkdir(folders.locks, { recursive: true });
      for (const folder of Object.values(folders)) await kit.age(folder, ageMs);
    };
    const precious = await kit.put(path.join(kit.folder, "precious", "file"), "kept");
    await make(gone, 40 * dayMs);
    await kit.link(path.join(foldersOf(gone).workspace, "link"), path.dirname(precious));
    await kit.age(foldersOf(gone).workspace, 40 * dayMs);
    const stay = ["job-eastus-201", "job-eastus-7", "not a stack", "acl-weu-job-317", "job-eastus-8"];
    await make("job-eastus-201", 40 * dayMs); // known
    await make("job-eastus-7", 40 * dayMs);
    await kit.put(stackFile("job-eastus-7.json"), checkpoint("job-eastus-7")); // has state
    await make("not a stack", 40 * dayMs);
    await make("acl-weu-job-317", 0.5 * dayMs); // young
    await make("job-eastus-8", 40 * dayMs);
    for (const folder of Object.values(foldersOf("job-eastus-8"))) await kit.age(folder, 2 * dayMs);
    const lock = await kit.put(path.join(foldersOf("acl-weu-job-318").locks, "a.json"), "{}");
    await kit.age(path.dirname(lock), 40 * dayMs);
    const bak = await kit.put(stackFile(`${gone}.json.bak`), "{}", 40 * dayMs);

    assert.equal((await prune()).leftovers, 3 + 2 + 1);
    assert.deepEqual([...Object.values(foldersOf(gone)), bak].filter(existsSync), []);
    for (const stack of stay) {
      const left = Object.values(foldersOf(stack)).filter(existsSync).length;
      // Of job-eastus-8 the history stays for a month, as what can be looked up later.
      assert.equal(left, stack === "job-eastus-8" ? 1 : 3, stack);
    }
    assert.ok(existsSync(lock), "a lock that is held");
    assert.equal(await readFile(precious, "utf8"), "kept");
  });

  it("a stack whose rows come back while its leavings are looked at keeps them", async () => {
    const folder = kit.at("state", "workspaces", "job-eastus-5");
    await kit.put(path.join(folder, "Pulumi.job-eastus-5.yaml"), "x");
    await kit.age(folder, 40 * dayMs);
    let asked = 0;
    await prune(async (names) => new Set(asked++ === 0 ? [] : names));
    assert.ok(asked > 1 && existsSync(folder));
  });

  it("of a home without any is nothing", async () => {
    assert.deepEqual(await prune(), { history: 0, backups: 0, leftovers: 0 });
  });
});

describe("logs of engines", () => {
  const put = (name: string, bytes: number, ageMs: number) =>
    kit.put(kit.at("pulumi", "logs", name), "x".repeat(bytes), ageMs);

  it("are kept up to a number and a size, the newest; files of another kind stay", async () => {
    for (let n = 0; n < 10; n++) await put(`run ${n}.log`, 100, n * 1_000);
    await put("notes.txt", 100, 99 * dayMs);
    const precious = await kit.put(path.join(kit.folder, "precious"), "kept", 99 * dayMs);
    await kit.link(kit.at("pulumi", "logs", "link.log"), precious);
    const folder = kit.at("pulumi", "logs");
    const names = async () => (await readdir(folder)).filter((name) => name.startsWith("run")).toSorted();
    assert.equal(await pruneEngineLogs(folder, { limits: { files: 8, bytes: 10_000 } }), 2);
    assert.deepEqual(
      await names(),
      Array.from({ length: 8 }, (_, n) => `run ${n}.log`),
    );
    assert.equal(await pruneEngineLogs(folder, { limits: { files: 8, bytes: 350 } }), 5);
    assert.deepEqual(await names(), ["run 0.log", "run 1.log", "run 2.log"]);
    assert.ok((await readdir(folder)).includes("notes.txt") && (await readdir(folder)).includes("link.log"));
    assert.equal(await readFile(precious, "utf8"), "kept");
    assert.equal(await pruneEngineLogs(kit.at("none")), 0);
  });
});

describe("the temporary folder", () => {
  it("loses what nothing has changed for a day, and nothing that somebody still writes to", async () => {
    const folder = kit.at("tmp");
    const stale = [path.join(folder, "backup-x"), path.join(folder, "file"), path.join(folder, "link")];
    const precious = await kit.put(path.join(kit.folder, "precious", "file"), "kept", 99 * dayMs);
    await kit.put(path.join(folder, "backup-x", "deep", "inside"), "x", 2 * dayMs);
    await kit.age(path.join(folder, "backup-x", "deep"), 2 * dayMs);
    await kit.age(path.join(folder, "backup-x"), 2 * dayMs);
    await kit.put(path.join(folder, "file"), "x", 2 * dayMs);
    await kit.link(path.join(folder, "link"), path.dirname(precious));
    await kit.put(path.join(folder, "backup-y", "deep", "inside"), "x");
    await kit.age(path.join(folder, "backup-y", "deep"), 2 * dayMs);
    await kit.age(path.join(folder, "backup-y"), 2 * dayMs);
    assert.equal(await pruneTemporary(folder), 2, "a link is as old as itself");
    assert.equal(await pruneTemporary(folder, { now: Date.now() + 0.5 * dayMs }), 0);
    assert.equal(await pruneTemporary(folder, { now: Date.now() + 2 * dayMs }), 2);
    assert.deepEqual(stale.filter(existsSync), []);
    assert.equal(await readFile(precious, "utf8"), "kept");
    assert.equal(await pruneTemporary(kit.at("none")), 0);
  });
});
