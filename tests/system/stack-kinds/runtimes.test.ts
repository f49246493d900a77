/** The stack of integration runtimes, and what a pipeline's trigger makes of a runtime that comes and goes. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { NewRow } from "../../../metadata-schema/store.ts";
import { makeHome, removeHome, TestService, until } from "../../support/service.ts";
import { environment, job } from "../../support/small-rows.ts";
import { act, madeBy, objectOf, putsRight, ranBy } from "../../support/stack-acts.ts";

const row = (table: NewRow["table"], values: NewRow["values"]): NewRow => ({ table, values });
const stack = "runtimes-eastus";
const runtimeType = "azure-native:datafactory:IntegrationRuntime";
const linkedServiceType = "azure-native:datafactory:LinkedService";
const factory = "Microsoft.DataFactory/factories";
const triggerType = "azure-native:datafactory:Trigger";

describe("integration runtimes and triggers", () => {
  let service: TestService;
  before(async () => {
    service = new TestService(
      await makeHome([
        environment(),
        // A machine stands ready in the simulated Chicago, and registers by itself.
        row("Integration_Runtimes", {
          name: "ir-hq-chicago",
          environment: "eastus",
          kind: "self-hosted",
          location: "hq-chicago",
        }),
        row("Integration_Runtimes", {
          name: "ir-large",
          environment: "eastus",
          kind: "managed",
          location: "eastus",
          core_count: 16,
        }),
        row("Data_Sources", {
          name: "general-ledger",
          kind: "sql-server",
          location: "hq-chicago",
          host: "sql03.chicago.contoso.example",
          database_name: "finance",
          path: "gl.entries",
          key_vault: "ml-vault",
          secret_name: "ledger-reader",
        }),
        job(201, { schedule: "0 30 2 * * ?" }),
        row("Pipeline_Settings", { job_id: 201, data_source: "general-ledger" }),
      ]),
    );
    await service.start();
    await service.settled();
    await service.jobIs(201, "Ready");
  });
  after(async () => {
    await service.stop();
    await removeHome(service.home);
  });

  const ran = (text: string) => ranBy(service, () => service.script(text));
  const properties = async (type: string, name: string): Promise<Record<string, unknown>> =>
    (await objectOf(service, type, name)).body.properties as Record<string, unknown>;
  const triggerState = async () => (await properties(triggerType, "tr-job-201")).runtimeState;
  const setRuntime = async (state: string) =>
    service.setObject((await objectOf(service, runtimeType, "ir-hq-chicago")).id, { properties: { state } });
  const told = async (): Promise<readonly string[]> => {
    type Job = { rows: { table: string; condition: { type: string; reason: string } }[] };
    const { rows } = await service.get<Job>("/api/jobs/201");
    return rows.map(({ table, condition }) => `${table} ${condition.type} ${condition.reason}`);
  };
  /** What happened to the trigger since `seq`, in Azure's own log. */
  const activity = async (since: number): Promise<readonly string[]> =>
    (await service.activity(since))
      .filter(
        ({ operation, status }) => /\/(triggers|pipelines)\//i.test(operation) && status === "Succeeded",
      )
      .map(({ operation }) => operation);
  const lastEntry = async (): Promise<number> =>
    Math.max(0, ...(await service.activity(0)).map(({ seq }) => seq));

  it("are made, and a source on premises is read by the runtime at its place", async () => {
    assert.deepEqual(await madeBy(service, stack), { IntegrationRuntime: 2 });
    const { outputs } = await service.get<{ outputs: Record<string, unknown> }>("/api/jobs/201/outputs");
    assert.deepEqual(
      [outputs.integration_runtime, outputs.pipeline_name, outputs.trigger_name],
      ["ir-hq-chicago", "pl-job-201", "tr-job-201"],
    );
    const { connectVia } = await properties(linkedServiceType, "ls_job_201_source_sql_server");
    assert.deepEqual(connectVia, { referenceName: "ir-hq-chicago", type: "IntegrationRuntimeReference" });
  });

  it("a source of another kind takes the place of the one that was read", async () => {
    const seq = await lastEntry();
    await ran("UPDATE Data_Sources SET kind = 'azure-sql' WHERE name = 'general-ledger'");
    const { type } = await properties(linkedServiceType, "ls_job_201_source_azure_sql");
    assert.equal(type, "AzureSqlDatabase");
    await service.jobIs(201, "Ready");
    assert.ok((await activity(seq)).some((operation) => /pipelines\/write$/.test(operation)));
    await assert.rejects(properties(linkedServiceType, "ls_job_201_source_sql_server"));
    await ran("UPDATE Data_Sources SET kind = 'sql-server' WHERE name = 'general-ledger'");
    await service.jobIs(201, "Ready");
  });

  it("have nothing to do when they run again", async () => {
    for (const name of [stack, "job-eastus-201"]) {
      const { status, changes } = await act(service, name, "reconcile");
      assert.deepEqual([name, status, Object.keys(changes)], [name, "succeeded", ["same"]]);
    }
  });

  it("the trigger is started after the run that made it, which Data Factory made stopped", async () => {
    assert.equal(await triggerState(), "Started");
    assert.deepEqual((await activity(0)).slice(-1), [`${factory}/triggers/start/action`]);
    assert.deepEqual(await told(), []);
  });

  it("a change of the pipeline stops the trigger before and starts it after", async () => {
    const since = await lastEntry();
    assert.deepEqual(await ran("UPDATE Pipeline_Settings SET retry_count = 4"), {
      "job-eastus-201": ["update Pipeline", "update Trigger"],
    });
    assert.deepEqual(await activity(since), [
      `${factory}/triggers/stop/action`,
      `${factory}/pipelines/write`,
      `${factory}/triggers/write`,
      `${factory}/triggers/start/action`,
    ]);
    assert.equal(await triggerState(), "Started");
  });

  it("a change beside the pipeline leaves its trigger running", async () => {
    const since = await lastEntry();
    assert.deepEqual(
      await ran("INSERT INTO Cluster_Configs (job_id, min_workers, max_workers) VALUES (201, 1, 7)"),
      {
        "job-eastus-201": ["update ClusterPolicy", "update ClusterPolicy", "update Job"],
      },
    );
    assert.deepEqual(await activity(since), []);
    assert.equal(await triggerState(), "Started");
  });

  it("are changed and replaced as their rows ask", async () => {
    assert.deepEqual(await ran("UPDATE Integration_Runtimes SET core_count = 32 WHERE name = 'ir-large'"), {
      [stack]: ["update IntegrationRuntime"],
    });
    const moved =
      "UPDATE Integration_Runtimes SET kind = 'self-hosted', location = 'depot' WHERE name = 'ir-large'";
    assert.deepEqual(await ran(moved), {
      [stack]: ["create-replacement", "delete-replaced", "replace"].map(
        (step) => `${step} IntegrationRuntime`,
      ),
    });
  });

  it("put right what a person changed", async () => {
    const set = { properties: { description: "mine" } };
    await putsRight(service, { stack, type: runtimeType, name: "ir-hq-chicago", set });
  });

  it("a runtime that goes offline stops the trigger, and the row says why", async () => {
    await setRuntime("Offline");
    // By itself within a minute; a person who asks for it need not wait.
    const asked = await service.fetch("/api/jobs/201/reconcile", { method: "POST" });
    assert.equal(asked.status, 202);
    await until("the trigger is stopped", async () => (await triggerState()) === "Stopped");
    await service.settled();
    assert.deepEqual(await told(), ["Pipeline_Settings Waiting RuntimeNotOnline"]);
    assert.equal((await service.readyJobs()).get(201), "RowWaiting");
  });

  it("once it is Online again the trigger is started by itself", async () => {
    await setRuntime("Online");
    await until("the trigger is started", async () => (await triggerState()) === "Started");
    await service.jobIs(201, "Ready");
    assert.deepEqual(await told(), []);
  });

  it("a disabled job's trigger stays, stopped", async () => {
    await ran("UPDATE Jobs SET enabled = 0");
    assert.equal(await triggerState(), "Stopped");
    await ran("UPDATE Jobs SET enabled = 1");
    assert.equal(await triggerState(), "Started");
  });

  it("are destroyed with their rows, a started trigger with its job", async () => {
    assert.deepEqual(await ran("DELETE FROM Integration_Runtimes WHERE name = 'ir-large'"), {
      [stack]: ["delete IntegrationRuntime"],
    });
    const since = await lastEntry();
    await ran("DELETE FROM Jobs; DELETE FROM Integration_Runtimes");
    assert.equal((await activity(since))[0], `${factory}/triggers/stop/action`);
    const runtimes = (await service.objects(`?type=${runtimeType}`)).map(({ name }) => name);
    assert.deepEqual(runtimes, ["ir-managed"], "the factory's own is the platform's");
    assert.deepEqual(await service.objects(`?type=${triggerType}`), []);
    assert.deepEqual((await service.stateStacks()).toSorted(), ["platform-eastus", "workspace-eastus"]);
  });
});
