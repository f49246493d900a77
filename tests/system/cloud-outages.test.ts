/** Clouds that throttle, fail, hang, cut the connection or die: what is told while it lasts, and that nothing is lost or made twice. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { rowgate } from "../support/command-line.ts";
import { readinessOf } from "../support/readiness.ts";
import { makeHome, removeHome, TestService, until } from "../support/service.ts";
import { cluster, environment, job, policy } from "../support/small-rows.ts";

const policyType = "databricks:index/clusterPolicy:ClusterPolicy";
const jobType = "databricks:index/job:Job";

interface StackAnswer {
  readonly conditions: readonly {
    readonly type: string;
    readonly status: string;
    readonly message: string;
  }[];
}

describe("clouds that fail", () => {
  let service: TestService;
  let workers = 2;

  before(async () => {
    const rows = [environment(), job(201), cluster(201, 1, workers), policy(201, ["read_model"])];
    service = new TestService(await makeHome(rows));
    // Short limits, so that a test need not wait for an hour.
    await service.start({ ROWGATE_STALL_SECONDS: "2", ROWGATE_RUN_SECONDS: "20" });
    await service.jobIs(201, "Ready");
    await service.settled();
  });
  afterEach(() => service.clearFaults());
  after(async () => {
    await service.stop();
    await removeHome(service.home);
  });

  const edit = (): void => {
    workers += 1;
    service.sql("UPDATE Cluster_Configs SET max_workers = ? WHERE job_id = 201", workers);
  };
  const policies = () => service.objects(`?type=${policyType}`);
  const liveWorkers = async (): Promise<unknown> => {
    const found = (await policies()).find(({ name }) => name === "rowgate-job-201");
    const limit = JSON.parse(String(found?.body.definition))["autoscale.max_workers"];
    return limit?.maxValue ?? limit?.value;
  };
  async function isWell(): Promise<void> {
    await until("the edit is in the clouds", async () => (await liveWorkers()) === workers);
    await service.settled();
    await service.jobIs(201, "Ready");
    assert.equal((await service.objects(`?type=${jobType}`)).length, jobs, "no job is there twice");
    const names = (await policies()).map(({ name }) => name);
    assert.equal(names.length, jobs * 2, "a policy of each job, and one for work by hand");
    assert.equal(new Set(names).size, names.length, "no policy is there twice");
    assert.deepEqual(await service.locks(), []);
  }
  let jobs = 1;
  const conditions = async (stack: string) =>
    (await service.get<StackAnswer>(`/api/stacks/${stack}`)).conditions;
  const lastRun = (stack = "job-eastus-201") => service.runs(stack).at(-1);

  it("429 with Retry-After: the whole subscription waits as long as it asks, says so, and goes on", async () => {
    await service.addFault({ type: policyType, call: "update", kind: "throttle", retryAfterSeconds: 6 });
    edit();
    type Engine = { pauses: readonly { until: string; reason: string }[] };
    await until(
      "the pause is told",
      async () => (await service.get<Engine>("/api/engine")).pauses.length === 1,
    );
    const [pause] = (await service.get<Engine>("/api/engine")).pauses;
    assert.match(pause?.reason ?? "", /Too many requests/);
    assert.match(String(lastRun()?.failure_message), /^Throttled: /);
    const { out } = await rowgate(service.home, "engine", "status");
    assert.match(out, /is throttled: its runs wait until/);
    // Another stack of the subscription waits too.
    service.sql('UPDATE Access_Policies SET permissions = \'["read_model","execute_inference"]\'');
    await isWell();
    for (const run of service.runs().slice(-2))
      assert.ok(String(run.started_at) >= String(pause?.until), String(run.stack));
  });

  it("500: tried again with growing pauses, the others go on meanwhile", async () => {
    await service.addFault({ type: policyType, call: "update", kind: "error", times: 2 });
    edit();
    await until("it failed", () => lastRun()?.status === "failed");
    assert.match(String(lastRun()?.failure_message), /^CloudUnavailable: /);
    await isWell();
    assert.deepEqual(
      service
        .runs("job-eastus-201")
        .slice(-3)
        .map(({ status }) => status),
      ["failed", "failed", "succeeded"],
    );
  });

  it("a hang: told as Stalled with what it waits for, ended by `rowgate cancel`, done when asked for again", async () => {
    await service.addFault({ type: policyType, call: "update", kind: "hang", times: "forever" });
    edit();
    const stalled = async () =>
      (await conditions("job-eastus-201")).find(
        ({ type, status }) => type === "Stalled" && status === "True",
      );
    await until("the silence is told", async () => (await stalled()) !== undefined);
    assert.match(
      (await stalled())?.message ?? "",
      /has said nothing for 2 s; it waits for: update of databricks:index\/clusterPolicy:ClusterPolicy /,
    );
    const { out, code } = await rowgate(service.home, "cancel", "job-eastus-201");
    assert.equal(code, 0);
    assert.match(out, /ends once its calls under way have ended/);
    await until("it ended", () => lastRun()?.status === "canceled", 45_000);
    assert.match(String(lastRun()?.failure_message), /^Canceled: local canceled the run\./);
    assert.equal(await stalled(), undefined, "nothing stalls any more");
    await service.clearFaults();
    const again = await rowgate(service.home, "reconcile", "201", "--wait");
    assert.equal(again.code, 0, again.out);
    await isWell();
  });

  it("a hang that nobody ends: stopped at the run's deadline, tried again by itself", async () => {
    await service.addFault({ type: policyType, call: "update", kind: "hang", times: 1 });
    edit();
    await until("it was stopped", () => lastRun()?.status === "failed", 60_000);
    assert.match(
      String(lastRun()?.failure_message),
      /^DeadlineExceeded: The run took longer than 0\.3 minutes/,
    );
    await service.clearFaults();
    await isWell();
  });

  it("a connection cut after the commit: what was made is found, not made twice", async () => {
    for (const type of [policyType, jobType])
      await service.addFault({ type, call: "create", kind: "drop", afterCommit: true });
    service.script(
      "INSERT INTO Jobs (job_id) VALUES (202); INSERT INTO Cluster_Configs (job_id, min_workers, max_workers) VALUES (202, 1, 2)",
    );
    jobs = 2;
    await service.jobIs(202, "Ready");
    edit();
    await isWell();
    assert.equal(await service.struck(), 2);
    const failed = service.runs("job-eastus-202").filter(({ status }) => status === "failed");
    assert.ok(failed.length === 1 || failed.length === 2, "each cut failed its run; both may be in one");
    const made = (await service.calls()).filter(
      ({ call, type, stack, result }) =>
        call === "create" &&
        stack === "rowgate/job-eastus-202" &&
        result === "ok" &&
        (type === policyType || type === jobType),
    );
    assert.equal(made.length, 3, "one create of each was carried out");
  });

  it("their process killed in the middle of a call: started again, everything goes on", async () => {
    const { pid } = JSON.parse(await readFile(path.join(service.home, "clouds", "endpoint.json"), "utf8"));
    await service.addFault({ type: policyType, call: "update", kind: "hang", times: 1 });
    edit();
    await until("the call hangs", async () => (await service.struck()) > 0);
    process.kill(pid, "SIGKILL");
    await until("the clouds are back", async () => (await readinessOf(service)).status === 200);
    await service.clearFaults();
    await isWell();
  });

  it("their process frozen: told, held back, and everything goes on when it wakes", async () => {
    const { pid } = JSON.parse(await readFile(path.join(service.home, "clouds", "endpoint.json"), "utf8"));
    process.kill(pid, "SIGSTOP");
    edit();
    await until("it is told", async () => "clouds" in (await readinessOf(service)).faults);
    process.kill(pid, "SIGCONT");
    await isWell();
  });
});
