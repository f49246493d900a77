/** One line on what matters about an object, for the table that people read. */

import { metricRuleToken, queryRuleToken } from "./azure/alert-rules.ts";
import { lockToken } from "./azure/arm-guards.ts";
import { collectionRuleToken } from "./azure/data-collection.ts";
import { factoryKinds } from "./azure/data-factory-child.ts";
import { diagnosticSettingToken } from "./azure/diagnostic-setting.ts";
import { federatedToken, identityToken } from "./azure/identity.ts";
import { managedEndpointToken } from "./azure/managed-private-endpoint.ts";
import { publicAddressToken } from "./azure/outbound.ts";
import { networkLinkToken, recordSetToken, zoneGroupToken } from "./azure/private-dns.ts";
import { networkInterfaceToken, privateEndpointToken } from "./azure/private-endpoint.ts";
import { askedConnection, connectionTypes } from "./azure/private-link.ts";
import { findRole, roleAssignmentToken, roleDefinitionToken, roleGuid } from "./azure/role-definitions.ts";
import { sqlFirewallRuleToken, sqlServerToken } from "./azure/sql.ts";
import { blobContainerToken, storageAccountToken } from "./azure/storage.ts";
import { subnetPrefixes, subnetToken, virtualNetworkToken } from "./azure/virtual-network.ts";
import { workspaceToken } from "./azure/workspace.ts";
import { clusterPolicyToken } from "./databricks/cluster-policy.ts";
import { databricksLines } from "./databricks/describe.ts";
import { ipAccessListToken, workspaceConfToken } from "./databricks/ip-access.ts";
import { jobToken } from "./databricks/job.ts";
import { grantToken, securables } from "./databricks/metastore.ts";
import { permissionsToken } from "./databricks/permissions-store.ts";
import { databricksPrincipalToken } from "./databricks/workspace-type.ts";
import { groupToken, principalOf, userToken } from "./entra/directory.ts";
import { at, type Body, bodiesAt, isBody, type Json, textAt, textsAt } from "./json.ts";
import type { CloudObject, Store } from "./store.ts";

type Describe = (body: Body, object: CloudObject, store: Store) => string;

const lastOf = (id: string): string => id.split("/").at(-1) ?? id;

const connectionLine: Describe = (body) =>
  `${textAt(body, "privateLinkServiceConnectionState.status")} for ${lastOf(textAt(body, "privateEndpoint.id"))} (${textsAt(body, "groupIds").join(", ")})`;

const lines: Readonly<Record<string, Describe>> = {
  ...databricksLines,
  [roleAssignmentToken]: (body, _object, store) => {
    const role = roleGuid(textAt(body, "roleDefinitionId"));
    const principalId = textAt(body, "principalId");
    const principal = principalOf(store, principalId)?.name ?? `identity not found (${principalId})`;
    return `${findRole(store, role)?.name ?? role} to ${principal} on ${shortScope(textAt(body, "scope"))}`;
  },
  [privateEndpointToken]: (body, object, store) => {
    const asked = askedConnection(body);
    const state = connectionTypes
      .flatMap((type) => store.ofType(type))
      .find((found) => textAt(found.body, "privateEndpoint.id").toLowerCase() === object.id.toLowerCase());
    const status = textAt(state?.body, "privateLinkServiceConnectionState.status") || "Disconnected";
    const address = bodiesAt(body, "customDnsConfigs").flatMap((dns) => textsAt(dns, "ipAddresses"));
    const target = lastOf(textAt(asked?.connection, "privateLinkServiceId"));
    const groups = textsAt(asked?.connection, "groupIds").join(", ");
    return `${status}, ${address.join(", ")} → ${target} (${groups})`;
  },
  [recordSetToken]: (body) =>
    `${textAt(body, "fqdn").replace(/\.$/, "")} → ${bodiesAt(body, "aRecords")
      .map((record) => textAt(record, "ipv4Address"))
      .join(", ")}`,
  [zoneGroupToken]: (body) =>
    bodiesAt(body, "privateDnsZoneConfigs")
      .map((config) => lastOf(textAt(config, "privateDnsZoneId")))
      .join(", "),
  [networkInterfaceToken]: (body) =>
    bodiesAt(body, "ipConfigurations")
      .map((configuration) => textAt(configuration, "privateIPAddress"))
      .join(", "),
  [networkLinkToken]: (body) => `network ${lastOf(textAt(body, "virtualNetwork.id"))}`,
  [virtualNetworkToken]: (body) => textsAt(body, "addressSpace.addressPrefixes").join(", "),
  [subnetToken]: (body) => subnetPrefixes(body).join(", "),
  [workspaceToken]: (body) =>
    `${textAt(body, "workspaceUrl")}, public access ${textAt(body, "publicNetworkAccess") || "Enabled"}`,
  [storageAccountToken]: (body) =>
    `${textAt(body, "sku.name")}, public access ${textAt(body, "publicNetworkAccess") || "Enabled"}`,
  [blobContainerToken]: (body) => `anonymous access ${textAt(body, "publicAccess")}`,
  [sqlServerToken]: (body) =>
    `${textAt(body, "fullyQualifiedDomainName")}, public access ${textAt(body, "publicNetworkAccess")}`,
  [sqlFirewallRuleToken]: (body) => `${textAt(body, "startIpAddress")} to ${textAt(body, "endIpAddress")}`,
  [roleDefinitionToken]: (body) =>
    `${textAt(body, "roleName")}: ${bodiesAt(body, "permissions")
      .flatMap((each) => [...textsAt(each, "actions"), ...textsAt(each, "dataActions")])
      .join(", ")}`,
  [federatedToken]: (body) => `${textAt(body, "subject")} of ${textAt(body, "issuer")}`,
  [diagnosticSettingToken]: (body, object) => {
    const categories = bodiesAt(body, "logs").map(
      (log) => textAt(log, "category") || textAt(log, "categoryGroup"),
    );
    const target = object.id.replace(/\/providers\/Microsoft\.Insights\/diagnosticSettings\/.*$/i, "");
    return `${categories.join(", ")} of ${lastOf(target)} to ${lastOf(textAt(body, "workspaceId"))}`;
  },
  [publicAddressToken]: (body) => textAt(body, "ipAddress"),
  [lockToken]: (body, object) =>
    `${textAt(body, "level")} on ${shortScope(object.id.split(/\/providers\/Microsoft\.Authorization\/locks/i)[0] ?? "")}`,
  [identityToken]: (body) => `client ${textAt(body, "clientId")}`,
  [databricksPrincipalToken]: (body) => `application ${textAt(body, "applicationId")}`,
  [grantToken]: (body) => {
    const kind = Object.keys(securables).find((name) => body[name] !== undefined) ?? "";
    return `${textsAt(body, "privileges").join(", ")} on ${kind} ${textAt(body, kind)} to ${textAt(body, "principal")}`;
  },
  [permissionsToken]: (body, object) => {
    const on = `on ${textAt(body, "objectType")} ${object.name}`;
    const entries = bodiesAt(body, "accessControls").map(accessLine);
    const owner = isBody(body.owner) && !entries.some((entry) => entry.startsWith("IS_OWNER"));
    return `${on}: ${[...entries, ...(owner ? ["owner: the creator"] : [])].join("; ") || "admins only"}`;
  },
  [clusterPolicyToken]: (body) => policyLine(textAt(body, "definition")),
  [jobToken]: (body) => {
    const tasks = bodiesAt(body, "tasks")
      .map((task) => textAt(task, "taskKey"))
      .join(", ");
    const runAs = textAt(body, "runAs.servicePrincipalName") || textAt(body, "runAs.userName");
    const schedule = textAt(body, "schedule.pauseStatus") || (body.schedule ? "UNPAUSED" : "no schedule");
    return `tasks ${tasks || "none"}; runs as ${runAs}; ${schedule}`;
  },
  [ipAccessListToken]: (body) => `${textAt(body, "listType")} ${textsAt(body, "ipAddresses").join(", ")}`,
  [workspaceConfToken]: (body) => settingsLine(at(body, "customConfig")),
  [groupToken]: (body, _object, store) => {
    const members = textsAt(body, "members").map((id) => principalOf(store, id)?.name ?? id);
    return members.length > 0 ? `members ${members.join(", ")}` : "no members";
  },
  [userToken]: (body) => textAt(body, "userPrincipalName"),
  [managedEndpointToken]: (body) =>
    `to ${lastOf(textAt(body, "properties.privateLinkResourceId"))} (${textAt(body, "properties.groupId")})`,
  [factoryKinds.integrationRuntime.token]: (body) =>
    `${textAt(body, "properties.type")}, ${textAt(body, "properties.state")}`,
  [factoryKinds.linkedService.token]: (body) => textAt(body, "properties.type"),
  [factoryKinds.dataset.token]: (body) =>
    `${textAt(body, "properties.type")} of ${textAt(body, "properties.linkedServiceName.referenceName")}`,
  [factoryKinds.pipeline.token]: (body) =>
    bodiesAt(body, "properties.activities")
      .map((activity) => textAt(activity, "name"))
      .join(", "),
  [collectionRuleToken]: (body) => textAt(body, "immutableId"),
  [queryRuleToken]: (body) => criteriaLine(body),
  [metricRuleToken]: (body) => criteriaLine(body),
  [factoryKinds.trigger.token]: (body) =>
    `${textAt(body, "properties.type")}, ${textAt(body, "properties.runtimeState")}`,
};

export function describe(store: Store, object: CloudObject): string {
  const line = connectionTypes.includes(object.type) ? connectionLine : lines[object.type];
  const text = line ? line(object.body, object, store) : textAt(object.body, "location");
  return object.deletedAt ? `soft-deleted ${object.deletedAt}; ${text}` : text;
}

/** `severity 2: Average Value LessThan 0.85 over PT1H` */
function criteriaLine(body: Body): string {
  const [criterion] = bodiesAt(body, "criteria.allOf");
  const measured =
    textAt(criterion, "metricMeasureColumn") || textAt(criterion, "metricName") || "of the result's rows";
  return `severity ${String(body.severity)}: ${textAt(criterion, "timeAggregation")} ${measured} ${textAt(criterion, "operator")} ${String(criterion?.threshold)} over ${textAt(body, "windowSize")}`;
}

function accessLine(entry: Body): string {
  const who = ["groupName", "servicePrincipalName", "userName"]
    .map((key) => textAt(entry, key))
    .find(Boolean);
  return `${textAt(entry, "permissionLevel")} to ${who}`;
}

/** What a person asks of a policy: the machine, and how many. The definition whole is one command away. */
function policyLine(text: string): string {
  const definition = parseJson(text);
  if (!isBody(definition)) return "";
  const asked = (name: string, bound = "value"): string => {
    const rule = definition[name];
    const value = isBody(rule) ? (rule.value ?? rule[bound]) : undefined;
    return value === undefined ? "" : String(value);
  };
  const least = asked("autoscale.min_workers", "minValue");
  const most = asked("autoscale.max_workers", "maxValue");
  const workers = least === "" || most === "" ? "" : `${least} to ${most} workers`;
  const parts = [asked("node_type_id"), asked("spark_version"), workers].filter(Boolean);
  return parts.join(", ") || `${Object.keys(definition).length} rules`;
}

function parseJson(text: string): Json | undefined {
  try {
    return JSON.parse(text);
  } catch {
    // a definition set by hand may be anything
    return undefined;
  }
}

const settingsLine = (settings: unknown): string =>
  Object.entries((settings ?? {}) as Body)
    .map(([key, value]) => `${key}=${String(value)}`)
    .join(", ");

/** `ml-vault/secrets/token` says enough; the whole id is one command away. */
function shortScope(scope: string): string {
  const parts = scope.split("/providers/").at(-1)?.split("/") ?? [];
  return parts.length > 2 ? parts.slice(2).join("/") : lastOf(scope);
}
