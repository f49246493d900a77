import { PrivateZone } from "@pulumi/azure-native/privatedns/privateZone.js";
import { VirtualNetworkLink } from "@pulumi/azure-native/privatedns/virtualNetworkLink.js";
import { ComponentResource, type ComponentResourceOptions, type Output } from "@pulumi/pulumi";
import type { EnvironmentFacts, NetworkService } from "../../metadata-schema/desired-state.ts";
import { privateDnsZoneName, virtualNetworkId, zoneLinkName } from "../layout/names.ts";
import { environmentTags } from "./tags.ts";

/** One service's private zone, answering inside the environment's VNet. A VNet takes one zone of each name. */
export class ServiceZone extends ComponentResource {
  readonly zoneId: Output<string>;

  constructor(
    name: string,
    args: { readonly environment: EnvironmentFacts; readonly service: NetworkService },
    opts: ComponentResourceOptions,
  ) {
    super("rowgate:components:ServiceZone", name, {}, opts);
    const { environment, service } = args;
    const common = {
      resourceGroupName: environment.resourceGroup,
      location: "Global",
      tags: environmentTags(environment),
    };
    const zone = new PrivateZone(
      `zone-${service}`,
      { ...common, privateZoneName: privateDnsZoneName(service) },
      { parent: this },
    );
    new VirtualNetworkLink(
      `zone-link-${service}`,
      {
        ...common,
        privateZoneName: privateDnsZoneName(service),
        virtualNetworkLinkName: zoneLinkName(environment),
        virtualNetwork: { id: virtualNetworkId(environment) },
        // Only endpoints get names here; machines of the VNet must not be able to claim one.
        registrationEnabled: false,
      },
      { parent: this, dependsOn: [zone] },
    );
    this.zoneId = zone.id;
    this.registerOutputs();
  }
}
