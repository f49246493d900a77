import { hasUnknown } from "../check.ts";
import { armError } from "../cloud-error.ts";
import { type Body, listAt, textAt, textsAt } from "../json.ts";
import type { CallContext, InputFault, ResourceType } from "../resource-type.ts";
import type { CloudObject } from "../store.ts";
import { type ArmCall, armType, requireReference } from "./arm-type.ts";
import { contains, overlaps, parseCidr, type Range } from "./ipv4.ts";

export const virtualNetworkToken = "azure-native:network:VirtualNetwork";
export const subnetToken = "azure-native:network:Subnet";
export const natGatewayToken = "azure-native:network:NatGateway";
export const securityGroupToken = "azure-native:network:NetworkSecurityGroup";

const cidrFaults = (property: string, values: readonly string[]): InputFault[] =>
  values
    .filter((value) => !parseCidr(value) && !hasUnknown(value))
    .map((value) => ({ property, reason: `'${value}' is not an IPv4 block like 10.0.0.0/16` }));

const rangesOf = (values: readonly string[]): Range[] =>
  values.map(parseCidr).filter((range) => range !== undefined);

export const subnetPrefixes = (body: Body): string[] => {
  const one = textAt(body, "addressPrefix");
  return one ? [one] : textsAt(body, "addressPrefixes");
};

const subnetsOf = (ctx: CallContext, networkId: string): CloudObject[] =>
  ctx.store.below("azure", networkId).filter((object) => object.type === subnetToken);

export const virtualNetwork: ResourceType = armType({
  token: virtualNetworkToken,
  armType: "Microsoft.Network/virtualNetworks",
  path: "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.Network/virtualNetworks/{virtualNetworkName}",
  required: ["addressSpace.addressPrefixes"],
  replaceOn: ["location"],
  outputsOnly: ["subnets", "resourceGuid", "virtualNetworkPeerings", "flowLogs"],
  takes: { create: 5, update: 5, delete: 10 },
  check: (inputs) => {
    const inline = listAt(inputs, "subnets").length > 0;
    return [
      ...cidrFaults("addressSpace.addressPrefixes", textsAt(inputs, "addressSpace.addressPrefixes")),
      ...(inline
        ? [
            {
              property: "subnets",
              reason: "inline subnets are not simulated: declare network.Subnet resources",
            },
          ]
        : []),
    ];
  },
  build: (call) => {
    const space = rangesOf(textsAt(call.inputs, "addressSpace.addressPrefixes"));
    for (const subnet of subnetsOf(call.ctx, call.id)) {
      const fits = rangesOf(subnetPrefixes(subnet.body)).every((range) =>
        space.some((s) => contains(s, range)),
      );
      if (fits) continue;
      throw armError(
        400,
        "InUsePrefixCannotBeDeleted",
        `IpPrefix of virtual network ${call.name} cannot be deleted because it is in use by subnet ${subnet.name}.`,
      );
    }
    return { resourceGuid: textAt(call.before?.body, "resourceGuid") || crypto.randomUUID() };
  },
  view: (ctx, network) => ({
    subnets: subnetsOf(ctx, network.id).map((subnet) => ({ id: subnet.id, name: subnet.name })),
  }),
  release: (ctx, network) => {
    for (const subnet of subnetsOf(ctx, network.id)) refuseInUse(ctx, subnet);
  },
});

export const networkSecurityGroup: ResourceType = armType({
  token: securityGroupToken,
  armType: "Microsoft.Network/networkSecurityGroups",
  path: "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.Network/networkSecurityGroups/{networkSecurityGroupName}",
  replaceOn: ["location"],
  outputsOnly: ["defaultSecurityRules", "networkInterfaces", "subnets", "resourceGuid", "flowLogs", "id"],
  build: (call) => ({ resourceGuid: textAt(call.before?.body, "resourceGuid") || crypto.randomUUID() }),
  release: (ctx, group) => {
    const users = ctx.store
      .ofType(subnetToken)
      .filter((subnet) => sameId(textAt(subnet.body, "networkSecurityGroup.id"), group.id));
    if (users.length === 0) return;
    throw armError(
      400,
      "InUseNetworkSecurityGroupCannotBeDeleted",
      `Network security group ${group.id} cannot be deleted because it is in use by the following resources: ${users.map((user) => user.id).join(", ")}. In order to delete the Network security group, remove the association with the resource(s).`,
    );
  },
});

export const subnet: ResourceType = armType({
  token: subnetToken,
  armType: "Microsoft.Network/virtualNetworks/subnets",
  path: "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.Network/virtualNetworks/{virtualNetworkName}/subnets/{subnetName}",
  outputsOnly: ["privateEndpoints", "ipConfigurations", "purpose", "actions"],
  takes: { create: 5, update: 5, delete: 5 },
  // one write at a time on a network and all its subnets
  holds: (id) => [id.replace(/\/subnets\/[^/]+$/i, "")],
  busyWords: {
    status: 429,
    code: "RetryableErrorDueToAnotherOperation",
    say: (id) =>
      `Cannot proceed with operation because resource ${id} is not in Succeeded state. Another operation on it, or on one of its subnets, is in progress. Please retry the operation once that is over.`,
  },
  check: (inputs) => {
    if (inputs.addressPrefix === undefined && inputs.addressPrefixes === undefined) {
      return [{ property: "addressPrefix", reason: "missing required property 'addressPrefix'" }];
    }
    return cidrFaults("addressPrefix", subnetPrefixes(inputs));
  },
  build: (call) => {
    placeSubnet(call);
    const group = textAt(call.inputs, "networkSecurityGroup.id");
    if (group) requireReference(call, group, [securityGroupToken]);
    const gateway = textAt(call.inputs, "natGateway.id");
    if (gateway) requireReference(call, gateway, [natGatewayToken]);
    return {};
  },
  view: (ctx, subnet) => ({
    privateEndpoints: endpointsIn(ctx, subnet.id).map((endpoint) => ({ id: endpoint.id })),
  }),
  release: refuseInUse,
});

/** A subnet lies inside its network and overlaps no other of its subnets. */
function placeSubnet(call: ArmCall): void {
  const networkId = call.id.replace(/\/subnets\/[^/]+$/i, "");
  const network = call.ctx.store.get("azure", networkId);
  const networkName = network?.name ?? networkId;
  const space = rangesOf(textsAt(network?.body, "addressSpace.addressPrefixes"));
  const ranges = rangesOf(subnetPrefixes(call.inputs));
  if (!ranges.every((range) => space.some((block) => contains(block, range)))) {
    throw armError(
      400,
      "NetcfgInvalidSubnet",
      `Subnet '${call.name}' is not valid because its IP address range is outside the IP address range of virtual network '${networkName}'.`,
    );
  }
  const others = subnetsOf(call.ctx, networkId).filter((other) => !sameId(other.id, call.id));
  const clash = others.find((other) =>
    rangesOf(subnetPrefixes(other.body)).some((taken) => ranges.some((range) => overlaps(taken, range))),
  );
  if (clash) {
    throw armError(
      400,
      "NetcfgSubnetRangesOverlap",
      `Subnet '${call.name}' is not valid because its IP address range overlaps with that of an existing subnet in virtual network '${networkName}'.`,
    );
  }
}

function endpointsIn(ctx: CallContext, subnetId: string): CloudObject[] {
  return ctx.store
    .ofType("azure-native:network:PrivateEndpoint")
    .filter((endpoint) => sameId(textAt(endpoint.body, "subnet.id"), subnetId));
}

function refuseInUse(ctx: CallContext, subnet: CloudObject): void {
  const networkId = subnet.id.replace(/\/subnets\/[^/]+$/i, "");
  const workspaces = ctx.store.ofType("azure-native:databricks:Workspace").filter((workspace) => {
    const { body } = workspace;
    const names = ["customPublicSubnetName", "customPrivateSubnetName"];
    return (
      sameId(textAt(body, "parameters.customVirtualNetworkId.value"), networkId) &&
      names.some((name) => sameId(textAt(body, `parameters.${name}.value`), subnet.name))
    );
  });
  const users = [...endpointsIn(ctx, subnet.id), ...workspaces];
  if (users.length === 0) return;
  throw armError(
    400,
    "InUseSubnetCannotBeDeleted",
    `Subnet ${subnet.name} is in use by ${users.map((user) => user.id).join(", ")} and cannot be deleted. In order to delete the subnet, delete all the resources within the subnet. See aka.ms/deletesubnet.`,
  );
}

export const sameId = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();
