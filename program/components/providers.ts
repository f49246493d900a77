/**
 * Providers are explicit, so that a subscription, tenant or workspace left in somebody's configuration
 * can never redirect a stack. Credentials are not given: they come from the process's environment.
 */
import { Provider as AzureProvider } from "@pulumi/azure-native/provider.js";
import { Provider as EntraProvider } from "@pulumi/azuread/provider.js";
import { Provider as DatabricksProvider } from "@pulumi/databricks/provider.js";
import type { EnvironmentFacts, WorkspaceFacts } from "../../metadata-schema/desired-state.ts";

export const azureProvider = ({ subscriptionId, tenantId }: EnvironmentFacts): AzureProvider =>
  new AzureProvider("azure", { subscriptionId, tenantId });

export const entraProvider = ({ tenantId }: EnvironmentFacts): EntraProvider =>
  new EntraProvider("entra", { tenantId });

/** The workspace is known by its host and by its ARM id: the token is asked for with the latter. */
export const databricksProvider = (
  { tenantId }: EnvironmentFacts,
  { host, resourceId }: WorkspaceFacts,
): DatabricksProvider =>
  new DatabricksProvider("databricks", {
    host: `https://${host}`,
    azureWorkspaceResourceId: resourceId,
    azureTenantId: tenantId,
    azureUseMsi: true,
  });
