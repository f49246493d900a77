/**
 * Access by the rows against what the clouds hold, through a running service and the real engine: after roll-out,
 * after edits, and after somebody has given more in a portal.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { AccessBody } from "../../automation/http/contract.ts";
import type { NewRow } from "../../metadata-schema/store.ts";
import { rowgate } from "../support/command-line.ts";
import { makeHome, removeHome, TestService, until } from "../support/service.ts";
import { environment, groupId, job, policy, secret } from "../support/small-rows.ts";

const pipeline = (job_id: number): NewRow => ({
  table: "Pipeline_Settings",
  values: { job_id, data_source: null },
});

describe("access by the rows and in the clouds", () => {
  let service: TestService;

  before(async () => {
    service = new TestService(
      await makeHome([
        environment(),
        job(201, { priority: "urgent" }),
        job(202, { kind: "online" }),
        policy(201, ["execute_inference", "read_model", "view_monitoring"]),
        policy(201, ["use_compute", "edit_pipeline"], { entra_id_group: "fraud_analytics" }),
        policy(202, ["track_experiment", "discover_model"], { entra_id_group: "fraud_analytics" }),
        policy(202, ["list_secrets"], { role: "SecurityAdmin", entra_id_group: "sec_ops" }),
        policy(201, ["read_data"], { entra_id_group: "supply_science", expires_at: "2020-01-01T00:00:00Z" }),
        secret(201),
        pipeline(201),
      ]),
    );
    await service.start();
    await service.settled(240_000);
  });
  after(async () => {
    await service.stop();
    await removeHome(service.home);
  });

  const compare = () => rowgate(service.home, "access", "--compare", "-o", "json");
  const agree = async (): Promise<void> => {
    const { code, out, err } = await compare();
    assert.deepEqual(JSON.parse(out || "null"), [], err);
    assert.equal(code, 0);
  };
  const accessOf = async (query: string): Promise<AccessBody["access"]> =>
    (await service.get<AccessBody>(`/api/access?${query}`)).access;

  it("are the same after roll-out", { timeout: 300_000 }, () => agree());

  it("of one group and of a person in it, with the rows that say so", async () => {
    const group = await accessOf("principal=ds_team&object=model:");
    assert.deepEqual(group, [
      {
        principal: groupId("ds_team"),
        name: "ds_team",
        action: "execute",
        object: "model:ml.models.job_201",
        through: null,
        because: [{ table: "Access_Policies", key: "1" }],
      },
    ]);
    const [person] = await accessOf("principal=mei.tanaka@contoso.example&object=model:");
    assert.deepEqual([person?.action, person?.through], ["execute", "ds_team"]);
    assert.deepEqual(await accessOf("principal=supply_science"), []);
    const unknown = await service.fetch("/api/access?principal=nobody");
    assert.equal(unknown.status, 404);
  });

  it("are the same after edits: less, more, another kind of job, a row that is refused", async () => {
    service.script(`
      UPDATE Access_Policies SET permissions = '["read_model"]' WHERE policy_id = 1;
      UPDATE Access_Policies SET permissions = '["track_experiment", "fly"]' WHERE policy_id = 3;
      DELETE FROM Access_Policies WHERE policy_id = 4;
      DELETE FROM Secret_References;
      UPDATE Jobs SET priority = 'normal' WHERE job_id = 201;
    `);
    await until("the edits were seen", () => service.sql("SELECT 1 FROM Job_Changes").length === 0);
    await service.settled(240_000);
    await agree();
    const kept = await accessOf("principal=fraud_analytics&object=experiment:");
    assert.deepEqual(
      kept.map(({ action }) => action),
      ["read", "edit"],
    );
    assert.deepEqual(await accessOf("principal=fraud_analytics&object=catalog:"), []);
  });

  it("differ once somebody gives more in a portal", async () => {
    const [grant] = await service.objects(
      "?type=databricks:index/grant:Grant&name=ds_team%20on%20schema%20ml.models",
    );
    assert.ok(grant);
    await service.setObject(grant.id, { privileges: ["USE_SCHEMA", "MODIFY"] });
    const { code, out } = await compare();
    assert.equal(code, 1);
    const lines = (JSON.parse(out) as { what: string; name: string; action: string; object: string }[]).map(
      ({ what, name, action, object }) => `${what}: ${name} ${action} ${object}`,
    );
    assert.deepEqual(lines, ["surplus: ds_team modify schema:ml.models"]);
  });

  it("differ once somebody gives everybody something", async () => {
    const type = "databricks:index/grant:Grant";
    const [grant] = await service.objects(`?type=${type}&name=ds_team%20on%20schema%20ml.models`);
    assert.ok(grant);
    await service.setObject(grant.id, { privileges: ["USE_SCHEMA"] });
    const given = { schema: "ml.models", principal: "account users", privileges: ["MODIFY"] };
    await service.setObject(grant.id.replace("ds_team", "account users"), given, type);
    const { code, out } = await compare();
    assert.equal(code, 1);
    const lines = JSON.parse(out) as { what: string; name: string; action: string; object: string }[];
    // Of everybody those whom rows let into the schema.
    assert.ok(new Set(lines.map(({ name }) => name)).size > 1, out);
    for (const { what, action, object } of lines)
      assert.deepEqual([what, action, object], ["surplus", "modify", "schema:ml.models"]);
  });
});
