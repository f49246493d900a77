/** How far the tables of what has happened grow: each by whoever writes into it. */
import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { queryRuleToken } from "../../../automation/simulators/azure/alert-rules.ts";
import { fire } from "../../../automation/simulators/azure/alerts.ts";
import { addPoint } from "../../../automation/simulators/azure/metrics.ts";
import { startJob } from "../../../automation/simulators/azure/perform-job.ts";
import type { Run } from "../../../automation/simulators/azure/pipeline-run.ts";
import { addActivityRun, addRun } from "../../../automation/simulators/azure/pipeline-runs.ts";
import { evaluateRules } from "../../../automation/simulators/azure/rule-evaluation.ts";
import type { Body } from "../../../automation/simulators/json.ts";
import { newestKeptOf } from "../../../automation/simulators/keep-newest.ts";
import type { Cloud, CloudObject } from "../../../automation/simulators/store.ts";
import { openContext } from "./support/context.ts";

const group = "/subscriptions/s/resourceGroups/rg";
const factoryId = `${group}/providers/Microsoft.DataFactory/factories/adf`;
const host = "adb-1.azuredatabricks.net";

async function openWorld(test: TestContext) {
  const ctx = await openContext(test);
  const { store } = ctx;
  const put = (cloud: Cloud, type: string, id: string, body: Body): CloudObject =>
    store.put({ cloud, type, id, name: id.split("/").at(-1) ?? "", scope: group, body });
  const actionGroup = put("azure", "azure-native:monitor:ActionGroup", `${group}/actionGroups/ag`, {
    emailReceivers: [{ name: "team", emailAddress: "ops@contoso.example" }],
  });
  const rule = put("azure", queryRuleToken, `${group}/rules/r`, {
    actions: { actionGroups: [actionGroup.id] },
  });
  put("azure", "azure-native:datafactory:LinkedService", `${factoryId}/linkedservices/LS`, {
    properties: { typeProperties: { domain: `https://${host}` } },
  });
  put("azure", "azure-native:databricks:Workspace", `${group}/workspaces/dbw`, { workspaceUrl: host });
  put("databricks", "databricks:index/job:Job", `${host}/jobs/7`, {});
  const finding = { instance: "", isMet: true, at: new Date(), target: "/t", context: {} };
  const now = new Date().toISOString();
  let runs = 0;
  const activityRun = { name: "a", type: "Wait", status: "Succeeded", startedAt: now } as const;
  const writers: Readonly<Record<keyof typeof newestKeptOf, () => unknown>> = {
    metric_points: () =>
      addPoint(store, { target: "/t", metric: "m", value: 1, dimensions: {}, at: new Date() }),
    alerts: () => fire(ctx, rule, finding),
    deliveries: () => fire(ctx, rule, finding),
    pipeline_runs: () => addRun(store, { runId: `r-${++runs}`, factoryId, pipeline: "p", parameters: {} }),
    activity_runs: () => addActivityRun(store, "r", { ...activityRun, input: {}, output: {}, error: {} }),
    job_runs: () =>
      startJob({ jobId: "7" }, { linkedServiceName: { referenceName: "LS" } }, {
        ctx,
        factoryId,
        runId: "r",
      } as Run),
  };
  return { ctx, store, put, rule, writers };
}

describe("the store keeps of what has happened", () => {
  for (const table of Object.keys(newestKeptOf) as (keyof typeof newestKeptOf)[])
    it(`the newest ${newestKeptOf[table]} rows of ${table}`, async (t) => {
      const { store, writers } = await openWorld(t);
      for (let row = 1; row <= 5; row++) await writers[table]();
      // as if as many had been written in between as are kept, but for three
      store.run(`update ${table} set rowid = ? where rowid = 5`, newestKeptOf[table] + 2);
      await writers[table]();
      const left = store.all(`select rowid as row from ${table} order by rowid`).map(({ row }) => row);
      assert.deepEqual(left, [4, newestKeptOf[table] + 2, newestKeptOf[table] + 3]);
    });

  it("of a rule when it was looked at, until the rule is gone, alone or with its group", async (t) => {
    const { ctx, store, put, rule } = await openWorld(t);
    const other = put("azure", queryRuleToken, `${group}/rules/Other`, {});
    put("azure", queryRuleToken, "/subscriptions/s/resourceGroups/kept/rules/r", {});
    evaluateRules(ctx, new Date(), "all");
    const clocks = () =>
      store.all("select rule_key from rule_clocks order by rule_key").map(({ rule_key }) => rule_key);
    assert.equal(clocks().length, 3);
    store.remove("azure", other.id);
    assert.deepEqual(clocks(), ["/subscriptions/s/resourcegroups/kept/rules/r", rule.id.toLowerCase()]);
    store.purge("azure", group);
    assert.deepEqual(clocks(), ["/subscriptions/s/resourcegroups/kept/rules/r"]);
  });
});
