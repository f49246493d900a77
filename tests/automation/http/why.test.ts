/** Which rows asked for an object, and what a row became: exactly those. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { WhyObjectBody, WhyRowBody } from "../../../automation/http/contract.ts";
import { cluster, job, policy } from "../../support/small-rows.ts";
import { accessOf, type HttpKit, openHttpKit } from "./http-kit.ts";

const run = "execute_inference";
const read = "read_model";

describe("why", () => {
  let kit: HttpKit;

  beforeEach(async () => {
    kit = await openHttpKit([
      job(20),
      job(201),
      job(202),
      cluster(20, 1, 2),
      cluster(201, 1, 2),
      cluster(202, 1, 2),
      policy(201, [run, read]),
      policy(202, [read], { model: "ml.models.job_201" }),
      policy(20, [read]),
      policy(201, [read], { entra_id_group: "ds_team_eu" }),
    ]);
    await kit.apply(accessOf("ds_team"), {});
    await kit.apply("job-eastus-201", { databricks_job_id: "7", cluster_policy_id: "A1" });
    await kit.settle();
  });
  afterEach(() => kit.close());

  /** Each object with the keys of its rows. */
  async function rowsOf(text: string): Promise<readonly string[]> {
    const { status, body } = await kit.get(`/api/why?object=${encodeURIComponent(text)}`);
    assert.equal(status, 200, JSON.stringify(body));
    return (body as WhyObjectBody).objects.map(
      ({ object, rows }) => `${object}: ${rows.map(({ key, jobId }) => `${key} of ${jobId}`).join(", ")}`,
    );
  }
  async function whyRow(row: string): Promise<WhyRowBody> {
    const { status, body } = await kit.get(`/api/why?row=${row}`);
    assert.equal(status, 200, JSON.stringify(body));
    return body as WhyRowBody;
  }
  async function remove(policyId: number): Promise<void> {
    const [before] = (await kit.store.readRows({ tables: ["Access_Policies"] })).filter(
      ({ key }) => key === String(policyId),
    );
    assert.ok(before);
    await kit.store.changeRows(
      [{ kind: "delete", table: before.table, key: before.key, before: before.values }],
      { name: "test", kind: "person" },
    );
    await kit.settle();
  }

  it("a grant that two rows of two jobs ask for has exactly those two", async () => {
    const grant = "EXECUTE on model ml.models.job_201 to ds_team";
    assert.deepEqual(await rowsOf("ds_team EXECUTE ml.models.job_201"), [`${grant}: 1 of 201, 2 of 202`]);
    assert.deepEqual(await rowsOf(grant), [`${grant}: 1 of 201, 2 of 202`]);
    assert.deepEqual(await rowsOf("execute ML.MODELS.JOB_201 DS_TEAM"), [`${grant}: 1 of 201, 2 of 202`]);
  });

  it("once one of them is deleted it has the other alone, and then none until a run takes it away", async () => {
    const grant = "EXECUTE on model ml.models.job_201 to ds_team";
    await remove(1);
    assert.deepEqual(await rowsOf(grant), [`${grant}: 2 of 202`]);
    await remove(2);
    assert.deepEqual(await rowsOf(grant), [`${grant}: `]);
    await kit.apply(accessOf("ds_team"), {});
    assert.deepEqual(await rowsOf(grant), []);
  });

  it("a name finds neither a longer name that begins with it nor a shorter one", async () => {
    assert.deepEqual(await rowsOf("ds_team EXECUTE ml.models.job_20"), [
      "EXECUTE on model ml.models.job_20 to ds_team: 3 of 20",
    ]);
    assert.deepEqual(await rowsOf("ds_team_eu EXECUTE"), [
      "EXECUTE on model ml.models.job_201 to ds_team_eu: 4 of 201",
    ]);
    for (const text of ["ml.models.job_2", "ds_team EXECUTE ml.models", "job_201", "team", "EXECUT", ",;"])
      assert.deepEqual(await rowsOf(text), [], text);
  });

  it("rows that ask for the same schema through different models are all there, once each", async () => {
    assert.deepEqual(await rowsOf("USE_SCHEMA ds_team"), [
      "USE_SCHEMA on schema ml.models to ds_team: 3 of 20, 1 of 201, 2 of 202",
    ]);
  });

  it("tells what is applied from what is only admitted yet", async () => {
    const { body } = await kit.get("/api/why?object=EXECUTE%20ml.models.job_201");
    assert.deepEqual(
      (body as WhyObjectBody).objects.map(({ object, applied }) => [object, applied]),
      [
        ["EXECUTE on model ml.models.job_201 to ds_team", true],
        ["EXECUTE on model ml.models.job_201 to ds_team_eu", false],
      ],
    );
  });

  it("a row lists what it became, and nothing of other rows", async () => {
    const { row, conditions, objects } = await whyRow("Access_Policies/1");
    assert.deepEqual([row.jobId, row.values.entra_id_group, conditions], [201, "ds_team", []]);
    assert.deepEqual(
      objects.map(({ object, stack, admitted, applied }) => [object, stack, admitted, applied]).toSorted(),
      [
        ["CAN_MANAGE_RUN on job job-eastus-201 to ds_team", "acl-eastus-job-201", true, false],
        ["EXECUTE on model ml.models.job_201 to ds_team", accessOf("ds_team"), true, true],
        ["USE_CATALOG on catalog ml to ds_team", accessOf("ds_team"), true, true],
        ["USE_SCHEMA on schema ml.models to ds_team", accessOf("ds_team"), true, true],
      ],
    );
    const shared = await whyRow("Environments/eastus");
    assert.deepEqual(
      shared.objects.map(({ stack, applied }) => [stack, applied]),
      [["platform-eastus", true]],
    );
  });

  it("a row that waits lists what it wants, as not admitted, with its reason", async () => {
    await kit.store.insertRows([policy(202, [run])]);
    await kit.settle();
    const { conditions, objects } = await whyRow("Access_Policies/5");
    assert.deepEqual(
      conditions.map(({ type }) => type),
      ["Waiting"],
    );
    assert.deepEqual(
      objects.map(({ object, admitted, applied }) => [object, admitted, applied]),
      [["CAN_MANAGE_RUN on job job-eastus-202 to ds_team", false, false]],
    );
    assert.deepEqual(await rowsOf("CAN_MANAGE_RUN job-eastus-202"), []);
  });

  it("refuses what it cannot look up, and says what to give", async () => {
    const told = async (query: string) => {
      const { status, body } = await kit.get(`/api/why${query}`);
      return `${status} ${body.code} ${body.message}`;
    };
    assert.match(await told(""), /^400 BadRequest .*one of object=TEXT and row=TABLE\/KEY/);
    assert.match(await told("?object=a&row=Jobs/1"), /^400 BadRequest .*one of object=TEXT/);
    assert.match(await told("?object=%20"), /^400 BadRequest .*object: /);
    assert.match(await told("?row=17"), /^400 BadRequest .*row: is not like Access_Policies\/17/);
    assert.match(await told("?row=Policies/17"), /^400 BadRequest .*table: .*Access_Policies/);
    assert.match(await told("?row=Access_Policies/99"), /^404 RowNotFound .*Access_Policies\/99/);
  });
});
