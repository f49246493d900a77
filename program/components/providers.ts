/**
 * Providers are explicit, so that a subscription, tenant or workspace left in somebody's configuration
 * can never redirect a stack. Credentials are not given: they come from the process's environment.
 */
import { Provider as AzureProvider } from "@pulumi/azure-native/provider.js";
import { Provider as EntraProvider } from "@pulumi/azuread/provider.js";
import { Provider as DatabricksProvider } from "@pulumi/databricks/provider.js";
import { type Input, interpolate } from "@pulumi/pulumi";
import type { EnvironmentFacts, WorkspaceFacts } from "../../metadata-schema/desired-state.ts";

export const azureProvider = (
  { subscriptionId, tenantId }: EnvironmentFacts,
  name = "azure",
): AzureProvider => new AzureProvider(name, { subscriptionId, tenantId });

export const entraProvider = ({ tenantId }: EnvironmentFacts): EntraProvider =>
  new EntraProvider("entra", { tenantId });

/**
 * The workspace is known by its host and by its ARM id: the token is asked for with the latter.
 * @param workspace its host is known only once it exists
 */
export const databricksProvider = (
  { tenantId }: EnvironmentFacts,
  { host, resourceId }: { readonly [Fact in keyof WorkspaceFacts]: Input<string> },
): DatabricksProvider =>
  new DatabricksProvider("databricks", {
    host: interpolate`https://${host}`,
    azureWorkspaceResourceId: resourceId,
    azureTenantId: tenantId,
    // As azure-native and azuread sign in, which read the same variable; the sandbox, which sets none, takes any.
    azureUseMsi: process.env.ARM_USE_MSI !== "false",
  });
