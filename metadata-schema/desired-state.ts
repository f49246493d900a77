/**
 * StackSpec: all that one stack must contain. The one type that program/ and automation/ share.
 *
 * A spec holds values only: references to other stacks are resolved before a spec is made, so that
 * equal JSON means an equal stack. ARM ids of our own resources are not in it: program/layout/names.ts
 * computes them from the environment facts.
 */

/** What an environment can take over instead of having it made. Keys of Environments.existing_resources. */
export const existingResources = [
  "virtual_network",
  "private_endpoint_subnet",
  "databricks_host_subnet",
  "databricks_container_subnet",
  "nat_gateway",
  /** a resource group that holds all private DNS zones, linked to the virtual network already */
  "private_dns_zones",
  "key_vault",
  "lake",
  "sql_server",
  /** the database that holds the metadata tables, where pipelines look their outputs up */
  "metadata_database",
  "workspace",
  "access_connector",
  "factory",
  "log_analytics",
  "action_group",
] as const;
export type ExistingResource = (typeof existingResources)[number];

/** Where an environment lives. Facts of its Environments row that every stack of it needs. */
export interface EnvironmentFacts {
  /** `[a-z0-9]{2,12}`, the key of the Environments row */
  readonly name: string;
  /** Azure region, e.g. `eastus` */
  readonly location: string;
  readonly subscriptionId: string;
  readonly tenantId: string;
  readonly resourceGroup: string;
  /** ARM ids of what exists already; what is not here is made. Only those that the stack uses. */
  readonly existing: Readonly<Partial<Record<ExistingResource, string>>>;
}

/** What a stack needs to talk to the environment's Databricks workspace. */
export interface WorkspaceFacts {
  /** host name without a scheme, e.g. `adb-1234567890123456.7.azuredatabricks.net` */
  readonly host: string;
  /** ARM id of the workspace */
  readonly resourceId: string;
}

/** Services that Network_Rules can name. */
export const networkServices = ["databricks", "keyvault", "dfs", "blob", "sql", "factory", "portal"] as const;
export type NetworkService = (typeof networkServices)[number];

/** Services whose public side has a list of callers that a stack of its own can hold. */
export const firewallServices = ["databricks", "sql"] as const;
export type FirewallService = (typeof firewallServices)[number];

/** An Entra group that the environment's row asks for; all other groups are only looked up. */
export interface OwnGroup {
  readonly displayName: string;
  /** object ids, sorted */
  readonly memberObjectIds: readonly string[];
}

/** A guardrail that is set aside for one value, as a row of Guardrail_Exceptions that holds now has it. */
export interface GuardrailException {
  readonly guardrail: string;
  readonly subject: string;
}

/** What some of the stack's contents break by exception. */
interface MayHaveExceptions {
  /** sorted by guardrail and subject; left out where there are none */
  readonly exceptions?: readonly GuardrailException[];
}

export interface PlatformSpec {
  readonly kind: "platform";
  readonly stack: string;
  readonly environment: EnvironmentFacts;
  /** IPv4 CIDR of the VNet, at least a /22; program/layout/address-plan.ts cuts the subnets */
  readonly addressSpace: string;
  readonly ownGroup: OwnGroup | null;
  /** base URL of this service, without a closing slash: fired alerts are told to it; null: to nobody */
  readonly serviceUrl: string | null;
  /** addresses that the action group mails, sorted */
  readonly alertEmails: readonly string[];
  /** false: a place to try things */
  readonly production: boolean;
  /** true: nothing that holds data can be deleted or replaced */
  readonly deletionProtection: boolean;
}

/** What an environment has inside its Databricks workspace, for all jobs. */
export interface WorkspaceSpec {
  readonly kind: "workspace";
  readonly stack: string;
  readonly environment: EnvironmentFacts;
  readonly workspace: WorkspaceFacts;
  /** application id of the identity that pipelines sign in as */
  readonly factoryClientId: string;
}

export interface IntegrationRuntimeSpec {
  readonly name: string;
  /** managed: in the factory's managed network */
  readonly type: "managed" | "self-hosted";
  readonly description: string | null;
  /** of a managed runtime's data flows */
  readonly coreCount: number;
  readonly timeToLiveMinutes: number;
}

export interface RuntimesSpec {
  readonly kind: "runtimes";
  readonly stack: string;
  readonly environment: EnvironmentFacts;
  /** sorted by name */
  readonly runtimes: readonly IntegrationRuntimeSpec[];
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

interface FirewallCommon extends MayHaveExceptions {
  readonly kind: "firewall";
  readonly stack: string;
  readonly environment: EnvironmentFacts;
  /** CIDRs from rows, sorted, without the service's own */
  readonly ranges: readonly string[];
}

export type FirewallSpec = FirewallCommon &
  (
    | {
        readonly service: "databricks";
        readonly workspace: WorkspaceFacts;
        /** the service's own address as a CIDR: always on the ALLOW list, or it would lock itself out */
        readonly serviceAddress: string;
      }
    | { readonly service: "sql" }
  );

export interface ClusterSpec {
  readonly nodeType: string;
  readonly sparkVersion: string;
  readonly minWorkers: number;
  readonly maxWorkers: number;
  /** workers may be spot machines; never those of an urgent job */
  readonly spot: boolean;
  /** minutes without use after which an interactive cluster ends */
  readonly autoTerminationMinutes: number;
}

export interface SecretSpec {
  /** ARM id of the vault */
  readonly vaultId: string;
  /** e.g. `https://ml-vault.vault.azure.net` */
  readonly vaultUri: string;
  readonly secretName: string;
}

/** The serving endpoint of an online job. */
export interface ServingSpec {
  /** version of the job's model */
  readonly version: string;
  /** Small, Medium or Large */
  readonly size: string;
}

/** Where a pipeline reads from. */
export interface DataSourceSpec {
  readonly name: string;
  readonly type: "sql-server" | "azure-sql" | "adls" | "blob" | "rest";
  /** server, account or URL; null: the environment's own lake */
  readonly host: string | null;
  readonly database: string | null;
  readonly path: string | null;
  /** null: signs in as the factory */
  readonly credential: SecretSpec | null;
}

/** When a pipeline runs, in Data Factory's words; layout/recurrence.ts makes it from a Quartz expression. */
export interface TriggerSpec {
  readonly frequency: "Minute" | "Hour" | "Day" | "Week" | "Month";
  readonly interval: number;
  /** Windows' id of the time zone, as Data Factory takes it */
  readonly timeZone: string;
  /** each empty where the frequency has no use for it */
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  /** Sunday to Saturday */
  readonly weekDays: readonly string[];
  /** 1 to 31; -1: the last */
  readonly monthDays: readonly number[];
  /** false: it is there and stopped */
  readonly started: boolean;
}

export interface PipelineSpec {
  /** null: nothing is copied before the job runs */
  readonly source: DataSourceSpec | null;
  /** name of the integration runtime that copies and calls */
  readonly runtime: string;
  /** folder in the job's container */
  readonly sinkPath: string;
  readonly concurrency: number;
  readonly timeoutMinutes: number;
  readonly retryCount: number;
  readonly retryIntervalSeconds: number;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** null: it is started by people and other pipelines only */
  readonly trigger: TriggerSpec | null;
  /** base URL of this service; null: the pipeline does not call it */
  readonly serviceUrl: string | null;
}

export interface AlertSpec {
  /** a metric that jobs report, e.g. model_accuracy or drift; or pipeline_failures, which Azure counts itself */
  readonly metric: string;
  readonly operator: "LessThan" | "GreaterThan" | "LessThanOrEqual" | "GreaterThanOrEqual";
  readonly threshold: number;
  readonly windowMinutes: number;
  readonly frequencyMinutes: number;
  /** 0 (critical) to 4 (verbose) */
  readonly severity: number;
  /** alert: no value in a window is told too */
  readonly missingData: "alert" | "ignore";
  readonly enabled: boolean;
}

export interface JobSpec extends MayHaveExceptions {
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
  /** Quartz cron and a time zone; null: the job has no schedule, or its pipeline's trigger has it */
  readonly schedule: { readonly cron: string; readonly timeZone: string } | null;
  /** workspace path of the notebook that the job runs */
  readonly taskPath: string;
  /** three-level Unity Catalog name */
  readonly model: string;
  /** true: the model is the job's own and is registered by its stack */
  readonly ownsModel: boolean;
  /** Unity Catalog names where the environment's data lives */
  readonly catalog: string;
  readonly schema: string;
  readonly cluster: ClusterSpec;
  /** true: the job has a serving endpoint in place of a Databricks job */
  readonly online: boolean;
  /** what the endpoint serves; null: the model has no version yet, or the job is not online */
  readonly serving: ServingSpec | null;
  /** who may sign in as the job's identity without a secret; null: nobody */
  readonly federation: { readonly issuer: string; readonly subject: string } | null;
  /** of the Databricks account: lets the service run jobs as the job's identity; null: no rule set is made */
  readonly accountId: string | null;
  /** object id of the identity that Unity Catalog reaches the lake with */
  readonly connectorPrincipalId: string;
  /** where the job reports metrics */
  readonly metrics: { readonly endpoint: string; readonly ruleId: string };
  /** SQL warehouse that makes the table which drift is watched in; null: drift is not watched */
  readonly driftWarehouseId: string | null;
  /** sorted by vault and name */
  readonly secrets: readonly SecretSpec[];
  readonly pipeline: PipelineSpec | null;
  /** sorted by metric and operator */
  readonly alerts: readonly AlertSpec[];
}

/** Who holds access. Databricks calls take the display name, Azure calls the object id. */
export interface PrincipalSpec {
  /** a group of people, or the identity of a workload */
  readonly type: "Group" | "ServicePrincipal";
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

export interface AccessSpec extends MayHaveExceptions {
  readonly kind: "access";
  readonly stack: string;
  readonly environment: EnvironmentFacts;
  readonly workspace: WorkspaceFacts;
  /** left out: the environment is a place to try things */
  readonly production?: true;
  readonly principal: PrincipalSpec;
  /** true: the principal may sign in to the workspace */
  readonly workspaceMember: boolean;
  /** sorted by scope and role; one per (scope, role) */
  readonly roleAssignments: readonly RoleAssignmentSpec[];
  /** sorted by securable and name; one per securable */
  readonly unityGrants: readonly UnityGrantSpec[];
}

/** Databricks objects that have a permission list. All but the warehouse belong to one job. */
export const aclObjectTypes = [
  "cluster-policy",
  "experiment",
  "instance-pool",
  "interactive-policy",
  "job",
  "serving-endpoint",
  "warehouse",
] as const;
export type AclObjectType = (typeof aclObjectTypes)[number];

export interface AccessControlSpec {
  readonly principal: "group" | "service-principal";
  /** display name of a group, application id of a service principal */
  readonly name: string;
  readonly level: string;
}

/** The whole permission list of one object. */
export interface ObjectAclSpec {
  readonly type: AclObjectType;
  /** Databricks' id */
  readonly id: string;
  /** sorted by principal; one level a principal, the highest that its rows ask for */
  readonly accessControls: readonly AccessControlSpec[];
}

export interface AclSpec {
  readonly kind: "acl";
  readonly stack: string;
  readonly environment: EnvironmentFacts;
  readonly workspace: WorkspaceFacts;
  /** sorted by type; objects with nobody on their list are left out */
  readonly objects: readonly ObjectAclSpec[];
}

export type StackSpec =
  | PlatformSpec
  | WorkspaceSpec
  | RuntimesSpec
  | NetworkSpec
  | FirewallSpec
  | JobSpec
  | AccessSpec
  | AclSpec;

export type StackKind = StackSpec["kind"];
