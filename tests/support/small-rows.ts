/** One environment and a few jobs: enough for every kind of stack, small enough to roll out in seconds. */
import { readFileSync } from "node:fs";
import { cloudsSeedFile } from "../../metadata-schema/sample/sample.ts";
import type { NewRow } from "../../metadata-schema/store.ts";

interface CloudsSeed {
  readonly tenantId: string;
  readonly subscriptionId: string;
  readonly groups: readonly { readonly id: string; readonly displayName: string }[];
  readonly vaults: readonly { readonly id: string }[];
}

const seed: CloudsSeed = JSON.parse(readFileSync(cloudsSeedFile, "utf8"));

export const vaultId = seed.vaults[0]?.id ?? "";

/** Object id of a group that is in the simulated directory from the start. */
export function groupId(displayName: string): string {
  const group = seed.groups.find((each) => each.displayName === displayName);
  if (group === undefined) throw new Error(`no group ${displayName} in ${cloudsSeedFile}`);
  return group.id;
}

export const environment = (values: NewRow["values"] = {}): NewRow => ({
  table: "Environments",
  values: {
    name: "eastus",
    is_default: true,
    location: "eastus",
    subscription_id: seed.subscriptionId,
    tenant_id: seed.tenantId,
    resource_group: "rg-ml-eastus",
    address_space: "10.20.0.0/16",
    key_vault_id: vaultId,
    catalog_name: "ml",
    schema_name: "models",
    default_node_type: "Standard_D4ds_v5",
    default_spark_version: "15.4.x-cpu-ml-scala2.12",
    service_address: "203.0.113.10/32",
    databricks_account_id: "8f0e2b7c-41d3-4a57-9c1e-6b5d2f90a3c4",
    ...values,
  },
});

export const job = (job_id: number, values: NewRow["values"] = {}): NewRow => ({
  table: "Jobs",
  values: { job_id, ...values },
});

export const policy = (
  job_id: number,
  permissions: readonly string[],
  values: NewRow["values"] = {},
): NewRow => ({
  table: "Access_Policies",
  values: { job_id, role: "DataScientist", permissions, entra_id_group: "ds_team", ...values },
});

export const network = (job_id: number, values: NewRow["values"] = {}): NewRow => ({
  table: "Network_Rules",
  values: { job_id, service: "Databricks", private_endpoint: "pe-databricks-eastus", ...values },
});

export const cluster = (job_id: number, min_workers: number, max_workers: number): NewRow => ({
  table: "Cluster_Configs",
  values: { job_id, min_workers, max_workers },
});

export const secret = (job_id: number): NewRow => ({
  table: "Secret_References",
  values: { job_id, key_vault: "ml-vault", secret_name: "databricks-token" },
});
