import { NatGateway } from "@pulumi/azure-native/network/natGateway.js";
import { PublicIPAddress } from "@pulumi/azure-native/network/publicIPAddress.js";
import type { CustomResourceOptions } from "@pulumi/pulumi";
import type { EnvironmentFacts } from "../../metadata-schema/desired-state.ts";
import { armPlace, natAddressName, natGatewayId } from "../layout/names.ts";
import { environmentTags } from "./tags.ts";

/** The one way out of the network, with one address that others can put on their lists. */
export function natGateway(environment: EnvironmentFacts, opts: CustomResourceOptions): NatGateway {
  const common = {
    resourceGroupName: environment.resourceGroup,
    location: environment.location,
    // NAT gateways take Standard addresses only, and those are always static.
    sku: { name: "Standard" },
    tags: environmentTags(environment),
  };
  const address = new PublicIPAddress(
    "nat-address",
    { ...common, publicIpAddressName: natAddressName(environment), publicIPAllocationMethod: "Static" },
    opts,
  );
  return new NatGateway(
    "nat-gateway",
    {
      ...common,
      natGatewayName: armPlace(natGatewayId(environment)).name,
      publicIpAddresses: [{ id: address.id }],
    },
    opts,
  );
}
