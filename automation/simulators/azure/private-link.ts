/** Which sub-resources of which targets a private endpoint can lead to, and the names they answer to. */
import { type Body, textAt } from "../json.ts";
import type { CloudObject } from "../store.ts";

interface Target {
  /** group ids, by Microsoft's "Azure Private Endpoint private DNS zone values" */
  readonly groupIds: readonly string[];
  /** zone that the endpoint's record belongs in */
  readonly zone: string;
  readonly connectionType: string;
  /** public names that the endpoint answers to */
  fqdns(target: CloudObject, groupId: string): string[];
}

export const privateLinkTargets: Readonly<Record<string, Target>> = {
  "azure-native:databricks:Workspace": {
    groupIds: ["databricks_ui_api", "browser_authentication"],
    zone: "privatelink.azuredatabricks.net",
    connectionType: "azure-native:databricks:PrivateEndpointConnection",
    fqdns: (target, groupId) =>
      groupId === "browser_authentication"
        ? [`${textAt(target.body, "location").toLowerCase().replaceAll(" ", "")}.pl-auth.azuredatabricks.net`]
        : [textAt(target.body, "workspaceUrl")],
  },
  "azure-native:keyvault:Vault": {
    groupIds: ["vault"],
    zone: "privatelink.vaultcore.azure.net",
    connectionType: "azure-native:keyvault:PrivateEndpointConnection",
    fqdns: (target) => [`${target.name.toLowerCase()}.vault.azure.net`],
  },
};

export const connectionTypes: readonly string[] = Object.values(privateLinkTargets).map(
  (target) => target.connectionType,
);

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
