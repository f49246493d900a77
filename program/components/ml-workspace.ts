import { Workspace } from "@pulumi/azure-native/databricks/workspace.js";
import type { CustomResourceOptions } from "@pulumi/pulumi";
import type { EnvironmentFacts } from "../../metadata-schema/desired-state.ts";
import { managedResourceGroupId, subnetName, virtualNetworkId, workspaceName } from "../layout/names.ts";
import { environmentTags } from "./tags.ts";

/** What can't be changed once the workspace exists; azure-native itself only replaces on another location. */
const fixedAtCreation = [
  "computeMode",
  "managedResourceGroupId",
  "parameters.customVirtualNetworkId.value",
  "parameters.customPublicSubnetName.value",
  "parameters.customPrivateSubnetName.value",
];

/**
 * The environment's Databricks workspace.
 *
 * Its public side is off (Azure.Databricks.PublicAccess), so callers come through a private endpoint, this
 * service included. IP access lists judge callers of the public side only: with it off they are the second
 * door, which still stands if somebody opens the first. That is why the firewall stack keeps its list, and
 * keeps the service's own address on it.
 */
export const mlWorkspace = (environment: EnvironmentFacts, opts: CustomResourceOptions): Workspace =>
  new Workspace(
    "workspace",
    {
      resourceGroupName: environment.resourceGroup,
      location: environment.location,
      workspaceName: workspaceName(environment),
      managedResourceGroupId: managedResourceGroupId(environment),
      // Private Link and IP access lists are premium features.
      sku: { name: "premium" },
      // The API refuses a workspace without it, though the type calls it optional.
      computeMode: "Hybrid",
      publicNetworkAccess: "Disabled",
      // Nodes reach the control plane by private endpoint: Databricks must not open the security group for it.
      requiredNsgRules: "NoAzureDatabricksRules",
      parameters: {
        customVirtualNetworkId: { value: virtualNetworkId(environment) },
        // Databricks' words: "public" is the host subnet. No node has a public address (CKV_AZURE_158).
        customPublicSubnetName: { value: subnetName("databricks-host") },
        customPrivateSubnetName: { value: subnetName("databricks-container") },
        enableNoPublicIp: { value: true },
      },
      tags: environmentTags(environment),
    },
    // The new one has the old one's name, so the old one has to go first.
    { ...opts, replaceOnChanges: fixedAtCreation, deleteBeforeReplace: true },
  );
