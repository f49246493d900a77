/**
 * One rule for each resource type that a stack of ours makes. An object whose creation was interrupted, or
 * that was there before its row, is found by it instead of being made twice.
 *
 * Ids are those that the providers keep in the state: azure-native has ARM ids with the names as the program
 * wrote them; databricks has ids of its own (terraform-provider-databricks).
 */
import { arm, groupPath, inGroup } from "./arm-id.ts";
import { factoryRules } from "./factory-rules.ts";
import { grant, jobRules, permissions } from "./job-rules.ts";
import { platformRules } from "./platform-rules.ts";
import {
  type AdoptionRule,
  type AskRule,
  type IdRule,
  idsOf,
  isProperties,
  type LookupRule,
  type Properties,
  textOf,
} from "./rules.ts";

const fixedId = (id: string): IdRule => ({ kind: "id", id: () => id });

const assignmentId = (scope: string, name: string): string =>
  `/${scope.replace(/^\/+/, "")}/providers/Microsoft.Authorization/roleAssignments/${name}`;

const roleAssignment: IdRule = {
  kind: "id",
  id: (inputs) => {
    const scope = textOf(inputs, "scope");
    const name = textOf(inputs, "roleAssignmentName");
    return scope === null || name === null ? null : assignmentId(scope, name);
  },
};

/** An application is registered once in a workspace, and this one is the identity of our own job. */
const servicePrincipal: LookupRule = {
  kind: "lookup",
  search: (inputs) => {
    const applicationId = textOf(inputs, "applicationId");
    const token = "databricks:index/getServicePrincipal:getServicePrincipal";
    return applicationId === null ? null : { token, args: { applicationId } };
  },
  ids: (answer) => idsOf(answer, "id"),
  absent: /cannot find SP with/i,
  several: /more than 1 service principal/i,
  inspect: null,
  judge: (answer, inputs) => (sameText(answer.applicationId, inputs.applicationId) ? "ours" : "other"),
};

/** Names of policies are unique in a workspace; ours say in their definition which job they are for. */
const clusterPolicy: LookupRule = {
  kind: "lookup",
  search: (inputs) => {
    const name = textOf(inputs, "name");
    const token = "databricks:index/getClusterPolicy:getClusterPolicy";
    return name === null ? null : { token, args: { name } };
  },
  ids: (answer) => idsOf(answer, "id"),
  absent: /named '.*' does not exist/i,
  several: /there are \d+ instances of/i,
  inspect: null,
  judge: (answer, inputs) => {
    if (answer.name !== inputs.name) return "other";
    const marks = (definition: unknown): string | null => {
      const parsed = parseJson(definition);
      const keys = ["custom_tags.job_id", "custom_tags.environment"];
      return keys.every((key) => parsed[key] !== undefined)
        ? JSON.stringify(keys.map((key) => parsed[key]))
        : null;
    };
    const found = marks(answer.definition);
    return found !== null && found === marks(inputs.definition) ? "ours" : "namesake";
  },
};

/** Names of jobs are not unique. The search takes parts of names in any case, so each is looked at. */
const job: LookupRule = {
  kind: "lookup",
  search: (inputs) => {
    const name = textOf(inputs, "name");
    const token = "databricks:index/getJobs:getJobs";
    // by id: by name, the function refuses two jobs of one name, whatever they are
    return name === null ? null : { token, args: { jobNameContains: name, key: "id" } };
  },
  ids: (answer) => (isProperties(answer.ids) ? Object.values(answer.ids).map(String) : []),
  // a list can be empty, and has no words for it
  absent: /(?!)/,
  several: null,
  inspect: (id) => ({ token: "databricks:index/getJob:getJob", args: { jobId: id } }),
  judge: (answer, inputs) => {
    const shown = isProperties(answer.jobSettings) ? answer.jobSettings.settings : undefined;
    const settings = isProperties(shown) ? shown : {};
    if (settings.name !== inputs.name) return "other";
    const tags = isProperties(settings.tags) ? settings.tags : {};
    const marks = isProperties(inputs.tags) ? inputs.tags : {};
    const ours = ["managed_by", "environment", "job_id"].every(
      (key) => marks[key] !== undefined && tags[key] === marks[key],
    );
    return ours ? "ours" : "namesake";
  },
};

/** Display names are not unique, and a group has no mark but its members: only the same ones prove it. */
const group: LookupRule = {
  kind: "lookup",
  search: (inputs) => {
    const displayName = textOf(inputs, "displayName");
    const token = "azuread:index/getGroup:getGroup";
    return displayName === null ? null : { token, args: { displayName } };
  },
  ids: (answer) => idsOf(answer, "objectId").map((objectId) => `/groups/${objectId}`),
  absent: /No group found/i,
  several: /More than one group found/i,
  inspect: null,
  judge: (answer, inputs) => {
    if (!sameText(answer.displayName, inputs.displayName)) return "other";
    const same = JSON.stringify(sorted(answer.members)) === JSON.stringify(sorted(inputs.members));
    return same && answer.securityEnabled === inputs.securityEnabled ? "ours" : "namesake";
  },
};

/** The provider has no function that lists them, and their labels are not unique. */
const ipAccessList: AskRule = {
  kind: "ask",
  where: "GET /api/2.0/ip-access-lists of the Databricks workspace lists them with their ids",
};

export const adoptionTable: Readonly<Record<string, AdoptionRule>> = {
  ...factoryRules,
  ...jobRules,
  ...platformRules,
  "azure-native:resources:ResourceGroup": arm(groupPath),
  "azure-native:network:VirtualNetwork": inGroup("Microsoft.Network/virtualNetworks/{virtualNetworkName}"),
  "azure-native:network:Subnet": inGroup(
    "Microsoft.Network/virtualNetworks/{virtualNetworkName}/subnets/{subnetName}",
  ),
  "azure-native:network:NetworkSecurityGroup": inGroup(
    "Microsoft.Network/networkSecurityGroups/{networkSecurityGroupName}",
  ),
  "azure-native:network:PrivateEndpoint": inGroup("Microsoft.Network/privateEndpoints/{privateEndpointName}"),
  "azure-native:network:PrivateDnsZoneGroup": inGroup(
    "Microsoft.Network/privateEndpoints/{privateEndpointName}/privateDnsZoneGroups/{privateDnsZoneGroupName}",
  ),
  "azure-native:privatedns:PrivateZone": inGroup("Microsoft.Network/privateDnsZones/{privateZoneName}"),
  "azure-native:privatedns:VirtualNetworkLink": inGroup(
    "Microsoft.Network/privateDnsZones/{privateZoneName}/virtualNetworkLinks/{virtualNetworkLinkName}",
  ),
  "azure-native:keyvault:Vault": inGroup("Microsoft.KeyVault/vaults/{vaultName}"),
  "azure-native:databricks:Workspace": inGroup("Microsoft.Databricks/workspaces/{workspaceName}"),
  "azure-native:managedidentity:UserAssignedIdentity": inGroup(
    "Microsoft.ManagedIdentity/userAssignedIdentities/{resourceName}",
  ),
  "azure-native:authorization:RoleAssignment": roleAssignment,
  "azuread:index/group:Group": group,
  "databricks:index/servicePrincipal:ServicePrincipal": servicePrincipal,
  "databricks:index/clusterPolicy:ClusterPolicy": clusterPolicy,
  "databricks:index/job:Job": job,
  "databricks:index/permissions:Permissions": permissions,
  "databricks:index/grant:Grant": grant,
  "databricks:index/ipAccessList:IpAccessList": ipAccessList,
  // one document a workspace; the provider's id for it
  "databricks:index/workspaceConf:WorkspaceConf": fixedId("_"),
};

/** What a type needs that the table does not know: a person. */
const unlisted: AskRule = { kind: "ask", where: "its cloud's portal shows it" };

export const ruleFor = (type: string): AdoptionRule => adoptionTable[type] ?? unlisted;

/** Id of the object that a refused create collided with, where the refusal names it; else null. */
export function collidedWith(type: string, message: string, inputs: Properties): string | null {
  const named = /cannot create already existing resource '([^']+)'/i.exec(message)?.[1];
  if (named !== undefined) return named;
  if (type !== "azure-native:authorization:RoleAssignment") return null;
  const digits = /existing role assignment is ([0-9a-f]{32})/i.exec(message)?.[1];
  const scope = textOf(inputs, "scope");
  if (digits === undefined || scope === null) return null;
  return assignmentId(scope, digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5"));
}

const sameText = (a: unknown, b: unknown): boolean =>
  typeof a === "string" && typeof b === "string" && a.toLowerCase() === b.toLowerCase();

const sorted = (list: unknown): readonly string[] => (Array.isArray(list) ? list.map(String).toSorted() : []);

function parseJson(text: unknown): Properties {
  try {
    const parsed: unknown = typeof text === "string" ? JSON.parse(text) : null;
    return isProperties(parsed) ? parsed : {};
  } catch {
    return {};
  }
}
