import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openTestClouds, type TestClouds } from "./support/clouds.ts";
import type { Properties } from "./support/provider-client.ts";
import { ada } from "./support/seed.ts";
import {
  assignmentType,
  cluster,
  experimentType,
  jobInputs,
  jobType,
  makeIdentity,
  openWorkspace,
  permissionsType,
  policyType,
  poolType,
  principalType,
  ruleSetType,
} from "./support/world.ts";

const jobWith = (newCluster: Properties): Properties =>
  jobInputs({ jobClusters: [{ jobClusterKey: "main", newCluster }] });

describe("cluster policies", () => {
  const under = async (t: Parameters<typeof openTestClouds>[0], rules: Properties) => {
    const { databricks } = await openWorkspace(await openTestClouds(t));
    const policy = await databricks.create(policyType, { name: "p", definition: JSON.stringify(rules) });
    return (inputs: Properties = {}) =>
      databricks.create(jobType, jobWith(cluster({ policyId: policy.id, ...inputs })));
  };

  it("a cluster has the values that its policy fixes", async (t) => {
    const make = await under(t, {
      cluster_type: { type: "fixed", value: "job" },
      spark_version: { type: "fixed", value: "16.4.x-scala2.12" },
      "custom_tags.job_id": { type: "fixed", value: "201" },
    });
    await assert.rejects(make(), {
      message: "Cluster validation error: Validation failed for custom_tags, job_id must be present",
    });
    const customTags = { job_id: "201" };
    await assert.rejects(make({ customTags, sparkVersion: "15.4.x-scala2.12" }), {
      message:
        'Cluster validation error: Validation failed for spark_version, the value must be 16.4.x-scala2.12 (is "15.4.x-scala2.12")',
    });
    await make({ customTags });
  });

  it("a policy for another kind of cluster is of no use to a job", async (t) => {
    const make = await under(t, { cluster_type: { type: "fixed", value: "all-purpose" } });
    await assert.rejects(make(), /cluster_type, the value must be all-purpose \(is "job"\)/);
  });

  it("a cluster keeps to the lists, ranges and patterns of its policy", async (t) => {
    const make = await under(t, {
      node_type_id: { type: "allowlist", values: ["Standard_D4ds_v5", "Standard_E8ds_v5"] },
      "autoscale.max_workers": { type: "range", minValue: 1, maxValue: 4 },
      spark_version: { type: "regex", pattern: "1[56]\\.4\\.x-.*" },
      runtime_engine: { type: "blocklist", values: ["PHOTON"] },
    });
    await make();
    await assert.rejects(make({ nodeTypeId: "Standard_D8ds_v5" }), /node_type_id, the value must be one of/);
    const autoscale = { minWorkers: 1, maxWorkers: 9 };
    await assert.rejects(
      make({ autoscale }),
      /autoscale.max_workers, the value must be at most 4 \(is "9"\)/,
    );
    await assert.rejects(make({ sparkVersion: "17.3.x-scala2.13" }), /must match the regex/);
    await assert.rejects(make({ runtimeEngine: "PHOTON" }), /must not be one of PHOTON/);
    // all faults are told at once
    await assert.rejects(make({ autoscale, runtimeEngine: "PHOTON" }), /max_workers.*; Validation failed/);
  });

  it("what a policy forbids is absent, what is optional may be, and the rest must be there", async (t) => {
    const make = await under(t, {
      single_user_name: { type: "forbidden" },
      data_security_mode: { type: "fixed", value: "SINGLE_USER", isOptional: true },
      enable_local_disk_encryption: { type: "fixed", value: true },
      "init_scripts.*.volumes.destination": { type: "forbidden" },
    });
    await assert.rejects(make(), /enable_local_disk_encryption, the value must be present/);
    const encrypted = { enableLocalDiskEncryption: true };
    await make(encrypted);
    await assert.rejects(make({ ...encrypted, singleUserName: "x" }), /single_user_name, .*not be present/);
    await assert.rejects(
      make({ ...encrypted, initScripts: [{ volumes: { destination: "/Volumes/x" } }] }),
      /init_scripts.0.volumes.destination/,
    );
  });

  it("a cluster that takes its policy's defaults may leave fixed values out", async (t) => {
    const make = await under(t, { enable_local_disk_encryption: { type: "fixed", value: true } });
    await make({ applyPolicyDefaultValues: true });
  });

  it("a policy that grows stricter is met at the next change of the job", async (t) => {
    const { databricks } = await openWorkspace(await openTestClouds(t));
    const policy = await databricks.create(policyType, { name: "p", definition: "{}" });
    const inputs = jobWith(cluster({ policyId: policy.id }));
    const job = await databricks.create(jobType, inputs);
    const definition = JSON.stringify({ node_type_id: { type: "fixed", value: "Standard_E8ds_v5" } });
    await databricks.update(policy, { name: "p", definition });
    await assert.rejects(databricks.update(job, { ...inputs, name: "renamed" }), /node_type_id/);
  });
});

describe("machines and runtimes of a job's clusters", () => {
  it("they exist", async (t) => {
    const { databricks } = await openWorkspace(await openTestClouds(t));
    const make = (inputs: Properties) => databricks.create(jobType, jobWith(cluster(inputs)));
    await assert.rejects(make({ sparkVersion: "16.4.x" }), { message: "Invalid spark version 16.4.x." });
    await assert.rejects(make({ nodeTypeId: "m4.large" }), /^Error: Node type m4.large is not supported/);
    await assert.rejects(make({ autoscale: undefined }), /Missing required field: .*new_cluster.size/);
    await assert.rejects(make({ nodeTypeId: undefined }), /Missing required field: .*node_type_id/);
  });

  it("a cluster of a pool names no machines", async (t) => {
    const { databricks } = await openWorkspace(await openTestClouds(t));
    const pool = {
      instancePoolName: "p",
      nodeTypeId: "Standard_D4ds_v5",
      idleInstanceAutoterminationMinutes: 5,
    };
    const { id: instancePoolId } = await databricks.create(poolType, pool);
    await assert.rejects(databricks.create(jobType, jobWith(cluster({ instancePoolId }))), {
      message: "The field 'node_type_id' cannot be supplied when an instance pool ID is provided.",
    });
    const pooled = cluster({ instancePoolId, nodeTypeId: undefined });
    await databricks.create(jobType, jobWith(pooled));
    const lostDriver = jobWith({ ...pooled, driverInstancePoolId: "none" });
    await assert.rejects(databricks.create(jobType, lostDriver), /Can't find an instance pool with id: none/);
    const lost = { ...pooled, instancePoolId: "none" };
    await assert.rejects(databricks.create(jobType, jobWith(lost)), /Can't find an instance pool/);
  });
});

const openPrincipal = async (clouds: TestClouds) => {
  const { databricks, workspace } = await openWorkspace(clouds);
  const { clientId } = (await makeIdentity(clouds.azure)).outputs;
  await databricks.create(principalType, { applicationId: clientId });
  const { clientId: deployer } = await clouds.azure.invoke("azure-native:authorization:getClientConfig", {});
  return { databricks, workspace, clientId, deployer };
};

describe("run_as", () => {
  const ruleSet = (applicationId: string, ...principals: string[]): Properties => ({
    name: `accounts/7d6f/servicePrincipals/${applicationId}/ruleSets/default`,
    grantRules: [{ role: "roles/servicePrincipal.user", principals }],
  });

  it("a job runs as a service principal that the deployer is a user of, where the tenant asks for it", async (t) => {
    const clouds = await openTestClouds(t, { settings: { requireServicePrincipalUser: true } });
    const { databricks, clientId, deployer } = await openPrincipal(clouds);
    const inputs = jobInputs({ runAs: { servicePrincipalName: clientId } });
    await assert.rejects(databricks.create(jobType, inputs), /roles\/servicePrincipal.user/);
    const toGroup = await databricks.create(ruleSetType, ruleSet(clientId, "groups/ds_team"));
    await assert.rejects(databricks.create(jobType, inputs), /roles\/servicePrincipal.user/);
    const rules = ruleSet(clientId, "groups/ds_team", `servicePrincipals/${deployer}`);
    const toBoth = await databricks.update(toGroup, rules);
    await databricks.create(jobType, inputs);
    await databricks.delete(toBoth);
    await assert.rejects(databricks.create(jobType, inputs), /roles\/servicePrincipal.user/);
  });

  it("a rule set is the whole of who may use a service principal", async (t) => {
    const { databricks, clientId } = await openPrincipal(await openTestClouds(t));
    const first = await databricks.create(ruleSetType, ruleSet(clientId, "groups/ds_team"));
    assert.equal(first.id, ruleSet(clientId).name);
    await databricks.create(ruleSetType, ruleSet(clientId, `users/${ada}`));
    assert.deepEqual((await databricks.read(first))?.inputs.grantRules[0].principals, [`users/${ada}`]);
    await databricks.delete(first);
    assert.deepEqual((await databricks.read(first))?.outputs.grantRules, []);
    const stranger = ruleSet("99999999-9999-4999-8999-999999999999");
    await assert.rejects(databricks.create(ruleSetType, stranger), /does not exist in the account/);
    await assert.rejects(databricks.create(ruleSetType, ruleSet(clientId, "groups/none")), /Could not find/);
    const { failures } = await databricks.check(ruleSetType, {
      ...ruleSet(clientId, "ds_team"),
      name: "accounts/x/ruleSets/default",
    });
    assert.deepEqual(
      failures.map(({ property }) => property),
      ["name", "grantRules[0].principals"],
    );
  });
});

describe("permission lists", () => {
  it("one level a principal is kept, the highest", async (t) => {
    const { databricks } = await openWorkspace(await openTestClouds(t));
    const { id: experimentId } = await databricks.create(experimentType, { name: "/a" });
    const levels = ["CAN_EDIT", "CAN_READ"].map((permissionLevel) => ({
      groupName: "ds_team",
      permissionLevel,
    }));
    const made = await databricks.create(permissionsType, { experimentId, accessControls: levels });
    assert.deepEqual(made.outputs.accessControls, [levels[0]]);
    assert.equal(made.outputs.objectType, "mlflowExperiment");
  });

  it("whoever deploys keeps the management, and a job has one owner", async (t) => {
    const { databricks, clientId, deployer } = await openPrincipal(await openTestClouds(t));
    const { id: jobId } = await databricks.create(jobType, jobInputs());
    const entry = (servicePrincipalName: string, permissionLevel: string) => ({
      servicePrincipalName,
      permissionLevel,
    });
    await assert.rejects(
      databricks.create(permissionsType, { jobId, accessControls: [entry(deployer, "CAN_VIEW")] }),
      {
        message:
          "cannot remove management permissions for the current user for job, allowed levels: CAN_MANAGE, IS_OWNER",
      },
    );
    const owners = [entry(deployer, "IS_OWNER"), entry(clientId, "IS_OWNER")];
    await assert.rejects(databricks.create(permissionsType, { jobId, accessControls: owners }), {
      message: "The job must have exactly one owner.",
    });
  });

  it("levels of every kind of object are checked before anything is sent", async (t) => {
    const { azure: client } = await openTestClouds(t);
    const fault = async (id: string, permissionLevel: string) => {
      const inputs = { [id]: "1", accessControls: [{ groupName: "ds_team", permissionLevel }] };
      return (await client.check(permissionsType, inputs)).failures[0]?.reason;
    };
    const wrong: readonly [string, string][] = [
      ["jobId", "CAN_RUN"],
      ["clusterPolicyId", "CAN_MANAGE"],
      ["instancePoolId", "CAN_USE"],
      ["servingEndpointId", "CAN_RUN"],
      ["experimentId", "CAN_VIEW"],
      ["sqlEndpointId", "CAN_RUN"],
      ["registeredModelId", "CAN_USE"],
    ];
    for (const [id, level] of wrong) {
      assert.match(
        (await fault(id, level)) ?? "",
        new RegExp(`${level} is not supported with ${id} objects`),
      );
    }
    const right: readonly [string, string][] = [
      ["jobId", "CAN_MANAGE_RUN"],
      ["clusterPolicyId", "CAN_USE"],
      ["instancePoolId", "CAN_ATTACH_TO"],
      ["servingEndpointId", "CAN_QUERY"],
      ["experimentId", "CAN_EDIT"],
      ["sqlEndpointId", "CAN_MONITOR"],
      ["registeredModelId", "CAN_MANAGE_STAGING_VERSIONS"],
    ];
    for (const [id, level] of right) assert.equal(await fault(id, level), undefined);
  });
});

describe("workspace membership", () => {
  it("groups and service principals are assigned by name, with the account's number as id", async (t) => {
    const { databricks, clientId } = await openPrincipal(await openTestClouds(t));
    const group = { groupName: "ds_team", permissions: ["USER"] };
    const made = await databricks.create(assignmentType, group);
    assert.match(made.id, /^\d{15}$/);
    assert.deepEqual([made.outputs.principalId, made.outputs.displayName], [Number(made.id), "ds_team"]);
    assert.deepEqual((await databricks.read(made))?.inputs, group);
    const admin = await databricks.update(made, { ...group, permissions: ["ADMIN"] });
    assert.equal(admin.id, made.id);
    const principal = { servicePrincipalName: clientId, permissions: ["USER"] };
    assert.notEqual((await databricks.create(assignmentType, principal)).id, made.id);
    const differed = await databricks.diff(assignmentType, group, { ...group, groupName: "twins" });
    assert.deepEqual(differed.replaces, ["groupName"]);
    await databricks.delete(admin);
    assert.equal(await databricks.read(made), undefined);
  });

  it("nobody and namesakes are refused, and levels are two", async (t) => {
    const { databricks } = await openWorkspace(await openTestClouds(t));
    const assign = (groupName: string, level = "USER") =>
      databricks.create(assignmentType, { groupName, permissions: [level] });
    await assert.rejects(assign("nobody"), { message: "Principal: GroupName(nobody) does not exist" });
    await assert.rejects(assign("twins"), /ambiguous/);
    await assert.rejects(assign("ds_team", "OWNER"), /not one of USER, ADMIN/);
    await assert.rejects(
      databricks.create(assignmentType, { servicePrincipalName: "x", permissions: ["USER"] }),
      /ServicePrincipalName\(x\) does not exist/,
    );
    await assert.rejects(databricks.create(assignmentType, { permissions: ["USER"] }), /exactly one of/);
  });
});
