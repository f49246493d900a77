/** One environment that makes all it needs, and a job that is watched and reaches three services privately. */
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { cloudsSeedFile } from "../../metadata-schema/sample/sample.ts";
import type { NewRow } from "../../metadata-schema/store.ts";

const seed: { readonly tenantId: string; readonly subscriptionId: string } = JSON.parse(
  readFileSync(cloudsSeedFile, "utf8"),
);
export const { subscriptionId } = seed;
export const resourceGroupId = `/subscriptions/${subscriptionId}/resourceGroups/rg-private`;

export const privateEnvironment: NewRow = {
  table: "Environments",
  values: {
    name: "private",
    is_default: true,
    location: "eastus",
    subscription_id: subscriptionId,
    tenant_id: seed.tenantId,
    resource_group: "rg-private",
    address_space: "10.40.0.0/16",
    key_vault_id: null,
    catalog_name: "ml",
    schema_name: "models",
    default_node_type: "Standard_D4ds_v5",
    default_spark_version: "15.4.x-cpu-ml-scala2.12",
    service_address: "203.0.113.10/32",
    databricks_account_id: "8f0e2b7c-41d3-4a57-9c1e-6b5d2f90a3c4",
    service_url: "https://rowgate.contoso.example",
  },
};

export const endpointRow = (service: string, private_endpoint: string): NewRow => ({
  table: "Network_Rules",
  values: { job_id: 201, service, private_endpoint },
});

/** What a person's hand on the simulated clouds can do besides what TestService offers. */
export async function askClouds(
  home: string,
  method: string,
  route: string,
  body?: unknown,
): Promise<unknown> {
  const file = await readFile(path.join(home, "clouds", "endpoint.json"), "utf8");
  const { httpPort }: { httpPort: number } = JSON.parse(file);
  const response = await fetch(`http://127.0.0.1:${httpPort}${route}`, {
    method,
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });
  if (!response.ok) throw new Error(`${method} ${route}: ${response.status} ${await response.text()}`);
  return response.json();
}
