/** Resources of somebody else's in the simulated cloud, closed as the guardrails ask, for an environment to take over. */
import type { TestService } from "./service.ts";
import { vaultId } from "./small-rows.ts";

/** ARM id of something in a resource group that is nobody's environment. */
export const sharedId = (path: string): string => vaultId.replace(/Microsoft\.KeyVault.*/, path);

export const sharedServer = {
  type: "azure-native:sql:Server",
  id: sharedId("Microsoft.Sql/servers/sql-shared"),
  properties: {
    location: "eastus",
    version: "12.0",
    publicNetworkAccess: "Disabled",
    minimalTlsVersion: "1.2",
    restrictOutboundNetworkAccess: "Enabled",
    fullyQualifiedDomainName: "sql-shared.database.windows.net",
    administrators: { administratorType: "ActiveDirectory", azureADOnlyAuthentication: true },
  },
};

interface Resource {
  readonly type: string;
  readonly id: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** A person makes them in the portal, in this order. */
export async function makeByHand(service: TestService, resources: readonly Resource[]): Promise<void> {
  for (const { id, type, properties } of resources) await service.setObject(id, properties, type);
}
