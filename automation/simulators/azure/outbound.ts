/** Ways out of a network: public addresses, and gateways that translate to them. */
import { oneOf } from "../check.ts";
import { armError } from "../cloud-error.ts";
import { bodiesAt, textAt } from "../json.ts";
import type { CallContext, ResourceType } from "../resource-type.ts";
import type { CloudObject } from "../store.ts";
import { armType, requireReference } from "./arm-type.ts";
import { formatAddress, parseAddress } from "./ipv4.ts";
import { natGatewayToken, sameId, subnetToken } from "./virtual-network.ts";

export const publicAddressToken = "azure-native:network:PublicIPAddress";

const gatewayOf = (ctx: CallContext, addressId: string): CloudObject | undefined =>
  ctx.store
    .ofType(natGatewayToken)
    .find((gateway) =>
      bodiesAt(gateway.body, "publicIpAddresses").some((one) => sameId(textAt(one, "id"), addressId)),
    );

const subnetsBehind = (ctx: CallContext, gatewayId: string): CloudObject[] =>
  ctx.store.ofType(subnetToken).filter((subnet) => sameId(textAt(subnet.body, "natGateway.id"), gatewayId));

export const publicIPAddress: ResourceType = armType({
  token: publicAddressToken,
  armType: "Microsoft.Network/publicIPAddresses",
  path: "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.Network/publicIPAddresses/{publicIpAddressName}",
  replaceOn: ["location"],
  outputsOnly: ["ipAddress", "ipConfiguration", "natGateway", "resourceGuid", "id"],
  takes: { create: 5, update: 5, delete: 10 },
  check: (inputs) => [
    ...oneOf(inputs, "sku.name", ["Basic", "Standard", "StandardV2"]),
    ...oneOf(inputs, "publicIPAllocationMethod", ["Static", "Dynamic"]),
  ],
  build: (call) => {
    const { ctx, inputs, before } = call;
    const sku = textAt(inputs, "sku.name") || "Basic";
    const method = textAt(inputs, "publicIPAllocationMethod") || "Dynamic";
    if (sku !== "Basic" && method !== "Static") {
      throw armError(
        400,
        "PublicIPAndSkuAllocationMethodMismatch",
        `Public IP address ${call.id} has sku ${sku}, which must have a Static allocation method.`,
      );
    }
    const held = textAt(before?.body, "ipAddress");
    return {
      etag: `W/"${crypto.randomUUID()}"`,
      idleTimeoutInMinutes: inputs.idleTimeoutInMinutes ?? 4,
      publicIPAddressVersion: inputs.publicIPAddressVersion ?? "IPv4",
      publicIPAllocationMethod: method,
      sku: { name: sku, tier: textAt(inputs, "sku.tier") || "Regional" },
      resourceGuid: textAt(before?.body, "resourceGuid") || crypto.randomUUID(),
      ...(method === "Static" ? { ipAddress: held || freeAddress(ctx) } : {}),
    };
  },
  view: (ctx, address) => {
    const gateway = gatewayOf(ctx, address.id);
    return gateway ? { natGateway: { id: gateway.id } } : {};
  },
  release: (ctx, address) => {
    const gateway = gatewayOf(ctx, address.id);
    if (!gateway) return;
    throw armError(
      400,
      "PublicIPAddressCannotBeDeleted",
      `Public IP address ${address.id} can not be deleted since it is still allocated to resource ${gateway.id}. In order to delete the public IP, disassociate/detach the Public IP address from the resource.`,
    );
  },
});

/** The next of a block that is set apart for documentation (RFC 2544's), so that it is nobody's. */
function freeAddress(ctx: CallContext): string {
  const taken = new Set(
    ctx.store.ofType(publicAddressToken).map((address) => textAt(address.body, "ipAddress")),
  );
  const first = parseAddress("198.18.0.1") ?? 0;
  for (let at = first; ; at += 1) {
    if (!taken.has(formatAddress(at))) return formatAddress(at);
  }
}

export const natGateway: ResourceType = armType({
  token: natGatewayToken,
  armType: "Microsoft.Network/natGateways",
  path: "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.Network/natGateways/{natGatewayName}",
  replaceOn: ["location"],
  outputsOnly: ["subnets", "resourceGuid"],
  takes: { create: 10, update: 10, delete: 10 },
  check: (inputs) => oneOf(inputs, "sku.name", ["Standard", "StandardV2"]),
  build: (call) => {
    for (const { id = "" } of bodiesAt(call.inputs, "publicIpAddresses")) {
      const address = requireReference(call, String(id), [publicAddressToken]);
      const other = gatewayOf(call.ctx, address.id);
      if (textAt(address.body, "sku.name") === "Basic" || (other && !sameId(other.id, call.id))) {
        throw armError(
          400,
          "NatGatewayPublicIpAddressCannotBeUsed",
          `NAT gateway ${call.id} cannot use public IP address ${address.id}: ${other ? `it belongs to ${other.id}` : "its sku is Basic"}.`,
        );
      }
    }
    return {
      etag: `W/"${crypto.randomUUID()}"`,
      idleTimeoutInMinutes: call.inputs.idleTimeoutInMinutes ?? 4,
      resourceGuid: textAt(call.before?.body, "resourceGuid") || crypto.randomUUID(),
    };
  },
  view: (ctx, gateway) => ({ subnets: subnetsBehind(ctx, gateway.id).map(({ id }) => ({ id })) }),
  release: (ctx, gateway) => {
    const subnets = subnetsBehind(ctx, gateway.id);
    if (subnets.length === 0) return;
    throw armError(
      400,
      "InUseNatGatewayCannotBeDeleted",
      `NAT gateway ${gateway.id} cannot be deleted because it is in use by the following resources: ${subnets.map(({ id }) => id).join(", ")}. In order to delete the NAT gateway, remove the association with the resource(s).`,
    );
  },
});
