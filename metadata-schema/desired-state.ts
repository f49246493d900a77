/**
 * StackSpec: all that one stack must contain. The one type that program/ and automation/ share.
 *
 * A spec holds values only: references to other stacks are resolved before a spec is made, so that
 * equal JSON means an equal stack. ARM ids of our own resources are not in it: program/layout/names.ts
 * computes them from the environment facts.
 */

/** Where an environment lives. Facts of its Environments row that every stack of it needs. */
export interface EnvironmentFacts {
  /** `[a-z0-9]{2,12}`, the key of the Environments row */
  readonly name: string;
  /** Azure region, e.g. `eastus` */
  readonly location: string;
  readonly subscriptionId: string;
  readonly tenantId: string;
  readonly resourceGroup: string;
}

/** What a stack needs to talk to the environment's Databricks workspace. */
export interface WorkspaceFacts {
  /** host name without a scheme, e.g. `adb-1234567890123456.7.azuredatabricks.net` */
  readonly host: string;
  /** ARM id of the workspace */
  readonly resourceId: string;
}

/** Services that Network_Rules can name. */
export const networkServices = ["databricks", "keyvault"] as const;
export type NetworkService = (typeof networkServices)[number];

/** Either the stack makes the vault, or the environment's row names one that exists. */
export type VaultChoice =
  | { readonly mode: "own"; readonly name: string }
  | { readonly mode: "referenced"; readonly id: string };

/** An Entra group that the environment's row asks for; all other groups are only looked up. */
export interface OwnGroup {
  readonly displayName: string;
  /** object ids, sorted */
  readonly memberObjectIds: readonly string[];
}

export interface PlatformSpec {
  readonly kind: "platform";
  readonly stack: string;
  readonly environment: EnvironmentFacts;
  /** IPv4 CIDR of the VNet, at least a /22; program/layout/address-plan.ts cuts the subnets */
  readonly addressSpace: string;
  readonly vault: VaultChoice;
  readonly ownGroup: OwnGroup | null;
}

export interface PrivateEndpointSpec {
  readonly name: string;
  /** ARM id of what the endpoint leads to */
  readonly targetId: string;
  /** sub-resource of the target, e.g. `databricks_ui_api` or `vault` */
  readonly groupId: string;
}

export interface NetworkSpec {
  readonly kind: "network";
  readonly stack: string;
  readonly environment: EnvironmentFacts;
  readonly service: NetworkService;
  /** sorted by name */
  readonly endpoints: readonly PrivateEndpointSpec[];
}

export interface FirewallSpec {
  readonly kind: "firewall";
  readonly stack: string;
  readonly environment: EnvironmentFacts;
  readonly service: "databricks";
  readonly workspace: WorkspaceFacts;
  /** the service's own address as a CIDR: always on the ALLOW list, or it would lock itself out */
  readonly serviceAddress: string;
  /** CIDRs from rows, sorted, without the service's own */
  readonly ranges: readonly string[];
}

export interface ClusterSpec {
  readonly nodeType: string;
  readonly sparkVersion: string;
  readonly minWorkers: number;
  readonly maxWorkers: number;
}

export interface SecretSpec {
  /** ARM id of the vault */
  readonly vaultId: string;
  /** e.g. `https://ml-vault.vault.azure.net` */
  readonly vaultUri: string;
  readonly secretName: string;
}

export interface JobSpec {
  readonly kind: "job";
  readonly stack: string;
  readonly environment: EnvironmentFacts;
  readonly workspace: WorkspaceFacts;
  readonly jobId: number;
  readonly name: string;
  /** false pauses the schedule; nothing is destroyed */
  readonly enabled: boolean;
  readonly urgent: boolean;
  readonly owner: string | null;
  /** Quartz cron and a time zone; null: the job has no schedule */
  readonly schedule: { readonly cron: string; readonly timeZone: string } | null;
  /** workspace path of the notebook that the job runs */
  readonly taskPath: string;
  /** three-level Unity Catalog name */
  readonly model: string;
  readonly cluster: ClusterSpec;
  /** sorted by vault and name */
  readonly secrets: readonly SecretSpec[];
}

/** Who holds access. Databricks calls take the display name, Azure calls the object id. */
export interface PrincipalSpec {
  readonly type: "Group";
  readonly objectId: string;
  readonly displayName: string;
}

export interface RoleAssignmentSpec {
  /** ARM id */
  readonly scope: string;
  /** GUID of the Azure role */
  readonly roleId: string;
  readonly roleName: string;
}

export type SecurableType = "catalog" | "schema" | "model";

export interface UnityGrantSpec {
  readonly securable: SecurableType;
  /** full name: `ml`, `ml.models`, `ml.models.churn` */
  readonly name: string;
  /** sorted, e.g. `["USE_CATALOG"]` */
  readonly privileges: readonly string[];
}

export interface AccessSpec {
  readonly kind: "access";
  readonly stack: string;
  readonly environment: EnvironmentFacts;
  readonly workspace: WorkspaceFacts;
  readonly principal: PrincipalSpec;
  /** sorted by scope and role; one per (scope, role) */
  readonly roleAssignments: readonly RoleAssignmentSpec[];
  /** sorted by securable and name; one per securable */
  readonly unityGrants: readonly UnityGrantSpec[];
}

export type AclObjectType = "job" | "cluster-policy";

export interface AccessControlSpec {
  readonly groupName: string;
  readonly level: string;
}

export interface AclSpec {
  readonly kind: "acl";
  readonly stack: string;
  readonly environment: EnvironmentFacts;
  readonly workspace: WorkspaceFacts;
  readonly object: { readonly type: AclObjectType; readonly id: string };
  /** sorted by group; one level a principal, the highest that its rows ask for */
  readonly accessControls: readonly AccessControlSpec[];
}

export type StackSpec = PlatformSpec | NetworkSpec | FirewallSpec | JobSpec | AccessSpec | AclSpec;

export type StackKind = StackSpec["kind"];
