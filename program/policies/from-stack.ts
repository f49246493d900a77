/** What only all resources of a stack together tell: what was made beside what. */
import type { StackSpec } from "../../metadata-schema/desired-state.ts";
import type { Companion, Piece, ResourceType } from "./pieces.ts";
import { at, itemsAt, type ResourceInputs, settingAt, text, textOrNull } from "./read-props.ts";
import { nameOfResource, typeOfToken } from "./resource-settings.ts";

/** @param resources that the program has registered, without those that it only reads */
export function piecesOfStack(resources: readonly ResourceInputs[], spec: StackSpec): Piece[] {
  return [...companionPieces(resources), ...insidePieces(resources, spec), ...endpointPieces(resources)];
}

/** The settings of a workspace that was there before are its owner's. */
function insidePieces(resources: readonly ResourceInputs[], spec: StackSpec): Piece[] {
  if (spec.kind !== "workspace" || spec.environment.existing.workspace !== undefined) return [];
  const has = resources.map(settingOf).filter((each) => each !== null);
  return [{ kind: "companions", type: "workspace's inside", name: spec.workspace.host, has }];
}

function settingOf({ type, props }: ResourceInputs): Companion | null {
  switch (type) {
    case "databricks:index/disableLegacyAccessSetting:DisableLegacyAccessSetting":
      return settingAt(props, "disableLegacyAccess.value") === true ? "legacy access off" : null;
    case "databricks:index/workspaceConf:WorkspaceConf":
      return text(at(props, "customConfig.enableTokensConfig"), "") === "false"
        ? "personal tokens off"
        : null;
    default:
      return null;
  }
}

const paths: Partial<Record<ResourceType, string>> = {
  "key vault": "Microsoft.KeyVault/vaults",
  "storage account": "Microsoft.Storage/storageAccounts",
  "SQL server": "Microsoft.Sql/servers",
  workspace: "Microsoft.Databricks/workspaces",
  factory: "Microsoft.DataFactory/factories",
};

interface Made {
  readonly name: string;
  readonly group: string;
  /** end of its ARM id, in lower case */
  readonly idEnd: string;
}

const same = (a: string | null, b: string): boolean => a?.toLowerCase() === b.toLowerCase();

function companionPieces(resources: readonly ResourceInputs[]): Piece[] {
  return resources.flatMap(({ type: token, name: ownName, props }): Piece[] => {
    const type = typeOfToken(token);
    const path = type === undefined ? undefined : paths[type];
    if (type === undefined || path === undefined) return [];
    const name = nameOfResource(type, props, ownName);
    const group = text(props.resourceGroupName);
    const made = { name, group, idEnd: `/resourcegroups/${group}/providers/${path}/${name}`.toLowerCase() };
    const has = new Set(resources.map((resource) => companionOf(resource, made)));
    return [{ kind: "companions", type, name, has: [...has].filter((each) => each !== null) }];
  });
}

/** What a resource is to another one; null: nothing. */
function companionOf({ type, props }: ResourceInputs, made: Made): Companion | null {
  const isInside = (field: string): boolean =>
    same(textOrNull(props[field]), made.name) && same(textOrNull(props.resourceGroupName), made.group);
  switch (type) {
    case "azure-native:monitor:DiagnosticSetting": {
      const target = `${text(props.resourceUri).toLowerCase()}/`;
      const logs = itemsAt(props, "logs").some((log) => settingAt(log, "enabled") === true);
      return logs && target.includes(`${made.idEnd}/`) ? "diagnostic setting" : null;
    }
    case "azure-native:sql:ExtendedServerBlobAuditingPolicy":
      return isInside("serverName") && same(textOrNull(props.state), "Enabled") ? "auditing policy" : null;
    case "azure-native:storage:BlobServiceProperties": {
      const policies = ["deleteRetentionPolicy", "containerDeleteRetentionPolicy"];
      const enabled = policies.every((policy) => settingAt(props, `${policy}.enabled`) === true);
      return isInside("accountName") && enabled ? "soft delete" : null;
    }
    default:
      return null;
  }
}

/** An endpoint and its zone group have one name in the program: what they are called in Azure comes later. */
function endpointPieces(resources: readonly ResourceInputs[]): Piece[] {
  const ofType = (type: string) => resources.filter((resource) => resource.type === type);
  const groups = ofType("azure-native:network:PrivateDnsZoneGroup");
  return ofType("azure-native:network:PrivateEndpoint").flatMap(({ name, props }) => {
    const zones = groups
      .filter((group) => group.name === name)
      .flatMap((group) => itemsAt(group.props, "privateDnsZoneConfigs"))
      .map((config) => text(at(config, "privateDnsZoneId")).split("/").at(-1) ?? null);
    const connections = ["privateLinkServiceConnections", "manualPrivateLinkServiceConnections"];
    const groupIds = connections
      .flatMap((list) => itemsAt(props, list))
      .flatMap((connection) => itemsAt(connection, "groupIds").map((id) => text(id)));
    const zone = zones.length === 1 ? (zones[0] ?? null) : null;
    return groupIds.map((groupId): Piece => ({ kind: "private-endpoint", name, groupId, zone }));
  });
}
