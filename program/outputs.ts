/**
 * The outputs that every stack promises. Pipelines read these names, so they are snake_case like the
 * tables; removing or renaming one is a breaking change. No secret is ever an output.
 */
import type { Input } from "@pulumi/pulumi";
import type { NetworkService, StackKind } from "../metadata-schema/desired-state.ts";

export interface PlatformOutputs {
  readonly resource_group: string;
  readonly virtual_network_id: string;
  readonly private_endpoint_subnet_id: string;
  /** ARM id */
  readonly workspace_resource_id: string;
  /** Databricks' own number of the workspace */
  readonly workspace_id: string;
  /** host name without a scheme */
  readonly workspace_url: string;
  readonly key_vault_id: string;
  /** without a closing slash */
  readonly key_vault_uri: string;
  readonly private_dns_zone_ids: Readonly<Record<NetworkService, string>>;
  readonly own_group_object_id: string | null;
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
  readonly ip_access_list_id: string;
  /** CIDRs on the list, the service's own first */
  readonly allowed_ranges: readonly string[];
}

export interface JobOutputs {
  readonly job_id: number;
  readonly environment: string;
  readonly databricks_job_id: string;
  readonly databricks_job_url: string;
  readonly cluster_policy_id: string;
  /** application id of the job's identity */
  readonly identity_client_id: string;
  /** object id of the job's identity */
  readonly identity_principal_id: string;
  /** id of that identity inside the Databricks workspace */
  readonly service_principal_id: string;
  readonly model_full_name: string;
  /** where the job's secrets are read at run time; unversioned, never values */
  readonly secret_uris: readonly string[];
}

export interface AccessOutputs {
  /** ARM ids */
  readonly role_assignment_ids: readonly string[];
  readonly unity_grant_ids: readonly string[];
}

export interface AclOutputs {
  /** Databricks id of the job or cluster policy */
  readonly object_id: string;
  readonly access_controls: readonly { readonly group_name: string; readonly level: string }[];
}

export interface OutputsByKind {
  readonly platform: PlatformOutputs;
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
