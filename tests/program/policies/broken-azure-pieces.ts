/** For each guardrail of Azure: pieces that keep it, and pieces that break it with what the refusal has to say. */
import { customRoleRules, deniedRoles, grantableRoles } from "../../../program/layout/azure-roles.ts";
import { containerId, customRoleId, resourceGroupId, secretId } from "../../../program/layout/names.ts";
import { notReadable } from "../../../program/policies/read-props.ts";
import { environment } from "../support/specs.ts";
import {
  assignment,
  type Cases,
  companions,
  editorId,
  endpoint,
  factory,
  level,
  notIpv4,
  permission,
  range,
  resource,
  role,
  text,
  vault,
  wrong,
} from "./sample-pieces.ts";

export const azureCases: Readonly<Record<string, Cases>> = {
  "known-permission": {
    keeps: [permission("DataScientist", "read_model")],
    breaks: [
      { piece: permission("DataScientist", "fly"), message: /"fly" is not a permission/, fix: /read_model/ },
    ],
  },
  "permission-in-role": {
    keeps: [permission("DataScientist", "execute_inference"), permission("SecurityAdmin", "list_secrets")],
    breaks: [
      {
        piece: permission("Analyst", "read_model"),
        message: /Role Analyst does not include read_model/,
        fix: /DataScientist may hold it/,
      },
      {
        piece: permission("Analyst", "rotate_secret"),
        message: /does not include/,
        fix: /No role holds it/,
      },
      { piece: permission("King", "read_model"), message: /"King" is not a role/, fix: /DataScientist/ },
      { piece: permission("toString", "read_model"), message: /is not a role/, fix: /DataScientist/ },
    ],
  },
  "denied-azure-role": {
    keeps: [assignment({}), assignment({ roleId: grantableRoles.keyVaultReader.id.toUpperCase() })],
    breaks: [
      ...Object.values(deniedRoles).map(({ id, name, because }) => ({
        piece: assignment({ roleId: id.toUpperCase() }),
        message: new RegExp(`${name} may not be assigned: it ${because}`),
        fix: /Key Vault Reader/,
      })),
      {
        piece: assignment({ roleId: "43d0d8ad-25c7-4714-9337-8ba259a9fe05" }),
        message: /43d0d8ad.* is not one that may be assigned/,
        fix: /Assignable/,
      },
      { piece: assignment({ roleId: notReadable }), message: /not known before the run/, fix: /Assignable/ },
    ],
  },
  "assignment-scope": {
    keeps: [
      assignment({}),
      assignment({
        scope: secretId(vault, "databricks-token"),
        roleId: grantableRoles.keyVaultSecretsUser.id,
        principalType: "ServicePrincipal",
      }),
    ],
    breaks: [
      ...[
        resourceGroupId(environment),
        `/subscriptions/${environment.subscriptionId}`,
        "/providers/Microsoft.Management/managementGroups/root",
        "/",
        "",
        notReadable,
        `${vault}/secrets/`,
        `${vault}/secrets/a/b`,
        `${vault}/`,
      ].map((scope) => ({
        piece: assignment({ scope }),
        message: /is wider than one resource/,
        fix: /ARM id of the resource/,
      })),
      {
        piece: assignment({
          roleId: grantableRoles.keyVaultSecretsUser.id,
          principalType: "ServicePrincipal",
        }),
        message: /is not what Key Vault Secrets User is assigned on/,
        fix: /on one secret/,
      },
      {
        piece: assignment({
          roleId: grantableRoles.blobDataReader.id,
          principalType: "ServicePrincipal",
          scope: containerId(environment, 1).replace(/\/blobServices.*/, ""),
        }),
        message: /is not what Storage Blob Data Reader is assigned on/,
        fix: /on one container/,
      },
    ],
  },
  "principal-type": {
    keeps: [assignment({}), level("CAN_VIEW")],
    breaks: [
      { piece: assignment({ principalType: "User" }), message: /of type User is not/, fix: /Entra group/ },
      { piece: assignment({ principalType: notReadable }), message: /not known/, fix: /Entra group/ },
      {
        piece: assignment({ principalType: "ServicePrincipal" }),
        message: /Key Vault Reader is not one for a principal of type ServicePrincipal/,
        fix: /groups of people/,
      },
      { piece: level("CAN_VIEW", "user"), message: /for one person/, fix: /Entra group/ },
    ],
  },
  "custom-role-actions": {
    keeps: [
      role(...customRoleRules.pipelineOperator.actions),
      role(...customRoleRules.pipelineEditor.actions),
    ],
    breaks: [
      { piece: role("*"), message: /nobody can tell/, fix: /one by one/ },
      { piece: role("Microsoft.DataFactory/*"), message: /nobody can tell/, fix: /one by one/ },
      {
        piece: role("Microsoft.Authorization/roleAssignments/write"),
        message: /gives access/,
        fix: /leave this one out/,
      },
      {
        piece: role("Microsoft.Storage/storageAccounts/listKeys/action"),
        message: /reads keys/,
        fix: /leave this one out/,
      },
      {
        piece: role(
          "Microsoft.DataFactory/factories/read",
          "Microsoft.DataFactory/factories/pipelines/write",
        ),
        message: /which only the Pipeline Editor has/,
        fix: /leave this one out/,
      },
    ],
  },
  "pipeline-write": {
    keeps: [assignment({ scope: factory, roleId: customRoleId("pipelineOperator", factory) })],
    breaks: [
      {
        piece: assignment({ scope: factory, roleId: editorId }),
        message: /Pipeline Editor .*factories\/pipelines\/write.* host of its own/,
        fix: /run_pipeline.* subject "Pipeline Editor"/,
      },
    ],
  },
  "range-form": {
    keeps: ["203.0.113.0/24", "203.0.113.7", "203.0.113.7/32"].map((each) => range(each)),
    breaks: [
      ...notIpv4.map((each) => ({
        piece: range(each),
        message: /is not an IPv4 address or range/,
        fix: /203\.0\.113\.7/,
      })),
      {
        piece: range("203.0.113.7/24"),
        message: /has host bits set/,
        fix: /203\.0\.113\.0\/24 for the network or 203\.0\.113\.7 for the address/,
      },
    ],
  },
  "range-width": {
    keeps: ["203.0.113.0/24", "198.51.100.128/25", "10.1.2.0/24"].map((each) => range(each)),
    breaks: ["0.0.0.0/0", "203.0.113.5/0", "203.0.112.0/23", "203.0.0.0/16"].map((each) => ({
      piece: range(each),
      message: /wider than a \/24/,
      fix: new RegExp(`narrower\\. .*"range-width" and subject "${each}"`),
    })),
  },
  "range-of-callers": {
    keeps: [range("203.0.113.0/24"), range("10.1.2.0/24"), range("203.0.113.0/24", true)],
    breaks: [
      { piece: range("0.0.0.0/0"), message: /lets nearly everybody in/, fix: /public range/ },
      { piece: range("128.0.0.0/1"), message: /lets nearly everybody in/, fix: /public range/ },
      ...["0.0.0.0", "0.0.0.0/32", "127.0.0.1", "255.255.255.255", "169.254.1.1"].map((each) => ({
        piece: range(each),
        message: /not a range that callers have/,
        fix: /public range/,
      })),
      { piece: range("10.1.2.0/24", true), message: /is not public/, fix: /public range/ },
    ],
  },
  "public-access": {
    keeps: (["key vault", "storage account", "SQL server", "workspace", "factory"] as const).map((type) =>
      resource(type),
    ),
    breaks: (["key vault", "storage account", "SQL server", "workspace", "factory"] as const).flatMap(
      (type) => wrong(type, "publicNetworkAccess", "Enabled"),
    ),
  },
  "endpoint-zone": {
    keeps: [
      endpoint("vault", "privatelink.vaultcore.azure.net"),
      endpoint("browser_authentication", "privatelink.azuredatabricks.net"),
    ],
    breaks: [
      {
        piece: endpoint("vault", "privatelink.dfs.core.windows.net"),
        message: /has its address in privatelink\.dfs/,
        fix: /privatelink\.vaultcore/,
      },
      { piece: endpoint("vault", null), message: /has no zone group/, fix: /privatelink\.vaultcore/ },
      { piece: endpoint("vault", notReadable), message: /not known/, fix: /privatelink\.vaultcore/ },
      { piece: endpoint("queue", "x"), message: /which no service here has/, fix: /Name a service/ },
    ],
  },
  "endpoint-of-service": {
    keeps: [{ kind: "service-access", service: "databricks", endpoints: 1 }],
    breaks: [
      {
        piece: { kind: "service-access", service: "databricks", endpoints: 0 },
        message: /has no private endpoint to it/,
        fix: /private_endpoint/,
      },
    ],
  },
  "firewall-default": {
    keeps: [resource("key vault"), resource("storage account")],
    breaks: [
      ...wrong("key vault", "firewall.defaultAction", "Allow"),
      ...wrong("storage account", "firewall.defaultAction", "Allow"),
      ...wrong("storage account", "firewall.bypass", "Logging"),
    ],
  },
  transport: {
    keeps: [resource("storage account"), resource("SQL server")],
    breaks: [
      ...wrong("storage account", "minimumTlsVersion", "TLS1_0"),
      ...wrong("storage account", "httpsOnly", false),
      ...wrong("SQL server", "minimalTlsVersion", "1.1"),
    ],
  },
  "workspace-closed": {
    keeps: [resource("workspace")],
    breaks: [
      ...wrong("workspace", "sku", "standard"),
      ...wrong("workspace", "enableNoPublicIp", false),
      ...wrong("workspace", "requiredNsgRules", "AllRules"),
      ...wrong("workspace", "defaultStorageFirewall", "Disabled"),
      {
        piece: resource("workspace", { virtualNetwork: null }),
        message: /virtualNetwork is not set/,
        fix: /must be set/,
      },
    ],
  },
  "workspace-settings": {
    keeps: [companions("workspace's inside", "legacy access off", "personal tokens off")],
    breaks: [
      {
        piece: companions("workspace's inside", "legacy access off"),
        message: /without: personal tokens off/,
        fix: /enableTokensConfig/,
      },
    ],
  },
  "storage-access": {
    keeps: [resource("storage account")],
    breaks: [
      ...wrong("storage account", "allowSharedKeyAccess", true),
      ...wrong("storage account", "allowBlobPublicAccess", true),
      ...wrong("storage account", "isLocalUserEnabled", true),
      ...wrong("storage account", "isSftpEnabled", true, "allowed"),
      ...wrong("storage account", "allowCrossTenantReplication", true),
      ...wrong("storage account", "allowedCopyScope", "Any"),
      ...wrong("storage account", "isHnsEnabled", false),
    ],
  },
  "storage-soft-delete": {
    keeps: [companions("storage account", "soft delete", "diagnostic setting")],
    breaks: [
      { piece: companions("storage account"), message: /without: soft delete/, fix: /BlobServiceProperties/ },
    ],
  },
  "vault-protection": {
    keeps: [resource("key vault")],
    breaks: [
      ...wrong("key vault", "enableRbacAuthorization", false),
      ...wrong("key vault", "enableSoftDelete", false),
      ...wrong("key vault", "enablePurgeProtection", false),
    ],
  },
  "secret-resource": {
    keeps: [
      { kind: "resource-type", type: "azure-native:keyvault:Vault" },
      { kind: "resource-type", type: "databricks:index/secretScope:SecretScope" },
    ],
    breaks: [
      ...[
        "azure-native:keyvault:Secret",
        "azure-native:keyvault/v20230701:Secret",
        "databricks:index/secret:Secret",
        "databricks:index/secretUc:SecretUc",
        "databricks:index/token:Token",
        "azuread:index/applicationPassword:ApplicationPassword",
        "azuread:index/servicePrincipalPassword:ServicePrincipalPassword",
      ].map((type) => ({
        piece: { kind: "resource-type" as const, type },
        message: /holds a secret/,
        fix: /Secret_References/,
      })),
      {
        piece: { kind: "secret-input", where: "administratorLoginPassword" },
        message: /administratorLoginPassword would hold a secret/,
        fix: /Secret_References/,
      },
    ],
  },
  "secret-text": {
    keeps: [
      "databricks-token",
      "https://ml-vault.vault.azure.net/secrets/x",
      "Server=sql01;Database=erp",
      "api.contoso.example",
    ].map(text),
    breaks: [
      `dapi${"0123456789abcdef".repeat(2)}`,
      "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJl",
      "https://x.blob.core.windows.net/c?sv=2024-01-01&sig=abcdefghijklmnop%2Bqrs%3D",
      "DefaultEndpointsProtocol=https;AccountName=x;AccountKey=abcdefghijklmnop==",
      "Server=sql01;User Id=sa;Password=hunter2",
      "postgres://reader:hunter2@db.contoso.example/erp",
      "-----BEGIN RSA PRIVATE KEY-----\nMII",
      `abc8Q~${"a1B2".repeat(8)}cd`,
    ].map((value) => ({ piece: text(value), message: /^name looks like a/, fix: /revoke this one/ })),
  },
  "secret-output": {
    keeps: [{ kind: "output", name: "x", secret: false }],
    breaks: [
      { piece: { kind: "output", name: "x", secret: true }, message: /holds a secret/, fix: /reference/ },
    ],
  },
  "sql-sign-in": {
    keeps: [resource("SQL server"), resource("SQL encryption")],
    breaks: [
      ...wrong("SQL server", "azureADOnlyAuthentication", false),
      ...wrong("SQL server", "restrictOutboundNetworkAccess", "Disabled"),
      ...wrong("SQL server", "administratorLogin", "sa", "allowed"),
      ...wrong("SQL encryption", "state", "Disabled", "allowed"),
    ],
  },
  "sql-auditing": {
    keeps: [companions("SQL server", "auditing policy", "diagnostic setting")],
    breaks: [
      {
        piece: companions("SQL server"),
        message: /without: auditing policy/,
        fix: /ExtendedServerBlobAuditingPolicy/,
      },
    ],
  },
};
