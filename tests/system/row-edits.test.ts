/**
 * Rows edited in raw SQL beside a running service, through the real engine, to objects in the simulated
 * clouds. The cases share one service and build on what the one before left.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { makeHome, removeHome, TestService, until } from "../support/service.ts";
import { cluster, environment, groupId, job, network, policy, secret } from "../support/small-rows.ts";

const grantType = "databricks:index/grant:Grant";
const access = `access-eastus-${groupId("ds_team")}`;

describe("row edits in raw SQL", () => {
  let service: TestService;

  before(async () => {
    service = new TestService(
      await makeHome([
        environment(),
        job(201),
        policy(201, ["execute_inference"]),
        network(201, { firewall_ranges: ["198.51.100.16/28"] }),
        secret(201),
        cluster(201, 1, 2),
        job(202, { schedule: "0 0 2 * * ?" }),
        cluster(202, 1, 4),
      ]),
    );
    await service.start();
    await service.settled();
  });
  after(async () => {
    await service.stop();
    await removeHome(service.home);
  });

  /** Grants that rows ask for; those of the jobs' own identities come and go with their jobs. */
  const grantNames = async (): Promise<readonly string[]> =>
    (await service.objects(`?type=${encodeURIComponent(grantType)}`))
      .map((object) => object.id)
      .filter((id) => id.endsWith("/ds_team"));
  const grantsOn = async (model: string): Promise<number> =>
    (await grantNames()).filter((id) => id.endsWith(`/${model}/ds_team`)).length;
  const runCounts = (): ReadonlyMap<string, number> =>
    new Map(
      service
        .sql("SELECT stack, COUNT(*) AS runs FROM Runs GROUP BY stack")
        .map(({ stack, runs }) => [String(stack), Number(runs)]),
    );
  /** Stacks that ran because of what `edit` does. */
  const ranBy = async (edit: () => void): Promise<ReadonlyMap<string, number>> => {
    const before = runCounts();
    edit();
    await until("the edit was seen", () => service.sql("SELECT 1 FROM Job_Changes").length === 0);
    await service.settled();
    return new Map(
      [...runCounts()]
        .map(([stack, runs]): [string, number] => [stack, runs - (before.get(stack) ?? 0)])
        .filter(([, runs]) => runs > 0),
    );
  };
  const insertPolicy = (jobId: number, permissions: string, model: string | null = null): void => {
    service.sql(
      "INSERT INTO Access_Policies (job_id, role, permissions, entra_id_group, model) VALUES (?, 'DataScientist', ?, 'ds_team', ?)",
      jobId,
      permissions,
      model,
    );
  };

  it("every job is Ready after the first roll-out", async () => {
    for (const id of [201, 202]) await service.jobIs(id, "Ready");
  });

  it("an added policy becomes grants, and runs no stack that owns compute", async () => {
    const ran = await ranBy(() => insertPolicy(201, '["read_model"]'));
    assert.deepEqual([...ran], [[access, 1]]);
    assert.equal(await grantsOn("ml.models.job_201"), 1);
  });

  it("two jobs that grant one group the same on one model make one object", async () => {
    const ran = await ranBy(() => insertPolicy(202, '["read_model"]', "ml.models.job_201"));
    assert.deepEqual([...ran], [], "the spec is the same: no engine starts");
    assert.equal(await grantsOn("ml.models.job_201"), 1);
  });

  it("the object stays when one of the two rows goes, and goes with the other", async () => {
    const first = await ranBy(() => {
      service.sql("DELETE FROM Access_Policies WHERE job_id = 201 AND permissions LIKE '%read_model%'");
    });
    assert.deepEqual([...first], []);
    assert.equal(await grantsOn("ml.models.job_201"), 1);
    const second = await ranBy(() => {
      service.sql("DELETE FROM Access_Policies WHERE job_id = 202");
    });
    assert.deepEqual([...second], [[access, 1]]);
    assert.deepEqual(await grantNames(), []);
    assert.ok((await service.stateStacks()).includes(access), "who may run the job may sign in");
  });

  it("a stack that nobody asks for any more is destroyed", async () => {
    const ran = await ranBy(() => {
      service.sql("DELETE FROM Access_Policies WHERE job_id = 201");
    });
    assert.deepEqual([...ran.keys()].toSorted(), [access, "acl-eastus-job-201"]);
    assert.ok(!(await service.stateStacks()).includes(access), "it has no state");
    assert.deepEqual(service.sql("SELECT 1 FROM Stacks WHERE stack = ?", access), []);
  });

  it("more workers run the job's own stack alone", async () => {
    const ran = await ranBy(() => {
      service.sql("UPDATE Cluster_Configs SET max_workers = 6 WHERE job_id = 201");
    });
    assert.deepEqual([...ran], [["job-eastus-201", 1]]);
    const jobs = await service.objects(`?type=${encodeURIComponent("databricks:index/job:Job")}`);
    assert.ok(JSON.stringify(jobs).includes('"maxWorkers":6'));
  });

  it("an edit that is taken back before it was seen runs nothing", async () => {
    const ran = await ranBy(() => {
      service.sql("UPDATE Cluster_Configs SET max_workers = 9 WHERE job_id = 201");
      service.sql("UPDATE Cluster_Configs SET max_workers = 6 WHERE job_id = 201");
    });
    assert.ok((ran.get("job-eastus-201") ?? 0) <= 1);
    assert.ok([...ran.keys()].every((stack) => stack === "job-eastus-201"));
  });

  it("ten edits in a second make at most two runs of the stack", async () => {
    const ran = await ranBy(() => {
      for (let workers = 10; workers < 20; workers++) {
        service.sql("UPDATE Cluster_Configs SET max_workers = ? WHERE job_id = 201", workers);
      }
    });
    assert.deepEqual([...ran.keys()], ["job-eastus-201"]);
    assert.ok((ran.get("job-eastus-201") ?? 0) <= 2);
    const jobs = await service.objects(`?type=${encodeURIComponent("databricks:index/job:Job")}`);
    assert.ok(JSON.stringify(jobs).includes('"maxWorkers":19'), "the last edit counts");
  });

  it("a disabled job's schedule is paused, and nothing is destroyed", async () => {
    const before = (await service.objects()).length;
    await ranBy(() => {
      service.sql("UPDATE Jobs SET enabled = 0 WHERE job_id = 202");
    });
    const jobs = await service.objects(`?type=${encodeURIComponent("databricks:index/job:Job")}`);
    const paused = jobs.filter((each) => JSON.stringify(each).includes('"pauseStatus":"PAUSED"'));
    assert.equal(paused.length, 1);
    assert.equal((await service.objects()).length, before);
  });

  it("a job without a schedule has none", async () => {
    const jobs = await service.objects(`?type=${encodeURIComponent("databricks:index/job:Job")}`);
    const scheduled = jobs.filter((each) => JSON.stringify(each).includes("quartzCronExpression"));
    assert.equal(scheduled.length, 1);
  });

  it("a deleted job leaves no object, no state and no row in Stacks", async () => {
    const mine = (await service.stateStacks()).filter((stack) => stack.endsWith("-201"));
    assert.deepEqual(mine.toSorted(), ["acl-eastus-job-201", "job-eastus-201"]);
    await ranBy(() => {
      service.sql("DELETE FROM Jobs WHERE job_id = 201");
    });
    const left = (await service.objects()).filter((object) => /job[-_]201\b/.test(JSON.stringify(object)));
    assert.deepEqual(
      left.map(({ type, body }) => [type, body.state]),
      [["azure-native:storage:EncryptionScope", "Disabled"]],
      "ARM deletes no encryption scope, it disables them",
    );
    const kept = ["acl-eastus-job-202", "job-eastus-202", "platform-eastus", "workspace-eastus"];
    assert.deepEqual(
      (await service.stateStacks()).toSorted(),
      kept,
      "its network and firewall stacks had no other user",
    );
    const stacks = service.sql("SELECT stack FROM Stacks ORDER BY stack").map(({ stack }) => stack);
    assert.deepEqual(stacks, kept);
    const ends = service.sql(
      "SELECT stack, ended_at FROM Runs WHERE kind = 'destroy' AND stack LIKE '%-201' ORDER BY ended_at",
    );
    assert.deepEqual(
      ends.map(({ stack }) => stack),
      ["acl-eastus-job-201", "job-eastus-201"],
      "higher layers first",
    );
  });
});
