import type { StackSpec } from "../../metadata-schema/desired-state.ts";
import { clusterPieces, jobPieces, policyPieces, poolPieces } from "./from-cluster.ts";
import { activityPieces, linkedServicePieces } from "./from-factory.ts";
import { piecesOfInputs } from "./from-values.ts";
import { rangeBetween } from "./ip-range.ts";
import type { Piece } from "./pieces.ts";
import {
  at,
  itemsAt,
  notReadable,
  type Props,
  type ResourceInputs,
  setting,
  text,
  texts,
  textsOrNone,
} from "./read-props.ts";
import { firewallPieces, nameOfResource, settingsOf, typeOfToken } from "./resource-settings.ts";
import { tagPieces } from "./resource-tags.ts";

/**
 * The pieces of a resource that is about to be registered. Fails closed: a value that isn't plain text
 * yet gives a piece that the guardrails refuse, but for ids of what the program makes itself.
 */
export function piecesOfResource(resource: ResourceInputs, spec: StackSpec): Piece[] {
  const { type, name, props } = resource;
  if (type.startsWith("pulumi:")) return [];
  return [
    { kind: "resource-type", type },
    ...piecesOfInputs(props, ""),
    ...tagPieces(resource),
    ...settingPieces(resource),
    ...ownPieces(type, name, props, spec),
  ];
}

function settingPieces({ type: token, name, props }: ResourceInputs): Piece[] {
  const type = typeOfToken(token);
  if (type === undefined) return [];
  return [
    {
      kind: "resource",
      type,
      name: nameOfResource(type, props, name),
      settings: settingsOf(type, props),
    },
    ...firewallPieces(type, props),
  ];
}

/** What only resources of this type have. */
function ownPieces(type: string, name: string, props: Props, spec: StackSpec): Piece[] {
  switch (type) {
    case "azure-native:authorization:RoleAssignment": {
      const roleId = text(props.roleDefinitionId).split("/").at(-1) ?? notReadable;
      // azure-native says "User" to Azure when the type is left out.
      const principalType = text(props.principalType, "User");
      return [{ kind: "role-assignment", scope: text(props.scope), roleId, principalType }];
    }
    case "azure-native:authorization:RoleDefinition": {
      const actions = itemsAt(props, "permissions").flatMap((permission) =>
        ["actions", "dataActions"].flatMap((list) => textsOrNone(at(permission, list))),
      );
      return [{ kind: "role-definition", name: text(props.roleName, name), actions }];
    }
    case "azure-native:network:VirtualNetwork":
      return itemsAt(props, "subnets").map((subnet) => ({
        kind: "resource",
        type: "subnet",
        name: text(at(subnet, "name")),
        settings: settingsOf("subnet", typeof subnet === "object" ? (subnet as Props) : {}),
      }));
    case "azure-native:network:NetworkSecurityGroup":
      return itemsAt(props, "securityRules").flatMap((rule) => inboundPieces(rule, name));
    case "azure-native:network:SecurityRule":
      return inboundPieces(props, name);
    case "azure-native:sql:FirewallRule": {
      const range = rangeBetween(text(props.startIpAddress), text(props.endIpAddress));
      return [{ kind: "firewall-range", range, publicOnly: false }];
    }
    case "databricks:index/ipAccessList:IpAccessList":
      // A BLOCK list takes access away: as wide as anybody likes.
      if (props.listType === "BLOCK") return [];
      return texts(props.ipAddresses).map((range) => ({ kind: "firewall-range", range, publicOnly: false }));
    case "databricks:index/cluster:Cluster":
      return clusterPieces(props);
    case "databricks:index/job:Job":
      return jobPieces(props);
    case "databricks:index/instancePool:InstancePool":
      return poolPieces(props);
    case "databricks:index/clusterPolicy:ClusterPolicy":
      return policyPieces(props);
    case "databricks:index/grant:Grant":
      return [grantPiece(props, texts(props.privileges))];
    case "databricks:index/grants:Grants":
      return itemsAt(props, "grants").map((grant) => grantPiece(props, texts(at(grant, "privileges"))));
    case "databricks:index/permissions:Permissions":
      return itemsAt(props, "accessControls").map((control) => permissionPiece(control, name));
    case "databricks:index/permissionAssignment:PermissionAssignment":
    case "databricks:index/mwsPermissionAssignment:MwsPermissionAssignment":
      return [{ kind: "membership", name, permissions: texts(props.permissions) }];
    case "azure-native:datafactory:LinkedService":
      return linkedServicePieces(props, text(props.linkedServiceName, name));
    case "azure-native:datafactory:Pipeline": {
      const serviceUrl = spec.kind === "job" ? (spec.pipeline?.serviceUrl ?? null) : null;
      return activityPieces(itemsAt(props, "activities"), serviceUrl);
    }
    default:
      return [];
  }
}

/** A rule that can't be read yet lets in whom it likes. */
function inboundPieces(rule: unknown, group: string): Piece[] {
  const isSaid = (field: string, word: string): boolean =>
    text(at(rule, field)).toLowerCase() === word.toLowerCase();
  if (isSaid("direction", "Outbound") || isSaid("access", "Deny")) return [];
  const single = at(rule, "sourceAddressPrefix");
  const sources = [
    ...(single === undefined || single === null || single === "" ? [] : [text(single)]),
    ...textsOrNone(at(rule, "sourceAddressPrefixes")),
    ...itemsAt(rule, "sourceApplicationSecurityGroups").map(() => "VirtualNetwork"),
  ];
  const name = `${text(at(rule, "name") ?? at(rule, "securityRuleName"), "a rule")} of ${group}`;
  return [{ kind: "inbound-rule", name, sources: sources.length === 0 ? [notReadable] : sources }];
}

const securables = [
  "catalog",
  "schema",
  "model",
  "table",
  "volume",
  "externalLocation",
  "metastore",
] as const;

function grantPiece(props: Props, privileges: readonly string[]): Piece {
  const securable = securables.find((each) => props[each] !== undefined);
  const name = securable === undefined ? notReadable : text(props[securable]);
  return { kind: "unity-grant", securable: securable ?? "an unknown object", name, privileges };
}

function permissionPiece(control: unknown, object: string): Piece {
  const has = (field: string): boolean => setting(at(control, field)) !== null;
  const principal = has("userName") ? "user" : has("servicePrincipalName") ? "service principal" : "group";
  return { kind: "object-permission", object, principal, level: text(at(control, "permissionLevel")) };
}

/**
 * Inputs that are outputs even where all in them is plain, since a default of the SDK's or the id of another resource
 * was put in: they are judged once they are known.
 */
const lateInputs: Readonly<Record<string, readonly string[]>> = {
  "azure-native:keyvault:Vault": ["properties"],
  "azure-native:storage:StorageAccount": ["networkRuleSet"],
  "azure-native:databricks:Workspace": ["parameters"],
  "databricks:index/clusterPolicy:ClusterPolicy": ["definition"],
};
export const lateInputsOf = (type: string): readonly string[] => lateInputs[type] ?? [];
