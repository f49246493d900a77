/**
 * From our words to the clouds' words: which permissions a role may hold, and what each permission
 * becomes. A grant has the narrowest scope that does the work.
 */
import type {
  AclObjectType,
  EnvironmentFacts,
  RoleAssignmentSpec,
  UnityGrantSpec,
} from "../../metadata-schema/desired-state.ts";
import { type AzureRole, deniedRoles, grantableRoles } from "./azure-roles.ts";
import { resourceGroupId, virtualNetworkId } from "./names.ts";

export const knownPermissions = [
  "deploy_model",
  "discover_model",
  "edit_pipeline",
  "execute_inference",
  "interactive_dev",
  "list_secrets",
  "manage_access",
  "manage_alerts",
  "manage_data_acls",
  "manage_network",
  "promote_model",
  "publish_metrics",
  "read_data",
  "read_model",
  "read_secret",
  "read_sql",
  "register_model",
  "rotate_secret",
  "run_pipeline",
  "track_experiment",
  "train_model",
  "use_compute",
  "use_selfhosted_ir",
  "view_audit",
  "view_experiment",
  "view_monitoring",
  "view_outputs",
  "view_pipeline",
  "write_data",
  "write_model",
  "write_secret",
  "write_sql",
] as const;
export type Permission = (typeof knownPermissions)[number];

/** What each role may ask for. A row's permissions must all be in the bundle of its role. */
export const roleBundles = {
  DataScientist: [
    "execute_inference",
    "read_model",
    "discover_model",
    "train_model",
    "track_experiment",
    "use_compute",
    "read_data",
  ],
  Analyst: ["view_outputs", "view_monitoring"],
  DataEngineer: ["run_pipeline", "view_pipeline", "read_data", "view_monitoring"],
  MLEngineer: ["train_model", "deploy_model", "promote_model"],
  SecurityAdmin: ["list_secrets", "view_audit", "manage_access"],
  Service: ["publish_metrics", "read_secret", "write_data"],
  // Here so that such a request is refused for what it would do, not as a word nobody knows.
  PlatformAdmin: ["manage_network", "manage_data_acls"],
} as const satisfies Record<string, readonly Permission[]>;
export type Role = keyof typeof roleBundles;

/** What one row asks for access to. */
export interface GrantTarget {
  readonly environment: EnvironmentFacts;
  readonly jobId: number;
  /** three-level Unity Catalog name */
  readonly model: string;
  /** ARM id of the environment's vault */
  readonly vaultId: string;
  /** Unity Catalog names where the environment's data lives */
  readonly catalog: string;
  readonly schema: string;
}

export type Grant =
  | ({ readonly kind: "role-assignment" } & RoleAssignmentSpec)
  | ({ readonly kind: "unity-grant" } & UnityGrantSpec)
  | { readonly kind: "object-permission"; readonly objectType: AclObjectType; readonly level: string };

export type GrantsResult =
  | { readonly status: "granted"; readonly grants: readonly Grant[] }
  /** nobody has defined this permission */
  | { readonly status: "unknown" }
  /** defined, but it can't be given now; the reason names what is missing */
  | { readonly status: "unavailable"; readonly reason: string };

const roleAssignment = (role: AzureRole, scope: string): Grant => ({
  kind: "role-assignment",
  scope,
  roleId: role.id,
  roleName: role.name,
});
const unityGrant = (
  securable: UnityGrantSpec["securable"],
  name: string,
  ...privileges: readonly string[]
): Grant => ({ kind: "unity-grant", securable, name, privileges: privileges.toSorted() });
const objectPermission = (objectType: AclObjectType, level: string): Grant => ({
  kind: "object-permission",
  objectType,
  level,
});
const granted = (...grants: readonly Grant[]): GrantsResult => ({ status: "granted", grants });
const unavailable = (reason: string): GrantsResult => ({ status: "unavailable", reason });

/** Catalog and schema of a three-level name; null if it has other than three levels. */
function modelParents(model: string): { catalog: string; schema: string } | null {
  const [catalog, schema, name, ...rest] = model.split(".");
  return catalog && schema && name && rest.length === 0 ? { catalog, schema: `${catalog}.${schema}` } : null;
}

function modelGrants(target: GrantTarget, grants: (catalog: string, schema: string) => readonly Grant[]) {
  const parents = modelParents(target.model);
  if (parents !== null) return granted(...grants(parents.catalog, parents.schema));
  return unavailable(`model "${target.model}" is not a Unity Catalog name; write catalog.schema.model`);
}

const available = {
  // A batch run reads data and model as the job's own identity: who starts it needs nothing else.
  execute_inference: () => granted(objectPermission("job", "CAN_MANAGE_RUN")),
  // Unity Catalog has no privilege to read a model without running it: EXECUTE is both.
  read_model: (target) =>
    modelGrants(target, (catalog, schema) => [
      unityGrant("model", target.model, "EXECUTE"),
      unityGrant("schema", schema, "USE_SCHEMA"),
      unityGrant("catalog", catalog, "USE_CATALOG"),
    ]),
  discover_model: (target) => modelGrants(target, (catalog) => [unityGrant("catalog", catalog, "BROWSE")]),
  read_data: ({ catalog, schema }) =>
    granted(
      unityGrant("schema", `${catalog}.${schema}`, "SELECT", "USE_SCHEMA"),
      unityGrant("catalog", catalog, "USE_CATALOG"),
    ),
  use_compute: () => granted(objectPermission("cluster-policy", "CAN_USE")),
  list_secrets: ({ vaultId }) => granted(roleAssignment(grantableRoles.keyVaultReader, vaultId)),
  // These two become grants so that the guardrails can refuse them by the Azure role they'd need.
  manage_network: ({ environment }) =>
    granted(roleAssignment(deniedRoles.networkContributor, virtualNetworkId(environment))),
  manage_data_acls: ({ environment }) =>
    granted(
      roleAssignment(
        deniedRoles.storageBlobDataOwner,
        `${resourceGroupId(environment)}/providers/Microsoft.Storage/storageAccounts/lake`,
      ),
    ),
} as const satisfies Partial<Record<Permission, (target: GrantTarget) => GrantsResult>>;
type AvailablePermission = keyof typeof available;
const isAvailable = (permission: Permission): permission is AvailablePermission =>
  Object.hasOwn(available, permission);

/** What the environment would need first, for permissions whose objects aren't built yet. */
const missing: Record<Exclude<Permission, AvailablePermission>, string> = {
  deploy_model: "a model serving endpoint, which jobs don't have yet",
  edit_pipeline: "a Data Factory, which environments don't have yet",
  interactive_dev: "an all-purpose cluster, which jobs don't have yet",
  manage_access: "the app role SecurityAdmin of this service: no cloud grants it",
  manage_alerts: "alert rules, which jobs don't have yet",
  promote_model: "a pipeline identity that owns the model, which jobs don't have yet",
  publish_metrics: "a data collection rule, which environments don't have yet",
  read_secret: "the job's own identity, which gets it from Secret_References; a group can't hold it",
  read_sql: "an Azure SQL database, which environments don't have yet",
  register_model: "a training identity that owns the model, which jobs don't have yet",
  rotate_secret: "eligible, time-limited role assignments, which environments don't have yet",
  run_pipeline: "a Data Factory, which environments don't have yet",
  track_experiment: "an MLflow experiment, which jobs don't have yet",
  train_model: "an MLflow experiment, which jobs don't have yet",
  use_selfhosted_ir: "a Data Factory, which environments don't have yet",
  view_audit: "a Log Analytics workspace, which environments don't have yet",
  view_experiment: "an MLflow experiment, which jobs don't have yet",
  view_monitoring: "a Log Analytics workspace, which environments don't have yet",
  view_outputs: "a SQL warehouse, which environments don't have yet",
  view_pipeline: "a Data Factory, which environments don't have yet",
  write_data: "the job's own identity, which can't be given data yet; a group can't hold it",
  write_model: "a training identity that owns the model, which jobs don't have yet",
  write_secret: "eligible, time-limited role assignments, which environments don't have yet",
  write_sql: "an Azure SQL database, which environments don't have yet",
};

export const isPermission = (word: string): word is Permission =>
  (knownPermissions as readonly string[]).includes(word);
export const isRole = (word: string): word is Role => Object.hasOwn(roleBundles, word);

/**
 * What a permission becomes. Says nothing about whether it is allowed: that is the guardrails'.
 *
 * @param permission a word of ours, such as `read_model`
 * @param target what the row asks for access to
 * @returns the grants; or that the word is unknown; or why it can't be given now
 */
export function grantsFor(permission: string, target: GrantTarget): GrantsResult {
  if (!isPermission(permission)) return { status: "unknown" };
  if (isAvailable(permission)) return available[permission](target);
  return unavailable(`${permission} needs ${missing[permission]}`);
}

/** From low to high; the management levels at the end are never a row's to give. */
const levels = {
  job: ["CAN_VIEW", "CAN_MANAGE_RUN", "CAN_MANAGE", "IS_OWNER"],
  "cluster-policy": ["CAN_USE"],
} as const satisfies Record<AclObjectType, readonly string[]>;

/**
 * How high a level of Databricks is among those of its kind of object: a principal gets one level an
 * object, the highest that its rows ask for.
 * @throws RangeError if objects of that kind have no such level
 */
export function levelRank(objectType: AclObjectType, level: string): number {
  const rank = (levels[objectType] as readonly string[]).indexOf(level);
  if (rank < 0)
    throw new RangeError(`a ${objectType} has no level ${level}; levels: ${levels[objectType].join(", ")}`);
  return rank;
}
