/** Reading rows, stacks, runs and the engine over HTTP. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type {
  ExportBody,
  JobListBody,
  RowListBody,
  RunListBody,
  StackBody,
  StackListBody,
  StepListBody,
} from "../../../automation/http/contract.ts";
import { jobOutputs } from "../../support/applied-outputs.ts";
import { cluster, job, policy } from "../../support/small-rows.ts";
import { accessOf, type HttpKit, openHttpKit } from "./http-kit.ts";

const access = accessOf("ds_team");

describe("looking around over HTTP", () => {
  let kit: HttpKit;
  let runId: string;

  before(async () => {
    kit = await openHttpKit([
      job(201, { name: "Churn" }),
      job(202),
      cluster(201, 1, 2),
      cluster(202, 1, 2),
      policy(201, ["read_model"]),
      policy(202, ["fly"]),
    ]);
    const step = { operation: "create", urn: "urn:a", type: "t", objectId: "1", message: null };
    await kit.apply("job-eastus-201", jobOutputs(201));
    await kit.settle();
    runId = await kit.apply(access, {}, [
      { ...step, status: "started" },
      { ...step, status: "done" },
      { ...step, urn: "urn:b", status: "done" },
    ]);
    await kit.apply("acl-eastus-job-201", {});
    await kit.settle();
  });
  after(() => kit.close());

  async function get<T>(route: string): Promise<T> {
    const { status, body } = await kit.get(route);
    assert.equal(status, 200, JSON.stringify(body));
    return body as T;
  }
  const refused = async (route: string) => {
    const { status, body } = await kit.get(route);
    return `${status} ${body.code} ${body.message}`;
  };

  it("rows are listed by table and by job, with what keeps one out of force", async () => {
    const { rows } = await get<RowListBody>("/api/rows?table=Access_Policies");
    assert.deepEqual(
      rows.map(({ key, values, conditions }) => [
        key,
        values.job_id,
        values.permissions,
        conditions.map(({ type, reason }) => `${type} ${reason}`),
      ]),
      [
        ["1", 201, ["read_model"], []],
        ["2", 202, ["fly"], ["Blocked UnknownPermission"]],
      ],
    );
    const ofJob = await get<RowListBody>("/api/rows?jobId=201");
    assert.deepEqual(
      ofJob.rows.map(({ table, key }) => `${table} ${key}`),
      ["Jobs 201", "Access_Policies 1", "Cluster_Configs 1"],
    );
    const both = await get<RowListBody>("/api/rows?table=Cluster_Configs&jobId=202");
    assert.deepEqual(
      both.rows.map(({ key }) => key),
      ["2"],
    );
    assert.equal((await get<RowListBody>("/api/rows")).rows.length, 7);
  });

  it("stacks are listed, all or a job's, with Ready and whether they are in sync", async () => {
    const { stacks } = await get<StackListBody>("/api/stacks");
    assert.deepEqual(
      stacks.map(({ stack }) => stack).toSorted(),
      [
        access,
        "acl-eastus-job-201",
        "job-eastus-201",
        "job-eastus-202",
        "platform-eastus",
        "workspace-eastus",
      ].toSorted(),
    );
    const ofJob = await get<StackListBody>("/api/stacks?jobId=201");
    assert.deepEqual(
      ofJob.stacks.map(({ stack, inSync, wanted, lastSuccessRunId }) => [
        stack,
        inSync,
        wanted,
        lastSuccessRunId === runId,
      ]),
      [
        [access, true, true, true],
        ["acl-eastus-job-201", true, true, false],
        ["job-eastus-201", true, true, false],
      ],
    );
    assert.deepEqual(
      ofJob.stacks.map(({ group }) => group),
      ["ds_team", null, null],
    );
  });

  it("one stack tells which rows of which job ask it for what, and its last runs", async () => {
    const stack = await get<StackBody>(`/api/stacks/${access}`);
    assert.deepEqual(
      stack.contributions.map(({ subject, jobId, asks }) => [subject, jobId, asks.map(({ key }) => key)]),
      [["job:201", 201, ["1", "1", "1", "1"]]],
    );
    assert.deepEqual(
      stack.contributions.flatMap(({ asks }) => asks.flatMap(({ objects }) => objects)).toSorted(),
      [
        "EXECUTE on model ml.models.job_201 to ds_team",
        "USE_CATALOG on catalog ml to ds_team",
        "USE_SCHEMA on schema ml.models to ds_team",
        "membership in the workspace of eastus to ds_team",
      ],
    );
    assert.deepEqual(
      stack.runs.map((run) => [run.runId, run.status]),
      [[runId, "succeeded"]],
    );
  });

  it("runs are listed newest first, up to a limit, all or a job's", async () => {
    const stacksOf = async (query: string) =>
      (await get<RunListBody>(`/api/runs${query}`)).runs.map(({ stack }) => stack);
    const acl = "acl-eastus-job-201";
    const shared = ["workspace-eastus", "platform-eastus"];
    assert.deepEqual(await stacksOf(""), [acl, access, "job-eastus-201", ...shared]);
    assert.deepEqual(await stacksOf("?limit=1"), [acl]);
    assert.deepEqual(await stacksOf("?jobId=201"), [acl, access, "job-eastus-201"]);
    assert.deepEqual(await stacksOf("?jobId=201&limit=1"), [acl]);
    assert.deepEqual(await stacksOf("?jobId=202"), []);
  });

  it("steps of a run are read in pages", async () => {
    const numbers = async (query: string) =>
      (await get<StepListBody>(`/api/runs/${runId}/steps${query}`)).steps.map(
        ({ number, urn, status }) => `${number} ${urn} ${status}`,
      );
    assert.deepEqual(await numbers(""), ["1 urn:a started", "2 urn:a done", "3 urn:b done"]);
    assert.deepEqual(await numbers("?after=1&limit=1"), ["2 urn:a done"]);
  });

  it("the engine is told with its slots and how many are in use", async () => {
    const engine = { path: "/usr/bin/pulumi", version: "3.259.0", slots: 4, urgentSlots: 1, running: 0 };
    const quiet = { closedFor: [], slotStates: [], pauses: [], unknownState: [] };
    assert.deepEqual(await get("/api/engine"), { ...engine, ...quiet });
    await kit.store.pauseSubscription("0c558b56-a63f-5061-9918-1ef05ef55d67", {
      forMs: 9_000,
      reason: "429",
    });
    const { pauses } = await get<{ pauses: readonly { reason: string }[] }>("/api/engine");
    assert.deepEqual(
      pauses.map(({ reason }) => reason),
      ["429"],
    );
  });

  it("a job below 1 is a job like another: listed, told and exported", async () => {
    await kit.store.insertRows([job(-5), job(0)]);
    await kit.settle();
    const ids = async (query: string) =>
      (await get<JobListBody>(`/api/jobs${query}`)).jobs.map(({ jobId }) => jobId);
    assert.deepEqual(await ids(""), [-5, 0, 201, 202]);
    assert.deepEqual(await ids("?after=-5&limit=1"), [0]);
    for (const id of [-5, 0]) {
      assert.equal((await get<{ jobId: number }>(`/api/jobs/${id}`)).jobId, id);
      assert.equal((await get<{ jobId: number }>(`/api/jobs/${id}/outputs`)).jobId, id);
      const { documents } = await get<ExportBody>(`/api/export?jobId=${id}`);
      assert.deepEqual(
        documents.map(({ job_id }) => job_id),
        [id],
      );
    }
    assert.match(await refused("/api/jobs/-6"), /^404 JobNotFound .*-6/);
  });

  const faults = [
    ["/api/stacks/none", /^404 StackNotFound .*"none".*\/api\/stacks/],
    ["/api/runs/none/steps", /^404 RunNotFound .*"none".*\/api\/runs/],
    ["/api/rows?jobId=999", /^404 JobNotFound .*999.*\/api\/jobs/],
    ["/api/stacks?jobId=999", /^404 JobNotFound .*999/],
    ["/api/runs?jobId=999", /^404 JobNotFound .*999/],
    ["/api/rows?table=Access_Policy", /^400 BadRequest .*table: .*"Access_Policies"/],
    ["/api/rows?tabel=Jobs", /^400 BadRequest .*"tabel"/],
    ["/api/rows?jobId=x", /^400 BadRequest .*jobId: /],
    ["/api/rows?jobId=", /^400 BadRequest .*jobId: is not a whole number/],
    ["/api/export?jobid=201", /^400 BadRequest .*"jobid"/],
    ["/api/export?jobId=", /^400 BadRequest .*jobId: is not a whole number/],
    ["/api/export?jobId=0x10", /^400 BadRequest .*jobId: is not a whole number/],
    ["/api/export?jobId=9007199254740993", /^400 BadRequest .*jobId: /],
    ["/api/export?jobId=201&jobId=202", /^400 BadRequest .*jobId: /],
    ["/api/jobs?limt=5", /^400 BadRequest .*"limt"/],
    ["/api/jobs?after=", /^400 BadRequest .*after: is not a whole number/],
    ["/api/jobs/%20", /^400 BadRequest .*id: is not a whole number/],
    ["/api/jobs/-", /^400 BadRequest .*id: is not a whole number/],
    ["/api/stacks?jobId=1.5", /^400 BadRequest .*jobId: /],
    ["/api/runs?limit=0", /^400 BadRequest .*limit: /],
    ["/api/runs?limit=501", /^400 BadRequest .*limit: /],
    ["/api/runs/none/steps?limit=501", /^400 BadRequest .*limit: /],
    ["/api/runs/none/steps?after=-1", /^400 BadRequest .*after: /],
    [`/api/stacks/${"x".repeat(101)}`, /^400 BadRequest .*id: /],
  ] as const;
  for (const [route, told] of faults) {
    it(`${route.slice(0, 40)} is refused, and the answer names what is wrong`, async () => {
      assert.match(await refused(route), told);
    });
  }
});
