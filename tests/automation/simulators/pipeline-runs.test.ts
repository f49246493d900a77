import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { addRun, endInterrupted, showRun } from "../../../automation/simulators/azure/pipeline-runs.ts";
import { Store } from "../../../automation/simulators/store.ts";
import { openTestClouds, type TestClouds } from "./support/clouds.ts";
import {
  expression,
  makeCredential,
  makeDataset,
  makeFactory,
  makeLinkedService,
  makePipeline,
  reference,
  wait,
} from "./support/factory.ts";
import { actionGroupInputs, actionGroupType, evaluate, metricRuleType } from "./support/monitor.ts";
import type { Properties, Resource } from "./support/provider-client.ts";
import {
  jobInputs,
  jobType,
  makeGroup,
  makeIdentity,
  openWorkspace,
  resourceGroupName,
} from "./support/world.ts";

const api = "?api-version=2018-06-01";
const procedure = "[adf].[GetJobContext]";

const lookup = {
  name: "Context",
  type: "Lookup",
  source: {
    type: "AzureSqlSource",
    sqlReaderStoredProcedureName: procedure,
    storedProcedureParameters: {
      job_id: { type: "Int32", value: expression("@pipeline().parameters.jobId") },
    },
  },
  dataset: reference("Dataset", "DS_Metadata"),
};
const after = (activity: string, ...dependencyConditions: string[]): Properties => ({
  dependsOn: [
    {
      activity,
      dependencyConditions: dependencyConditions.length > 0 ? dependencyConditions : ["Succeeded"],
    },
  ],
});
const web = (more: Properties = {}): Properties => ({
  name: "Refresh",
  type: "WebActivity",
  method: "POST",
  url: "https://rowgate.contoso.example/v1/jobs/201/refresh",
  body: expression("@json(concat('{\"runId\":\"',pipeline().RunId,'\"}'))"),
  ...more,
});

/** A factory with its metadata dataset, and a clock so fast that a wait is none. */
async function open(t: TestContext): Promise<TestClouds> {
  const clouds = await openTestClouds(t);
  await clouds.http("PUT", "/sandbox/monitor", { speed: 1000, isPaused: true });
  return clouds;
}

async function openFactory(clouds: TestClouds, identity: Properties = {}): Promise<Resource> {
  const factory = await makeFactory(clouds.azure, identity);
  await makeLinkedService(clouds.azure);
  await makeDataset(clouds.azure);
  return factory;
}

interface Ran {
  readonly run: Properties;
  readonly activities: Readonly<Record<string, Properties>>;
}

async function start({ http }: TestClouds, pipeline: Resource, parameters: Properties): Promise<string> {
  const answer = await http("POST", `${pipeline.id}/createRun${api}`, parameters);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return answer.body.runId;
}

async function ended({ http }: TestClouds, pipeline: Resource, runId: string): Promise<Ran> {
  const run = `${pipeline.id.replace(/\/pipelines\/.*/, "")}/pipelineruns/${runId}`;
  const deadline = Date.now() + 10_000;
  for (;;) {
    const { body } = await http("GET", `${run}${api}`);
    if (body.status !== "InProgress") {
      const { value } = (await http("POST", `${run}/queryActivityruns${api}`, {})).body;
      return {
        run: body,
        activities: Object.fromEntries(value.map((each: Properties) => [each.activityName, each])),
      };
    }
    assert.ok(Date.now() < deadline, JSON.stringify(body));
    await sleep(10);
  }
}

async function runOf(clouds: TestClouds, activities: Properties[], more: Properties = {}): Promise<Ran> {
  const pipeline = await makePipeline(clouds.azure, activities, {
    parameters: { jobId: { type: "int", defaultValue: 201 } },
    ...more,
  });
  return ended(clouds, pipeline, await start(clouds, pipeline, {}));
}

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: Properties;
  readonly body: Properties;
}
type Reply = { status: number; body?: unknown; headers?: Readonly<Record<string, string>> };

/** The service that pipelines talk to, as a real server behind a mapped name. */
async function serve(t: TestContext, { http }: TestClouds, reply: (asked: Asked) => Reply): Promise<Asked[]> {
  const all: Asked[] = [];
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request as AsyncIterable<Buffer>) text += chunk.toString();
    const { method = "", url = "", headers } = request;
    const asked = { method, path: url, headers, body: text === "" ? {} : JSON.parse(text) };
    all.push(asked);
    const { status, body, headers: more = {} } = reply(asked);
    response.writeHead(status, more).end(body === undefined ? "" : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await http("PUT", "/sandbox/hosts/rowgate.contoso.example", { url });
  return all;
}

describe("pipeline runs", () => {
  it("reads its job's context, and starts the job in Databricks", async (t) => {
    const clouds = await open(t);
    const { workspace, databricks } = await openWorkspace(clouds);
    await openFactory(clouds);
    const job = await databricks.create(jobType, jobInputs());
    await makeLinkedService(clouds.azure, "LS_Databricks", {
      type: "AzureDatabricks",
      domain: "@linkedService().domain",
      parameters: { domain: { type: "String" } },
    });
    const rows = [{ status: "ready", databricks_job_id: job.id }];
    await clouds.http("PUT", `/sandbox/lookups/${encodeURIComponent(procedure)}`, { rows });
    const { run, activities } = await runOf(clouds, [
      lookup,
      {
        name: "Run",
        type: "DatabricksJob",
        ...after("Context"),
        linkedServiceName: {
          ...reference("LinkedService", "LS_Databricks"),
          parameters: { domain: `https://${workspace.outputs.workspaceUrl}` },
        },
        jobId: expression("@activity('Context').output.firstRow.databricks_job_id"),
        jobParameters: { run: expression("@pipeline().RunId") },
      },
    ]);
    assert.equal(run.status, "Succeeded", run.message);
    assert.equal(run.parameters.jobId, 201);
    assert.deepEqual(activities.Context?.output, { firstRow: rows[0] });
    const [started] = (await clouds.http("GET", "/sandbox/job-runs")).body.value;
    assert.equal(started.jobId, job.id);
    assert.deepEqual(started.parameters, { run: run.runId });
  });

  it("a lookup is answered by who is asked over HTTP; one of which nothing is known fails", async (t) => {
    const clouds = await open(t);
    await makeGroup(clouds.azure);
    await openFactory(clouds);
    const failed = await runOf(clouds, [lookup]);
    assert.equal(failed.run.status, "Failed");
    assert.match(failed.run.message, /Nothing is known of '\[adf\]\.\[GetJobContext\]'/);
    const asked = await serve(t, clouds, () => ({ status: 200, body: { rows: [{ a: 1 }, { a: 2 }] } }));
    await clouds.http("PUT", "/sandbox/lookups/*", { url: "https://rowgate.contoso.example/lookup" });
    const { activities } = await runOf(clouds, [{ ...lookup, firstRowOnly: false }], {
      pipelineName: "PL_Two",
    });
    assert.deepEqual(activities.Context?.output, { count: 2, value: [{ a: 1 }, { a: 2 }] });
    assert.deepEqual(asked[0]?.body, { name: procedure, parameters: { job_id: 201 } });
  });

  it("a web activity calls as the factory's identity, and follows a 202 to its end", async (t) => {
    const clouds = await open(t);
    await makeGroup(clouds.azure);
    const identity = await makeIdentity(clouds.azure, "id-adf");
    const factory = await openFactory(clouds, {
      identity: { type: "UserAssigned", userAssignedIdentities: [identity.id] },
    });
    await makeCredential(clouds.azure, identity.id);
    let polls = 0;
    const asked = await serve(t, clouds, ({ method }) => {
      if (method === "POST") return { status: 202, headers: { location: "/v1/operations/7" } };
      polls += 1;
      if (polls < 3) return { status: 202, headers: { location: "/v1/operations/7", "retry-after": "5" } };
      return { status: 200, body: { state: "done" } };
    });
    const authentication = { type: "MSI", resource: "api://x", credential: reference("Credential", "uami") };
    const { run, activities } = await runOf(clouds, [web({ authentication, policy: { secureInput: true } })]);
    assert.equal(run.status, "Succeeded", run.message);
    assert.equal(activities.Refresh?.output.state, "done");
    assert.deepEqual(activities.Refresh?.input, { message: "secured" });
    assert.deepEqual(
      asked.map((each) => `${each.method} ${each.path}`),
      ["POST /v1/jobs/201/refresh", "GET /v1/operations/7", "GET /v1/operations/7", "GET /v1/operations/7"],
    );
    assert.equal(asked[0]?.body.runId, run.runId);
    assert.equal(asked[0]?.headers["x-simulated-principal"], identity.outputs.principalId);
    await clouds.azure.update(factory, { ...factory.inputs, identity: { type: "SystemAssigned" } });
    const refused = await runOf(clouds, [web({ authentication })], { pipelineName: "PL_Two" });
    assert.match(refused.run.message, /not given the identity of the credential 'uami'/);
  });

  it("a web activity fails by status, by an array, and by a name that nobody mapped; it is tried again first", async (t) => {
    const clouds = await open(t);
    await makeGroup(clouds.azure);
    await openFactory(clouds);
    const unmapped = await runOf(clouds, [web()]);
    assert.match(unmapped.run.message, /could not be resolved: 'rowgate.contoso.example'/);
    const replies: Reply[] = [{ status: 500 }, { status: 200, body: [1] }, { status: 404, body: { no: 1 } }];
    const asked = await serve(t, clouds, () => replies.shift() ?? { status: 200, body: {} });
    const policy = { retry: 2, retryIntervalInSeconds: 30 };
    const failed = await runOf(clouds, [web({ policy })], { pipelineName: "PL_Two" });
    assert.equal(asked.length, 3);
    assert.equal(failed.activities.Refresh?.error.errorCode, "404");
    assert.match(failed.run.message, /Response status code: '404'/);
    const good = await runOf(clouds, [web()], { pipelineName: "PL_Three" });
    assert.equal(good.run.status, "Succeeded");
  });

  it("a webhook waits to be called back, and fails when told so", async (t) => {
    const clouds = await open(t);
    await makeGroup(clouds.azure);
    await openFactory(clouds);
    const answers: Properties[] = [
      { output: { ready: true }, statusCode: "200" },
      { statusCode: "403", error: { ErrorCode: "Denied", Message: "not approved" } },
    ];
    await serve(t, clouds, ({ body }) => {
      const answer = answers.shift();
      void fetch(body.callBackUri, { method: "POST", body: JSON.stringify(answer) });
      return { status: 200 };
    });
    const hook = {
      ...web(),
      name: "Hook",
      type: "WebHook",
      timeout: "00:00:05",
      reportStatusOnCallBack: true,
    };
    const { run, activities } = await runOf(clouds, [hook]);
    assert.equal(run.status, "Succeeded", run.message);
    assert.deepEqual(activities.Hook?.output, { ready: true });
    const denied = await runOf(clouds, [hook], { pipelineName: "PL_Two" });
    assert.equal(denied.activities.Hook?.error.errorCode, "Denied");
    const nobody = await clouds.http("POST", `/adf/callbacks/${crypto.randomUUID()}`, {});
    assert.equal(nobody.status, 404);
  });

  it("a webhook that nobody calls back fails when its time is up", async (t) => {
    const clouds = await open(t);
    await makeGroup(clouds.azure);
    await openFactory(clouds);
    await serve(t, clouds, () => ({ status: 200 }));
    const { run } = await runOf(clouds, [{ ...web(), type: "WebHook", timeout: "00:00:01" }]);
    assert.match(run.message, /not called back within 1 seconds/);
  });

  it("branches, loops, variables and cases go where their expressions say", async (t) => {
    const clouds = await open(t);
    await makeGroup(clouds.azure);
    await openFactory(clouds);
    const set = (name: string, value: string): Properties => ({
      name,
      type: "SetVariable",
      variableName: "v",
      value: expression(value),
    });
    const { run, activities } = await runOf(
      clouds,
      [
        {
          name: "If",
          type: "IfCondition",
          expression: expression("@equals(1, 2)"),
          ifTrueActivities: [wait("Not")],
          ifFalseActivities: [set("Else", "@'b'")],
        },
        {
          name: "Case",
          type: "Switch",
          ...after("If"),
          on: expression("@variables('v')"),
          cases: [{ value: "b", activities: [set("B", "@'c'")] }],
          defaultActivities: [wait("Never")],
        },
        {
          name: "Each",
          type: "ForEach",
          ...after("Case"),
          items: expression("@json('[1,2]')"),
          activities: [set("Item", "@concat(variables('v'), string(item()))")],
        },
        set("Last", "@variables('v')"),
      ].map((activity, index) => (index === 3 ? { ...activity, ...after("Each") } : activity)),
      { variables: { v: { type: "String", defaultValue: "a" } } },
    );
    assert.equal(run.status, "Succeeded", run.message);
    assert.equal(activities.Last?.output.value, "c12");
    assert.equal(activities.Not ?? activities.Never, undefined);
  });

  it("the outcome is that of the leaves: a handled failure is none", async (t) => {
    const clouds = await open(t);
    await makeGroup(clouds.azure);
    await openFactory(clouds);
    const fail = {
      name: "Bad",
      type: "Fail",
      errorCode: "E1",
      message: expression("@concat('no ', 'luck')"),
    };
    const handled = await runOf(clouds, [fail, wait("Handle", after("Bad", "Failed"))]);
    assert.deepEqual([handled.run.status, handled.activities.Bad?.error.message], ["Succeeded", "no luck"]);
    const skipped = await runOf(clouds, [fail, wait("Then", after("Bad"))], { pipelineName: "PL_Two" });
    assert.deepEqual([skipped.run.status, skipped.activities.Then?.status], ["Failed", "Skipped"]);
    const unknown = await runOf(
      clouds,
      [{ name: "F", type: "Filter", items: expression("@json('[]')"), condition: expression("@true") }],
      { pipelineName: "PL_Three" },
    );
    assert.match(unknown.run.message, /The activity type 'Filter' is not simulated in a run/);
  });

  it("a run that was under way when the clouds stopped has failed when they start again", async (t) => {
    const folder = await mkdtemp(join(tmpdir(), "runs-"));
    const store = new Store(join(folder, "clouds.db"));
    t.after(async () => {
      store.close();
      await rm(folder, { recursive: true });
    });
    addRun(store, { runId: "r", factoryId: "/f", pipeline: "PL", parameters: {} });
    endInterrupted(store);
    const run = showRun(store, "/F", "r");
    assert.deepEqual(
      [run?.status, run?.message],
      ["Failed", "The simulated factory stopped during the run."],
    );
  });

  it("a parameter without a default must be given", async (t) => {
    const clouds = await open(t);
    await makeGroup(clouds.azure);
    await openFactory(clouds);
    const pipeline = await makePipeline(clouds.azure, [wait("W")], {
      parameters: { jobId: { type: "int" } },
    });
    const answer = await clouds.http("POST", `${pipeline.id}/createRun${api}`, {});
    assert.match(answer.body.error.message, /needs the parameter 'jobId'/);
    assert.equal((await clouds.http("POST", `${pipeline.id}X/createRun${api}`, {})).status, 404);
    const none = `${pipeline.id.replace(/\/pipelines\/.*/, "")}/pipelineruns/none`;
    assert.equal((await clouds.http("GET", `${none}${api}`)).status, 404);
  });

  it("a failed run fires the alert on its pipeline, once, and no other pipeline's", async (t) => {
    const clouds = await open(t);
    await makeGroup(clouds.azure);
    const factory = await openFactory(clouds);
    const group = await clouds.azure.create(actionGroupType, actionGroupInputs());
    const fail = { name: "Bad", type: "Fail", errorCode: "E1", message: "no luck" };
    await clouds.azure.create(metricRuleType, {
      resourceGroupName,
      ruleName: "alert-pipeline-failed",
      location: "global",
      enabled: true,
      severity: 1,
      scopes: [factory.id],
      evaluationFrequency: "PT5M",
      windowSize: "PT15M",
      criteria: {
        odataType: "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria",
        allOf: [
          {
            criterionType: "StaticThresholdCriterion",
            name: "failed",
            metricName: "PipelineFailedRuns",
            timeAggregation: "Total",
            operator: "GreaterThan",
            threshold: 0,
            dimensions: [{ name: "Name", operator: "Include", values: ["PL_RunJob"] }],
          },
        ],
      },
      actions: [{ actionGroupId: group.id, webHookProperties: { job_id: "201" } }],
    });
    const alerts = async (): Promise<Properties[]> =>
      (
        await clouds.http(
          "GET",
          `${factory.id.split("/resourceGroups")[0]}/providers/Microsoft.AlertsManagement/alerts${api}`,
        )
      ).body.value;
    await runOf(clouds, [fail], { pipelineName: "PL_Other" });
    await evaluate(clouds, new Date().toISOString());
    assert.equal((await alerts()).length, 0);
    await runOf(clouds, [fail]);
    const now = Date.now();
    await evaluate(clouds, new Date(now).toISOString());
    const [fired, ...more] = await alerts();
    assert.equal(more.length, 0);
    assert.equal(fired?.properties.essentials.monitorCondition, "Fired");
    const [criterion] = fired?.properties.context.context.condition.allOf ?? [];
    assert.deepEqual(
      [criterion.dimensions, criterion.metricValue],
      [[{ name: "Name", value: "PL_RunJob" }], 1],
    );
    // three looks in a row without a failure, an hour later
    for (const minute of [60, 65, 70]) await evaluate(clouds, new Date(now + minute * 60_000).toISOString());
    assert.equal((await alerts())[0]?.properties.essentials.monitorCondition, "Resolved");
  });
});
