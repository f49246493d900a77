/** The services of the simulated clouds that answer to a name, read from the store each time. */
import { createHash } from "node:crypto";
import { askedConnection, privateLinkTargets } from "../azure/private-link.ts";
import { sameId } from "../azure/virtual-network.ts";
import { bodiesAt, textAt } from "../json.ts";
import type { CloudObject, Store } from "../store.ts";

export const serviceNames = ["databricks", "keyvault", "dfs", "blob", "sql", "factory", "portal"] as const;
export type ServiceName = (typeof serviceNames)[number];

export interface ServiceKind {
  readonly name: ServiceName;
  /** public domain of its names */
  readonly domain: string;
  /** private zone of the same names, by Microsoft's "Azure Private Endpoint private DNS zone values" */
  readonly zone: string;
  readonly port: number;
  /** how security rules name its public addresses */
  readonly tag: string;
}

const web = 443;
const kinds: readonly ServiceKind[] = [
  {
    name: "databricks",
    domain: "azuredatabricks.net",
    zone: "privatelink.azuredatabricks.net",
    port: web,
    tag: "AzureDatabricks",
  },
  {
    name: "keyvault",
    domain: "vault.azure.net",
    zone: "privatelink.vaultcore.azure.net",
    port: web,
    tag: "AzureKeyVault",
  },
  {
    name: "dfs",
    domain: "dfs.core.windows.net",
    zone: "privatelink.dfs.core.windows.net",
    port: web,
    tag: "Storage",
  },
  {
    name: "blob",
    domain: "blob.core.windows.net",
    zone: "privatelink.blob.core.windows.net",
    port: web,
    tag: "Storage",
  },
  {
    name: "sql",
    domain: "database.windows.net",
    zone: "privatelink.database.windows.net",
    port: 1433,
    tag: "Sql",
  },
  {
    name: "factory",
    domain: "datafactory.azure.net",
    zone: "privatelink.datafactory.azure.net",
    port: web,
    tag: "DataFactory",
  },
  {
    name: "portal",
    domain: "adf.azure.com",
    zone: "privatelink.adf.azure.com",
    port: web,
    tag: "AzureFrontDoor.Frontend",
  },
];

export interface Service {
  readonly fqdn: string;
  readonly kind: ServiceKind;
  /** the resource that answers to the name; of several that share a name, one */
  readonly target: CloudObject;
  /** whether the name belongs to everybody, so that no single resource's settings close it */
  readonly shared: boolean;
  /** the name that `fqdn` is an alias of once a private endpoint leads to the target */
  readonly privateName: string;
  readonly publicAddress: string;
}

/** Every service with a name: what targets answer to, and what endpoints say that they lead to. */
export function servicesOf(store: Store): Service[] {
  const found = new Map<string, Service>();
  const add = (fqdn: string, target: CloudObject): void => {
    const service = describeService(fqdn.toLowerCase(), target);
    if (service && !found.has(service.fqdn)) found.set(service.fqdn, service);
  };
  for (const [type, rule] of Object.entries(privateLinkTargets)) {
    for (const target of store.ofType(type)) {
      for (const { fqdns } of Object.values(rule.subResources))
        for (const fqdn of fqdns(target)) add(fqdn, target);
    }
  }
  for (const endpoint of store.ofType("azure-native:network:PrivateEndpoint")) {
    const target = store.get("azure", targetIdOf(endpoint));
    if (target) for (const fqdn of namesOf(endpoint)) add(fqdn, target);
  }
  return [...found.values()];
}

/** The names that an endpoint leads to. */
export const namesOf = (endpoint: CloudObject): string[] =>
  bodiesAt(endpoint.body, "customDnsConfigs").map((dns) => textAt(dns, "fqdn").toLowerCase());

export const targetIdOf = (endpoint: CloudObject): string =>
  textAt(askedConnection(endpoint.body)?.connection, "privateLinkServiceId");

/** The connection that an endpoint has on its target; undefined once either is gone. */
export function connectionOf(store: Store, endpoint: CloudObject): CloudObject | undefined {
  const target = store.get("azure", targetIdOf(endpoint));
  if (!target) return undefined;
  return store
    .below("azure", `${target.id}/privateEndpointConnections`)
    .find((connection) => sameId(textAt(connection.body, "privateEndpoint.id"), endpoint.id));
}

function describeService(fqdn: string, target: CloudObject): Service | undefined {
  const kind = kinds.find(({ domain }) => fqdn === domain || fqdn.endsWith(`.${domain}`));
  if (!kind) return undefined;
  const label = fqdn.slice(0, Math.max(0, fqdn.length - kind.domain.length - 1));
  return {
    fqdn,
    kind,
    target,
    shared: kind.name === "portal" || label.endsWith(".pl-auth"),
    privateName: label === "" ? kind.zone : `${label}.${kind.zone}`,
    publicAddress: publicAddressOf(fqdn),
  };
}

// Two of the blocks that RFC 5737 keeps for documentation; the third is where the sandbox's callers live.
const publicBlocks = ["192.0.2", "198.51.100"];

/** An address from a documentation block, always the same for a name. Two names may share one, as on Azure. */
export function publicAddressOf(fqdn: string): string {
  const [block = 0, host = 0] = createHash("sha256").update(fqdn.toLowerCase()).digest();
  return `${publicBlocks[block % publicBlocks.length]}.${1 + (host % 254)}`;
}
