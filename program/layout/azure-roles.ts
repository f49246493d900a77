/**
 * Azure roles by GUID, as Microsoft's "Azure built-in roles" lists them. A GUID is the same in every
 * tenant; a name can be translated or changed.
 */
export interface AzureRole {
  readonly name: string;
  readonly id: string;
}

/** The only roles that rows, and the workload identities made for them, may ever hold. */
export const grantableRoles = {
  keyVaultSecretsUser: { name: "Key Vault Secrets User", id: "4633458b-17de-408a-b874-0445c86b69e6" },
  keyVaultReader: { name: "Key Vault Reader", id: "21090545-7ca7-4776-b22c-e363652d74d2" },
} as const satisfies Record<string, AzureRole>;

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
/** @param roleId GUID, in any case */
export const findGrantableRole = (roleId: string): AzureRole | undefined =>
  Object.values<AzureRole>(grantableRoles).find(sameId(roleId));
