import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { columnsOf } from "../../../metadata-schema/columns.ts";
import type { Resolution } from "../../../metadata-schema/store.ts";
import {
  admittedIn,
  after,
  answers,
  clusterRow,
  environmentRow,
  jobRow,
  jobSnapshot,
  networkRow,
  now,
  policyRow,
  refusals,
  resolve,
  secretRow,
  teamId,
} from "../../support/snapshots.ts";

const access = `access-eastus-${teamId}`;
const acl = "acl-eastus-job-201";
const firewall = "firewall-eastus-databricks";
const network = "network-eastus-databricks";

/** What rows grant to groups: without what the job itself needs, and without who may sign in. */
const grantedIn = (resolution: Resolution, stack: string) =>
  admittedIn(resolution, stack).filter(
    (item) =>
      item.kind !== "workspace-member" &&
      !(item.kind === "access-control" && item.accessControl.principal === "service-principal"),
  );

const whole = jobSnapshot({
  policies: [policyRow()],
  networkRules: [networkRow({ firewall_ranges: ["198.51.100.16/28"] })],
  secretReferences: [secretRow()],
  clusterConfigs: [clusterRow()],
});

describe("values that columns.ts gives a meaning", () => {
  for (const column of ["kind", "priority"] as const) {
    it(`${column} of a job: each of them is known, another one is not`, () => {
      const unknown = (value: string) =>
        refusals(resolve(jobSnapshot({ job: jobRow({ [column]: value }) }))).some((refusal) =>
          /Unknown(Kind|Priority)$/.test(refusal),
        );
      for (const value of columnsOf("Jobs")[column]?.values ?? []) assert.equal(unknown(value), false, value);
      assert.equal(unknown("no such value"), true);
    });
  }
});

describe("resolve of a good job", () => {
  it("contributes to each kind of stack that its rows touch", () => {
    const stacks = resolve(whole).contributions.map((each) => each.stack);
    assert.deepEqual(stacks.toSorted(), [access, acl, firewall, "job-eastus-201", network].toSorted());
    assert.deepEqual(refusals(resolve(whole)), []);
  });

  it("turns read_model into EXECUTE on the job's model and use of its schema and catalog", () => {
    const grants = admittedIn(resolve(whole), access).map((item) =>
      item.kind === "unity-grant" ? [item.unityGrant.name, ...item.unityGrant.privileges] : [item.kind],
    );
    assert.deepEqual(grants, [
      ["workspace-member"],
      ["workspace-member"],
      ["ml.models.job_201", "EXECUTE"],
      ["ml.models", "USE_SCHEMA"],
      ["ml", "USE_CATALOG"],
    ]);
  });

  it("keeps what rows want apart from what is admitted while the job's own id is not known", () => {
    const { "job-eastus-201": _own, ...outputs } = whole.outputs;
    const snapshot = { ...whole, outputs };
    const resolution = resolve(snapshot);
    const contribution = resolution.contributions.find((each) => each.stack === acl);
    // The policy's, and what the job's own identity needs: its experiment and its cluster policy.
    assert.equal(contribution?.wanted.length, 3);
    assert.equal(contribution?.admitted.length, 0);
    assert.ok(
      contribution?.references.some(
        ({ stack, output }) => stack === "job-eastus-201" && output === "databricks_job_id",
      ),
    );
    assert.deepEqual(refusals(resolution), [
      "Jobs 201 Waiting WaitingForStack",
      "Access_Policies 1 Waiting WaitingForStack",
    ]);
    // All but EXECUTE on the model, which the job's stack has yet to register.
    assert.deepEqual(
      admittedIn(resolution, access).map((item) =>
        item.kind === "unity-grant" ? item.unityGrant.name : item.kind,
      ),
      ["workspace-member", "workspace-member", "ml.models", "ml"],
    );
  });

  it("admits nothing and says which stack it waits for before the platform was applied", () => {
    const resolution = resolve({ ...whole, outputs: {} });
    assert.ok(resolution.contributions.every((each) => each.admitted.length === 0));
    for (const { condition } of resolution.rowConditions) assert.match(condition.message, /platform-eastus/);
    assert.equal(resolution.rowConditions.length, 5);
  });

  it("records the object id of a group with the row", () => {
    const row = { table: "Access_Policies", key: "1" };
    assert.deepEqual(resolve(whole).recorded, [{ row, name: "ds_team", objectId: teamId }]);
  });

  it("takes the environment's defaults for a job without a cluster row", () => {
    const items = admittedIn(resolve(jobSnapshot()), "job-eastus-201");
    assert.deepEqual(
      items.find((item) => item.kind === "cluster"),
      {
        kind: "cluster",
        cluster: {
          nodeType: "Standard_D4ds_v5",
          sparkVersion: "15.4.x-cpu-ml-scala2.12",
          minWorkers: 1,
          maxWorkers: 2,
          spot: true,
          autoTerminationMinutes: 30,
        },
      },
    );
  });

  it("withdraws everything when the job's row is gone", () => {
    const resolution = resolve(after(whole, { job: null, environment: null }));
    assert.deepEqual(resolution.contributions, []);
    assert.deepEqual(resolution.rowConditions, []);
  });

  it("moves to the stacks of another environment at once", () => {
    const environment = { ...(whole.environment as NonNullable<typeof whole.environment>), name: "weu" };
    const moved = after(whole, {
      environment,
      outputs: {
        "platform-weu": whole.outputs["platform-eastus"] ?? {},
        "workspace-weu": whole.outputs["workspace-eastus"] ?? {},
      },
    });
    const stacks = resolve(moved).contributions.map((each) => each.stack);
    assert.ok(
      stacks.every((stack) => stack.includes("-weu-")),
      stacks.join(),
    );
  });
});

describe("a row that cannot be", () => {
  const impossible = [
    ["an unknown permission", policyRow({ permissions: ["read_model", "fly"] }), "UnknownPermission", /fly/],
    [
      "a permission outside its role",
      policyRow({ permissions: ["list_secrets"] }),
      "PermissionNotInRole",
      /list_secrets/,
    ],
    [
      "a denied Azure role",
      policyRow({ role: "PlatformAdmin", permissions: ["manage_network"] }),
      "DeniedAzureRole",
      /Network Contributor/,
    ],
    [
      "a permission that only a workload can hold",
      policyRow({ role: "Service", permissions: ["read_secret"] }),
      "PermissionUnavailable",
      /read_secret/,
    ],
  ] as const;
  for (const [what, policy, reason, names] of impossible) {
    it(`is Blocked for ${what}, with a reason that names row and field`, () => {
      const resolution = resolve(jobSnapshot({ policies: [policy] }));
      const [only, ...more] = resolution.rowConditions;
      assert.deepEqual(more, []);
      assert.equal(only?.condition.type, "Blocked");
      assert.equal(only?.condition.reason, reason);
      assert.match(only?.condition.message ?? "", /^Access_Policies 1, permissions: /);
      assert.match(only?.condition.message ?? "", names);
      assert.deepEqual(grantedIn(resolution, access), []);
    });
  }

  it("keeps what it last had admitted, less what it plainly no longer asks for", () => {
    const bad = policyRow({ permissions: ["read_model", "fly"] });
    const resolution = resolve(after(whole, { policies: [bad] }));
    assert.equal(grantedIn(resolution, access).length, 3, "read_model is still asked for");
    assert.deepEqual(grantedIn(resolution, acl), [], "execute_inference is not");
  });

  it("keeps nothing of a group that it no longer names", () => {
    const bad = policyRow({ permissions: ["read_model", "fly"], entra_id_group: "other_team" });
    assert.deepEqual(grantedIn(resolve(after(whole, { policies: [bad] })), access), []);
  });

  it("keeps nothing of a model that it no longer names", () => {
    const bad = policyRow({ permissions: ["read_model", "fly"], model: "ml.models.other" });
    assert.deepEqual(grantedIn(resolve(after(whole, { policies: [bad] })), access), []);
  });

  it("never had anything, and has nothing", () => {
    const bad = policyRow({ policy_id: 2, permissions: ["fly"] });
    const resolution = resolve(after(whole, { policies: [policyRow(), bad] }));
    assert.equal(grantedIn(resolution, access).length, 3);
    assert.deepEqual(refusals(resolution), ["Access_Policies 2 Blocked UnknownPermission"]);
  });

  it("holds back no removal of another row of its job", () => {
    const both = jobSnapshot({
      policies: [policyRow(), policyRow({ policy_id: 2, permissions: ["read_data"] })],
    });
    const bad = policyRow({ policy_id: 2, permissions: ["fly"] });
    const resolution = resolve(after(both, { policies: [bad] }));
    assert.deepEqual(grantedIn(resolution, access), []);
    assert.deepEqual(grantedIn(resolution, acl), []);
  });

  const unreadable = (raw: Record<string, unknown>) => [
    {
      ref: { table: "Access_Policies", key: "1" } as const,
      raw,
      field: "permissions",
      fault: "is not a list of texts",
    },
  ];

  it("is kept whole when nobody can read it", () => {
    const malformed = unreadable({ entra_id_group: "ds_team", expires_at: null });
    const resolution = resolve(after(whole, { policies: [], malformed }));
    assert.equal(grantedIn(resolution, access).length, 3);
    assert.deepEqual(refusals(resolution), ["Access_Policies 1 Blocked MalformedRow"]);
  });

  it("still expires, and still loses a group that it no longer names, when nobody can read it", () => {
    const other = unreadable({ entra_id_group: "other_team", expires_at: null });
    assert.deepEqual(grantedIn(resolve(after(whole, { policies: [], malformed: other })), access), []);
    const expiring = unreadable({ entra_id_group: "ds_team", expires_at: "2026-01-15T13:00:00Z" });
    const snapshot = after(whole, { policies: [], malformed: expiring });
    assert.equal(resolve(snapshot).wakeAt, "2026-01-15T13:00:00.000Z");
    assert.deepEqual(grantedIn(resolve(snapshot, answers(), "2026-01-15T13:00:00.000Z"), access), []);
  });
});

describe("names", () => {
  it("a group that is not found waits and is looked up again", () => {
    const resolution = resolve(jobSnapshot({ policies: [policyRow({ entra_id_group: "nobody" })] }));
    assert.deepEqual(refusals(resolution), ["Access_Policies 1 Waiting GroupNotFound"]);
    assert.ok((resolution.wakeAt ?? "") > now);
  });

  it("a name of two groups waits until it is unique", () => {
    const two = answers([
      { kind: "group", name: "ds_team" },
      { status: "ambiguous", objectIds: ["a", "b"] },
    ]);
    assert.deepEqual(refusals(resolve(whole, two)), ["Access_Policies 1 Waiting GroupNotUnique"]);
  });

  it("a group that vanished keeps nothing that is addressed by its name", () => {
    const gone = answers([{ kind: "group", name: "ds_team" }, { status: "missing" }]);
    const resolution = resolve(after(whole, {}), gone);
    assert.deepEqual(grantedIn(resolution, access), []);
    assert.deepEqual(grantedIn(resolution, acl), []);
    assert.equal(resolution.recorded[0]?.objectId, teamId, "who it was is not forgotten");
  });

  it("a group that nobody can look up now keeps everything", () => {
    const unknown = answers([
      { kind: "group", name: "ds_team" },
      { status: "unavailable", message: "no answer" },
    ]);
    assert.equal(grantedIn(resolve(after(whole, {}), unknown), access).length, 3);
  });

  it("a role assignment is addressed by object id, and stays while the group's name is in doubt", () => {
    const admin = policyRow({ role: "SecurityAdmin", permissions: ["list_secrets"] });
    const moved = answers([
      { kind: "group", name: "ds_team" },
      { status: "found", objectId: "another" },
    ]);
    const resolution = resolve(after(jobSnapshot({ policies: [admin] }), {}), moved);
    assert.deepEqual(refusals(resolution), ["Access_Policies 1 Blocked GroupChanged"]);
    assert.equal(grantedIn(resolution, access).length, 1);
  });

  it("another object under a recorded name is a condition, never a silent move", () => {
    const moved = answers([
      { kind: "group", name: "ds_team" },
      { status: "found", objectId: "another" },
    ]);
    const resolution = resolve(after(whole, {}), moved);
    assert.deepEqual(refusals(resolution), ["Access_Policies 1 Blocked GroupChanged"]);
    assert.deepEqual(grantedIn(resolution, access), [], "the name may mean somebody else by now");
    assert.deepEqual(grantedIn(resolution, "access-eastus-another"), []);
    assert.equal(resolution.recorded[0]?.objectId, teamId);
  });

  it("another name in the row is looked up afresh", () => {
    const found = answers([
      { kind: "group", name: "b_team" },
      { status: "found", objectId: "another" },
    ]);
    const resolution = resolve(after(whole, { policies: [policyRow({ entra_id_group: "b_team" })] }), found);
    assert.deepEqual(refusals(resolution), []);
    assert.equal(grantedIn(resolution, "access-eastus-another").length, 3);
    assert.deepEqual(grantedIn(resolution, access), []);
  });

  it("a secret that does not exist waits", () => {
    const resolution = resolve(jobSnapshot({ secretReferences: [secretRow({ secret_name: "other" })] }));
    assert.deepEqual(refusals(resolution), ["Secret_References 1 Waiting SecretNotFound"]);
  });

  it("a vault of another environment is Blocked", () => {
    const resolution = resolve(jobSnapshot({ secretReferences: [secretRow({ key_vault: "other-vault" })] }));
    assert.deepEqual(refusals(resolution), ["Secret_References 1 Blocked OtherEnvironment"]);
  });

  it("a missing environment waits and takes nothing away", () => {
    const resolution = resolve(after(whole, { environment: null }));
    assert.deepEqual(refusals(resolution), ["Jobs 201 Waiting EnvironmentNotFound"]);
    assert.equal(resolution.contributions.length, 5);
  });

  it("a missing environment holds back no removal", () => {
    const policies = [policyRow({ permissions: ["read_model"] })];
    const resolution = resolve(after(whole, { environment: null, policies, networkRules: [] }));
    const stacks = resolution.contributions.map((each) => each.stack);
    assert.deepEqual(stacks.toSorted(), [access, acl, "job-eastus-201"]);
    assert.deepEqual(grantedIn(resolution, acl), []);
  });

  it("an environment whose row is refused adds nothing to its jobs, and holds back no removal", () => {
    const environment = environmentRow({ service_address: "203.0.0.0/8" });
    const policies = [policyRow({ permissions: ["read_model", "read_data"] })];
    const resolution = resolve(after(whole, { environment, policies, networkRules: [networkRow()] }));
    assert.deepEqual(refusals(resolution), ["Jobs 201 Waiting EnvironmentNotReady"]);
    assert.match(resolution.rowConditions[0]?.condition.message ?? "", /service_address/);
    assert.equal(grantedIn(resolution, access).length, 3, "read_data is not added");
    assert.deepEqual(grantedIn(resolution, acl), []);
    assert.deepEqual(grantedIn(resolution, firewall), []);
  });
});

describe("expiry", () => {
  const until = (expires_at: string) => jobSnapshot({ policies: [policyRow({ expires_at })] });

  it("a row counts until its instant and not from it on", () => {
    const snapshot = until("2026-01-15T13:00:00Z");
    assert.equal(grantedIn(resolve(snapshot), access).length, 3);
    assert.equal(resolve(snapshot).wakeAt, "2026-01-15T13:00:00.000Z");
    const later = resolve(after(snapshot, {}), answers(), "2026-01-15T13:00:00.000Z");
    assert.deepEqual(
      later.contributions.map((each) => each.stack),
      ["job-eastus-201", acl],
    );
    assert.deepEqual(grantedIn(later, acl), []);
    assert.equal(later.wakeAt, null);
  });

  it("an expiry after the year 9999 wakes nobody", () => {
    assert.equal(resolve(until("9999-12-31T23:59:59-05:00")).wakeAt, null);
  });

  it("an instant without a zone is Blocked", () => {
    for (const text of ["2027-01-01T00:00:00", "soon 5", "2027-01-01"]) {
      assert.deepEqual(refusals(resolve(until(text))), ["Access_Policies 1 Blocked InvalidExpiry"], text);
    }
  });

  it("an instant that nobody can read is Blocked", () => {
    assert.deepEqual(refusals(resolve(until("next tuesday"))), ["Access_Policies 1 Blocked InvalidExpiry"]);
  });
});

describe("what a refused row keeps", () => {
  it("has today's facts: no stack is pinned to an old address of the service or an old workspace", () => {
    const rules = { networkRules: [networkRow({ firewall_ranges: ["198.51.100.16/28"] })] };
    const bad = { networkRules: [networkRow({ firewall_ranges: ["198.51.100.16/28", "0.0.0.0/0"] })] };
    const moved = after(jobSnapshot(rules), {
      ...bad,
      environment: environmentRow({ service_address: "203.0.113.77" }),
      outputs: { "platform-eastus": { workspace_url: "adb-9.azuredatabricks.net" } },
    });
    const contribution = resolve(moved).contributions.find((each) => each.stack === firewall);
    assert.equal(
      contribution?.base && "serviceAddress" in contribution.base && contribution.base.serviceAddress,
      "203.0.113.77/32",
    );
    assert.equal(
      contribution?.base && "workspace" in contribution.base && contribution.base.workspace.host,
      "adb-9.azuredatabricks.net",
    );
  });

  it("is kept when its job's model changes and the permission does not mean the model", () => {
    const unknown = answers([
      { kind: "group", name: "ds_team" },
      { status: "unavailable", message: "no answer" },
    ]);
    const resolution = resolve(after(whole, { job: jobRow({ model: "ml.models.other" }) }), unknown);
    assert.equal(grantedIn(resolution, acl).length, 1);
    assert.deepEqual(grantedIn(resolution, access), []);
  });

  it("keeps a live endpoint when its service is mistyped", () => {
    const resolution = resolve(after(whole, { networkRules: [networkRow({ service: "Databrix" })] }));
    assert.deepEqual(refusals(resolution), ["Network_Rules 1 Blocked UnknownService"]);
    assert.equal(grantedIn(resolution, network).length, 1);
  });

  it("keeps no range in an environment that its job has left", () => {
    const rules = { networkRules: [networkRow({ firewall_ranges: ["198.51.100.16/28"] })] };
    const environment = environmentRow({ name: "weu" });
    const bad = { networkRules: [networkRow({ firewall_ranges: ["0.0.0.0/0"] })] };
    assert.deepEqual(grantedIn(resolve(after(jobSnapshot(rules), { ...bad, environment })), firewall), []);
  });
});

describe("the Jobs row", () => {
  for (const [change, reason] of [
    [{ kind: "stream" }, "UnknownKind"],
    [{ priority: "asap" }, "UnknownPriority"],
    [{ schedule: "every day" }, "InvalidSchedule"],
    [{ schedule: "0 0 2 * * ?", schedule_time_zone: "Mars/Olympus" }, "InvalidTimeZone"],
    [{ federation_issuer: "https://ci.example" }, "InvalidFederation"],
    [{ federation_issuer: "ci", federation_subject: "main" }, "InvalidFederation"],
    [{ model: "churn" }, "InvalidModelName"],
  ] as const) {
    it(`is Blocked for ${JSON.stringify(change)} and keeps what runs`, () => {
      const resolution = resolve(after(whole, { job: jobRow(change) }));
      assert.equal(refusals(resolution)[0], `Jobs 201 Blocked ${reason}`);
      assert.equal(grantedIn(resolution, "job-eastus-201").length, 3);
    });
  }
});
