import type { ResourceType } from "../resource-type.ts";
import { armType } from "./arm-type.ts";

export const resourceGroupToken = "azure-native:resources:ResourceGroup";

/** Deleting a group takes what is in it. */
export const resourceGroup: ResourceType = armType({
  token: resourceGroupToken,
  armType: "Microsoft.Resources/resourceGroups",
  path: "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}",
  required: ["location"],
  replaceOn: ["location", "managedBy"],
  build: () => ({ properties: { provisioningState: "Succeeded" } }),
});
