/**
 * A factory's endpoints into what it reads. They are asked for in the name of a network of Microsoft's, so
 * nobody's rights approve them: the owner of the target always has to.
 */
import { oneOf } from "../check.ts";
import { armError } from "../cloud-error.ts";
import { type Body, isBody, textAt } from "../json.ts";
import type { CallContext, ResourceType } from "../resource-type.ts";
import type { CloudObject } from "../store.ts";
import { type ArmCall, armType, requireReference } from "./arm-type.ts";
import { connectionsOf, putConnection } from "./connections.ts";
import { dropConnections, factoryPath } from "./data-factory.ts";
import { admitGroupId } from "./private-endpoint.ts";
import { privateLinkTargets } from "./private-link.ts";
import { sameId } from "./virtual-network.ts";

export const managedEndpointToken = "azure-native:datafactory:ManagedPrivateEndpoint";

export const managedPrivateEndpoint: ResourceType = armType({
  token: managedEndpointToken,
  armType: "Microsoft.DataFactory/factories/managedVirtualNetworks/managedPrivateEndpoints",
  path: `${factoryPath}/managedVirtualNetworks/{managedVirtualNetworkName}/managedPrivateEndpoints/{managedPrivateEndpointName}`,
  required: ["properties.groupId", "properties.privateLinkResourceId"],
  outputsOnly: ["connectionState", "isReserved", "provisioningState"],
  check: (inputs) => oneOf(inputs, "managedVirtualNetworkName", ["default"]),
  build: (call) => ({ privateEndpointId: call.before ? keep(call, call.before) : ask(call) }),
  view: (ctx, endpoint) => ({
    properties: {
      ...(isBody(endpoint.body.properties) ? endpoint.body.properties : {}),
      connectionState: stateOf(ctx, endpoint),
      isReserved: false,
      provisioningState: "Succeeded",
    },
  }),
  shape: { toStore: (inputs) => inputs, toSdk: ({ privateEndpointId: _hidden, ...body }) => body },
  release: (ctx, endpoint) => dropConnections(ctx, textAt(endpoint.body, "privateEndpointId")),
});

/** Puts the request on the target; the answer is the id of the endpoint in Microsoft's own subscription. */
function ask(call: ArmCall): string {
  const { ctx, name, inputs } = call;
  const target = requireReference(
    call,
    textAt(inputs, "properties.privateLinkResourceId"),
    Object.keys(privateLinkTargets),
  );
  const { groupId } = admitGroupId(call, target, { groupIds: [textAt(inputs, "properties.groupId")] });
  const factoryName = textAt(inputs, "factoryName");
  const endpointId = `/subscriptions/${crypto.randomUUID()}/resourceGroups/vnet-${factoryName}-rg/providers/Microsoft.Network/privateEndpoints/${factoryName}.${name}`;
  putConnection(ctx, target, {
    endpointId,
    name: `${factoryName}.${name}-${crypto.randomUUID()}`,
    groupId,
    status: "Pending",
    description: `Requested by ${factoryName}`,
  });
  return endpointId;
}

function keep({ id, inputs }: ArmCall, before: CloudObject): string {
  const same = (path: string): boolean => sameId(textAt(inputs, path), textAt(before.body, path));
  if (!same("properties.privateLinkResourceId") || !same("properties.groupId")) {
    throw armError(
      400,
      "BadRequest",
      `The target and the group id of managed private endpoint ${id} can't be changed. Delete it and create it again.`,
    );
  }
  return textAt(before.body, "privateEndpointId");
}

function stateOf(ctx: CallContext, endpoint: CloudObject): Body {
  const [connection] = connectionsOf(ctx, textAt(endpoint.body, "privateEndpointId"));
  const state = connection?.body.privateLinkServiceConnectionState;
  return isBody(state)
    ? state
    : {
        status: "Disconnected",
        description: "The connection was removed on the target.",
        actionsRequired: "",
      };
}
