/** What a host can lack: each is told while it lasts, holds every run back, and ends without anybody's help. */
import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { chmod, copyFile, mkdir, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { heldFor, readinessOf } from "../support/readiness.ts";
import { enginePath, makeHome, removeHome, TestService, until } from "../support/service.ts";
import { cluster, environment, job, policy } from "../support/small-rows.ts";

const policyType = "databricks:index/clusterPolicy:ClusterPolicy";

/** True: this machine lets us mount a file system of our own. */
function mountDisk(folder: string, size: string): boolean {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", folder], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

describe("a host that lacks something", () => {
  let service: TestService;
  let engine: string;
  let stateIsMounted = false;
  let workers = 2;

  before(async () => {
    const rows = [environment(), job(201), cluster(201, 1, workers), policy(201, ["read_model"])];
    const home = await makeHome(rows);
    engine = path.join(home, "engine");
    await copyFile(enginePath(), engine);
    await chmod(engine, 0o755);
    await mkdir(path.join(home, "state"));
    stateIsMounted = mountDisk(path.join(home, "state"), "300m");
    service = new TestService(home);
    await service.start({ ROWGATE_ENGINE_PATH: engine });
    await service.jobIs(201, "Ready");
    await service.settled();
  });
  after(async () => {
    await service.stop();
    if (stateIsMounted) execFileSync("umount", [path.join(service.home, "state")]);
    await removeHome(service.home);
  });

  const edit = (): void => {
    workers += 1;
    service.sql("UPDATE Cluster_Configs SET max_workers = ? WHERE job_id = 201", workers);
  };
  async function editIsThere(): Promise<void> {
    await until("the edit is in the clouds", async () => {
      const [found] = await service.objects(`?type=${policyType}`);
      const definition = JSON.parse(String(found?.body.definition));
      const limit = definition["autoscale.max_workers"];
      return (limit?.maxValue ?? limit?.value) === workers;
    });
    await service.settled();
    await service.jobIs(201, "Ready");
    assert.deepEqual(await readinessOf(service), { status: 200, faults: {} });
    assert.deepEqual(await heldFor(service), []);
    assert.deepEqual(await service.locks(), []);
  }
  /** During an outage an edit is made; what is told is checked, and that nothing is tried. */
  async function told(check: string, words: RegExp): Promise<void> {
    await until(`/readyz tells of ${check}`, async () => check in (await readinessOf(service)).faults);
    const runsBefore = service.runs().length;
    edit();
    await until("the edit is resolved", async () => (await service.readyJobs()).get(201) === "Reconciling");
    const { status, faults } = await readinessOf(service);
    assert.equal(status, 503);
    assert.match(faults[check] ?? "", words);
    assert.match((await heldFor(service)).join("\n"), words);
    assert.equal((await service.fetch("/healthz")).status, 200);
    await sleep(1_500);
    assert.equal(service.runs().length, runsBefore, "no run is tried in vain");
    assert.equal((await service.readyJobs()).get(201), "Reconciling", "and no job is told to have failed");
  }

  it("its state folder is gone, and comes back", async () => {
    const backend = path.join(service.home, "state", "backend");
    await rename(backend, `${backend}.away`);
    await writeFile(backend, "in the way");
    await told("state", /State cannot be written to .*backend: .*Runs go on by themselves\./);
    await rm(backend);
    await rename(`${backend}.away`, backend);
    await editIsThere();
  });

  it("its state folder is read-only, and is not any more", async (t) => {
    if (!stateIsMounted) return t.skip("this machine lets nobody mount a file system");
    const remount = (how: string) =>
      execFileSync("mount", ["-o", `remount,${how}`, path.join(service.home, "state")]);
    remount("ro");
    await told("state", /read-only file system/);
    remount("rw");
    await editIsThere();
  });

  it("its disk is full, and has room again; a run that met it in the middle is done again", async (t) => {
    if (!stateIsMounted) return t.skip("this machine lets nobody mount a file system");
    const filler = path.join(service.home, "state", "filler");
    // The service looks each five seconds: this edit's run most likely finds the full disk by itself.
    await service.settled();
    execFileSync("sh", ["-c", `dd if=/dev/zero of='${filler}' bs=1M count=400 2>/dev/null; true`]);
    edit();
    await told("state", /no space left on device|is full but for \d+ MB/);
    await rm(filler);
    await editIsThere();
  });

  it("its engine is removed while a run is under way, then replaced by another version, then put back", async () => {
    await service.addFault({ type: policyType, call: "update", kind: "hang", seconds: 4 });
    const runsBefore = service.runs().length;
    edit();
    await until("a run is under way", async () => (await service.struck()) > 0);
    await rename(engine, `${engine}.away`);
    await told("engine", /The engine .* is gone: ENOENT/);
    await writeFile(engine, "#!/bin/sh\necho v3.300.1\n");
    await chmod(engine, 0o755);
    await until("the other version is told", async () =>
      /was replaced by version 3\.300\.1; stacks are run with 3\.259\.x/.test(
        (await readinessOf(service)).faults.engine ?? "",
      ),
    );
    await rename(`${engine}.away`, engine);
    await editIsThere();
    const ended = service.runs().slice(runsBefore);
    assert.equal(ended.at(0)?.status, "succeeded", "the run that had begun was not touched");
  });

  it("its disk is slow: leases hold, and everything gets done", async () => {
    // Four writers that flush each block: whatever else is written waits behind them.
    const noise = path.join(service.home, "noise");
    await mkdir(noise);
    const stop = new AbortController();
    const writers = [1, 2, 3, 4].map(async (number) => {
      while (!stop.signal.aborted)
        await new Promise<void>((resolve) => {
          const file = path.join(noise, String(number));
          execFile("dd", ["if=/dev/zero", `of=${file}`, "bs=8M", "count=4", "oflag=dsync"], () => resolve());
        });
    });
    try {
      for (let round = 0; round < 3; round++) {
        edit();
        await sleep(500);
      }
      await until("the edits are carried out", async () => (await service.readyJobs()).get(201) === "Ready");
      await service.settled();
    } finally {
      stop.abort();
      await Promise.all(writers);
      await rm(noise, { recursive: true });
    }
    await editIsThere();
    assert.deepEqual(
      service.runs().filter(({ status }) => status === "lost"),
      [],
    );
  });
});
