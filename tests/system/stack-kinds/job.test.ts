/** Stacks of jobs, batch, urgent, online and with a pipeline, and their permission lists: made, changed, replaced, put right, destroyed. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { NewRow } from "../../../metadata-schema/store.ts";
import { makeHome, removeHome, TestService } from "../../support/service.ts";
import { cluster, environment, job, policy, secret } from "../../support/small-rows.ts";
import { act, isDrifted, madeBy, objectOf, putsRight, ranBy, stepsOf } from "../../support/stack-acts.ts";

const row = (table: NewRow["table"], values: NewRow["values"]): NewRow => ({ table, values });
const ids = [201, 202, 203, 204] as const;
const accountId = "8f0e2b7c-41d3-4a57-9c1e-6b5d2f90a3c4";

/** What every job has. */
const always = {
  AccessControlRuleSet: 1,
  BlobContainer: 1,
  EncryptionScope: 1,
  ExternalLocation: 1,
  MlflowExperiment: 1,
  ServicePrincipal: 1,
  UserAssignedIdentity: 1,
};
const batch = { ...always, ClusterPolicy: 2, Grant: 3, Job: 1, RegisteredModel: 1, RoleAssignment: 3 };

describe("stacks of jobs", () => {
  let service: TestService;
  before(async () => {
    const rows = [
      environment(),
      row("Data_Sources", {
        name: "pos",
        kind: "adls",
        location: "eastus",
        host: "contosoretaileus.dfs.core.windows.net",
        database_name: "retail",
        path: "pos/transactions",
      }),
      row("Models", { name: "ml.models.recommender", environment: "eastus", version: 13 }),
      job(201, { schedule: "0 0 2 * * ?" }),
      cluster(201, 1, 2),
      secret(201),
      policy(201, ["execute_inference"]),
      job(202, { kind: "online", model: "ml.models.recommender" }),
      policy(202, ["execute_inference"]),
      job(203, { priority: "urgent" }),
      job(204, { schedule: "0 30 2 * * ?" }),
      row("Pipeline_Settings", { job_id: 204, data_source: "pos" }),
    ];
    const alerts = [
      { metric: "model_accuracy", operator: "LessThan", threshold: 0.85 },
      {
        metric: "drift",
        operator: "GreaterThan",
        threshold: 0.2,
        window_minutes: 1440,
        frequency_minutes: 60,
      },
      { metric: "pipeline_failures", operator: "GreaterThan", threshold: 0 },
    ].map((alert) => row("Alert_Rules", { job_id: 204, ...alert }));
    service = new TestService(await makeHome([...rows, ...alerts]));
    await service.start();
    await service.settled();
  });
  after(async () => {
    await service.stop();
    await removeHome(service.home);
  });

  const stack = (id: number): string => `job-eastus-${id}`;
  const acl = (id: number): string => `acl-eastus-job-${id}`;
  const ran = (text: string) => ranBy(service, () => service.script(text));

  it("are made: all that is one job's alone", async () => {
    for (const id of ids) await service.jobIs(id, "Ready");
    assert.deepEqual(
      await madeBy(service, stack(201)),
      { ...batch, RoleAssignment: 4 },
      "one for its secret",
    );
    // An endpoint in place of a job and its policy; the model is somebody else's.
    assert.deepEqual(await madeBy(service, stack(202)), {
      ...always,
      ClusterPolicy: 1,
      Grant: 4,
      ModelServing: 1,
      RoleAssignment: 3,
    });
    assert.deepEqual(await madeBy(service, stack(203)), { ...batch, InstancePool: 1 });
    assert.deepEqual(await madeBy(service, stack(204)), {
      ...batch,
      Dataset: 2,
      Grant: 4,
      LinkedService: 1,
      MetricAlert: 1,
      Pipeline: 1,
      QualityMonitor: 1,
      // Accuracy and drift, and each of them missing.
      ScheduledQueryRule: 4,
      SqlTable: 1,
      Trigger: 1,
    });
  });

  it("have a list of who may use each of their objects", async () => {
    const lists = await Promise.all(ids.map(async (id) => (await madeBy(service, acl(id))).Permissions));
    assert.deepEqual(lists, [3, 2, 3, 3]);
    const clientId = (await objectOf(service, "UserAssignedIdentity", "id-job-201")).body.clientId;
    const lines = (await service.objects("?type=databricks:index/permissions:Permissions")).flatMap(
      ({ body }) =>
        (body.accessControls as readonly Record<string, unknown>[]).map(
          (each) => `${each.groupName ?? each.servicePrincipalName} ${each.permissionLevel}`,
        ),
    );
    for (const line of ["ds_team CAN_MANAGE_RUN", "ds_team CAN_QUERY", `${clientId} CAN_EDIT`])
      assert.ok(lines.includes(line), `${line} in ${lines.join()}`);
  });

  it("have nothing to do when they run again", async () => {
    for (const name of ids.flatMap((id) => [stack(id), acl(id)])) {
      const { status, changes } = await act(service, name, "reconcile");
      assert.deepEqual([name, status, Object.keys(changes)], [name, "succeeded", ["same"]]);
    }
  });

  const changes: readonly (readonly [string, string, Readonly<Record<string, readonly string[]>>])[] = [
    [
      "more workers",
      "UPDATE Cluster_Configs SET max_workers = 6",
      { [stack(201)]: ["update ClusterPolicy", "update ClusterPolicy", "update Job"] },
    ],
    ["a new version of a model", "UPDATE Models SET version = 14", { [stack(202)]: ["update ModelServing"] }],
    [
      "urgency",
      "UPDATE Jobs SET priority = 'urgent' WHERE job_id = 201",
      {
        [stack(201)]: ["create InstancePool", "update ClusterPolicy", "update ClusterPolicy", "update Job"],
        [acl(201)]: ["create Permissions"],
      },
    ],
    [
      "another threshold",
      "UPDATE Alert_Rules SET threshold = 0.9 WHERE metric = 'model_accuracy'",
      { [stack(204)]: ["update ScheduledQueryRule"] },
    ],
    [
      "more retries of a pipeline, whose trigger tells what it was started with",
      "UPDATE Pipeline_Settings SET retry_count = 5",
      { [stack(204)]: ["update Pipeline", "update Trigger"] },
    ],
    [
      "a build that may stand for the job",
      `UPDATE Jobs SET federation_subject = 'repo:contoso/churn:ref:refs/heads/main',
        federation_issuer = 'https://token.actions.githubusercontent.com' WHERE job_id = 201`,
      { [stack(201)]: ["create FederatedIdentityCredential"] },
    ],
    [
      "another group on the list of a policy",
      `INSERT INTO Access_Policies (job_id, role, permissions, entra_id_group)
        VALUES (203, 'DataScientist', '["use_compute"]', 'ds_team')`,
      { [acl(203)]: ["update Permissions"] },
    ],
    [
      "an online job in place of a batch job",
      "UPDATE Jobs SET kind = 'online', model = 'ml.models.recommender' WHERE job_id = 204",
      {
        [stack(204)]: [
          "create Grant",
          "create ModelServing",
          "delete ClusterPolicy",
          "delete Job",
          "delete RegisteredModel",
          "update Pipeline",
          "update Trigger",
        ],
        [acl(204)]: ["delete Permissions", "delete Permissions"],
      },
    ],
  ];
  for (const [what, edit, steps] of changes) {
    it(`are changed where a row asks for it, and nowhere else: ${what}`, async () => {
      assert.deepEqual(await ran(edit), steps);
    });
  }

  it("replace what another Databricks account has to hold", async () => {
    const other = accountId.replace("8f0e", "1111");
    const replaced = ["create-replacement", "delete-replaced", "replace"].map(
      (step) => `${step} AccessControlRuleSet`,
    );
    const all = await ran(`UPDATE Environments SET databricks_account_id = '${other}'`);
    assert.deepEqual(all, Object.fromEntries(ids.map((id) => [stack(id), replaced])));
  });

  it("put right what a person changed", async () => {
    const changed = [
      [201, "databricks:index/job:Job", "job-201 job 201", { maxConcurrentRuns: 9 }],
      [201, "azure-native:storage:BlobContainer", "job-201", { publicAccess: "Blob" }],
      [202, "azure-native:storage:BlobContainer", "job-202", { denyEncryptionScopeOverride: false }],
      [203, "databricks:index/instancePool:InstancePool", "rowgate-job-203", { maxCapacity: 500 }],
      [
        204,
        "azure-native:monitor:ScheduledQueryRule",
        "alert-job-204-model_accuracy-lessthan",
        { enabled: false },
      ],
    ] as const;
    for (const [id, type, name, set] of changed) {
      await putsRight(service, { stack: stack(id), type, name, set });
    }
  });

  it("replace what a person changed for good", async () => {
    const endpoint = await objectOf(service, "databricks:index/modelServing:ModelServing", "job-202");
    await service.setObject(endpoint.id, { routeOptimized: true });
    await act(service, stack(202), "refresh");
    assert.ok(await isDrifted(service, stack(202)));
    const replaced = (type: string) =>
      ["create-replacement", "delete-replaced", "replace"].map((step) => `${step} ${type}`);
    const followed = await ranBy(service, async () => {
      const { runId } = await act(service, stack(202), "reconcile");
      assert.deepEqual(await stepsOf(service, runId), replaced("ModelServing"));
    });
    assert.deepEqual(followed[acl(202)], replaced("Permissions"), "the list of the one before went with it");
    await service.jobIs(202, "Ready");
  });

  it("make a job that was deleted by hand again, with a list of its own", async () => {
    const deleted = await objectOf(service, "databricks:index/job:Job", "job-201 job 201");
    await service.deleteObject(deleted.id);
    await act(service, stack(201), "refresh");
    assert.ok(await isDrifted(service, stack(201)));
    const steps = await ranBy(service, async () => {
      const { runId } = await act(service, stack(201), "reconcile");
      assert.deepEqual(await stepsOf(service, runId), ["create Job"]);
    });
    // The list went with the job; its successor has another number.
    assert.deepEqual(steps[acl(201)], [
      "create-replacement Permissions",
      "delete-replaced Permissions",
      "replace Permissions",
    ]);
    await service.jobIs(201, "Ready");
  });

  it("are destroyed with their rows: what Azure cannot delete is all that is left", async () => {
    const gone = Object.keys(await ran("DELETE FROM Jobs"));
    for (const name of ids.flatMap((id) => [stack(id), acl(id)])) assert.ok(gone.includes(name), name);
    const left = (await service.objects()).filter(({ id, name }) => /job[-_]20[1-4]/.test(id + name));
    assert.deepEqual(left.map(({ type, name, body }) => [type, name, body.state]).toSorted(), [
      ...ids.map((id) => ["azure-native:storage:EncryptionScope", `job-${id}`, "Disabled"]),
    ]);
    assert.deepEqual((await service.stateStacks()).toSorted(), ["platform-eastus", "workspace-eastus"]);
  });
});
