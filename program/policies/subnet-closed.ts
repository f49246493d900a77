import { isPrivateRange } from "./ip-range.ts";
import { guardrail } from "./pieces.ts";
import { is, isSet, settingFault } from "./settings.ts";

/** Azure's words for the network itself, and for its probes of what is behind a load balancer. */
const ownSources = /^(?:VirtualNetwork|AzureLoadBalancer)$/i;

export const subnetClosed = guardrail(
  {
    id: "subnet-closed",
    invariant: "I16",
    title:
      "A subnet has a security group that lets nobody in from outside, no way out of its own, and rules for its private endpoints",
    reason: "SubnetOpen",
    reference: "CKV2_AZURE_31, Azure.VNET.UseNSGs, Azure.VNET.PrivateSubnet",
    fix: "Give it a network security group, and set defaultOutboundAccess to false.",
  },
  (piece) => {
    if (piece.kind === "inbound-rule") {
      const open = piece.sources.filter((source) => !ownSources.test(source) && !isPrivateRange(source));
      if (open.length === 0) return null;
      const message = `Security rule ${piece.name} lets in ${open.join(", ")}.`;
      return { message, fix: "Let in VirtualNetwork or private ranges alone." };
    }
    const rules = [isSet("networkSecurityGroup"), is("defaultOutboundAccess", false)];
    // A subnet that is delegated to a service takes no private endpoints.
    const takesEndpoints = piece.kind === "resource" && piece.settings.delegated !== true;
    const policies = is("privateEndpointNetworkPolicies", "NetworkSecurityGroupEnabled", "Enabled");
    return settingFault(piece, { subnet: takesEndpoints ? [...rules, policies] : rules });
  },
);
