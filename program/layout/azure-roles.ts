/**
 * Azure roles by GUID, as Microsoft's "Azure built-in roles" lists them. A GUID is the same in every
 * tenant; a name can be translated or changed.
 */
import { type CustomRole, customRoleId, customRoles } from "./names.ts";

export interface AzureRole {
  readonly name: string;
  readonly id: string;
}

/** Who may hold a role: groups of people, or the identities of workloads. */
export type RoleHolder = "Group" | "ServicePrincipal";

export interface GrantableRole extends AzureRole {
  readonly holders: readonly RoleHolder[];
  /** what the role may be assigned on; it matches the ARM id of exactly that kind of resource */
  readonly scope: { readonly words: string; readonly pattern: RegExp };
  /** of a role of our own: all that it does */
  readonly actions?: readonly string[];
}

const scopeOf = (words: string, path: string): GrantableRole["scope"] => ({
  words,
  pattern: new RegExp(
    `^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/${path.replaceAll(".", "\\.").replaceAll("*", "[^/]+")}$`,
    "i",
  ),
});
const secretScope = scopeOf("one secret", "Microsoft.KeyVault/vaults/*/secrets/*");
const vaultScope = scopeOf("a key vault", "Microsoft.KeyVault/vaults/*");
const containerScope = scopeOf(
  "one container",
  "Microsoft.Storage/storageAccounts/*/blobServices/default/containers/*",
);
const collectionRuleScope = scopeOf("a data collection rule", "Microsoft.Insights/dataCollectionRules/*");
const tableScope = scopeOf(
  "one table of Log Analytics",
  "Microsoft.OperationalInsights/workspaces/*/tables/*",
);
const factoryScope = scopeOf("a data factory", "Microsoft.DataFactory/factories/*");

/** The only built-in roles that rows, and the workload identities made for them, may ever hold. */
export const grantableRoles = {
  keyVaultSecretsUser: {
    name: "Key Vault Secrets User",
    id: "4633458b-17de-408a-b874-0445c86b69e6",
    holders: ["ServicePrincipal"],
    scope: secretScope,
  },
  keyVaultReader: {
    name: "Key Vault Reader",
    id: "21090545-7ca7-4776-b22c-e363652d74d2",
    holders: ["Group"],
    scope: vaultScope,
  },
  blobDataContributor: {
    name: "Storage Blob Data Contributor",
    id: "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
    holders: ["ServicePrincipal"],
    scope: containerScope,
  },
  blobDataReader: {
    name: "Storage Blob Data Reader",
    id: "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
    holders: ["ServicePrincipal"],
    scope: containerScope,
  },
  metricsPublisher: {
    name: "Monitoring Metrics Publisher",
    id: "3913510d-42f4-4e42-8a64-420c390055eb",
    holders: ["ServicePrincipal"],
    scope: collectionRuleScope,
  },
  logAnalyticsDataReader: {
    name: "Log Analytics Data Reader",
    id: "3b03c2da-16b3-4a49-8834-0f8130efdd3b",
    holders: ["Group"],
    scope: tableScope,
  },
  reader: {
    name: "Reader",
    id: "acdd72a7-3385-48ef-bd42-f606fba81ae7",
    holders: ["Group"],
    scope: factoryScope,
  },
} as const satisfies Record<string, GrantableRole>;

const runsPipelines = [
  "Microsoft.DataFactory/factories/read",
  "Microsoft.DataFactory/factories/pipelines/read",
  "Microsoft.DataFactory/factories/pipelines/createrun/action",
  "Microsoft.DataFactory/factories/pipelineruns/read",
  "Microsoft.DataFactory/factories/pipelineruns/cancel/action",
] as const;

/** Roles of our own; each is made for one scope, which its GUID is computed from. */
export const customRoleRules = {
  pipelineOperator: {
    name: customRoles.pipelineOperator,
    holders: ["Group"],
    scope: factoryScope,
    // Starts and stops pipelines, and changes none: who can change one can take the factory's token.
    actions: runsPipelines,
  },
  /** Behind edit_pipeline; a guardrail refuses it for its last action, where no exception is made. */
  pipelineEditor: {
    name: customRoles.pipelineEditor,
    holders: ["Group"],
    scope: factoryScope,
    actions: [
      "Microsoft.DataFactory/factories/read",
      "Microsoft.DataFactory/factories/pipelines/read",
      "Microsoft.DataFactory/factories/pipelines/write",
    ],
  },
} as const satisfies Record<CustomRole, Omit<GrantableRole, "id"> & Required<Pick<GrantableRole, "actions">>>;

export interface DeniedRole extends AzureRole {
  /** completes "refused: it ..." */
  readonly because: string;
}

const givesAccess = "can give anybody access to anything in its scope";
const givesKeys = "reads account keys, which open all the data and name nobody";

/** Roles that no row may lead to, with the reason that its author gets to read. */
export const deniedRoles = {
  owner: { name: "Owner", id: "8e3af657-a8ff-443c-a75c-2fe8c4bcb635", because: givesAccess },
  contributor: {
    name: "Contributor",
    id: "b24988ac-6180-42a0-ab88-20f7382dd24c",
    because: "changes every resource in its scope, and makes its holder a Databricks workspace admin",
  },
  userAccessAdministrator: {
    name: "User Access Administrator",
    id: "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",
    because: givesAccess,
  },
  rbacAdministrator: {
    name: "Role Based Access Control Administrator",
    id: "f58310d9-a9f6-439a-9e8d-f62e7b41a168",
    because: givesAccess,
  },
  keyVaultAdministrator: {
    name: "Key Vault Administrator",
    id: "00482a5a-887f-4fb3-b363-3b7fe8e74483",
    because: "reads and changes every secret, key and certificate of the vault",
  },
  keyVaultContributor: {
    name: "Key Vault Contributor",
    id: "f25e0fa2-a7c8-4377-a976-54943a77a395",
    because: "can open the vault's network and change how access to it is decided",
  },
  dataFactoryContributor: {
    name: "Data Factory Contributor",
    id: "673868aa-7521-48a0-acc6-0f60742d39f5",
    because: "can point a pipeline at a host of its own and take the factory's token there",
  },
  storageAccountContributor: {
    name: "Storage Account Contributor",
    id: "17d1049b-9a84-46fb-8f53-869881c3d3ab",
    because: givesKeys,
  },
  storageAccountKeyOperator: {
    name: "Storage Account Key Operator Service Role",
    id: "81a9662b-bebf-436f-a333-f67b29880f12",
    because: givesKeys,
  },
  readerAndDataAccess: {
    name: "Reader and Data Access",
    id: "c12c1c16-33a1-487b-954d-41c89c60f349",
    because: givesKeys,
  },
  storageBlobDataOwner: {
    name: "Storage Blob Data Owner",
    id: "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
    because: "changes who owns and who may read every file",
  },
  logAnalyticsContributor: {
    name: "Log Analytics Contributor",
    id: "92aaf0da-9dab-42b6-94a3-d43ce8d16293",
    because: givesKeys,
  },
  sqlServerContributor: {
    name: "SQL Server Contributor",
    id: "6d8ee4ec-f05a-4a1d-8b00-a9b17e38b437",
    because: "can open the server's firewall",
  },
  sqlSecurityManager: {
    name: "SQL Security Manager",
    id: "056cd41c-7e88-42e1-933e-88ba6a50c9c3",
    because: "can switch off auditing and open the server's firewall",
  },
  networkContributor: {
    name: "Network Contributor",
    id: "4d97b98b-1d4f-4787-a291-c67834d212e7",
    because: "can undo the private network that keeps the environment closed",
  },
  managedIdentityContributor: {
    name: "Managed Identity Contributor",
    id: "e40ec5ca-96e0-45a2-b4ff-59039f2c2b59",
    because: "can let a stranger's credential stand for a job's identity",
  },
} as const satisfies Record<string, DeniedRole>;

const sameId = (id: string) => (role: AzureRole) => role.id === id.toLowerCase();
/** @param roleId GUID, in any case */
export const findDeniedRole = (roleId: string): DeniedRole | undefined =>
  Object.values<DeniedRole>(deniedRoles).find(sameId(roleId));
/**
 * The role that may be assigned under this id.
 * @param roleId GUID, in any case
 * @param scope ARM id of what it would be assigned on: a role of our own has its id from there
 */
export function findGrantableRole(roleId: string, scope: string): GrantableRole | undefined {
  const builtIn = Object.values<GrantableRole>(grantableRoles).find(sameId(roleId));
  if (builtIn !== undefined) return builtIn;
  const own = Object.entries(customRoleRules).map(([role, rule]) => ({
    ...rule,
    id: customRoleId(role as CustomRole, scope), // a key of customRoleRules
  }));
  return own.find(sameId(roleId));
}
