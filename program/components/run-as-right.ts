import { getClientConfigOutput } from "@pulumi/azure-native/authorization/getClientConfig.js";
import type { Provider } from "@pulumi/azure-native/provider.js";
import { AccessControlRuleSet } from "@pulumi/databricks/accessControlRuleSet.js";
import { type CustomResourceOptions, type Input, interpolate } from "@pulumi/pulumi";

/**
 * Lets whoever deploys make jobs that run as a job's identity: Databricks asks for a right of its own for that.
 *
 * The list is the whole one. It names the deployer as manager too, which the maker of an identity is anyway:
 * a list without that would take away the right to change it.
 */
export function runAsRight(
  accountId: string,
  applicationId: Input<string>,
  azure: Provider,
  opts: CustomResourceOptions,
): AccessControlRuleSet {
  const deployer = interpolate`servicePrincipals/${getClientConfigOutput({ provider: azure }).clientId}`;
  return new AccessControlRuleSet(
    "run-as-right",
    {
      name: interpolate`accounts/${accountId}/servicePrincipals/${applicationId}/ruleSets/default`,
      grantRules: ["roles/servicePrincipal.manager", "roles/servicePrincipal.user"].map((role) => ({
        role,
        principals: [deployer],
      })),
    },
    opts,
  );
}
