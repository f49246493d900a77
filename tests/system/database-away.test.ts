/** The metadata database is away for a while: the service says so, goes on, and loses nothing. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { makeHome, removeHome, TestService, until } from "../support/service.ts";
import { cluster, environment, job, policy } from "../support/small-rows.ts";

const jobRun = "job-eastus-201";

describe("a metadata database that is away", () => {
  let service: TestService;

  before(async () => {
    const rows = [environment(), job(201), cluster(201, 1, 2), policy(201, ["read_model"])];
    service = new TestService(await makeHome(rows));
    await service.start();
    await until("the first roll-out", async () => (await service.readyJobs()).get(201) === "Ready");
    await service.settled();
  });
  after(async () => {
    await service.stop();
    await removeHome(service.home);
  });

  const database = () => new DatabaseSync(path.join(service.home, "metadata.db"), { timeout: 10_000 });
  const setWorkers = (most: number): void => {
    service.sql("UPDATE Cluster_Configs SET max_workers = ? WHERE job_id = 201", most);
  };
  const maxWorkers = async (): Promise<unknown> => {
    const policies = await service.objects("?type=databricks:index/clusterPolicy:ClusterPolicy");
    const definition = JSON.parse(String(policies.at(0)?.body.definition));
    return definition["autoscale.max_workers"]?.maxValue ?? definition["autoscale.max_workers"]?.value;
  };
  const databaseCheck = async () => {
    const response = await service.fetch("/readyz");
    const { checks } = (await response.json()) as {
      checks: { name: string; ok: boolean; message: string | null }[];
    };
    const check = checks.find(({ name }) => name === "database");
    return { status: response.status, ok: check?.ok, message: check?.message ?? "" };
  };

  it("locked for longer than a writer waits: not ready, alive; then the edit is carried out", async () => {
    const person = database();
    setWorkers(3);
    person.exec("BEGIN IMMEDIATE");
    await until("the service is not ready", async () => (await databaseCheck()).status === 503);
    const { message } = await databaseCheck();
    assert.match(message, /Another process has held the metadata database .* locked/);
    assert.equal((await service.fetch("/healthz")).status, 200);
    assert.equal((await service.fetch("/api/jobs/201")).status, 200, "reading goes on");
    person.exec("COMMIT");
    person.close();
    await until("the edit is in the clouds", async () => (await maxWorkers()) === 3);
    await service.settled();
    assert.equal((await databaseCheck()).status, 200);
    await service.jobIs(201, "Ready");
  });

  it("locked in the middle of a run: the run's steps and end are written afterwards, and it is the only one", async () => {
    const before = service.runs(jobRun).length;
    setWorkers(4);
    const isRunning = () => service.runs(jobRun).at(-1)?.status === "running";
    await until("a run", isRunning);
    const person = database();
    person.exec("BEGIN IMMEDIATE");
    assert.ok(isRunning(), "the lock came before the run's end was written");
    await sleep(7_000);
    person.exec("COMMIT");
    person.close();
    await service.settled();
    const runs = service.runs(jobRun).slice(before);
    assert.deepEqual(
      runs.map(({ status }) => status),
      ["succeeded"],
    );
    assert.ok(service.sql("SELECT 1 FROM Run_Steps WHERE run_id = ?", String(runs[0]?.run_id)).length > 0);
    assert.equal(await maxWorkers(), 4);
  });

  it("on a disk that takes no writes: not ready, alive; then the edit is carried out", async () => {
    const filesUpTo = (bytes: string): void => {
      execFileSync("prlimit", ["--pid", String(service.pid), `--fsize=${bytes}:unlimited`]);
    };
    filesUpTo("0");
    setWorkers(5);
    await until("the database is told", async () => (await databaseCheck()).ok === false);
    assert.equal((await databaseCheck()).status, 503);
    assert.match((await databaseCheck()).message, /cannot be written \(.*\)\. Check its disk/);
    assert.equal((await service.fetch("/healthz")).status, 200);
    filesUpTo("unlimited");
    await until("the edit is in the clouds", async () => (await maxWorkers()) === 5);
    await service.settled();
    assert.equal((await databaseCheck()).status, 200);
    await service.jobIs(201, "Ready");
  });
});
