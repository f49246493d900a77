import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AclObjectType } from "../../../metadata-schema/desired-state.ts";
import { ruleFor } from "../../../program/adoption/adoption-table.ts";
import { type LookupRule, type Properties, unknownValue } from "../../../program/adoption/rules.ts";
import { fullJobSpec, onlineJobSpec } from "../support/job-specs.ts";
import { mockRun } from "../support/mock-run.ts";
import { accessSpec, aclSpec, environment, jobSpec } from "../support/specs.ts";

const provider = { subscriptionId: environment.subscriptionId };
const group = `/subscriptions/${environment.subscriptionId}/resourceGroups/rg-ml-eastus`;
const full = await mockRun(fullJobSpec);
const online = await mockRun(onlineJobSpec);

function idOf(type: string, inputs: Properties): string | null {
  const rule = ruleFor(type);
  return rule.kind === "id" ? rule.id(inputs, provider) : assert.fail(`${type} has no id rule`);
}
function lookup(type: string): LookupRule {
  const rule = ruleFor(type);
  return rule.kind === "lookup" ? rule : assert.fail(`${type} is no lookup`);
}

describe("the adoption rules of a job's objects", () => {
  it("leave no type of a job stack to a person", () => {
    for (const { type } of [...full.resources, ...online.resources]) {
      if (type.startsWith("pulumi:") || type.startsWith("rowgate:")) continue;
      assert.notEqual(ruleFor(type).kind, "ask", type);
    }
  });

  it("compute the ids that the providers keep from what the program registers", () => {
    const factory = `${group}/providers/Microsoft.DataFactory/factories/${full.only("azure-native:datafactory:Pipeline").inputs.factoryName}`;
    const account = `${group}/providers/Microsoft.Storage/storageAccounts/${full.only("azure-native:storage:BlobContainer").inputs.accountName}`;
    const expected: Readonly<Record<string, string>> = {
      "azure-native:managedidentity:FederatedIdentityCredential": `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-job-201/federatedIdentityCredentials/external`,
      "azure-native:storage:EncryptionScope": `${account}/encryptionScopes/job-201`,
      "azure-native:storage:BlobContainer": `${account}/blobServices/default/containers/job-201`,
      "azure-native:datafactory:LinkedService": `${factory}/linkedservices/ls_job_201_source_sql_server`,
      "azure-native:datafactory:Pipeline": `${factory}/pipelines/pl-job-201`,
      "azure-native:datafactory:Trigger": `${factory}/triggers/tr-job-201`,
      "azure-native:monitor:MetricAlert": `${group}/providers/Microsoft.Insights/metricAlerts/alert-job-201-pipeline_failures-greaterthan`,
      "databricks:index/accessControlRuleSet:AccessControlRuleSet": `accounts/${jobSpec.accountId}/servicePrincipals/client-1/ruleSets/default`,
      "databricks:index/externalLocation:ExternalLocation": "rowgate_eastus_job_201",
      "databricks:index/registeredModel:RegisteredModel": "ml.models.job_201",
      "databricks:index/sqlTable:SqlTable": "ml.models.job_201_inference",
      "databricks:index/qualityMonitor:QualityMonitor": "ml.models.job_201_inference",
    };
    for (const [type, id] of Object.entries(expected)) assert.equal(idOf(type, full.only(type).inputs), id);
    const endpoint = "databricks:index/modelServing:ModelServing";
    assert.equal(idOf(endpoint, online.only(endpoint).inputs), "job-201");
    assert.equal(idOf("databricks:index/sqlTable:SqlTable", { catalogName: "ml", name: "t" }), null);
  });

  it("compute the id of a permission list from what it is of", async () => {
    const paths: Readonly<Record<AclObjectType, string>> = {
      "cluster-policy": "/cluster-policies/",
      experiment: "/experiments/",
      "instance-pool": "/instance-pools/",
      "interactive-policy": "/cluster-policies/",
      job: "/jobs/",
      "serving-endpoint": "/serving-endpoints/",
      warehouse: "/sql/warehouses/",
    };
    const types = Object.keys(paths) as AclObjectType[];
    const [list = assert.fail()] = aclSpec.objects;
    const run = await mockRun({
      ...aclSpec,
      objects: types.map((type) => ({ ...list, type, id: `id-${type}` })),
    });
    for (const type of types) {
      const { inputs } = run.resources.find(({ name }) => name === type) ?? assert.fail(type);
      assert.equal(idOf("databricks:index/permissions:Permissions", inputs), `${paths[type]}id-${type}`);
    }
    assert.equal(idOf("databricks:index/permissions:Permissions", { jobId: unknownValue }), null);
  });

  it("compute the id of a grant on an external location and on a table", () => {
    const type = "databricks:index/grant:Grant";
    const idOfGrant = (name: string) =>
      idOf(type, full.resources.find((resource) => resource.name === name)?.inputs ?? assert.fail(name));
    assert.equal(
      idOfGrant("external-location-rowgate_eastus_job_201"),
      "external_location/rowgate_eastus_job_201/client-1",
    );
    assert.equal(
      idOfGrant("table-ml.models.job_201_inference"),
      "table/ml.models.job_201_inference/client-1",
    );
  });

  it("take an experiment for ours by its marks", () => {
    const type = "databricks:index/mlflowExperiment:MlflowExperiment";
    const rule = lookup(type);
    const { inputs } = full.only(type);
    assert.deepEqual(rule.search(inputs)?.args, { name: "/rowgate-eastus/job-201" });
    assert.deepEqual(rule.ids({ experimentId: "77" }), ["77"]);
    assert.equal(rule.judge({ name: inputs.name, tags: inputs.tags }, inputs), "ours");
    assert.equal(rule.judge({ name: inputs.name, tags: [] }, inputs), "namesake");
    assert.equal(rule.judge({ name: "/Shared/other", tags: inputs.tags }, inputs), "other");
    assert.match("Node /rowgate-eastus/job-201 does not exist.", rule.absent);
  });

  it("take a pool for ours by its tags", () => {
    const type = "databricks:index/instancePool:InstancePool";
    const rule = lookup(type);
    const { inputs } = full.only(type);
    const shown = (customTags: Properties) => ({ name: inputs.instancePoolName, poolInfo: { customTags } });
    assert.deepEqual(rule.search(inputs)?.args, { name: "rowgate-job-201" });
    assert.equal(rule.judge(shown({ job_id: "201", environment: "eastus" }), inputs), "ours");
    assert.equal(rule.judge(shown({ job_id: "202", environment: "eastus" }), inputs), "namesake");
    assert.equal(rule.judge({ name: inputs.instancePoolName }, inputs), "namesake");
    assert.equal(rule.judge({ name: "x", poolInfo: {} }, inputs), "other");
    assert.match("instance pool 'rowgate-job-201' doesn't exist", rule.absent);
  });

  it("take a group that is in the workspace for the one that was let in", async () => {
    const type = "databricks:index/permissionAssignment:PermissionAssignment";
    const rule = lookup(type);
    const { inputs } = (await mockRun(accessSpec)).only(type);
    assert.deepEqual(rule.search(inputs)?.args, { displayName: "ds_team" });
    assert.deepEqual(rule.ids({ id: "4711" }), ["4711"]);
    assert.equal(rule.judge({ displayName: "ds_team" }, inputs), "ours");
    assert.equal(rule.judge({ displayName: "DS_team" }, inputs), "other");
    assert.match("cannot find group: ds_team", rule.absent);
  });
});
