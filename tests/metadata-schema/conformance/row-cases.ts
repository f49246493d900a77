import assert from "node:assert/strict";
import { RowRefusedError } from "../../../metadata-schema/errors.ts";
import type { NewRow } from "../../../metadata-schema/store.ts";
import {
  applyStack,
  type Case,
  childRows,
  contribute,
  contribution,
  desired,
  environmentValues,
  job,
  resolution,
  seed,
  touched,
} from "./kit.ts";

const refusals: readonly { readonly name: string; readonly row: NewRow; readonly says: RegExp }[] = [
  {
    name: "a missing value",
    row: { table: "Secret_References", values: { job_id: 201, key_vault: "ml-vault" } },
    says: /Secret_References\.secret_name.*value/,
  },
  {
    name: "a key that is taken",
    row: { table: "Jobs", values: { job_id: 201 } },
    says: /Jobs\.job_id.*201/,
  },
  {
    name: "a job that does not exist",
    row: { table: "Network_Rules", values: { job_id: 999, service: "databricks" } },
    says: /Network_Rules\.job_id.*does not exist/,
  },
  {
    name: "an environment that does not exist",
    row: { table: "Jobs", values: { environment: "nowhere" } },
    says: /Jobs\.environment.*does not exist/,
  },
  {
    name: "text where a number belongs",
    row: { table: "Cluster_Configs", values: { job_id: 202, min_workers: "two" } },
    says: /Cluster_Configs\.min_workers.*INT/i,
  },
  {
    name: "more workers at least than at most",
    row: { table: "Cluster_Configs", values: { job_id: 202, min_workers: 5, max_workers: 2 } },
    says: /Cluster_Configs\.max_workers.*min_workers/,
  },
  {
    name: "a second cluster for a job",
    row: { table: "Cluster_Configs", values: { job_id: 201 } },
    says: /Cluster_Configs\.job_id.*201/,
  },
  {
    name: "text that is not JSON",
    row: {
      table: "Access_Policies",
      values: { job_id: 201, role: "r", permissions: "read_model", entra_id_group: "g" },
    },
    says: /Access_Policies\.permissions.*JSON/,
  },
  {
    name: "an environment's name with a capital",
    row: { table: "Environments", values: { ...environmentValues("eu").values, name: "EU" } },
    says: /Environments\.name.*a-z/,
  },
  {
    name: "an environment's name of 13 characters",
    row: environmentValues("abcdefghijklm"),
    says: /Environments\.name.*12/,
  },
  {
    name: "a second default environment",
    row: environmentValues("northeurope", true),
    says: /Environments\.is_default/,
  },
  {
    name: "a column that the table has not",
    row: { table: "Jobs", values: { "name) VALUES ('x'); --": "x" } },
    says: /Jobs\..*no such column/,
  },
];

export function rowCases(fact: Case): void {
  refusalCases(fact);
  insertCases(fact);
  snapshotCases(fact);
  malformedCases(fact);
}

function refusalCases(fact: Case): void {
  for (const { name, row, says } of refusals)
    fact(`${name} is refused with table, column and fault`, async ({ store }) => {
      await seed(store);
      await assert.rejects(store.insertRows([row]), (error: unknown) => {
        assert.ok(error instanceof RowRefusedError, String(error));
        assert.match(error.message, says);
        return true;
      });
    });
}

function insertCases(fact: Case): void {
  fact("rows are inserted all or none", async ({ store }) => {
    const rows: readonly NewRow[] = [
      environmentValues("eastus", true),
      { table: "Jobs", values: { job_id: 201 } },
      { table: "Access_Policies", values: { job_id: 201 } },
    ];
    await assert.rejects(store.insertRows(rows), RowRefusedError);
    assert.deepEqual(await store.listJobs(), []);
    assert.deepEqual(await touched(store), []);
    assert.equal(await store.isEmpty(), true);
  });

  fact("rows may be given in any order of tables", async ({ store }) => {
    await store.insertRows([
      ...childRows(201),
      { table: "Jobs", values: { job_id: 201, environment: "eastus" } },
      environmentValues("eastus"),
    ]);
    assert.equal((await store.loadJob(201)).policies.length, 1);
  });

  fact("columns that are left out take the table's defaults", async ({ store }) => {
    await seed(store);
    assert.deepEqual(await store.getJob(203), {
      job_id: 203,
      name: null,
      environment: null,
      kind: "batch",
      priority: "normal",
      enabled: true,
      owner: null,
      schedule: null,
      schedule_time_zone: "UTC",
      model: null,
      task_path: null,
      federation_issuer: null,
      federation_subject: null,
    });
    const { clusterConfigs, networkRules } = await store.loadJob(201);
    const [cluster] = clusterConfigs;
    assert.deepEqual([cluster?.min_workers, cluster?.max_workers], [1, 4]);
    assert.deepEqual([cluster?.auto_termination_minutes, cluster?.spot], [30, true]);
    assert.deepEqual(networkRules[0]?.firewall_ranges, []);
    const { environment } = await store.loadEnvironment("eastus");
    assert.deepEqual(environment?.existing_resources, {});
    assert.deepEqual(environment?.alert_emails, []);
    assert.deepEqual([environment?.databricks_account_id, environment?.service_url], [null, null]);
  });

  fact("values that only meaning could refuse are stored", async ({ store, raw }) => {
    await seed(store);
    await raw("UPDATE Jobs SET kind = 'nonsense', priority = 'asap', schedule = 'daily' WHERE job_id = 201");
    await raw("UPDATE Access_Policies SET role = 'Emperor', expires_at = 'soon' WHERE job_id = 201");
    await raw(
      `UPDATE Network_Rules SET service = 'fax', firewall_ranges = '["0.0.0.0/0"]' WHERE job_id = 201`,
    );
    const snapshot = await store.loadJob(201);
    assert.equal(snapshot.job?.kind, "nonsense");
    assert.equal(snapshot.policies[0]?.role, "Emperor");
    assert.deepEqual(snapshot.networkRules[0]?.firewall_ranges, ["0.0.0.0/0"]);
    assert.deepEqual(snapshot.malformed, []);
  });

  fact("an empty store stays not empty once a job was inserted, even when it is gone", async (kit) => {
    assert.equal(await kit.store.isEmpty(), true);
    await kit.store.insertRows([{ table: "Jobs", values: { job_id: 201 } }]);
    assert.equal(await kit.store.isEmpty(), false);
    await kit.raw("DELETE FROM Jobs");
    assert.equal(await kit.store.isEmpty(), false);
    assert.equal(await (await kit.reopen()).isEmpty(), false);
  });

  fact("an environment makes a store not empty", async ({ store }) => {
    await store.insertRows([environmentValues("eastus")]);
    assert.equal(await store.isEmpty(), false);
  });

  fact("a touch of a job that was never there leaves a store empty", async ({ store }) => {
    await store.touch([job(1)]);
    assert.equal(await store.isEmpty(), true);
  });
}

function snapshotCases(fact: Case): void {
  fact("jobs are listed by number, and one that is unknown is null", async ({ store }) => {
    await seed(store);
    assert.deepEqual(
      (await store.listJobs()).map(({ job_id }) => job_id),
      [201, 202, 203],
    );
    assert.equal((await store.getJob(202))?.environment, "westus");
    assert.equal(await store.getJob(999), null);
  });

  fact("a page of jobs goes on after a number, up to the limit", async ({ store, raw }) => {
    await seed(store);
    const page = async (after: number, limit: number) =>
      (await store.listJobs({ after, limit })).map(({ job_id }) => job_id);
    assert.deepEqual(await page(0, 2), [201, 202]);
    assert.deepEqual(await page(202, 2), [203]);
    assert.deepEqual(await page(203, 2), []);
    await raw("DELETE FROM Jobs WHERE job_id = 202");
    assert.deepEqual(await page(201, 1), [203]);
  });

  fact("a job's snapshot holds its rows and its environment's", async ({ store }) => {
    await seed(store);
    const snapshot = await store.loadJob(201);
    assert.equal(snapshot.job?.name, "churn");
    assert.equal(snapshot.environment?.name, "eastus");
    assert.equal(snapshot.policies[0]?.entra_id_group, "ds_team");
    assert.equal(snapshot.secretReferences[0]?.secret_name, "databricks-token");
    assert.equal(snapshot.networkRules[0]?.private_endpoint, "pe-databricks-eastus");
    assert.equal(snapshot.clusterConfigs.length, 1);
    assert.deepEqual([snapshot.contributions, snapshot.recorded, snapshot.malformed], [[], [], []]);
  });

  fact("a job that names an environment gets that one", async ({ store }) => {
    await seed(store);
    const { environment, policies } = await store.loadJob(202);
    assert.equal(environment?.name, "westus");
    assert.deepEqual(policies, []);
  });

  fact("without a default environment a job that names none has none", async ({ store, raw }) => {
    await seed(store);
    await raw("UPDATE Environments SET is_default = 0 WHERE name = 'eastus'");
    assert.equal((await store.loadJob(201)).environment, null);
  });

  fact("the snapshot of a job that is gone still has its contributions", async ({ store, raw }) => {
    await seed(store);
    await contribute(store, 201, contribution("acl-eastus-201"));
    await raw("DELETE FROM Jobs WHERE job_id = 201");
    const snapshot = await store.loadJob(201);
    assert.equal(snapshot.job, null);
    assert.equal(snapshot.environment, null);
    assert.equal(snapshot.contributions[0]?.stack, "acl-eastus-201");
    assert.deepEqual([snapshot.policies, snapshot.clusterConfigs], [[], []]);
  });

  fact("the snapshot has the outputs of the platform stack and of the job's own", async ({ store }) => {
    await seed(store);
    await applyStack(store, "platform-eastus", desired(), { host: "adb-1" });
    await applyStack(store, "job-eastus-201", desired(), { jobId: 7 });
    await applyStack(store, "job-eastus-203", desired(), { jobId: 8 });
    assert.deepEqual((await store.loadJob(201)).outputs, {
      "platform-eastus": { host: "adb-1" },
      "job-eastus-201": { jobId: 7 },
    });
  });

  fact("and those of its environment's runtimes, with the versions of all three", async ({ store }) => {
    await seed(store);
    const stacks = ["platform-eastus", "runtimes-eastus", "job-eastus-201"];
    for (const stack of [...stacks, "runtimes-westus"])
      await applyStack(store, stack, desired(), { of: stack });
    const { outputs, outputVersions } = await store.loadJob(201);
    assert.deepEqual(outputs, Object.fromEntries(stacks.map((stack) => [stack, { of: stack }])));
    assert.deepEqual(Object.keys(outputVersions).toSorted(), stacks.toSorted());
  });

  fact("a job that moved still sees the outputs of the stack it contributes to", async ({ store, raw }) => {
    await seed(store);
    await applyStack(store, "job-eastus-201", desired(), { jobId: 7 });
    await contribute(store, 201, contribution("job-eastus-201", { kind: "job" }));
    await raw("UPDATE Jobs SET environment = 'westus' WHERE job_id = 201");
    assert.deepEqual((await store.loadJob(201)).outputs, { "job-eastus-201": { jobId: 7 } });
  });
}

function malformedCases(fact: Case): void {
  fact("a row that cannot be parsed is named in the snapshot, and the others are there", async (kit) => {
    await seed(kit.store);
    await kit.store.insertRows(childRows(201).slice(0, 1));
    const [first, second] = (await kit.store.loadJob(201)).policies;
    await kit.raw(
      `UPDATE Access_Policies SET permissions = '{"all":true}' WHERE policy_id = ${first?.policy_id}`,
    );
    const snapshot = await kit.store.loadJob(201);
    assert.deepEqual(
      snapshot.policies.map(({ policy_id }) => policy_id),
      [second?.policy_id],
    );
    assert.equal(snapshot.malformed.length, 1);
    assert.deepEqual(snapshot.malformed[0]?.ref, { table: "Access_Policies", key: String(first?.policy_id) });
    assert.equal(snapshot.malformed[0]?.field, "permissions");
    assert.notEqual(snapshot.malformed[0]?.fault, "");
    assert.deepEqual(snapshot.malformed[0]?.raw, {
      policy_id: first?.policy_id,
      job_id: 201,
      role: "DataScientist",
      permissions: '{"all":true}',
      entra_id_group: "ds_team",
      model: null,
      expires_at: null,
    });
  });

  fact("an environment's malformed row is named in its jobs' snapshots and in its own", async (kit) => {
    await seed(kit.store);
    await kit.raw("UPDATE Environments SET own_group_members = '[1]' WHERE name = 'eastus'");
    for (const snapshot of [await kit.store.loadJob(201), await kit.store.loadEnvironment("eastus")]) {
      assert.equal(snapshot.environment, null);
      assert.deepEqual(snapshot.malformed[0]?.ref, { table: "Environments", key: "eastus" });
      assert.equal(snapshot.malformed[0]?.field, "own_group_members");
    }
  });

  fact("an environment's snapshot has its row and contributions; an unknown one has none", async (kit) => {
    const { store } = kit;
    await seed(store);
    const subject = { kind: "environment", name: "eastus" } as const;
    await store.commitResolution(
      resolution(subject, { contributions: [contribution("platform-eastus", { kind: "platform" })] }),
    );
    const snapshot = await store.loadEnvironment("eastus");
    assert.deepEqual(snapshot.subject, subject);
    assert.equal(snapshot.environment?.resource_group, "rg-eastus");
    assert.equal(snapshot.contributions[0]?.stack, "platform-eastus");
    assert.equal((await store.loadEnvironment("nowhere")).environment, null);
  });

  fact("time is the clock's, in milliseconds and Z", async ({ store, clock }) => {
    clock.set("2026-05-06T07:08:09.012Z");
    assert.equal(await store.now(), "2026-05-06T07:08:09.012Z");
  });

  fact("a ping of an open store succeeds, of a closed one fails", async (kit) => {
    await kit.store.ping();
    const second = await kit.secondHandle();
    await second.close();
    await assert.rejects(second.ping());
  });
}
