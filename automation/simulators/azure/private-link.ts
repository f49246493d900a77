/** Which sub-resources of which targets a private endpoint can lead to, and the names they answer to. */
import { type Body, textAt } from "../json.ts";
import type { CloudObject } from "../store.ts";

interface SubResource {
  /** zone that the endpoint's record belongs in (Microsoft: "Azure Private Endpoint private DNS zone values") */
  readonly zone: string;
  /** public names that the endpoint answers to */
  fqdns(target: CloudObject): string[];
}

interface Target {
  readonly connectionType: string;
  /** whether the target's SDK shape wraps what it says of a connection in `properties` */
  readonly wraps: boolean;
  /** by group id */
  readonly subResources: Readonly<Record<string, SubResource>>;
}

const named = (zone: string, domain: string): SubResource => ({
  zone,
  fqdns: (target) => [`${target.name.toLowerCase()}.${domain}`],
});

const regionOf = (target: CloudObject): string =>
  textAt(target.body, "location").toLowerCase().replaceAll(" ", "");

const storage = (service: string): SubResource =>
  named(`privatelink.${service}.core.windows.net`, `${service}.core.windows.net`);

export const privateLinkTargets: Readonly<Record<string, Target>> = {
  "azure-native:databricks:Workspace": {
    connectionType: "azure-native:databricks:PrivateEndpointConnection",
    wraps: true,
    subResources: {
      databricks_ui_api: {
        zone: "privatelink.azuredatabricks.net",
        fqdns: (target) => [textAt(target.body, "workspaceUrl")],
      },
      browser_authentication: {
        zone: "privatelink.azuredatabricks.net",
        fqdns: (target) => [`${regionOf(target)}.pl-auth.azuredatabricks.net`],
      },
    },
  },
  "azure-native:keyvault:Vault": {
    connectionType: "azure-native:keyvault:PrivateEndpointConnection",
    wraps: false,
    subResources: { vault: named("privatelink.vaultcore.azure.net", "vault.azure.net") },
  },
  "azure-native:storage:StorageAccount": {
    connectionType: "azure-native:storage:PrivateEndpointConnection",
    wraps: false,
    subResources: {
      blob: storage("blob"),
      dfs: storage("dfs"),
      queue: storage("queue"),
      table: storage("table"),
      file: storage("file"),
    },
  },
  "azure-native:sql:Server": {
    connectionType: "azure-native:sql:PrivateEndpointConnection",
    wraps: true,
    subResources: { sqlServer: named("privatelink.database.windows.net", "database.windows.net") },
  },
  "azure-native:datafactory:Factory": {
    connectionType: "azure-native:datafactory:PrivateEndpointConnection",
    wraps: true,
    subResources: {
      dataFactory: {
        zone: "privatelink.datafactory.azure.net",
        fqdns: (target) => [`${target.name.toLowerCase()}.${regionOf(target)}.datafactory.azure.net`],
      },
      // one studio for all factories: its record is the zone's own name
      portal: { zone: "privatelink.adf.azure.com", fqdns: () => ["adf.azure.com"] },
    },
  },
};

export const connectionTypes: readonly string[] = Object.values(privateLinkTargets).map(
  (target) => target.connectionType,
);

const zones: readonly string[] = [
  ...new Set(
    Object.values(privateLinkTargets).flatMap(({ subResources }) =>
      Object.values(subResources).map(({ zone }) => zone),
    ),
  ),
];

/** Name of the record that a zone holds for a public name: `@` for the zone itself; undefined: not its business. */
export function recordNameIn(zoneName: string, fqdn: string): string | undefined {
  const zone = zones.find((known) => known === zoneName.toLowerCase());
  if (!zone) return undefined;
  const suffix = zone.replace(/^privatelink\./, "").replace("vaultcore.", "vault.");
  if (fqdn === suffix) return "@";
  return fqdn.endsWith(`.${suffix}`) ? fqdn.slice(0, -suffix.length - 1) : undefined;
}

/** The connection that an endpoint asks for: automatic or manual, with its target. */
export interface AskedConnection {
  readonly list: "privateLinkServiceConnections" | "manualPrivateLinkServiceConnections";
  readonly connection: Body;
}

export function askedConnection(body: Body): AskedConnection | undefined {
  for (const list of ["privateLinkServiceConnections", "manualPrivateLinkServiceConnections"] as const) {
    const connections = body[list];
    const first = Array.isArray(connections) ? connections[0] : undefined;
    if (first && typeof first === "object" && !Array.isArray(first)) return { list, connection: first };
  }
  return undefined;
}
