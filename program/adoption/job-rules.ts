/** Rules for what job stacks make beside the oldest types: data, models, alerts, and what Databricks numbers itself. */
import { inGroup } from "./arm-id.ts";
import {
  type AdoptionRule,
  type IdRule,
  isProperties,
  type LookupRule,
  type Properties,
  textOf,
  type Verdict,
} from "./rules.ts";

/** The provider's id is made of inputs, joined by dots. */
const named = (...names: readonly string[]): IdRule => ({
  kind: "id",
  id: (inputs) => {
    const parts = names.map((name) => textOf(inputs, name));
    return parts.every((part) => part !== null) ? parts.join(".") : null;
  },
});

const marks = ["managed_by", "environment", "job_id"] as const;

/** Tags as some objects have them: a list of keys and values. */
function tagsOf(list: unknown): Properties {
  const pairs = Array.isArray(list) ? list.filter(isProperties) : [];
  return Object.fromEntries(pairs.map(({ key, value }) => [String(key), value]));
}

const sameMarks = (found: Properties, ours: Properties, names: readonly string[]): Verdict =>
  names.every((name) => ours[name] !== undefined && found[name] === ours[name]) ? "ours" : "namesake";

/** Names of experiments are paths in a workspace, and unique. */
const experiment: LookupRule = {
  kind: "lookup",
  search: (inputs) => {
    const name = textOf(inputs, "name");
    const token = "databricks:index/getMlflowExperiment:getMlflowExperiment";
    return name === null ? null : { token, args: { name } };
  },
  ids: (answer) => idsOf(answer, "experimentId"),
  absent: /Node .* does not exist/i,
  several: null,
  inspect: null,
  judge: (answer, inputs) =>
    answer.name === inputs.name ? sameMarks(tagsOf(answer.tags), tagsOf(inputs.tags), marks) : "other",
};

/** Names of pools are unique in a workspace; their tags say which job they are for. */
const instancePool: LookupRule = {
  kind: "lookup",
  search: (inputs) => {
    const name = textOf(inputs, "instancePoolName");
    const token = "databricks:index/getInstancePool:getInstancePool";
    return name === null ? null : { token, args: { name } };
  },
  ids: (answer) => idsOf(answer, "id"),
  absent: /instance pool '.*' doesn't exist/i,
  several: /there are \d+ instances of/i,
  inspect: null,
  judge: (answer, inputs) => {
    if (answer.name !== inputs.instancePoolName) return "other";
    const info = isProperties(answer.poolInfo) ? answer.poolInfo : {};
    const found = isProperties(info.customTags) ? info.customTags : {};
    const ours = isProperties(inputs.customTags) ? inputs.customTags : {};
    return sameMarks(found, ours, ["environment", "job_id"]);
  },
};

/**
 * Being let into a workspace has the group's number there for its id. A workspace lists only groups that were let in,
 * and each is let in once: one that is found is the one that is asked for.
 */
const permissionAssignment: LookupRule = {
  kind: "lookup",
  search: (inputs) => {
    const displayName = textOf(inputs, "groupName");
    const token = "databricks:index/getGroup:getGroup";
    return displayName === null ? null : { token, args: { displayName } };
  },
  ids: (answer) => idsOf(answer, "id"),
  absent: /cannot find group/i,
  // it takes the first
  several: null,
  inspect: null,
  judge: (answer, inputs) => (answer.displayName === inputs.groupName ? "ours" : "other"),
};

const idsOf = (answer: Properties, name: string): readonly string[] => {
  const id = textOf(answer, name);
  return id === null ? [] : [id];
};

export const jobRules: Readonly<Record<string, AdoptionRule>> = {
  "azure-native:managedidentity:FederatedIdentityCredential": inGroup(
    "Microsoft.ManagedIdentity/userAssignedIdentities/{resourceName}/federatedIdentityCredentials/{federatedIdentityCredentialResourceName}",
  ),
  "azure-native:storage:EncryptionScope": inGroup(
    "Microsoft.Storage/storageAccounts/{accountName}/encryptionScopes/{encryptionScopeName}",
  ),
  "azure-native:storage:BlobContainer": inGroup(
    "Microsoft.Storage/storageAccounts/{accountName}/blobServices/default/containers/{containerName}",
  ),
  "azure-native:monitor:ScheduledQueryRule": inGroup("Microsoft.Insights/scheduledQueryRules/{ruleName}"),
  "azure-native:monitor:MetricAlert": inGroup("Microsoft.Insights/metricAlerts/{ruleName}"),
  "databricks:index/accessControlRuleSet:AccessControlRuleSet": named("name"),
  "databricks:index/externalLocation:ExternalLocation": named("name"),
  "databricks:index/instancePool:InstancePool": instancePool,
  "databricks:index/mlflowExperiment:MlflowExperiment": experiment,
  "databricks:index/modelServing:ModelServing": named("name"),
  "databricks:index/permissionAssignment:PermissionAssignment": permissionAssignment,
  "databricks:index/qualityMonitor:QualityMonitor": named("tableName"),
  "databricks:index/registeredModel:RegisteredModel": named("catalogName", "schemaName", "name"),
  "databricks:index/sqlTable:SqlTable": named("catalogName", "schemaName", "name"),
};

/** Paths of the objects that a permission list can be of; its id in the provider is the path and the object's id. */
const listPaths: Readonly<Record<string, string>> = {
  jobId: "jobs",
  clusterPolicyId: "cluster-policies",
  experimentId: "experiments",
  instancePoolId: "instance-pools",
  servingEndpointId: "serving-endpoints",
  sqlEndpointId: "sql/warehouses",
};
export const permissions: IdRule = {
  kind: "id",
  id: (inputs) => {
    const argument = Object.keys(listPaths).find((name) => textOf(inputs, name) !== null);
    return argument === undefined ? null : `/${listPaths[argument]}/${textOf(inputs, argument)}`;
  },
};

/** What a grant can be on, as an argument and as the provider's id has it. */
const securables: Readonly<Record<string, string>> = {
  catalog: "catalog",
  schema: "schema",
  model: "model",
  table: "table",
  externalLocation: "external_location",
};
export const grant: IdRule = {
  kind: "id",
  id: (inputs) => {
    const argument = Object.keys(securables).find((name) => inputs[name] !== undefined);
    const principal = textOf(inputs, "principal");
    const name = argument === undefined ? null : textOf(inputs, argument);
    return argument === undefined || name === null || principal === null
      ? null
      : `${securables[argument]}/${name}/${principal}`;
  },
};
