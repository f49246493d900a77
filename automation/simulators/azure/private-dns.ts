import { armError } from "../cloud-error.ts";
import { type Body, bodiesAt, textAt, textsAt } from "../json.ts";
import type { CallContext, ResourceType } from "../resource-type.ts";
import type { CloudObject } from "../store.ts";
import { type ArmCall, armType, requireReference } from "./arm-type.ts";
import { sameId, virtualNetworkToken } from "./virtual-network.ts";

export const privateZoneToken = "azure-native:privatedns:PrivateZone";
export const networkLinkToken = "azure-native:privatedns:VirtualNetworkLink";
export const recordSetToken = "azure-native:privatedns:PrivateRecordSet";
export const zoneGroupToken = "azure-native:network:PrivateDnsZoneGroup";

const dnsApi = "2024-06-01";
const zonePath =
  "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.Network/privateDnsZones/{privateZoneName}";

const linksOf = (ctx: CallContext, zoneId: string): CloudObject[] =>
  ctx.store.below("azure", zoneId).filter((object) => object.type === networkLinkToken);

export const privateZone: ResourceType = armType({
  token: privateZoneToken,
  armType: "Microsoft.Network/privateDnsZones",
  apiVersion: dnsApi,
  path: zonePath,
  inputs: ["location", "tags"],
  replaceOn: ["location"],
  outputsOnly: ["numberOfRecordSets", "numberOfVirtualNetworkLinks", "internalId"],
  view: (ctx, zone) => ({
    // the SOA record is one too
    numberOfRecordSets: 1 + ctx.store.below("azure", zone.id).filter((o) => o.type === recordSetToken).length,
    numberOfVirtualNetworkLinks: linksOf(ctx, zone.id).length,
    maxNumberOfRecordSets: 25000,
    maxNumberOfVirtualNetworkLinks: 1000,
  }),
  release: (ctx, zone) => {
    const links = linksOf(ctx, zone.id);
    if (links.length === 0) return;
    throw armError(
      409,
      "CannotDeleteResource",
      `Can not delete resource before nested resources are deleted. Some existing nested resource IDs include: '${links.map((link) => link.id).join("', '")}'.`,
    );
  },
});

export const virtualNetworkLink: ResourceType = armType({
  token: networkLinkToken,
  armType: "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
  apiVersion: dnsApi,
  path: `${zonePath}/virtualNetworkLinks/{virtualNetworkLinkName}`,
  inputs: ["location", "registrationEnabled", "resolutionPolicy", "tags", "virtualNetwork"],
  required: ["virtualNetwork.id"],
  replaceOn: ["location", "virtualNetwork"],
  outputsOnly: ["virtualNetworkLinkState"],
  build: (call) => {
    const networkId = textAt(call.inputs, "virtualNetwork.id");
    const network = requireReference(call, networkId, [virtualNetworkToken]);
    refuseSecondZone(call, network);
    return { virtualNetworkLinkState: "Completed" };
  },
});

/** A network answers for a domain from one zone only. */
function refuseSecondZone(call: ArmCall, network: CloudObject): void {
  const zoneName = (id: string): string => /privateDnsZones\/([^/]+)/i.exec(id)?.[1]?.toLowerCase() ?? "";
  const clash = call.ctx.store
    .ofType(networkLinkToken)
    .find(
      (link) =>
        !sameId(link.id, call.id) &&
        sameId(textAt(link.body, "virtualNetwork.id"), network.id) &&
        zoneName(link.id) === zoneName(call.id),
    );
  if (!clash) return;
  throw armError(
    400,
    "BadRequest",
    `A virtual network cannot be linked to multiple zones with overlapping namespaces. You tried to link virtual network with '${zoneName(call.id)}' and '${zoneName(clash.id)}' zones.`,
  );
}

export const privateDnsZoneGroup: ResourceType = armType({
  token: zoneGroupToken,
  armType: "Microsoft.Network/privateEndpoints/privateDnsZoneGroups",
  apiVersion: "2024-05-01",
  path: "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.Network/privateEndpoints/{privateEndpointName}/privateDnsZoneGroups/{privateDnsZoneGroupName}",
  inputs: ["privateDnsZoneConfigs"],
  required: ["privateDnsZoneConfigs"],
  outputsOnly: ["recordSets"],
  build: (call) => {
    const endpointId = call.id.replace(/\/privateDnsZoneGroups\/[^/]+$/i, "");
    refuseSecondGroup(call, endpointId);
    removeRecords(call.ctx, endpointId);
    const configs = bodiesAt(call.inputs, "privateDnsZoneConfigs").map((config) => ({
      ...config,
      recordSets: writeRecords(call, endpointId, config),
    }));
    return { privateDnsZoneConfigs: configs };
  },
  release: (ctx, group) => removeRecords(ctx, group.id.replace(/\/privateDnsZoneGroups\/[^/]+$/i, "")),
});

function refuseSecondGroup(call: ArmCall, endpointId: string): void {
  const other = call.ctx.store
    .below("azure", endpointId)
    .find((object) => object.type === zoneGroupToken && !sameId(object.id, call.id));
  if (!other) return;
  throw armError(
    400,
    "MaxPrivateDnsZoneGroupsReached",
    `Private endpoint ${endpointId} already has the private DNS zone group ${other.name}; it can have one.`,
  );
}

function writeRecords(call: ArmCall, endpointId: string, config: Body): Body[] {
  const { ctx } = call;
  const zone = requireReference(call, textAt(config, "privateDnsZoneId"), [privateZoneToken]);
  const endpoint = ctx.store.get("azure", endpointId);
  const suffix = zone.name
    .toLowerCase()
    .replace(/^privatelink\./, "")
    .replace("vaultcore.", "vault.");
  return bodiesAt(endpoint?.body, "customDnsConfigs")
    .filter((dns) => textAt(dns, "fqdn").endsWith(`.${suffix}`))
    .map((dns) => {
      const recordSetName = textAt(dns, "fqdn").slice(0, -suffix.length - 1);
      const ipAddresses = textsAt(dns, "ipAddresses");
      ctx.store.put({
        cloud: "azure",
        id: `${zone.id}/A/${recordSetName}`,
        type: recordSetToken,
        name: recordSetName,
        scope: zone.id,
        body: {
          fqdn: `${recordSetName}.${zone.name}.`,
          ttl: 10,
          aRecords: ipAddresses.map((ipv4Address) => ({ ipv4Address })),
          metadata: { creator: `created by private endpoint ${endpoint?.name}`, privateEndpoint: endpointId },
        },
      });
      const fqdn = `${recordSetName}.${zone.name}`;
      return { fqdn, ipAddresses, provisioningState: "Succeeded", recordSetName, recordType: "A", ttl: 10 };
    });
}

function removeRecords(ctx: CallContext, endpointId: string): void {
  const own = ctx.store
    .ofType(recordSetToken)
    .filter((record) => sameId(textAt(record.body, "metadata.privateEndpoint"), endpointId));
  for (const record of own) ctx.store.remove("azure", record.id);
}
