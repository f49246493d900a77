import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { EntryItem } from "../../../metadata-schema/contributions.ts";
import type { JobSnapshot, Resolution } from "../../../metadata-schema/store.ts";
import { runtimeId } from "../../../program/layout/names.ts";
import {
  admittedIn,
  after,
  alertRow,
  answers,
  environmentRow,
  factoryPrincipalId,
  jobRow,
  jobSnapshot,
  now,
  pipelineRow,
  refusals,
  resolve,
  runtimeRow,
  sourceRow,
  vaultId,
} from "../../support/snapshots.ts";

const stack = "job-eastus-201";
const facts = {
  name: "eastus",
  location: "eastus",
  subscriptionId: environmentRow().subscription_id,
  tenantId: environmentRow().tenant_id,
  resourceGroup: environmentRow().resource_group,
  existing: {},
};
const state = (name: string, objectId: string) =>
  [
    { kind: "runtime", name: runtimeId(facts, name) },
    { status: "found", objectId },
  ] as const;
const online = (...names: readonly string[]) => answers(...names.map((name) => state(name, "Online")));

const pipelineIn = (resolution: Resolution) =>
  admittedIn(resolution, stack).find(
    (item): item is Extract<EntryItem, { kind: "pipeline" }> => item.kind === "pipeline",
  )?.pipeline;

const scheduled = jobRow({ schedule: "0 30 2 * * ?", schedule_time_zone: "America/New_York" });
const runtimes = { "runtimes-eastus": { integration_runtimes: { "ir-plant-lyon": {} } } };
/** Job 201 copies orders from a server in Lyon, by the runtime there. */
const lyon: JobSnapshot = jobSnapshot({
  job: scheduled,
  pipelineSettings: [pipelineRow({ data_source: "erp-orders" })],
  dataSources: [sourceRow()],
  integrationRuntimes: [runtimeRow({ name: "ir-cloud", kind: "managed", location: "eastus" }), runtimeRow()],
  outputs: { ...jobSnapshot().outputs, ...runtimes },
});

describe("the runtime of a pipeline", () => {
  it("is the self-hosted one at the source's site", () => {
    const resolution = resolve(lyon, online("ir-plant-lyon"));
    assert.equal(pipelineIn(resolution)?.runtime, "ir-plant-lyon");
    assert.equal(pipelineIn(resolution)?.trigger?.started, true);
    assert.deepEqual(refusals(resolution), []);
  });

  it("is the row's of that region for a source in the cloud, and the factory's own where there is none", () => {
    const east = sourceRow({ kind: "azure-sql", location: "East US" });
    const outputs = {
      ...lyon.outputs,
      "runtimes-eastus": { integration_runtimes: { "ir-cloud": {} } },
    };
    const cloud = resolve({ ...lyon, dataSources: [east], outputs }, online("ir-cloud"));
    assert.equal(pipelineIn(cloud)?.runtime, "ir-cloud");
    const none = { ...lyon, dataSources: [east], integrationRuntimes: [runtimeRow()] };
    assert.equal(pipelineIn(resolve(none, online("ir-managed")))?.runtime, "ir-managed");
    const noSource = { ...lyon, pipelineSettings: [pipelineRow()] };
    assert.equal(pipelineIn(resolve(noSource, online("ir-managed")))?.runtime, "ir-managed");
  });

  it("is the one that the pipeline names, before the one that its source names", () => {
    const source = sourceRow({ integration_runtime: "ir-cloud" });
    const outputs = {
      ...lyon.outputs,
      "runtimes-eastus": { integration_runtimes: { "ir-cloud": {}, "ir-plant-lyon": {} } },
    };
    const bySource = resolve({ ...lyon, dataSources: [source], outputs }, online("ir-cloud"));
    assert.equal(pipelineIn(bySource)?.runtime, "ir-cloud");
    const pipelineSettings = [
      pipelineRow({ data_source: "erp-orders", integration_runtime: "ir-plant-lyon" }),
    ];
    const byPipeline = { ...lyon, dataSources: [source], outputs, pipelineSettings };
    assert.equal(pipelineIn(resolve(byPipeline, online("ir-plant-lyon")))?.runtime, "ir-plant-lyon");
  });

  it("that is missing, not enabled or of another environment blocks the row", () => {
    const cases: readonly (readonly [Partial<JobSnapshot>, RegExp])[] = [
      [{ integrationRuntimes: [] }, /Blocked NoRuntime$/],
      [{ integrationRuntimes: [runtimeRow({ enabled: false })] }, /Blocked NoRuntime$/],
      [
        {
          pipelineSettings: [pipelineRow({ integration_runtime: "ir-plant-lyon" })],
          integrationRuntimes: [runtimeRow({ enabled: false })],
        },
        /Blocked RuntimeUnavailable$/,
      ],
      [{ pipelineSettings: [pipelineRow({ integration_runtime: "ir-tokyo" })] }, /Blocked OtherEnvironment$/],
    ];
    for (const [change, expected] of cases) {
      const [first, ...more] = refusals(resolve({ ...lyon, ...change }));
      assert.match(first ?? "", expected);
      assert.deepEqual(more, []);
    }
  });

  it("that is offline keeps the trigger stopped, with a condition that says so, and is looked at again", () => {
    for (const each of ["Offline", "NeedRegistration", "Limited"]) {
      const resolution = resolve(lyon, answers(state("ir-plant-lyon", each)));
      assert.equal(pipelineIn(resolution)?.trigger?.started, false);
      assert.deepEqual(refusals(resolution), ["Pipeline_Settings 1 Waiting RuntimeNotOnline"]);
      assert.match(
        resolution.rowConditions[0]?.condition.message ?? "",
        new RegExp(`ir-plant-lyon" is ${each}`),
      );
      assert.ok(resolution.wakeAt !== null && resolution.wakeAt > now);
    }
    // It goes away after a good start: the trigger is stopped, and everything else stays.
    const offline = resolve(
      after(lyon, {}, online("ir-plant-lyon")),
      answers(state("ir-plant-lyon", "Offline")),
    );
    assert.equal(pipelineIn(offline)?.trigger?.started, false);
    assert.equal(admittedIn(offline, stack).filter(({ kind }) => kind === "pipeline").length, 1);
  });

  it("of a row is waited for until its stack has made it", () => {
    const resolution = resolve({ ...lyon, outputs: jobSnapshot().outputs }, online("ir-plant-lyon"));
    assert.equal(pipelineIn(resolution), undefined);
    assert.deepEqual(refusals(resolution), ["Pipeline_Settings 1 Waiting WaitingForStack"]);
    assert.match(resolution.rowConditions[0]?.condition.message ?? "", /runtimes-eastus/);
  });
});

describe("a pipeline", () => {
  it("has the job's schedule as its trigger, and the Databricks job has none then", () => {
    const resolution = resolve(lyon, online("ir-plant-lyon"));
    const { frequency, hours, minutes, timeZone } = pipelineIn(resolution)?.trigger ?? {};
    assert.deepEqual([frequency, hours, minutes, timeZone], ["Day", [2], [30], "Eastern Standard Time"]);
    const job = admittedIn(resolution, stack).find((item) => item.kind === "job");
    assert.equal(job?.kind === "job" && job.job.schedule, null);
  });

  it("stays stopped while the row or its job is not enabled", () => {
    const paused = { ...lyon, job: { ...scheduled, enabled: false } };
    assert.equal(pipelineIn(resolve(paused, online("ir-plant-lyon")))?.trigger?.started, false);
    const off = {
      ...lyon,
      pipelineSettings: [pipelineRow({ data_source: "erp-orders", enabled: false })],
    };
    assert.equal(pipelineIn(resolve(off, online("ir-plant-lyon")))?.trigger?.started, false);
  });

  it("lets the factory write to the job's container, read the source's secret and run the job", () => {
    const source = sourceRow({ key_vault: "ml-vault", secret_name: "databricks-token" });
    const resolution = resolve({ ...lyon, dataSources: [source] }, online("ir-plant-lyon"));
    const roles = admittedIn(resolution, `access-eastus-${factoryPrincipalId}`).flatMap((item) =>
      item.kind === "role-assignment"
        ? [[item.roleAssignment.roleName, item.roleAssignment.scope.split("/").slice(-2).join("/")]]
        : [],
    );
    assert.deepEqual(roles, [
      ["Storage Blob Data Contributor", "containers/job-201"],
      ["Key Vault Secrets User", "secrets/databricks-token"],
    ]);
    const run = admittedIn(resolution, "acl-eastus-job-201").find(
      (item) => item.kind === "access-control" && item.objectType === "job",
    );
    assert.equal(run?.kind === "access-control" && run.accessControl.level, "CAN_MANAGE_RUN");
    assert.deepEqual(pipelineIn(resolution)?.source?.credential, {
      vaultId,
      vaultUri: "https://ml-vault.vault.azure.net",
      secretName: "databricks-token",
    });
  });

  it("with a source, a path, a schedule or numbers that cannot be is Blocked with a reason", () => {
    const named = pipelineRow({ data_source: "erp-orders" });
    const cases: readonly (readonly [Partial<JobSnapshot>, string])[] = [
      [{ dataSources: [] }, "UnknownDataSource"],
      [{ dataSources: [sourceRow({ kind: "ftp" })] }, "UnknownDataSource"],
      [{ dataSources: [sourceRow({ host: null })] }, "InvalidDataSource"],
      [{ dataSources: [sourceRow({ key_vault: "ml-vault" })] }, "InvalidDataSource"],
      [{ dataSources: [sourceRow({ key_vault: "other", secret_name: "x" })] }, "OtherEnvironment"],
      [{ pipelineSettings: [{ ...named, sink_path: "/raw" }] }, "InvalidSinkPath"],
      [{ pipelineSettings: [{ ...named, concurrency: 500 }] }, "InvalidPipelineSettings"],
      [{ pipelineSettings: [{ ...named, parameters: { "a b": 1 } }] }, "InvalidPipelineSettings"],
      [{ job: { ...scheduled, schedule: "0 0 0 15W * ?" } }, "InvalidSchedule"],
    ];
    for (const [change, reason] of cases) {
      assert.deepEqual(
        refusals(resolve({ ...lyon, ...change }, online("ir-plant-lyon"))),
        [`Pipeline_Settings 1 Blocked ${reason}`],
        reason,
      );
    }
  });
});

describe("an alert", () => {
  const alertsIn = (resolution: Resolution) =>
    admittedIn(resolution, stack).flatMap((item) => (item.kind === "alert" ? [item] : []));

  it("is the job's, as its row says", () => {
    const [item] = alertsIn(resolve(jobSnapshot({ alertRules: [alertRow()] })));
    assert.deepEqual(
      [item?.alert.metric, item?.alert.threshold, item?.driftWarehouseId],
      ["model_accuracy", 0.85, null],
    );
  });

  it("on drift needs the warehouse that makes the table which is watched", () => {
    const drift = alertRow({ metric: "drift", operator: "GreaterThan", threshold: 0.2 });
    const [item] = alertsIn(resolve(jobSnapshot({ alertRules: [drift] })));
    assert.equal(item?.driftWarehouseId, "475b94ddc7cd5211");
  });

  it("that Azure would refuse is Blocked with a reason", () => {
    const cases = [
      [{ metric: "a b" }, "InvalidMetric"],
      [{ operator: "Equals" }, "UnknownOperator"],
      [{ missing_data: "maybe" }, "UnknownMissingData"],
      [{ severity: 7 }, "InvalidSeverity"],
      [{ window_minutes: 61 }, "InvalidTiming"],
      [{ frequency_minutes: 7 }, "InvalidTiming"],
      [{ metric: "pipeline_failures" }, "NoPipeline"],
    ] as const;
    for (const [change, reason] of cases) {
      assert.deepEqual(
        refusals(resolve(jobSnapshot({ alertRules: [alertRow(change)] }))),
        [`Alert_Rules 1 Blocked ${reason}`],
        reason,
      );
    }
  });
});
