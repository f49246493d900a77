import { armError } from "../cloud-error.ts";
import { textAt } from "../json.ts";
import { type CallContext, deleteThrough, type ResourceType } from "../resource-type.ts";
import type { CloudObject } from "../store.ts";
import { armType } from "./arm-type.ts";

export const resourceGroupToken = "azure-native:resources:ResourceGroup";

/** Deleting a group takes what is in it, in an order in which nothing blocks anything inside the group. */
const cascade = [
  "azure-native:network:PrivateDnsZoneGroup",
  "azure-native:network:PrivateEndpoint",
  "azure-native:databricks:Workspace",
  "azure-native:privatedns:VirtualNetworkLink",
  "azure-native:privatedns:PrivateZone",
  "azure-native:network:Subnet",
  "azure-native:network:VirtualNetwork",
  "azure-native:network:NetworkSecurityGroup",
];

export const resourceGroup: ResourceType = armType({
  token: resourceGroupToken,
  armType: "Microsoft.Resources/resourceGroups",
  apiVersion: "2024-03-01",
  path: "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}",
  inputs: ["location", "managedBy", "tags"],
  required: ["location"],
  replaceOn: ["location", "managedBy"],
  build: () => ({ properties: { provisioningState: "Succeeded" } }),
  release: (ctx, group) => {
    refuseManaged(ctx, group);
    const order = (object: CloudObject): number => {
      const found = cascade.indexOf(object.type);
      return found < 0 ? cascade.length : found;
    };
    const inside = ctx.store.below("azure", group.id).sort((a, b) => order(a) - order(b));
    for (const object of inside) {
      if (ctx.store.get("azure", object.id)) deleteThrough(ctx, object);
    }
  },
});

/** Azure guards a workspace's managed group with a deny assignment for as long as the workspace lives. */
function refuseManaged(ctx: CallContext, group: CloudObject): void {
  const owner = textAt(group.body, "managedBy");
  if (!owner || !ctx.store.get("azure", owner)) return;
  throw armError(
    403,
    "DenyAssignmentAuthorizationFailed",
    `The client has permission to delete ${group.id}, but access is denied because of the deny assignment of ${owner}. Delete the workspace instead.`,
  );
}
