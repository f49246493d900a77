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
import { type AzureRole, customRoleRules, deniedRoles, grantableRoles } from "./azure-roles.ts";
import {
  type CustomRole,
  customRoleId,
  factoryId,
  lakeId,
  metricsTableId,
  vaultId,
  virtualNetworkId,
} from "./names.ts";

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
    "view_experiment",
    "use_compute",
    "interactive_dev",
    "read_data",
    "view_monitoring",
  ],
  Analyst: ["view_outputs", "view_monitoring"],
  DataEngineer: ["run_pipeline", "view_pipeline", "edit_pipeline", "read_data", "view_monitoring"],
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
  /** true: the job has a serving endpoint in place of a Databricks job */
  readonly online: boolean;
  /** three-level Unity Catalog name */
  readonly model: string;
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
/** A role of our own, on the factory that it was made for. */
function customRoleAssignment(role: CustomRole, environment: EnvironmentFacts): Grant {
  const factory = factoryId(environment);
  return roleAssignment({ name: customRoleRules[role].name, id: customRoleId(role, factory) }, factory);
}
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

/** Objects that only batch jobs have. */
const batch = (target: GrantTarget, ...grants: readonly Grant[]): GrantsResult =>
  target.online ? unavailable("it needs a batch job, and this one is online") : granted(...grants);

function schemaGrants({ catalog, schema }: GrantTarget): readonly Grant[] {
  return [
    unityGrant("schema", `${catalog}.${schema}`, "SELECT", "USE_SCHEMA"),
    unityGrant("catalog", catalog, "USE_CATALOG"),
  ];
}

const available = {
  // A batch run reads data and model as the job's own identity, and so does an endpoint: who calls needs nothing else.
  execute_inference: ({ online }) =>
    granted(
      online ? objectPermission("serving-endpoint", "CAN_QUERY") : objectPermission("job", "CAN_MANAGE_RUN"),
    ),
  // Unity Catalog has no privilege to read a model without running it: EXECUTE is both.
  read_model: (target) =>
    modelGrants(target, (catalog, schema) => [
      unityGrant("model", target.model, "EXECUTE"),
      unityGrant("schema", schema, "USE_SCHEMA"),
      unityGrant("catalog", catalog, "USE_CATALOG"),
    ]),
  discover_model: (target) => modelGrants(target, (catalog) => [unityGrant("catalog", catalog, "BROWSE")]),
  read_data: (target) => granted(...schemaGrants(target)),
  view_outputs: (target) => granted(...schemaGrants(target), objectPermission("warehouse", "CAN_USE")),
  use_compute: (target) => batch(target, objectPermission("cluster-policy", "CAN_USE")),
  interactive_dev: () => granted(objectPermission("interactive-policy", "CAN_USE")),
  train_model: (target) =>
    batch(target, objectPermission("job", "CAN_MANAGE_RUN"), objectPermission("experiment", "CAN_EDIT")),
  track_experiment: () => granted(objectPermission("experiment", "CAN_EDIT")),
  view_experiment: () => granted(objectPermission("experiment", "CAN_READ")),
  view_monitoring: ({ environment, online }) =>
    granted(
      roleAssignment(grantableRoles.logAnalyticsDataReader, metricsTableId(environment)),
      online ? objectPermission("serving-endpoint", "CAN_VIEW") : objectPermission("job", "CAN_VIEW"),
    ),
  list_secrets: ({ environment }) =>
    granted(roleAssignment(grantableRoles.keyVaultReader, vaultId(environment))),
  view_pipeline: ({ environment }) => granted(roleAssignment(grantableRoles.reader, factoryId(environment))),
  run_pipeline: ({ environment }) => granted(customRoleAssignment("pipelineOperator", environment)),
  // These become grants so that the guardrails can refuse them by the Azure role or the level they'd need.
  edit_pipeline: ({ environment }) => granted(customRoleAssignment("pipelineEditor", environment)),
  deploy_model: ({ online }) =>
    online
      ? granted(objectPermission("serving-endpoint", "CAN_MANAGE"))
      : unavailable("it needs an online job, and this one is a batch job"),
  manage_network: ({ environment }) =>
    granted(roleAssignment(deniedRoles.networkContributor, virtualNetworkId(environment))),
  manage_data_acls: ({ environment }) =>
    granted(roleAssignment(deniedRoles.storageBlobDataOwner, lakeId(environment))),
} as const satisfies Partial<Record<Permission, (target: GrantTarget) => GrantsResult>>;
type AvailablePermission = keyof typeof available;
const isAvailable = (permission: Permission): permission is AvailablePermission =>
  Object.hasOwn(available, permission);

/** Why no row can give a permission. */
const missing: Record<Exclude<Permission, AvailablePermission>, string> = {
  manage_access: "the app role SecurityAdmin of this service: no cloud grants it",
  manage_alerts: "nothing in a cloud: change the job's rows in Alert_Rules",
  promote_model: "the owner of the model, which is the job's own identity; a group can't hold it",
  publish_metrics: "the job's own identity, which has it; a group can't hold it",
  read_secret: "the job's own identity, which gets it from Secret_References; a group can't hold it",
  read_sql: "a user inside the database, which Azure has no role for; ask its administrator",
  register_model: "the owner of the model, which is the job's own identity; a group can't hold it",
  rotate_secret: "a role for a limited time (Privileged Identity Management), which rows can't give",
  use_selfhosted_ir: "nothing: pipelines use the runtimes of their factory",
  view_audit: "the app role Auditor of this service: no cloud grants it",
  write_data: "the job's own identity, which has it for its container; a group can't hold it",
  write_model: "the owner of the model, which is the job's own identity; a group can't hold it",
  write_secret: "a role for a limited time (Privileged Identity Management), which rows can't give",
  write_sql: "a user inside the database, which Azure has no role for; ask its administrator",
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
  "cluster-policy": ["CAN_USE"],
  experiment: ["CAN_READ", "CAN_EDIT", "CAN_MANAGE"],
  "instance-pool": ["CAN_ATTACH_TO", "CAN_MANAGE"],
  "interactive-policy": ["CAN_USE"],
  job: ["CAN_VIEW", "CAN_MANAGE_RUN", "CAN_MANAGE", "IS_OWNER"],
  "serving-endpoint": ["CAN_VIEW", "CAN_QUERY", "CAN_MANAGE"],
  warehouse: ["CAN_VIEW", "CAN_MONITOR", "CAN_USE", "CAN_MANAGE", "IS_OWNER"],
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
