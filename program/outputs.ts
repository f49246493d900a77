/**
 * The outputs that every stack promises. Pipelines read these names, so they are snake_case like the
 * tables; removing or renaming one is a breaking change. No secret is ever an output.
 */
import type { Input } from "@pulumi/pulumi";
import type { AclObjectType, NetworkService, StackKind } from "../metadata-schema/desired-state.ts";

export interface PlatformOutputs {
  readonly resource_group: string;
  readonly virtual_network_id: string;
  readonly private_endpoint_subnet_id: string;
  readonly private_dns_zone_ids: Readonly<Record<NetworkService, string>>;
  /** ARM id */
  readonly workspace_resource_id: string;
  /** Databricks' own number of the workspace */
  readonly workspace_id: string;
  /** host name without a scheme */
  readonly workspace_url: string;
  readonly key_vault_id: string;
  /** without a closing slash */
  readonly key_vault_uri: string;
  readonly lake_id: string;
  /** with https:// and without a closing slash */
  readonly lake_dfs_endpoint: string;
  readonly sql_server_id: string;
  readonly sql_server_host: string;
  readonly factory_id: string;
  readonly factory_name: string;
  /** application id of the identity that pipelines sign in as */
  readonly factory_client_id: string;
  /** object id of that identity */
  readonly factory_principal_id: string;
  /** object id of the identity that Unity Catalog reaches the lake with */
  readonly connector_principal_id: string;
  readonly log_analytics_id: string;
  /** URL that jobs post metrics to, and the immutable id of the rule that takes them */
  readonly metrics_endpoint: string;
  readonly metrics_rule_id: string;
  readonly action_group_id: string;
  readonly own_group_object_id: string | null;
}

export interface WorkspaceOutputs {
  /** Databricks' id of the SQL warehouse that people query outputs with */
  readonly warehouse_id: string;
  /** name of Unity Catalog's way into the lake */
  readonly storage_credential: string;
}

export interface IntegrationRuntimeOutput {
  /** ARM id */
  readonly id: string;
  readonly type: "managed" | "self-hosted";
}

export interface RuntimesOutputs {
  /** by name */
  readonly integration_runtimes: Readonly<Record<string, IntegrationRuntimeOutput>>;
}

export interface PrivateEndpointOutput {
  /** ARM id */
  readonly id: string;
  readonly service: NetworkService;
  readonly group_id: string;
  /** of the connection, when the stack last ran: Approved, Pending, Rejected, Disconnected, or Unknown */
  readonly status: string;
  /** addresses that the private zone answers with */
  readonly ip_addresses: readonly string[];
}

export interface NetworkOutputs {
  /** by name of the endpoint */
  readonly private_endpoints: Readonly<Record<string, PrivateEndpointOutput>>;
}

export interface FirewallOutputs {
  /** Databricks' list; null for other services */
  readonly ip_access_list_id: string | null;
  /** ARM ids of the rules of an SQL server; empty for other services */
  readonly firewall_rule_ids: readonly string[];
  /** CIDRs that may call, the service's own first */
  readonly allowed_ranges: readonly string[];
}

export interface JobOutputs {
  readonly job_id: number;
  readonly environment: string;
  /** null: the job is online */
  readonly databricks_job_id: string | null;
  readonly databricks_job_url: string | null;
  readonly cluster_policy_id: string | null;
  /** null: the job is not urgent, or online */
  readonly instance_pool_id: string | null;
  /** policy for clusters that people work on */
  readonly interactive_policy_id: string;
  readonly experiment_id: string;
  /** Databricks' id, which permissions take, and the name, which callers take; null: the job is a batch job */
  readonly serving_endpoint_id: string | null;
  readonly serving_endpoint_name: string | null;
  /** application id of the job's identity */
  readonly identity_client_id: string;
  /** object id of the job's identity */
  readonly identity_principal_id: string;
  /** id of that identity inside the Databricks workspace */
  readonly service_principal_id: string;
  readonly model_full_name: string;
  /** where the job's data lies: abfss://container@account.dfs.core.windows.net */
  readonly container_url: string;
  /** where the job's secrets are read at run time; unversioned, never values */
  readonly secret_uris: readonly string[];
  /** names in the factory; null: the job has no pipeline, or it has no trigger */
  readonly pipeline_name: string | null;
  readonly trigger_name: string | null;
  readonly integration_runtime: string | null;
  /** ARM ids */
  readonly alert_ids: readonly string[];
}

export interface AccessOutputs {
  /** ARM ids */
  readonly role_assignment_ids: readonly string[];
  readonly unity_grant_ids: readonly string[];
}

export interface AclOutputs {
  readonly objects: readonly {
    readonly type: AclObjectType;
    /** Databricks' id */
    readonly id: string;
    readonly access_controls: readonly {
      /** display name of a group, application id of a service principal */
      readonly principal: string;
      readonly level: string;
    }[];
  }[];
}

export interface OutputsByKind {
  readonly platform: PlatformOutputs;
  readonly workspace: WorkspaceOutputs;
  readonly runtimes: RuntimesOutputs;
  readonly network: NetworkOutputs;
  readonly firewall: FirewallOutputs;
  readonly job: JobOutputs;
  readonly access: AccessOutputs;
  readonly acl: AclOutputs;
}

/** Outputs as the program returns them: some are known only once a resource exists. */
export type PromisedOutputs<Kind extends StackKind> = {
  readonly [Name in keyof OutputsByKind[Kind]]: Input<OutputsByKind[Kind][Name]>;
};
