/**
 * The settings of a resource, under the names that guardrails use, whether it is about to be registered (azure-native
 * leaves `properties` out, but for vaults) or is there already (ARM's own JSON).
 */
import type { Piece, ResourceType, Setting } from "./pieces.ts";
import { at, isLater, itemsAt, type Props, settingAt, text } from "./read-props.ts";

interface Shape {
  /** Pulumi's token */
  readonly token: string;
  /** input that names it */
  readonly name: string;
  /** where settings are, by their names here; several: the first that is set */
  readonly settings: Readonly<Record<string, readonly string[]>>;
}

/** Settings that have the same name everywhere. */
const same = (...names: readonly string[]): Record<string, readonly string[]> =>
  Object.fromEntries(names.map((name) => [name, [name]]));

const shapes: Readonly<Record<ResourceType, Shape>> = {
  "key vault": {
    token: "azure-native:keyvault:Vault",
    name: "vaultName",
    settings: {
      ...same("publicNetworkAccess", "enableRbacAuthorization", "enableSoftDelete", "enablePurgeProtection"),
      "firewall.defaultAction": ["networkAcls.defaultAction"],
      "firewall.bypass": ["networkAcls.bypass"],
    },
  },
  "storage account": {
    token: "azure-native:storage:StorageAccount",
    name: "accountName",
    settings: {
      ...same("publicNetworkAccess", "allowSharedKeyAccess", "allowBlobPublicAccess", "isLocalUserEnabled"),
      ...same("isSftpEnabled", "allowCrossTenantReplication", "allowedCopyScope", "isHnsEnabled"),
      ...same("minimumTlsVersion"),
      httpsOnly: ["enableHttpsTrafficOnly", "supportsHttpsTrafficOnly"],
      "firewall.defaultAction": ["networkRuleSet.defaultAction", "networkAcls.defaultAction"],
      "firewall.bypass": ["networkRuleSet.bypass", "networkAcls.bypass"],
    },
  },
  "SQL server": {
    token: "azure-native:sql:Server",
    name: "serverName",
    settings: {
      ...same("publicNetworkAccess", "minimalTlsVersion", "restrictOutboundNetworkAccess"),
      ...same("administratorLogin"),
      azureADOnlyAuthentication: ["administrators.azureADOnlyAuthentication"],
    },
  },
  "SQL encryption": {
    token: "azure-native:sql:TransparentDataEncryption",
    name: "databaseName",
    settings: same("state"),
  },
  workspace: {
    token: "azure-native:databricks:Workspace",
    name: "workspaceName",
    settings: {
      ...same("publicNetworkAccess", "requiredNsgRules", "defaultStorageFirewall"),
      sku: ["sku.name"],
      enableNoPublicIp: ["parameters.enableNoPublicIp.value"],
      virtualNetwork: ["parameters.customVirtualNetworkId.value"],
    },
  },
  factory: {
    token: "azure-native:datafactory:Factory",
    name: "factoryName",
    settings: same("publicNetworkAccess"),
  },
  subnet: {
    token: "azure-native:network:Subnet",
    name: "subnetName",
    settings: {
      ...same("defaultOutboundAccess", "privateEndpointNetworkPolicies"),
      networkSecurityGroup: ["networkSecurityGroup.id"],
    },
  },
};

const types = Object.keys(shapes) as readonly ResourceType[]; // the keys of a constant
export const typeOfToken = (token: string): ResourceType | undefined =>
  types.find((type) => shapes[type].token === token);

/** @param props inputs of a resource, or the body that ARM gives */
export function settingsOf(type: ResourceType, props: Props): Readonly<Record<string, Setting>> {
  const read = (path: string): Setting => settingAt(props, path) ?? settingAt(props, `properties.${path}`);
  const settings = Object.entries(shapes[type].settings).map(([name, paths]) => [
    name,
    paths.map(read).find((value) => value !== null) ?? null,
  ]);
  if (type === "subnet") settings.push(["delegated", isDelegated(props)]);
  return Object.fromEntries(settings);
}

const isDelegated = (props: Props): boolean =>
  ["delegations", "properties.delegations"].some((path) =>
    itemsAt(props, path).some((item) => !isLater(item)),
  );

/** Addresses that the firewall of a vault or a storage account lets in. */
export function firewallPieces(type: ResourceType, props: Props): Piece[] {
  if (type !== "key vault" && type !== "storage account") return [];
  const lists = ["networkAcls", "networkRuleSet", "properties.networkAcls"].flatMap((path) =>
    itemsAt(props, `${path}.ipRules`),
  );
  return lists.map((rule) => ({
    kind: "firewall-range",
    // Odd, but so it is: azure-native writes iPAddressOrRange.
    range: text(at(rule, "value") ?? at(rule, "iPAddressOrRange")),
    publicOnly: true,
  }));
}

export const nameOfResource = (type: ResourceType, props: Props, otherwise: string): string =>
  text(props[shapes[type].name], otherwise);
