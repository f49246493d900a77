/** What an environment may take over, and which kind of resource each must be. Pure. */
import {
  type EnvironmentFacts,
  type ExistingResource,
  existingResources,
  type StackKind,
} from "../../metadata-schema/desired-state.ts";

const types: Record<ExistingResource, string> = {
  virtual_network: "Microsoft.Network/virtualNetworks/*",
  private_endpoint_subnet: "Microsoft.Network/virtualNetworks/*/subnets/*",
  databricks_host_subnet: "Microsoft.Network/virtualNetworks/*/subnets/*",
  databricks_container_subnet: "Microsoft.Network/virtualNetworks/*/subnets/*",
  nat_gateway: "Microsoft.Network/natGateways/*",
  private_dns_zones: "",
  key_vault: "Microsoft.KeyVault/vaults/*",
  lake: "Microsoft.Storage/storageAccounts/*",
  sql_server: "Microsoft.Sql/servers/*",
  metadata_database: "Microsoft.Sql/servers/*/databases/*",
  workspace: "Microsoft.Databricks/workspaces/*",
  access_connector: "Microsoft.Databricks/accessConnectors/*",
  factory: "Microsoft.DataFactory/factories/*",
  log_analytics: "Microsoft.OperationalInsights/workspaces/*",
  action_group: "Microsoft.Insights/actionGroups/*",
};

export const isExistingResource = (word: string): word is ExistingResource =>
  (existingResources as readonly string[]).includes(word);

/** The ARM id that the resource must have, as a person writes it: `…/Microsoft.KeyVault/vaults/<name>`. */
export const shapeOfExisting = (resource: ExistingResource): string => {
  const path = types[resource] === "" ? "" : `/providers/${types[resource].replaceAll("*", "<name>")}`;
  return `/subscriptions/<id>/resourceGroups/<name>${path}`;
};

/** Whether an ARM id names such a resource. */
export function fitsExisting(resource: ExistingResource, id: string): boolean {
  const path = types[resource] === "" ? "" : `/providers/${types[resource]}`;
  const pattern = `^/subscriptions/[^/]+/resourceGroups/[^/]+${path.replaceAll(".", "\\.").replaceAll("*", "[^/]+")}$`;
  return new RegExp(pattern, "i").test(id);
}

/** Those whose ids a stack of each kind computes with: of the others it must not know, or a change would run it. */
const usedBy: Partial<Record<StackKind, readonly ExistingResource[]>> = {
  platform: existingResources,
  workspace: ["workspace", "access_connector"],
  runtimes: ["factory"],
  network: ["virtual_network", "private_endpoint_subnet", "private_dns_zones"],
  firewall: ["sql_server"],
  job: ["key_vault", "lake", "factory", "log_analytics", "action_group"],
};

/** The facts that a stack of this kind needs. */
export function factsFor(kind: StackKind, facts: EnvironmentFacts): EnvironmentFacts {
  const used = usedBy[kind] ?? [];
  const kept = used.flatMap((resource) => {
    const id = facts.existing[resource];
    return id === undefined ? [] : [[resource, id] as const];
  });
  return { ...facts, existing: Object.fromEntries(kept) };
}
