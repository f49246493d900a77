import { Workspace } from "@pulumi/azure-native/databricks/workspace.js";
import type { CustomResourceOptions } from "@pulumi/pulumi";
import type { EnvironmentFacts } from "../../metadata-schema/desired-state.ts";
import {
  accessConnectorId,
  armPlace,
  managedResourceGroupId,
  subnetId,
  virtualNetworkId,
  workspaceId,
  workspaceName,
  workspaceStorageId,
} from "../layout/names.ts";
import { environmentTags } from "./tags.ts";

/** What can't be changed once the workspace exists; azure-native itself only replaces on another location. */
const fixedAtCreation = [
  "computeMode",
  "managedResourceGroupId",
  "parameters.customVirtualNetworkId.value",
  "parameters.customPublicSubnetName.value",
  "parameters.customPrivateSubnetName.value",
  "parameters.storageAccountName.value",
];

/**
 * The environment's Databricks workspace; one that exists is only read.
 *
 * Its public side is off (Azure.Databricks.PublicAccess), so callers come through a private endpoint, this
 * service included. IP access lists judge callers of the public side only: with it off they are the second
 * door, which still stands if somebody opens the first. That is why the firewall stack keeps its list, and
 * keeps the service's own address on it.
 */
export const mlWorkspace = (environment: EnvironmentFacts, opts: CustomResourceOptions): Workspace =>
  environment.existing.workspace === undefined
    ? ownWorkspace(environment, opts)
    : Workspace.get("workspace", workspaceId(environment), {
        ...(opts.provider ? { provider: opts.provider } : {}),
      });

const ownWorkspace = (environment: EnvironmentFacts, opts: CustomResourceOptions): Workspace =>
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
      // Its own storage is closed too, but for private endpoints and this connector.
      defaultStorageFirewall: "Enabled",
      accessConnector: { id: accessConnectorId(environment), identityType: "SystemAssigned" },
      parameters: {
        customVirtualNetworkId: { value: virtualNetworkId(environment) },
        // Databricks' words: "public" is the host subnet. No node has a public address (CKV_AZURE_158).
        customPublicSubnetName: { value: armPlace(subnetId(environment, "databricks-host")).name },
        customPrivateSubnetName: { value: armPlace(subnetId(environment, "databricks-container")).name },
        enableNoPublicIp: { value: true },
        // Named, so that private endpoints can lead to it.
        storageAccountName: { value: armPlace(workspaceStorageId(environment)).name },
      },
      tags: environmentTags(environment),
    },
    // The new one has the old one's name, so the old one has to go first.
    { ...opts, replaceOnChanges: fixedAtCreation, deleteBeforeReplace: true },
  );
