/** Pieces that guardrails judge, for tests to change. */
import { grantableRoles } from "../../../program/layout/azure-roles.ts";
import { customRoleId, factoryId, vaultId } from "../../../program/layout/names.ts";
import { clusterPiece } from "../../../program/policies/from-cluster.ts";
import type {
  ClusterPiece,
  Companion,
  Piece,
  ResourceType,
  Setting,
} from "../../../program/policies/pieces.ts";
import { notReadable } from "../../../program/policies/read-props.ts";
import { environment } from "../support/specs.ts";

export const vault = vaultId(environment);
export const factory = factoryId(environment);

export type Assignment = Extract<Piece, { kind: "role-assignment" }>;
export const assignment = (change: Partial<Assignment>): Piece => ({
  kind: "role-assignment",
  scope: vault,
  roleId: grantableRoles.keyVaultReader.id,
  principalType: "Group",
  ...change,
});
export const permission = (role: string, name: string): Piece => ({
  kind: "permission",
  role,
  permission: name,
});
export const range = (text: string, publicOnly = false): Piece => ({
  kind: "firewall-range",
  range: text,
  publicOnly,
});
export const role = (...actions: readonly string[]): Piece => ({
  kind: "role-definition",
  name: "Helper",
  actions,
});
export const endpoint = (groupId: string, zone: string | null): Piece => ({
  kind: "private-endpoint",
  name: "pe",
  groupId,
  zone,
});
export const cluster = (change: Partial<ClusterPiece>): Piece =>
  clusterPiece({ name: "the cluster", purpose: "interactive", ...change });
export const grant = (securable: string, ...privileges: readonly string[]): Piece => ({
  kind: "unity-grant",
  securable,
  name: "ml",
  privileges,
});
export const level = (word: string, principal: "group" | "service principal" | "user" = "group"): Piece => ({
  kind: "object-permission",
  object: "job 1",
  principal,
  level: word,
});
export const text = (value: string): Piece => ({ kind: "text", where: "name", text: value });
export const companions = (
  type: ResourceType | "workspace's inside",
  ...has: readonly Companion[]
): Piece => ({
  kind: "companions",
  type,
  name: "x",
  has,
});
export const linked = (change: Partial<Extract<Piece, { kind: "linked-service" }>>): Piece => ({
  kind: "linked-service",
  name: "LS",
  type: "SqlServer",
  hasRuntime: true,
  encrypt: "mandatory",
  trustsAnyCertificate: false,
  ...change,
});
export const web = (change: Partial<Extract<Piece, { kind: "web-activity" }>>): Piece => ({
  kind: "web-activity",
  name: "Call",
  url: "https://rowgate.contoso.example/api/jobs/1",
  serviceUrl: "https://rowgate.contoso.example",
  hidesInput: true,
  hidesOutput: true,
  ...change,
});
export const source = (host: string | null, type = "rest"): Piece => ({
  kind: "data-source",
  name: "erp",
  type,
  host,
});
export const place = (production: boolean, deletionProtection: boolean): Piece => ({
  kind: "environment",
  name: "eastus",
  production,
  deletionProtection,
});
export const inbound = (...sources: readonly string[]): Piece => ({
  kind: "inbound-rule",
  name: "rule of the group",
  sources,
});
export const reference = (isOwn: boolean): Piece => ({
  kind: "reference",
  what: "key vault",
  name: "other-vault",
  environment: "eastus",
  isOwn,
  instead: '"ml-vault"',
});
export const duties = (production: boolean, ...permissions: readonly string[]): Piece => ({
  kind: "duties",
  production,
  principal: "data_eng",
  permissions,
});

/** Settings that every guardrail is content with. */
export const goodSettings: Readonly<Record<ResourceType, Readonly<Record<string, Setting>>>> = {
  "key vault": {
    publicNetworkAccess: "disabled",
    enableRbacAuthorization: true,
    enableSoftDelete: true,
    enablePurgeProtection: true,
    "firewall.defaultAction": "Deny",
    "firewall.bypass": "AzureServices",
  },
  "storage account": {
    publicNetworkAccess: "Disabled",
    allowSharedKeyAccess: false,
    allowBlobPublicAccess: false,
    isLocalUserEnabled: false,
    isSftpEnabled: null,
    allowCrossTenantReplication: false,
    allowedCopyScope: "AAD",
    isHnsEnabled: true,
    minimumTlsVersion: "TLS1_2",
    httpsOnly: true,
    "firewall.defaultAction": "Deny",
    "firewall.bypass": "None",
  },
  "SQL server": {
    publicNetworkAccess: "Disabled",
    minimalTlsVersion: "1.2",
    restrictOutboundNetworkAccess: "Enabled",
    administratorLogin: null,
    azureADOnlyAuthentication: true,
  },
  "SQL encryption": { state: "Enabled" },
  workspace: {
    publicNetworkAccess: "Disabled",
    sku: "premium",
    enableNoPublicIp: true,
    virtualNetwork: "/subscriptions/s/vnet",
    requiredNsgRules: "NoAzureDatabricksRules",
    defaultStorageFirewall: "Enabled",
  },
  factory: { publicNetworkAccess: "Disabled" },
  subnet: {
    networkSecurityGroup: "/subscriptions/s/nsg",
    defaultOutboundAccess: false,
    privateEndpointNetworkPolicies: "NetworkSecurityGroupEnabled",
    delegated: false,
  },
};
export const resource = (type: ResourceType, change: Readonly<Record<string, Setting>> = {}): Piece => ({
  kind: "resource",
  type,
  name: "x",
  settings: { ...goodSettings[type], ...change },
});
/** A setting that is wrong, left out, and not known yet. */
export const wrong = (
  type: ResourceType,
  setting: string,
  bad: Setting,
  absent: "refused" | "allowed" = "refused",
): readonly Broken[] =>
  [bad, notReadable, ...(absent === "refused" ? [null] : [])].map((value) => ({
    piece: resource(type, { [setting]: value }),
    message: new RegExp(`The ${type} x: .*${setting.replace(".", "\\.")} is `),
    fix: new RegExp(`${setting.replace(".", "\\.")} must be`),
  }));

export interface Broken {
  readonly piece: Piece;
  readonly message: RegExp;
  readonly fix: RegExp;
}
export interface Cases {
  readonly keeps: readonly Piece[];
  readonly breaks: readonly Broken[];
}

export const editorId = customRoleId("pipelineEditor", factory);
export const notIpv4 = ["::/0", "2001:db8::1", "any", "", "203.0.113", "203.0.113.07", "203.0.113.7/"].concat(
  ["203.0.113.0/24/24", "203.0.113.7 ", "203.0.113.7/33", "203.0.113.7/-1", "0x7f.0.0.1"],
  ["203.0.113.1-203.0.113.9", notReadable],
);
