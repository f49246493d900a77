/** A run that a cloud's fault ends halfway, and the row reverted before the next try. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { makeHome, removeHome, TestService, until } from "../support/service.ts";
import { cluster, environment, groupId, job, policy } from "../support/small-rows.ts";

const grantType = "databricks:index/grant:Grant";
const access = `access-eastus-${groupId("ds_team")}`;

describe("a half-failed run", () => {
  let service: TestService;

  before(async () => {
    service = new TestService(
      await makeHome([environment(), job(201), cluster(201, 1, 2), policy(201, ["read_model"])]),
    );
    await service.start();
    await service.settled();
  });
  after(async () => {
    await service.stop();
    await removeHome(service.home);
  });

  const grants = async (): Promise<readonly string[]> =>
    (await service.objects(`?type=${encodeURIComponent(grantType)}`)).map((object) => object.id).toSorted();

  it("then the row reverted: the objects are those of the applied spec", async () => {
    const before = await grants();
    // One grant for each model; the second fails for good, so the run ends with some objects made.
    await service.addFault({
      type: grantType,
      call: "create",
      nth: 2,
      times: 1000,
      code: "InvalidParameter",
      message: "planted",
    });
    service.sql(
      `INSERT INTO Access_Policies (job_id, role, permissions, entra_id_group, model) VALUES
        (201, 'DataScientist', '["read_model"]', 'ds_team', 'ml.models.demand_forecast'),
        (201, 'DataScientist', '["read_model"]', 'ds_team', 'ml.models.fraud_scoring'),
        (201, 'DataScientist', '["read_model"]', 'ds_team', 'ml.models.credit_risk')`,
    );
    await until("the run failed", () => service.runs(access).some((run) => run.status === "failed"));
    const half = await grants();
    assert.ok(half.length > before.length, "some objects were made before the fault");
    assert.ok(half.length < before.length + 3, "and not all");
    const failed = service.sql("SELECT applied_hash, desired_hash FROM Stacks WHERE stack = ?", access);
    assert.equal(failed[0]?.applied_hash, null);
    await service.jobIs(201, "RunFailed");

    await service.clearFaults();
    service.sql("DELETE FROM Access_Policies WHERE model IS NOT NULL");
    await until("the change was seen", () => service.sql("SELECT 1 FROM Job_Changes").length === 0);
    await service.settled();
    assert.deepEqual(await grants(), before);
    await service.jobIs(201, "Ready");
  });

  it("a passing fault is tried again by itself", async () => {
    await service.addFault({
      type: grantType,
      call: "create",
      nth: 1,
      times: 1,
      code: "TooManyRequests",
      message: "planted",
    });
    service.sql(
      `INSERT INTO Access_Policies (job_id, role, permissions, entra_id_group, model) VALUES
        (201, 'DataScientist', '["read_model"]', 'ds_team', 'ml.models.demand_forecast')`,
    );
    await until("the run failed", () => service.runs(access).at(-1)?.status === "failed");
    await service.settled();
    assert.equal(service.runs(access).at(-1)?.status, "succeeded");
    await service.jobIs(201, "Ready");
  });
});
