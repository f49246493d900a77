/** Rows as guardrails meet them: each guardrail that a row can break, exceptions, and what is taken over. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { judgeRows } from "../../../automation/reconcile/judge-rows.ts";
import { merge } from "../../../automation/reconcile/merge.ts";
import { resolveEnvironment } from "../../../automation/reconcile/resolve.ts";
import type { GuardrailExceptionRow } from "../../../metadata-schema/rows.ts";
import type { JobSnapshot, Resolution, StoredContribution } from "../../../metadata-schema/store.ts";
import { findGuardrail, guardrails } from "../../../program/policies/judge.ts";
import {
  admittedIn,
  after,
  alertRow,
  answers,
  clusterRow,
  environmentRow,
  environmentSnapshot,
  jobRow,
  jobSnapshot,
  networkRow,
  now,
  pipelineRow,
  policyRow,
  refusals,
  resolve,
  secretRow,
  sourceRow,
  vaultId,
} from "../../support/snapshots.ts";

const token = `dapi${"0123456789abcdef".repeat(2)}`;
const whole = jobSnapshot({
  policies: [policyRow()],
  networkRules: [networkRow()],
  secretReferences: [secretRow()],
  clusterConfigs: [clusterRow()],
});
const editor = policyRow({ policy_id: 2, role: "DataEngineer", permissions: ["edit_pipeline"] });
const runner = policyRow({ policy_id: 3, role: "DataEngineer", permissions: ["run_pipeline"] });
const wideRange = networkRow({ firewall_ranges: ["203.0.0.0/16"] });
const lake = (container: string) => ({
  pipelineSettings: [pipelineRow({ data_source: "erp-orders" })],
  dataSources: [sourceRow({ kind: "adls", location: "eastus", host: null, database_name: container })],
});

/** Guardrail → what of a job's rows breaks it, and which row is Blocked. */
const ofJobs: Readonly<Record<string, { readonly change: Partial<JobSnapshot>; readonly row: string }>> = {
  "known-permission": {
    change: { policies: [policyRow({ permissions: ["fly"] })] },
    row: "Access_Policies 1",
  },
  "permission-in-role": {
    change: { policies: [policyRow({ permissions: ["list_secrets"] })] },
    row: "Access_Policies 1",
  },
  "denied-azure-role": {
    change: { policies: [policyRow({ role: "PlatformAdmin", permissions: ["manage_network"] })] },
    row: "Access_Policies 1",
  },
  "assignment-scope": { change: lake("a/b"), row: "Pipeline_Settings 1" },
  "pipeline-write": { change: { policies: [editor] }, row: "Access_Policies 2" },
  "range-form": {
    change: { networkRules: [networkRow({ firewall_ranges: ["anywhere"] })] },
    row: "Network_Rules 1",
  },
  "range-width": { change: { networkRules: [wideRange] }, row: "Network_Rules 1" },
  "range-of-callers": {
    change: { networkRules: [networkRow({ firewall_ranges: ["0.0.0.0"] })] },
    row: "Network_Rules 1",
  },
  "endpoint-of-service": {
    change: { networkRules: [networkRow({ private_endpoint: null, firewall_ranges: ["198.51.100.16/28"] })] },
    row: "Network_Rules 1",
  },
  "secret-text": {
    change: { pipelineSettings: [pipelineRow({ parameters: { nested: [token] } })] },
    row: "Pipeline_Settings 1",
  },
  "cluster-machine": {
    change: { clusterConfigs: [clusterRow({ node_type: "Standard_M416ms_v2" })] },
    row: "Cluster_Configs 1",
  },
  "cluster-runtime": {
    change: { clusterConfigs: [clusterRow({ spark_version: "7.3.x-scala2.12" })] },
    row: "Cluster_Configs 1",
  },
  "cluster-workers": {
    change: { clusterConfigs: [clusterRow({ max_workers: 100 })] },
    row: "Cluster_Configs 1",
  },
  "cluster-idle-time": {
    change: { clusterConfigs: [clusterRow({ auto_termination_minutes: 240 })] },
    row: "Cluster_Configs 1",
  },
  "unity-privileges": {
    // A job's own grants never break it; see the test of those that no row breaks.
    change: {},
    row: "",
  },
  "management-level": {
    change: {
      job: jobRow({ kind: "online" }),
      policies: [policyRow({ role: "MLEngineer", permissions: ["deploy_model"] })],
    },
    row: "Access_Policies 1",
  },
  "separate-duties": {
    change: {
      policies: [editor, runner],
      guardrailExceptions: [
        {
          exception_id: 1,
          job_id: 201,
          guardrail: "pipeline-write",
          subject: "Pipeline Editor",
          reason: "They move it",
          expires_at: "2026-02-01T00:00:00Z",
        },
      ],
    },
    row: "Access_Policies 2",
  },
  "source-address": {
    change: {
      pipelineSettings: [pipelineRow({ data_source: "erp-orders" })],
      dataSources: [sourceRow({ kind: "rest", location: "eastus", host: "http://erp.contoso.example" })],
    },
    row: "Pipeline_Settings 1",
  },
  "own-environment": {
    change: { secretReferences: [secretRow({ key_vault: "other-vault" })] },
    row: "Secret_References 1",
  },
};
const { "unity-privileges": _none, ...brokenByJobs } = ofJobs;

describe("a row that breaks a guardrail", () => {
  for (const [id, { change, row }] of Object.entries(brokenByJobs))
    it(`${id} is Blocked with its reason and its fix, and nothing else is`, () => {
      const resolution = resolve({ ...whole, ...change });
      const guardrail = findGuardrail(id) ?? assert.fail(id);
      const told = resolution.rowConditions.filter(({ condition }) => condition.type === "Blocked");
      assert.deepEqual(
        told.map(({ row: { table, key }, condition }) => `${table} ${key} ${condition.reason}`),
        [`${row} ${guardrail.reason}`],
      );
      const message = told[0]?.condition.message ?? "";
      assert.ok(message.startsWith(`${row}, `), message);
      assert.ok(!message.includes(token));
    });

  it("is every row that some can break: the others are about what the program makes", () => {
    const others = guardrails.map(({ id }) => id).filter((id) => !Object.hasOwn(brokenByJobs, id));
    const ofEnvironments = [
      "deletion-protection",
      "firewall-default",
      "public-access",
      "sql-sign-in",
      "storage-access",
      "subnet-closed",
      "transport",
      "vault-protection",
      "workspace-closed",
    ];
    const ofProgramOnly = [
      "cluster-isolation",
      "cluster-policy",
      "cluster-spot",
      "custom-role-actions",
      "diagnostics",
      "endpoint-zone",
      "init-scripts",
      "linked-service",
      "principal-type",
      "secret-output",
      "secret-resource",
      "sql-auditing",
      "storage-soft-delete",
      "tags-present",
      "unity-privileges",
      "web-activity",
      "workspace-settings",
    ];
    assert.deepEqual(others.sort(), [...ofEnvironments, ...ofProgramOnly].sort());
  });

  it("of another environment's runtime or model too", () => {
    const runtime = { pipelineSettings: [pipelineRow({ integration_runtime: "ir-weu" })] };
    assert.ok(
      refusals(resolve({ ...whole, ...runtime })).includes("Pipeline_Settings 1 Blocked OtherEnvironment"),
    );
    const model = { policies: [policyRow({ model: "ml_eu.models.churn" })] };
    const resolution = resolve({ ...whole, ...model });
    assert.ok(refusals(resolution).includes("Access_Policies 1 Blocked OtherEnvironment"));
  });

  it("in production only lets who tries things both change and run pipelines", () => {
    const change = ofJobs["separate-duties"]?.change ?? assert.fail();
    const environment = environmentRow({ production: false });
    assert.deepEqual(refusals(resolve({ ...whole, ...change, environment })), []);
  });

  it("does not count what has expired as a duty", () => {
    const change = ofJobs["separate-duties"]?.change ?? assert.fail();
    const policies = [editor, { ...runner, expires_at: "2026-01-01T00:00:00Z" }];
    assert.deepEqual(refusals(resolve({ ...whole, ...change, policies })), []);
  });
});

describe("a row with a secret in it", () => {
  it("is told of without the secret, wherever it stands, and keeps what it had", () => {
    for (const change of [
      { job: jobRow({ owner: token }) },
      { policies: [policyRow({ permissions: [token] })] },
      { secretReferences: [secretRow({ secret_name: token })] },
      { networkRules: [networkRow({ service: token })] },
      { clusterConfigs: [clusterRow({ node_type: token })] },
      { alertRules: [alertRow({ metric: token })] },
    ] satisfies Partial<JobSnapshot>[]) {
      const before = after(whole, {});
      const resolution = resolve({ ...before, ...change });
      const text = JSON.stringify({ ...resolution, contributions: resolution.contributions });
      assert.ok(!text.includes(token), text);
      assert.ok(resolution.rowConditions.some(({ condition }) => condition.reason === "SecretInText"));
      assert.notEqual(admittedIn(resolution, "job-eastus-201").length, 0);
    }
  });

  it("is told of where a parameter is named for one", () => {
    const settings = pipelineRow({ parameters: { password: "hunter2" } });
    const resolution = resolve({ ...whole, pipelineSettings: [settings] });
    assert.deepEqual(refusals(resolution), ["Pipeline_Settings 1 Blocked SecretResource"]);
    assert.ok(!JSON.stringify(resolution).includes("hunter2"));
  });

  it("is refused before it is written, without the secret", () => {
    const values = { job_id: 201, metric: token, operator: "LessThan", threshold: 1 };
    const verdicts = judgeRows(
      [{ table: "Alert_Rules", key: "1", values: { alert_id: 1, ...values } }],
      { jobIds: [201], environments: [], runtimes: [] },
      now,
    );
    assert.ok(!JSON.stringify(verdicts).includes(token));
  });
});

const exception = (change: Partial<GuardrailExceptionRow> = {}): GuardrailExceptionRow => ({
  exception_id: 7,
  job_id: 201,
  guardrail: "range-width",
  subject: "203.0.0.0/16",
  reason: "The partner's office until it moves",
  expires_at: "2026-02-01T00:00:00Z",
  ...change,
});
const mergedSpec = (resolution: Resolution, stack: string) => {
  const contributions = resolution.contributions
    .filter((each) => each.stack === stack)
    .map((each): StoredContribution => ({ ...each, subject: { kind: "job", jobId: 201 } }));
  return merge({ stack, version: 1, contributions, desired: null }).spec;
};
const firewall = "firewall-eastus-databricks";
const excepted: JobSnapshot = {
  ...whole,
  networkRules: [wideRange],
  guardrailExceptions: [exception()],
};
const late = "2026-02-01T00:00:00.000Z";

describe("an exception", () => {
  it("lets in what it names, and its stack carries it", () => {
    const resolution = resolve(excepted);
    assert.deepEqual(refusals(resolution), []);
    const spec = mergedSpec(resolution, firewall);
    assert.ok(spec?.kind === "firewall");
    assert.deepEqual(spec.ranges, ["203.0.0.0/16"]);
    assert.deepEqual(spec.exceptions, [{ guardrail: "range-width", subject: "203.0.0.0/16" }]);
    assert.equal(resolution.wakeAt, late);
  });

  it("of a cluster or a permission goes into the stack that it is for", () => {
    const workers = resolve({
      ...whole,
      clusterConfigs: [clusterRow({ max_workers: 100 })],
      guardrailExceptions: [exception({ guardrail: "cluster-workers", subject: "100" })],
    });
    const job = mergedSpec(workers, "job-eastus-201");
    assert.ok(job?.kind === "job" && job.cluster.maxWorkers === 100 && job.exceptions?.length === 1);
    const policy = resolve({
      ...whole,
      policies: [editor],
      guardrailExceptions: [exception({ guardrail: "pipeline-write", subject: "Pipeline Editor" })],
    });
    const stack = policy.contributions.find((each) => each.kind === "access")?.stack ?? assert.fail();
    const access = mergedSpec(policy, stack);
    assert.ok(access?.kind === "access");
    assert.deepEqual(
      access.roleAssignments.map(({ roleName }) => roleName),
      ["Pipeline Editor"],
    );
    assert.deepEqual(access.exceptions, [{ guardrail: "pipeline-write", subject: "Pipeline Editor" }]);
  });

  it("that expires takes what it let in with it, and only that", () => {
    const ranges = ["198.51.100.16/28", "203.0.0.0/16"];
    const before = after({ ...excepted, networkRules: [networkRow({ firewall_ranges: ranges })] }, {});
    const resolution = resolve(before, answers(), late);
    assert.deepEqual(refusals(resolution), [
      "Network_Rules 1 Blocked RangeTooWide",
      "Guardrail_Exceptions 7 Unused ExceptionExpired",
    ]);
    assert.deepEqual(admittedIn(resolution, firewall), [{ kind: "range", range: "198.51.100.16/28" }]);
    assert.equal(admittedIn(resolution, "network-eastus-databricks").length, 1);
    const spec = mergedSpec(resolution, firewall);
    assert.ok(spec?.kind === "firewall" && spec.exceptions === undefined);
  });

  it("that is deleted takes it along too, also where the environment can't be used", () => {
    const before = after(excepted, { guardrailExceptions: [] });
    assert.deepEqual(admittedIn(resolve(before), firewall), []);
    const lost = { ...before, environment: null };
    assert.deepEqual(admittedIn(resolve(lost), firewall), []);
    const kept = { ...lost, guardrailExceptions: [exception()] };
    assert.equal(admittedIn(resolve(kept), firewall).length, 2);
  });

  it("that expires leaves a job with its environment's cluster, for good", () => {
    const snapshot = {
      ...whole,
      clusterConfigs: [clusterRow({ max_workers: 100 })],
      guardrailExceptions: [exception({ guardrail: "cluster-workers", subject: "100" })],
    };
    const first = resolve(after(snapshot, {}), answers(), late);
    const store = (resolution: Resolution): JobSnapshot => ({
      ...snapshot,
      contributions: resolution.contributions.map((each) => ({ ...each, subject: snapshot.subject })),
    });
    const second = resolve(store(first), answers(), late);
    for (const resolution of [first, second]) {
      const spec = mergedSpec(resolution, "job-eastus-201");
      assert.ok(spec?.kind === "job");
      assert.equal(spec.cluster.maxWorkers, 2);
      assert.equal(spec.exceptions, undefined);
      assert.ok(refusals(resolution).includes("Cluster_Configs 1 Blocked TooManyWorkers"));
    }
  });

  it("opens nothing for another value, another job's row or another guardrail", () => {
    for (const change of [
      { subject: "203.1.0.0/16" },
      { subject: "203.0.0.0/16 " },
      { guardrail: "cluster-machine" },
    ]) {
      const resolution = resolve({ ...excepted, guardrailExceptions: [exception(change)] });
      assert.deepEqual(refusals(resolution), [
        "Network_Rules 1 Blocked RangeTooWide",
        "Guardrail_Exceptions 7 Unused NothingToSetAside",
      ]);
    }
  });

  it("never opens for everybody", () => {
    const resolution = resolve({
      ...excepted,
      networkRules: [networkRow({ firewall_ranges: ["0.0.0.0/0"] })],
      guardrailExceptions: [exception({ subject: "0.0.0.0/0" })],
    });
    assert.deepEqual(refusals(resolution), ["Network_Rules 1 Blocked NotCallers"]);
  });

  it("that cannot hold says why on its own row", () => {
    for (const [change, reason] of [
      [{ expires_at: "soon" }, "Blocked InvalidExpiry"],
      [{ expires_at: "2026-02-01T00:00:00" }, "Blocked InvalidExpiry"],
      [{ guardrail: "firewall-width" }, "Blocked UnknownGuardrail"],
      [{ guardrail: "range-of-callers" }, "Blocked NotExceptable"],
      [{ reason: " " }, "Blocked NoReason"],
      [{ reason: token }, "Blocked SecretInText"],
      [{ expires_at: now }, "Unused ExceptionExpired"],
    ] as const) {
      const resolution = resolve({ ...excepted, guardrailExceptions: [exception(change)] });
      assert.deepEqual(refusals(resolution), [
        "Network_Rules 1 Blocked RangeTooWide",
        `Guardrail_Exceptions 7 ${reason}`,
      ]);
    }
  });
});

describe("what an environment takes over", () => {
  const closed = {
    properties: {
      publicNetworkAccess: "Disabled",
      enableRbacAuthorization: true,
      enableSoftDelete: true,
      enablePurgeProtection: true,
      networkAcls: { defaultAction: "Deny", bypass: "AzureServices" },
    },
  };
  const vault = (body: unknown) =>
    answers([
      { kind: "resource", name: vaultId },
      { status: "found", objectId: vaultId, body },
    ]);
  const environment = (body: unknown) =>
    resolveEnvironment(environmentSnapshot(), vault(body), { seq: 1, now });

  it("is built on where it is closed", () => {
    assert.deepEqual(refusals(environment(closed)), []);
  });

  it("blocks the environment with the guardrail's reason and fix where it is open, and its jobs wait", () => {
    for (const [change, reason] of [
      [{ publicNetworkAccess: "Enabled" }, "PublicAccess"],
      [{ networkAcls: { defaultAction: "Allow", bypass: "None" } }, "FirewallOpen"],
      [{ enablePurgeProtection: undefined }, "VaultUnprotected"],
    ] as const) {
      const open = { properties: { ...closed.properties, ...change } };
      const resolution = environment(open);
      assert.deepEqual(refusals(resolution), [`Environments eastus Blocked ${reason}`]);
      assert.match(
        resolution.rowConditions[0]?.condition.message ?? "",
        /key_vault_id: The key vault ml-vault: .* must be/,
      );
      assert.deepEqual(refusals(resolve(whole, vault(open))), ["Jobs 201 Waiting EnvironmentNotReady"]);
    }
  });

  it("is not judged where nobody looked at it", () => {
    assert.deepEqual(refusals(environment(undefined)), []);
  });
});

describe("an environment in production", () => {
  it("keeps its deletion protection", () => {
    const of = (change: Parameters<typeof environmentRow>[0]) =>
      refusals(
        resolveEnvironment(environmentSnapshot({ environment: environmentRow(change) }), answers(), {
          seq: 1,
          now,
        }),
      );
    assert.deepEqual(of({ deletion_protection: false }), ["Environments eastus Blocked Unprotected"]);
    assert.deepEqual(of({ production: false, deletion_protection: false }), []);
  });
});
