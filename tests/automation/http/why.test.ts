/** Which rows asked for an object, and what a row became: exactly those. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { StackBody, WhyObjectBody, WhyRowBody } from "../../../automation/http/contract.ts";
import type { Entry } from "../../../metadata-schema/contributions.ts";
import type { StoredRow } from "../../../metadata-schema/store.ts";
import { jobOutputs } from "../../support/applied-outputs.ts";
import { cluster, job, network, policy } from "../../support/small-rows.ts";
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
    for (const id of [20, 201]) await kit.apply(`job-eastus-${id}`, jobOutputs(id));
    await kit.settle();
    await kit.apply(accessOf("ds_team"), {});
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

  async function update({ table, key, values }: StoredRow, change: StoredRow["values"]): Promise<void> {
    const edit = { kind: "update", table, key, before: values, values: change } as const;
    await kit.store.changeRows([edit], { name: "test", kind: "person" });
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
        // once for each of its permissions
        ["membership in the workspace of eastus to ds_team", accessOf("ds_team"), true, true],
        ["membership in the workspace of eastus to ds_team", accessOf("ds_team"), true, true],
      ],
    );
    const shared = await whyRow("Environments/eastus");
    assert.deepEqual(
      shared.objects.map(({ stack, applied }) => [stack, applied]),
      [
        ["platform-eastus", true],
        ["workspace-eastus", true],
      ],
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
      [
        ["membership in the workspace of eastus to ds_team", true, true],
        ["CAN_MANAGE_RUN on job job-eastus-202 to ds_team", false, false],
      ],
    );
    assert.deepEqual(await rowsOf("CAN_MANAGE_RUN job-eastus-202"), []);
  });

  describe("the service's own address", () => {
    const address = "IP range 203.0.113.10/32 allowed on the Databricks workspace of eastus";
    const firewall = "firewall-eastus-databricks";
    beforeEach(async () => {
      await kit.store.insertRows([network(201, { firewall_ranges: ["198.51.100.16/28"] })]);
      await kit.settle();
      await kit.apply(firewall, {});
    });

    it("is let through a firewall because the environment's row says so", async () => {
      for (const text of ["203.0.113.10/32", "203.0.113.10"]) {
        const { body } = await kit.get(`/api/why?object=${encodeURIComponent(text)}`);
        const rows = [{ table: "Environments", key: "eastus", jobId: null, ask: "service_address" }];
        const found = { object: address, stack: firewall, kind: "firewall", applied: true, rows };
        assert.deepEqual((body as WhyObjectBody).objects, [found]);
      }
    });

    it("is among what the environment's row became", async () => {
      const { objects } = await whyRow("Environments/eastus");
      assert.deepEqual(
        objects.map(({ object, stack, admitted, applied }) => [object, stack, admitted, applied]).slice(2),
        [[address, firewall, true, true]],
      );
    });

    it("is asked for by a job's row too, where that names it", async () => {
      await kit.store.insertRows([network(202, { firewall_ranges: ["203.0.113.10"] })]);
      await kit.settle();
      assert.deepEqual(await rowsOf("203.0.113.10"), [`${address}: 2 of 202, eastus of null`]);
    });

    it("that was changed is not applied yet, and no row asks for the earlier one", async () => {
      const [row] = await kit.store.readRows({ tables: ["Environments"] });
      assert.ok(row);
      await update(row, { service_address: "203.0.113.77" });
      const { body } = await kit.get("/api/why?object=IP%20range");
      const own = (body as WhyObjectBody).objects.filter(({ object }) => object.includes("203.0.113."));
      assert.deepEqual(
        own.map(({ object, applied, rows }) => [object.split(" ")[2], applied, rows.map(({ key }) => key)]),
        [
          ["203.0.113.77/32", false, ["eastus"]],
          ["203.0.113.10/32", true, []],
        ],
      );
    });

    it("is on the page of its stack, with its row", async () => {
      const { body } = await kit.get(`/api/stacks/${firewall}`);
      assert.deepEqual(
        (body as StackBody).contributions.map(({ subject, asks }) => [
          subject,
          asks.map(({ key, objects }) => [key, ...objects]),
        ]),
        [
          ["job:201", [["1", "IP range 198.51.100.16/28 allowed on the Databricks workspace of eastus"]]],
          ["environment:eastus", [["eastus", address]]],
        ],
      );
    });
  });

  it("a job below 1 is told with its sign", async () => {
    await kit.store.insertRows([job(-5), cluster(-5, 1, 2), policy(-5, [run])]);
    await kit.settle();
    await kit.apply("job-eastus--5", jobOutputs(-5));
    await kit.settle();
    const { body } = await kit.get("/api/why?object=job--5");
    assert.deepEqual((body as WhyObjectBody).objects.map(({ object }) => object.split(" (")[0]).toSorted(), [
      "CAN_EDIT on experiment of job-eastus--5 to 00000000-0000-4000-8000-000000000005",
      "CAN_MANAGE_RUN on job job-eastus--5 to ds_team",
      "CAN_USE on cluster policy of job-eastus--5 to 00000000-0000-4000-8000-000000000005",
      "Databricks job job--5 job -5 in eastus",
      "cluster policy rowgate-job--5",
    ]);
    assert.deepEqual(await rowsOf("job-5"), []);
  });

  describe("levels of one group on one job", () => {
    const acl = "acl-eastus-job-201";
    const view = "CAN_VIEW on job job-eastus-201 to ds_team";
    const manage = "CAN_MANAGE_RUN on job job-eastus-201 to ds_team";

    const isOfGroup = ({ item }: Entry): boolean =>
      item.kind === "access-control" && item.accessControl.principal === "group";
    /** As if rows of job 201 asked for these, by the key of the row. */
    async function ask(levels: Readonly<Record<string, string>>): Promise<void> {
      const { subject, recorded, outputVersions } = await kit.store.loadJob(201);
      const contributions = (await kit.store.jobContributions(201)).map((each) => {
        const entry = each.admitted.find(isOfGroup);
        if (each.stack !== acl || entry?.item.kind !== "access-control") return each;
        const { item, row } = entry;
        const others = each.admitted.filter((other) => !isOfGroup(other));
        const entries = Object.entries(levels).map(([key, level]) => ({
          ...entry,
          row: { ...row, key },
          item: { ...item, accessControl: { ...item.accessControl, level } },
        }));
        return { ...each, admitted: [...others, ...entries], wanted: [...others, ...entries] };
      });
      const kept = { rowConditions: [], wakeAt: null, recorded, outputVersions };
      await kit.store.commitResolution({ subject, seq: null, contributions, ...kept });
      await kit.settle();
    }
    const state = async (text: string) => {
      const { body } = await kit.get(`/api/why?object=${encodeURIComponent(text)}`);
      return (body as WhyObjectBody).objects.map(({ object, applied, rows }) => [
        object,
        applied,
        rows.map(({ key }) => key),
      ]);
    };

    it("the lower one is found with its row, though the list has the higher one alone", async () => {
      await ask({ 1: "CAN_MANAGE_RUN", 4: "CAN_VIEW" });
      await kit.apply(acl, {});
      assert.deepEqual(await state("CAN_VIEW job-201 ds_team"), [[view, true, ["4"]]]);
      assert.deepEqual(await state("CAN_MANAGE_RUN job-201 ds_team"), [[manage, true, ["1"]]]);
    });

    it("a higher one is not applied while the list holds a lower one", async () => {
      await ask({ 4: "CAN_VIEW" });
      await kit.apply(acl, {});
      await ask({ 1: "CAN_MANAGE_RUN", 4: "CAN_VIEW" });
      assert.deepEqual(await state("job-201 ds_team CAN_MANAGE_RUN"), [[manage, false, ["1"]]]);
      assert.deepEqual(await state("job-201 ds_team CAN_VIEW"), [[view, true, ["4"]]]);
      const { objects } = await whyRow("Access_Policies/1");
      assert.equal(objects.find(({ object }) => object === manage)?.applied, false);
      await kit.apply(acl, {});
      assert.deepEqual(await state("job-201 ds_team CAN_MANAGE_RUN"), [[manage, true, ["1"]]]);
    });
  });

  it("a cluster that was resized is not applied until a run has done it", async () => {
    const clusters = async () => {
      const { body } = await kit.get("/api/why?object=rowgate-job-201");
      return (body as WhyObjectBody).objects
        .filter(({ object }) => object.startsWith("cluster policy"))
        .map(({ object, applied, rows }) => [/\d+ to \d+/.exec(object)?.[0], applied, rows.length]);
    };
    assert.deepEqual(await clusters(), [["1 to 2", true, 1]]);
    const [row] = await kit.store.readRows({ tables: ["Cluster_Configs"], jobId: 201 });
    assert.ok(row);
    await update(row, { max_workers: 8 });
    assert.deepEqual(await clusters(), [["1 to 8", false, 1]]);
    assert.equal((await whyRow(`Cluster_Configs/${row.key}`)).objects[0]?.applied, false);
    await kit.apply("job-eastus-201", jobOutputs(201));
    assert.deepEqual(await clusters(), [["1 to 8", true, 1]]);
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
