/** Access that is taken away is taken away, whatever else is wrong. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { makeHome, removeHome, TestService, until } from "../support/service.ts";
import { cluster, environment, groupId, job, network, policy } from "../support/small-rows.ts";

const grantType = encodeURIComponent("databricks:index/grant:Grant");
const permissionsType = encodeURIComponent("databricks:index/permissions:Permissions");
const listType = encodeURIComponent("databricks:index/ipAccessList:IpAccessList");
const access = `access-eastus-${groupId("ds_team")}`;

describe("removals", () => {
  let service: TestService;

  before(async () => {
    service = new TestService(
      await makeHome([
        environment(),
        job(201),
        cluster(201, 1, 2),
        policy(201, ["execute_inference", "read_model"]),
        policy(201, ["execute_inference"], { entra_id_group: "fraud_analytics" }),
        network(201, { firewall_ranges: ["198.51.100.16/28"] }),
        job(202),
        cluster(202, 1, 2),
        policy(202, ["read_model"], { model: "ml.models.credit_risk" }),
      ]),
    );
    await service.start();
    await service.settled();
  });
  after(async () => {
    await service.stop();
    await removeHome(service.home);
  });

  const grants = async (): Promise<readonly string[]> =>
    (await service.objects(`?type=${grantType}`)).map((object) => object.id);

  it("happen although an addition to the same stack is refused by the cloud, run after run", async () => {
    await service.addFault({
      type: "databricks:index/grant:Grant",
      call: "create",
      code: "INVALID_STATE",
      message: "The metastore is read-only.",
      times: "forever",
    });
    service.script(`BEGIN;
      INSERT INTO Access_Policies (job_id, role, permissions, entra_id_group, model)
        VALUES (201, 'DataScientist', '["read_model"]', 'ds_team', 'ml.models.price_optimiser');
      DELETE FROM Access_Policies WHERE job_id = 202; COMMIT`);
    await until("the run failed", () => service.runs(access).at(-1)?.status === "failed");
    const now = await grants();
    assert.ok(!now.some((id) => id.includes("credit_risk")), now.join());
    assert.ok(
      now.some((id) => id.includes("ml.models.job_201")),
      "what is still asked for stays",
    );
    await service.jobIs(201, "RunFailed");
    await service.clearFaults();
    service.sql("DELETE FROM Access_Policies WHERE model LIKE '%price_optimiser'");
    await service.jobIs(201, "Ready");
  });

  it("happen although a row beside them names a model that is not there", async () => {
    service.script(`BEGIN;
      INSERT INTO Access_Policies (job_id, role, permissions, entra_id_group, model)
        VALUES (201, 'DataScientist', '["read_model"]', 'ds_team', 'ml.models.no_such_model');
      DELETE FROM Access_Policies WHERE entra_id_group = 'ds_team' AND permissions LIKE '%execute%'; COMMIT`);
    await until(
      "the grant is gone",
      async () => !(await grants()).some((id) => id.endsWith("job_201/ds_team")),
    );
    await service.jobIs(201, "RowWaiting");
    const job = await service.get<{ rows: { condition: { reason: string } }[] }>("/api/jobs/201");
    assert.deepEqual(
      job.rows.map(({ condition }) => condition.reason),
      ["ModelNotFound"],
    );
    service.script(`BEGIN;
      DELETE FROM Access_Policies WHERE model LIKE '%no_such_model';
      INSERT INTO Access_Policies (job_id, role, permissions, entra_id_group)
        VALUES (201, 'DataScientist', '["execute_inference"]', 'ds_team'); COMMIT`);
    await service.jobIs(201, "Ready");
  });

  it("happen in a list although another group of it is gone from the directory", async () => {
    const [gone] = (await service.objects("?type=Group")).filter(
      (object) => object.name === "fraud_analytics",
    );
    await service.deleteObject(gone?.id ?? "");
    service.sql(
      "DELETE FROM Access_Policies WHERE entra_id_group = 'ds_team' AND permissions LIKE '%execute%'",
    );
    // The first run still names it, and fails; then the directory is asked afresh.
    await until(
      "the list has neither group",
      async () =>
        !/ds_team|fraud_analytics/.test(JSON.stringify(await service.objects(`?type=${permissionsType}`))),
      20_000,
    );
  });

  it("happen while the environment's row is refused", async () => {
    service.sql("UPDATE Environments SET service_address = '203.0.0.0/8'");
    await service.jobIs(202, "RowWaiting");
    service.sql("UPDATE Network_Rules SET firewall_ranges = '[]'");
    await until("the list is gone", async () => (await service.objects(`?type=${listType}`)).length === 0);
    service.sql("UPDATE Environments SET service_address = '203.0.113.10/32'");
    await service.jobIs(202, "Ready");
  });
});

describe("a killed engine", () => {
  let service: TestService;

  before(async () => {
    service = new TestService(await makeHome([environment(), job(201), cluster(201, 1, 2)]));
    await service.start();
    await service.settled();
  });
  after(async () => {
    await service.stop();
    await removeHome(service.home);
  });

  it("leaves a lock that the next run of its stack clears by itself", async () => {
    service.sql("UPDATE Cluster_Configs SET max_workers = 7");
    let pid = 0;
    await until("the engine runs and holds its lock", async () => {
      const engine = service.runs("job-eastus-201").at(-1)?.engine;
      const { pid: last } = JSON.parse(String(engine ?? '{"pid":0}'));
      pid = last;
      return (
        service.runs("job-eastus-201").at(-1)?.status === "running" &&
        pid > 0 &&
        (await service.locks()).length > 0
      );
    });
    process.kill(pid, "SIGKILL");
    await until("the run is lost", () => /EngineLost/.test(JSON.stringify(service.runs("job-eastus-201"))));
    await service.jobIs(201, "Ready");
    assert.equal(service.runs("job-eastus-201").at(-1)?.status, "succeeded");
    assert.deepEqual(await service.locks(), []);
  });
});
