import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readdir, readFile, rename, rm } from "node:fs/promises";
import path from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { createLogger } from "../../../automation/log.ts";
import type { KnownStacks } from "../../../automation/upkeep/prune-state.ts";
import { markRestored, takeRestored } from "../../../automation/upkeep/restored-marker.ts";
import { findUnknownState } from "../../../automation/upkeep/unknown-state.ts";
import { type HistoryPruning, type RunPruning, Upkeep } from "../../../automation/upkeep/upkeep.ts";
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
const logFile = () => path.join(kit.folder, "log");
const logged = async (): Promise<readonly Record<string, unknown>[]> =>
  (await readFile(logFile(), "utf8").catch(() => ""))
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
const stackFile = (name: string) => kit.backend("stacks", "rowgate", name);

describe("state of stacks that nobody knows", () => {
  it("is found with its last change; known stacks, backups and unfinished files are none", async () => {
    for (const stack of ["job-eastus-1", "job-eastus-2", "a person's own"])
      await kit.put(stackFile(`${stack}.json`), checkpoint(stack), 3 * dayMs);
    await kit.put(stackFile("job-eastus-3.json.bak"), "{}");
    await kit.put(stackFile("job-eastus-4.json.18a3c0ffee12345.tmp"), "{}");
    await kit.link(stackFile("job-eastus-5.json"), "/etc/passwd");
    const found = await findUnknownState(kit.state, known("job-eastus-1"));
    assert.deepEqual(
      found.map(({ stack }) => stack),
      ["a person's own", "job-eastus-2"],
    );
    for (const { file, changedAt } of found) {
      assert.ok(existsSync(file));
      assert.ok(Math.abs(Date.now() - 3 * dayMs - Date.parse(changedAt)) < 60_000);
    }
  });

  it("of a stack that is destroyed while it is looked at is none", async () => {
    await kit.put(stackFile("job-eastus-1.json"), checkpoint("job-eastus-1"));
    const found = await findUnknownState(kit.state, async () => {
      await rm(stackFile("job-eastus-1.json"));
      return new Set();
    });
    assert.deepEqual(found, []);
  });

  it("of an empty backend is none", async () => {
    assert.deepEqual(await findUnknownState(kit.state, known()), []);
  });
});

describe("the loop of upkeep", () => {
  const hourMs = 60 * 60 * 1000;
  /** A clock whose sleeps end at once and are told; the loop stops after `rounds`. */
  function looped(options: Partial<ConstructorParameters<typeof Upkeep>[0]>, rounds: number) {
    const waits: number[] = [];
    const done = Promise.withResolvers<void>();
    const upkeep = new Upkeep({
      home: kit.home,
      log: createLogger(logFile(), "info"),
      knownStacks: known(),
      pruneRuns: async () => 0,
      pruneHistory: async () => 0,
      clock: {
        monotonicMs: () => performance.now(),
        sleep: async (ms, signal) => {
          if (ms < 1_000) return;
          waits.push(ms);
          if (waits.length <= rounds) return;
          done.resolve();
          await new Promise<void>((resolve) => signal?.addEventListener("abort", () => resolve()));
        },
      },
      ...options,
    });
    return {
      upkeep,
      waits,
      run: async () => {
        upkeep.start();
        await done.promise;
        await upkeep.stop();
      },
    };
  }

  it("works soon after the start, then once an hour, never together with others", async () => {
    for (const random of [0, 0.5, 0.999]) {
      const { waits, run } = looped({ random: () => random }, 2);
      await run();
      const factor = 0.8 + 0.4 * random;
      assert.deepEqual(
        waits.map((ms) => Math.round(ms)),
        [60_000, hourMs, hourMs].map((ms) => Math.round(ms * factor)),
      );
    }
  });

  it("deletes all that is old, tells how much, and an idle round says nothing", async () => {
    await kit.history("job-eastus-1", 30);
    await kit.put(stackFile("job-eastus-1.json"), checkpoint("job-eastus-1"));
    await kit.put(kit.at("tmp", "old"), "x", 2 * dayMs);
    const asked: RunPruning[] = [];
    const pruneRuns = async (what: RunPruning) => (asked.push(what) === 1 ? 150 : 0);
    await looped({ pruneRuns, knownStacks: known("job-eastus-1") }, 2).run();
    const [line, ...more] = await logged();
    const { history, temporary, runs, engineLogs, backups, leftovers } = line ?? {};
    assert.deepEqual(
      { history, temporary, runs, engineLogs, backups, leftovers, more },
      { history: 20, temporary: 1, runs: 150, engineLogs: 0, backups: 0, leftovers: 0, more: [] },
    );
    assert.deepEqual(asked[0], { olderThanMs: 90 * dayMs, keepPerStack: 50, limit: 200 });
    assert.equal(
      asked.length,
      2 * 20,
      "so many calls a round, whatever they find: each goes on from the last",
    );
  });

  it("one step that fails is told, and the others are done", async () => {
    await kit.put(kit.at("tmp", "old"), "x", 2 * dayMs);
    const fails = async () => {
      throw new Error("the database is away");
    };
    const { run } = looped({ pruneRuns: fails }, 1);
    await run();
    assert.deepEqual(await readdir(kit.at("tmp")), []);
    const faults = (await logged()).filter(({ level }) => level === 40);
    assert.deepEqual(
      faults.map(({ step }) => step),
      ["runs"],
    );
  });

  it("deletes old probes and alerts until none is left, and no longer than its calls allow", async () => {
    const asked: HistoryPruning[] = [];
    const left = [200, 7];
    const few = async (what: HistoryPruning) => {
      asked.push(what);
      return left.shift() ?? 0;
    };
    await looped({ pruneHistory: few }, 1).run();
    assert.equal((await logged())[0]?.probesAndAlerts, 207);
    assert.deepEqual(asked, Array(3).fill({ olderThanMs: 90 * dayMs, keep: 1_000, limit: 200 }));
    let calls = 0;
    await looped({ pruneHistory: async () => ++calls }, 1).run();
    assert.equal(calls, 20);
  });

  it("warns of unknown state once, offers it, warns again if it comes back, and deletes nothing", async () => {
    const file = await kit.put(stackFile("job-eastus-9.json"), checkpoint("job-eastus-9"));
    const { upkeep } = looped({}, 0);
    const warnings = async () =>
      (await logged()).filter(({ level }) => level === 40).map(({ stack }) => stack);
    for (let round = 0; round < 3; round++) await upkeep.round();
    assert.deepEqual(
      upkeep.unknownState.map(({ stack }) => stack),
      ["job-eastus-9"],
    );
    assert.deepEqual(await warnings(), ["job-eastus-9"]);
    assert.ok(existsSync(file));
    await rename(file, `${file}.elsewhere`);
    await upkeep.round();
    assert.deepEqual(upkeep.unknownState, []);
    await rename(`${file}.elsewhere`, file);
    await upkeep.round();
    assert.deepEqual(await warnings(), ["job-eastus-9", "job-eastus-9"]);
  });

  it("stops at once while it waits, and soon in the middle of its work", async () => {
    const asked = Promise.withResolvers<void>();
    const { upkeep } = looped(
      {
        pruneRuns: async () => {
          asked.resolve();
          return 200;
        },
      },
      1,
    );
    upkeep.start();
    await asked.promise;
    await upkeep.stop();
    await looped({}, 0).upkeep.stop();
  });
});

describe("the mark of a restored home", () => {
  const log = () => createLogger(logFile(), "info");

  it("is taken once: state is distrusted, then the mark goes", async () => {
    await markRestored(kit.home, { madeAt: "2026-01-01T00:00:00.000Z" });
    let distrusted = 0;
    const distrustState = async () => {
      assert.ok(existsSync(kit.at("restored.json")), "until it is done, the mark is there");
      distrusted += 1;
      return 0;
    };
    await takeRestored({ home: kit.home, distrustState, log: log() });
    await takeRestored({ home: kit.home, distrustState, log: log() });
    assert.equal(distrusted, 1);
    assert.match(JSON.stringify(await logged()), /2026-01-01T00:00:00.*restored from a backup/);
  });

  it("stays for the next start when that fails", async () => {
    await markRestored(kit.home, { madeAt: "2026-01-01T00:00:00.000Z" });
    const distrustState = async () => {
      throw new Error("the database is away");
    };
    await assert.rejects(takeRestored({ home: kit.home, distrustState, log: log() }), /away/);
    assert.ok(existsSync(kit.at("restored.json")));
  });
});
