/**
 * The words in which access is compared: who can do what on which object. Only words: which row or role leads to
 * them is said twice elsewhere, from rows (access-of-rows.ts) and from what the clouds hold (simulators), and
 * neither looks at the other.
 *
 * Objects are `kind:name`, or an ARM id in lower case. What is held on an object holds for all that lies in it.
 */

/** Somebody can do something on an object. */
export interface AccessWord {
  /** object id in Entra ID */
  readonly principal: string;
  readonly action: string;
  readonly object: string;
}

/** An action of Azure's that a word stands for, and the types of resources on which it means anything. */
export interface AzureAction {
  readonly word: string;
  readonly action: string;
  /** true: an action on what is in a resource, false: on the resource itself */
  readonly isData: boolean;
  /** resource types; none: every one */
  readonly on: readonly string[];
}

const vault = "Microsoft.KeyVault/vaults";
const secrets = `${vault}/secrets`;
const account = "Microsoft.Storage/storageAccounts";
const container = `${account}/blobServices/containers`;
const factory = "Microsoft.DataFactory/factories";
const logs = "Microsoft.OperationalInsights/workspaces";
const table = `${logs}/tables`;
const rule = "Microsoft.Insights/dataCollectionRules";
const identity = "Microsoft.ManagedIdentity/userAssignedIdentities";

const control = (word: string, action: string, ...on: readonly string[]): AzureAction => ({
  word,
  action,
  isData: false,
  on,
});
const data = (word: string, action: string, ...on: readonly string[]): AzureAction => ({
  word,
  action,
  isData: true,
  on,
});

/** Asked of every role on every scope where somebody holds one. */
export const azureActions: readonly AzureAction[] = [
  data("read-secret", `${secrets}/getSecret/action`, secrets),
  data("list-secrets", `${secrets}/readMetadata/action`, secrets),
  data("write-secret", `${secrets}/setSecret/action`, secrets),
  data("delete-secret", `${secrets}/delete`, secrets),
  data("list-keys", `${vault}/keys/read`, `${vault}/keys`),
  data("use-key", `${vault}/keys/wrap/action`, `${vault}/keys`),
  data("list-certificates", `${vault}/certificates/read`, `${vault}/certificates`),
  control("view-secrets", `${secrets}/read`, secrets),
  control("view-vault", `${vault}/read`, vault),
  control("change-vault", `${vault}/write`, vault),

  data("read-blobs", `${container}/blobs/read`, container),
  data("write-blobs", `${container}/blobs/write`, container),
  data("add-blobs", `${container}/blobs/add/action`, container),
  data("move-blobs", `${container}/blobs/move/action`, container),
  data("delete-blobs", `${container}/blobs/delete`, container),
  data("own-blobs", `${container}/blobs/manageOwnership/action`, container),
  control("view-container", `${container}/read`, container),
  control("change-container", `${container}/write`, container),
  control("delete-container", `${container}/delete`, container),
  control("sign-blob-links", `${account}/blobServices/generateUserDelegationKey/action`, account, container),
  control("take-account-keys", `${account}/listKeys/action`, account),
  control("view-account", `${account}/read`, account),
  control("change-account", `${account}/write`, account),

  data("publish-metrics", "Microsoft.Insights/Metrics/Write", rule),
  data("publish-telemetry", "Microsoft.Insights/Telemetry/Write", rule),
  control("view-rule", `${rule}/read`, rule),
  control("change-rule", `${rule}/write`, rule),
  data("read-logs", `${table}/data/read`, table),
  control("view-logs", `${logs}/read`, logs, table),
  control("query-logs", `${logs}/query/read`, logs, table),
  control("take-log-keys", `${logs}/sharedKeys/action`, logs),
  control("change-logs", `${logs}/write`, logs),

  control("view-factory", `${factory}/read`, factory),
  control("view-pipelines", `${factory}/pipelines/read`, `${factory}/pipelines`),
  control("run-pipelines", `${factory}/pipelines/createrun/action`, `${factory}/pipelines`),
  control("change-pipelines", `${factory}/pipelines/write`, `${factory}/pipelines`),
  control("view-pipeline-runs", `${factory}/pipelineruns/read`, factory),
  control("stop-pipeline-runs", `${factory}/pipelineruns/cancel/action`, factory),
  control("view-connections", `${factory}/linkedservices/read`, `${factory}/linkedservices`),
  control("change-connections", `${factory}/linkedservices/write`, `${factory}/linkedservices`),
  control("view-triggers", `${factory}/triggers/read`, `${factory}/triggers`),
  control("start-triggers", `${factory}/triggers/start/action`, `${factory}/triggers`),
  control("change-factory", `${factory}/write`, factory),

  control("view-workspace", "Microsoft.Databricks/workspaces/read", "Microsoft.Databricks/workspaces"),
  control("change-workspace", "Microsoft.Databricks/workspaces/write", "Microsoft.Databricks/workspaces"),
  control("view-identity", `${identity}/read`, identity),
  control("change-identity", `${identity}/write`, identity),
  control("wear-identity", `${identity}/assign/action`, identity),
  control("federate-identity", `${identity}/federatedIdentityCredentials/write`, identity),
  control("view-network", "Microsoft.Network/virtualNetworks/read", "Microsoft.Network/virtualNetworks"),
  control("change-network", "Microsoft.Network/virtualNetworks/write", "Microsoft.Network/virtualNetworks"),
  control(
    "change-private-zones",
    "Microsoft.Network/privateDnsZones/write",
    "Microsoft.Network/privateDnsZones",
  ),
  control("change-sql-server", "Microsoft.Sql/servers/write", "Microsoft.Sql/servers"),
  control("open-sql-firewall", "Microsoft.Sql/servers/firewallRules/write", "Microsoft.Sql/servers"),
  control("view-access", "Microsoft.Authorization/roleAssignments/read"),
  control("give-access", "Microsoft.Authorization/roleAssignments/write"),
];

/** What comes with many roles, and on one resource lets nobody do or see anything: it means groups and subscriptions. */
export const idleAzureActions: readonly string[] = [
  "Microsoft.KeyVault/checkNameAvailability/read",
  "Microsoft.KeyVault/deletedVaults/read",
  "Microsoft.KeyVault/locations/*/read",
  "Microsoft.KeyVault/operations/read",
  // classic alert rules, which Azure retired in 2019
  "Microsoft.Insights/alertRules/*",
  "Microsoft.Insights/Register/Action",
  "Microsoft.Resources/deployments/*",
  "Microsoft.Resources/subscriptions/resourceGroups/read",
  "Microsoft.Support/*",
];

/** An object of a Databricks workspace, by its own name; `workspace`: name of the workspace in Azure. */
export const inWorkspace = (kind: string, workspace: string, name: string): string =>
  `${kind}:${workspace.toLowerCase()}/${name}`;
export const workspaceObject = (workspace: string): string => `workspace:${workspace.toLowerCase()}`;
/** Something that Unity Catalog names. */
export const securable = (kind: string, name: string): string => `${kind}:${name.toLowerCase()}`;
export const azureObject = (armId: string): string => armId.toLowerCase();

/** Unity Catalog uses one word for entering a catalog and a schema, and the first does not lead to the second. */
export const entering = (kind: "catalog" | "schema"): string => `use-${kind}`;

/** A sign-in from outside that may stand for an identity: it has no object id. */
export const outsider = (issuer: string, subject: string): string => `${issuer} ${subject}`;

/** Whether an object is another one, or lies in it. */
export function liesIn(inner: string, outer: string): boolean {
  if (inner === outer) return true;
  if (outer.startsWith("/")) return inner.startsWith(`${outer}/`);
  const name = /^(?:catalog|schema):(.+)$/.exec(outer)?.[1];
  return name !== undefined && inner.slice(inner.indexOf(":") + 1).startsWith(`${name}.`);
}
