import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { JobSpec } from "../../../metadata-schema/desired-state.ts";
import { adoptionTable, collidedWith, ruleFor } from "../../../program/adoption/adoption-table.ts";
import {
  hasUnknown,
  type LookupRule,
  type Properties,
  unknownValue,
} from "../../../program/adoption/rules.ts";
import {
  accessConnectorId,
  actionGroupId,
  collectionRuleId,
  customRoleId,
  factoryId,
  lakeId,
  logAnalyticsId,
  metadataDatabaseId,
  metricsTableId,
  natGatewayId,
  resourceGroupId,
  runtimeId,
  sqlServerId,
  vaultId,
  workspaceId,
} from "../../../program/layout/names.ts";
import { fullJobSpec, onlineJobSpec } from "../support/job-specs.ts";
import { mockRun } from "../support/mock-run.ts";
import {
  accessSpec,
  aclSpec,
  environment,
  firewallSpec,
  jobSpec,
  networkSpec,
  platformSpec,
  runtimesSpec,
  sqlFirewallSpec,
  teamId,
  workspaceSpec,
} from "../support/specs.ts";

const provider = { subscriptionId: environment.subscriptionId };
const group = `/subscriptions/${environment.subscriptionId}/resourceGroups/rg`;

function idOf(type: string, inputs: Properties): string | null {
  const rule = ruleFor(type);
  assert.equal(rule.kind, "id");
  return rule.kind === "id" ? rule.id(inputs, provider) : null;
}

function lookup(type: string): LookupRule {
  const rule = ruleFor(type);
  return rule.kind === "lookup" ? rule : assert.fail(`${type} is no lookup`);
}

describe("the adoption table", () => {
  it("has a rule for every type that the programs of all kinds of stacks register, and no other", async () => {
    const registered = new Set<string>();
    const specs = [
      platformSpec,
      workspaceSpec,
      runtimesSpec,
      networkSpec,
      firewallSpec,
      sqlFirewallSpec,
      jobSpec,
      fullJobSpec,
      onlineJobSpec,
      accessSpec,
      aclSpec,
    ];
    for (const spec of specs) {
      const { resources } = await mockRun(spec);
      for (const { type } of resources)
        if (!type.startsWith("pulumi:") && !type.startsWith("rowgate:")) registered.add(type);
    }
    assert.deepEqual([...registered].sort(), Object.keys(adoptionTable).sort());
  });

  it("asks a person about a type that it does not know", () => {
    assert.equal(ruleFor("azure-native:web:Site").kind, "ask");
  });

  it("computes ARM ids from names and the provider's subscription", () => {
    const place = { resourceGroupName: "rg" };
    assert.equal(idOf("azure-native:resources:ResourceGroup", place), group);
    assert.equal(
      idOf("azure-native:network:Subnet", { ...place, virtualNetworkName: "vnet", subnetName: "snet" }),
      `${group}/providers/Microsoft.Network/virtualNetworks/vnet/subnets/snet`,
    );
    assert.equal(
      idOf("azure-native:authorization:RoleAssignment", { scope: `${group}`, roleAssignmentName: "guid" }),
      `${group}/providers/Microsoft.Authorization/roleAssignments/guid`,
    );
  });

  it("computes the ids that the platform's own names are the ids of", async () => {
    const resources = [
      ...(await mockRun(platformSpec)).resources,
      ...(await mockRun(workspaceSpec)).resources,
    ];
    const computed = new Set(
      resources.map(({ type, inputs }) => {
        const rule = ruleFor(type);
        return rule.kind === "id" ? rule.id(inputs, provider) : null;
      }),
    );
    for (const id of [
      vaultId(environment),
      lakeId(environment),
      sqlServerId(environment),
      metadataDatabaseId(environment),
      workspaceId(environment),
      accessConnectorId(environment),
      factoryId(environment),
      runtimeId(environment, "ir-managed"),
      natGatewayId(environment),
      logAnalyticsId(environment),
      metricsTableId(environment),
      collectionRuleId(environment),
      actionGroupId(environment),
      `${factoryId(environment)}/managedVirtualNetworks/default`,
      `${factoryId(environment)}/managedVirtualNetworks/default/managedPrivateEndpoints/mpe-sql`,
      `${lakeId(environment)}/blobServices/default/providers/Microsoft.Insights/diagnosticSettings/rowgate-audit`,
      `${resourceGroupId(environment)}/providers/Microsoft.Authorization/roleDefinitions/${customRoleId("pipelineOperator", factoryId(environment))}`,
      "rowgate_eastus",
      "global",
    ])
      assert.ok(computed.has(id), id);
  });

  it("takes a warehouse for ours by the tags of its environment", async () => {
    const rule = lookup("databricks:index/sqlEndpoint:SqlEndpoint");
    const { inputs } = (await mockRun(workspaceSpec)).only("databricks:index/sqlEndpoint:SqlEndpoint");
    assert.equal(rule.judge({ ...inputs, id: "w" }, inputs), "ours");
    assert.equal(rule.judge({ name: inputs.name, tags: { customTags: [] } }, inputs), "namesake");
    assert.equal(rule.judge({ name: inputs.name }, inputs), "namesake");
    assert.equal(rule.judge({ ...inputs, name: "other" }, inputs), "other");
    assert.deepEqual(rule.search(inputs)?.args, { name: "rowgate-eastus" });
    assert.match("can't find SQL warehouse with the name 'x'", rule.absent);
    assert.deepEqual(rule.ids({ id: "w" }), ["w"]);
  });

  it("computes no id while an input that it needs is not known", () => {
    const unknown = {
      resourceGroupName: "rg",
      privateEndpointName: unknownValue,
      privateDnsZoneGroupName: "default",
    };
    assert.equal(idOf("azure-native:network:PrivateDnsZoneGroup", unknown), null);
    assert.equal(idOf("databricks:index/permissions:Permissions", { jobId: unknownValue }), null);
    assert.equal(idOf("azure-native:authorization:RoleAssignment", { scope: group }), null);
    assert.equal(
      lookup("databricks:index/servicePrincipal:ServicePrincipal").search({ applicationId: unknownValue }),
      null,
    );
    assert.ok(hasUnknown({ a: [{ b: unknownValue }] }) && !hasUnknown({ a: [1, null] }));
  });

  it("computes the ids of the databricks provider", () => {
    assert.equal(idOf("databricks:index/permissions:Permissions", { jobId: "42" }), "/jobs/42");
    assert.equal(
      idOf("databricks:index/permissions:Permissions", { clusterPolicyId: "AB" }),
      "/cluster-policies/AB",
    );
    assert.equal(
      idOf("databricks:index/grant:Grant", { model: "ml.m.churn", principal: "ds" }),
      "model/ml.m.churn/ds",
    );
    assert.equal(idOf("databricks:index/workspaceConf:WorkspaceConf", {}), "_");
  });

  it("takes a Databricks job for ours by its whole name and its marks", async () => {
    const rule = lookup("databricks:index/job:Job");
    const { inputs } = (await mockRun(jobSpec)).only("databricks:index/job:Job");
    const shown = (change: Properties): Properties => ({
      jobSettings: { settings: { name: inputs.name, tags: inputs.tags, ...change } },
    });
    assert.equal(rule.judge(shown({}), inputs), "ours");
    assert.equal(rule.judge(shown({ tags: { job_id: "201" } }), inputs), "namesake");
    assert.equal(rule.judge(shown({ name: `${inputs.name} (copy)` }), inputs), "other");
    assert.deepEqual(rule.ids({ ids: { 7: "7", 8: "8" } }), ["7", "8"]);
    assert.deepEqual(rule.search(inputs)?.args, { jobNameContains: inputs.name, key: "id" });
  });

  it("takes a cluster policy for ours by the job in its definition, whatever else it says", async () => {
    const rule = lookup("databricks:index/clusterPolicy:ClusterPolicy");
    const jobPolicy = async (spec: JobSpec) =>
      (await mockRun(spec)).resources.find(({ name }) => name === "cluster-policy")?.inputs ?? assert.fail();
    const inputs = await jobPolicy(jobSpec);
    const other = await jobPolicy({ ...jobSpec, cluster: { ...jobSpec.cluster, maxWorkers: 9 } });
    assert.equal(rule.judge({ ...other, id: "AB" }, inputs), "ours");
    assert.equal(rule.judge({ name: inputs.name, definition: "{}" }, inputs), "namesake");
    assert.equal(rule.judge({ name: inputs.name, definition: "none" }, inputs), "namesake");
  });

  it("takes a group for ours only with the same members", () => {
    const rule = lookup("azuread:index/group:Group");
    const inputs = { displayName: "ds_team", members: ["b", "a"], securityEnabled: true };
    assert.equal(rule.judge({ ...inputs, members: ["a", "b"] }, inputs), "ours");
    assert.equal(rule.judge({ ...inputs, members: ["a"] }, inputs), "namesake");
    assert.deepEqual(rule.ids({ objectId: teamId }), [`/groups/${teamId}`]);
  });

  it("reads from a refusal which object is in the way", () => {
    const type = "azure-native:authorization:RoleAssignment";
    const refusal =
      "The role assignment already exists. The ID of the existing role assignment is 0f0f0f0f111142228333444444444444.";
    assert.equal(
      collidedWith(type, refusal, { scope: group }),
      `${group}/providers/Microsoft.Authorization/roleAssignments/0f0f0f0f-1111-4222-8333-444444444444`,
    );
    assert.equal(collidedWith(type, "The role assignment already exists.", { scope: group }), null);
    const taken = `cannot create already existing resource '${group}'`;
    assert.equal(collidedWith("azure-native:resources:ResourceGroup", taken, {}), group);
  });
});
