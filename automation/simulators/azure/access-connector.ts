import { textAt } from "../json.ts";
import type { ResourceType } from "../resource-type.ts";
import { armType } from "./arm-type.ts";
import { identityOf, releaseIdentity } from "./identity.ts";
import { systemDataOf } from "./system-data.ts";
import { sameId } from "./virtual-network.ts";

/** The identity by which Unity Catalog reaches storage. */
export const accessConnector: ResourceType = armType({
  token: "azure-native:databricks:AccessConnector",
  armType: "Microsoft.Databricks/accessConnectors",
  path: "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.Databricks/accessConnectors/{connectorName}",
  replaceOn: ["location"],
  outputsOnly: ["principalId", "tenantId", "properties"],
  hasState: false,
  takes: { create: 15, update: 10, delete: 10 },
  build: (call) => ({ ...identityOf(call), systemData: systemDataOf(call) }),
  view: (ctx, connector) => ({
    properties: {
      provisioningState: ctx.underWay.stateOf(connector.id) ?? "Succeeded",
      referedBy: ctx.store
        .ofType("azure-native:databricks:Workspace")
        .filter((workspace) => sameId(textAt(workspace.body, "accessConnector.id"), connector.id))
        .map(({ id }) => id),
    },
  }),
  release: releaseIdentity,
});
