/**
 * Azure's built-in roles that a program of ours could name, or must not, with what they allow (Microsoft's
 * published definitions). Only these: a role that isn't here does not exist in the simulated cloud.
 */
import { dataRoles, monitoringRoles } from "./built-in-data-roles.ts";
import { type BuiltInRole, health, role, usual, within } from "./role-permission.ts";

const vaultReads = within(
  "Microsoft.KeyVault",
  "checkNameAvailability/read",
  "deletedVaults/read",
  "locations/*/read",
  "vaults/*/read",
  "operations/read",
);
const secrets = "Microsoft.KeyVault/vaults/secrets";
const keys = "Microsoft.KeyVault/vaults/keys";
const identities = "Microsoft.ManagedIdentity/userAssignedIdentities";

const general: readonly (readonly [string, BuiltInRole])[] = [
  ["8e3af657-a8ff-443c-a75c-2fe8c4bcb635", role("Owner", { actions: ["*"] })],
  [
    "b24988ac-6180-42a0-ab88-20f7382dd24c",
    role("Contributor", {
      actions: ["*"],
      notActions: [
        "Microsoft.Authorization/*/Delete",
        "Microsoft.Authorization/*/Write",
        "Microsoft.Authorization/elevateAccess/Action",
        "Microsoft.Blueprint/blueprintAssignments/write",
        "Microsoft.Blueprint/blueprintAssignments/delete",
        "Microsoft.Compute/galleries/share/action",
        "Microsoft.Purview/consents/write",
        "Microsoft.Purview/consents/delete",
        "Microsoft.Resources/deploymentStacks/manageDenySetting/action",
        "Microsoft.Subscription/cancel/action",
        "Microsoft.Subscription/enable/action",
      ],
    }),
  ],
  ["acdd72a7-3385-48ef-bd42-f606fba81ae7", role("Reader", { actions: ["*/read"] })],
  [
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",
    role("User Access Administrator", {
      actions: ["*/read", "Microsoft.Authorization/*", "Microsoft.Support/*"],
    }),
  ],
  [
    "f58310d9-a9f6-439a-9e8d-f62e7b41a168",
    role("Role Based Access Control Administrator", {
      actions: [
        ...within("Microsoft.Authorization/roleAssignments", "write", "delete"),
        "*/read",
        "Microsoft.Support/*",
      ],
    }),
  ],
  [
    "f1a07417-d97a-45cb-824c-7a7467783830",
    role("Managed Identity Operator", {
      actions: [...within(identities, "*/read", "*/assign/action"), ...usual],
    }),
  ],
  [
    "e40ec5ca-96e0-45a2-b4ff-59039f2c2b59",
    role("Managed Identity Contributor", {
      actions: [
        ...within(
          identities,
          "read",
          "write",
          "delete",
          "federatedIdentityCredentials/*",
          "revokeTokens/action",
        ),
        ...usual,
      ],
    }),
  ],
  [
    "4d97b98b-1d4f-4787-a291-c67834d212e7",
    role("Network Contributor", { actions: ["Microsoft.Network/*", health, ...usual] }),
  ],
  [
    "b12aa53e-6015-4669-85d0-8515ebb3ae7f",
    role("Private DNS Zone Contributor", {
      actions: [
        ...within(
          "Microsoft.Network",
          "privateDnsZones/*",
          "privateDnsOperationResults/*",
          "privateDnsOperationStatuses/*",
          "virtualNetworks/read",
          "virtualNetworks/join/action",
        ),
        ...usual,
      ],
    }),
  ],
];

const vaults: readonly (readonly [string, BuiltInRole])[] = [
  [
    "00482a5a-887f-4fb3-b363-3b7fe8e74483",
    role("Key Vault Administrator", {
      actions: [...usual, ...vaultReads],
      dataActions: ["Microsoft.KeyVault/vaults/*"],
    }),
  ],
  [
    "f25e0fa2-a7c8-4377-a976-54943a77a395",
    role("Key Vault Contributor", {
      actions: ["Microsoft.KeyVault/*", ...usual],
      notActions: within(
        "Microsoft.KeyVault",
        "locations/deletedVaults/purge/action",
        "hsmPools/*",
        "managedHsms/*",
      ),
    }),
  ],
  [
    "21090545-7ca7-4776-b22c-e363652d74d2",
    role("Key Vault Reader", {
      actions: [...usual, ...vaultReads],
      dataActions: ["Microsoft.KeyVault/vaults/*/read", `${secrets}/readMetadata/action`],
    }),
  ],
  [
    "4633458b-17de-408a-b874-0445c86b69e6",
    role("Key Vault Secrets User", {
      dataActions: within(secrets, "getSecret/action", "readMetadata/action"),
    }),
  ],
  [
    "b86a8fe4-44ce-4948-aee5-eccb2c155cd7",
    role("Key Vault Secrets Officer", {
      actions: [...usual, ...vaultReads],
      dataActions: [`${secrets}/*`],
    }),
  ],
  [
    "8b54135c-b56d-4d72-a534-26097cfdc8d8",
    role("Key Vault Data Access Administrator", {
      actions: [
        ...within("Microsoft.Authorization/roleAssignments", "write", "delete"),
        "*/read",
        "Microsoft.Resources/deployments/*",
        "Microsoft.Management/managementGroups/read",
        "Microsoft.Support/*",
      ],
    }),
  ],
  [
    "e147488a-f6f5-4113-8e2d-b22465e65bf6",
    role("Key Vault Crypto Service Encryption User", {
      actions: within("Microsoft.EventGrid/eventSubscriptions", "write", "read", "delete"),
      dataActions: within(keys, "read", "wrap/action", "unwrap/action"),
    }),
  ],
];

/** by GUID */
export const builtInRoles: ReadonlyMap<string, BuiltInRole> = new Map([
  ...general,
  ...vaults,
  ...dataRoles,
  ...monitoringRoles,
]);
