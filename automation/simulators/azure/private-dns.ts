import { armError } from "../cloud-error.ts";
import { type Body, bodiesAt, textAt, textsAt } from "../json.ts";
import type { CallContext, ResourceType } from "../resource-type.ts";
import type { CloudObject } from "../store.ts";
import { type ArmCall, armType, requireReference } from "./arm-type.ts";
import { recordNameIn } from "./private-link.ts";
import { sameId, virtualNetworkToken } from "./virtual-network.ts";

export const privateZoneToken = "azure-native:privatedns:PrivateZone";
export const networkLinkToken = "azure-native:privatedns:VirtualNetworkLink";
export const recordSetToken = "azure-native:privatedns:PrivateRecordSet";
export const zoneGroupToken = "azure-native:network:PrivateDnsZoneGroup";
const zonePath =
  "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.Network/privateDnsZones/{privateZoneName}";

const linksOf = (ctx: CallContext, zoneId: string): CloudObject[] =>
  ctx.store.below("azure", zoneId).filter((object) => object.type === networkLinkToken);

export const privateZone: ResourceType = armType({
  token: privateZoneToken,
  armType: "Microsoft.Network/privateDnsZones",
  path: zonePath,
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
  path: `${zonePath}/virtualNetworkLinks/{virtualNetworkLinkName}`,
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
  path: "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.Network/privateEndpoints/{privateEndpointName}/privateDnsZoneGroups/{privateDnsZoneGroupName}",
  required: ["privateDnsZoneConfigs"],
  outputsOnly: ["recordSets"],
  build: (call) => {
    const endpointId = call.id.replace(/\/privateDnsZoneGroups\/[^/]+$/i, "");
    refuseSecondGroup(call, endpointId);
    if (call.before) removeRecords(call.ctx, call.before);
    const configs = bodiesAt(call.inputs, "privateDnsZoneConfigs").map((config) => ({
      ...config,
      recordSets: writeRecords(call, endpointId, config),
    }));
    return { privateDnsZoneConfigs: configs };
  },
  release: removeRecords,
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
  return bodiesAt(endpoint?.body, "customDnsConfigs")
    .map((dns) => ({ dns, recordSetName: recordNameIn(zone.name, textAt(dns, "fqdn")) }))
    .filter((found): found is { dns: Body; recordSetName: string } => found.recordSetName !== undefined)
    .map(({ dns, recordSetName }) => {
      const ipAddresses = textsAt(dns, "ipAddresses");
      const fqdn = recordSetName === "@" ? zone.name : `${recordSetName}.${zone.name}`;
      ctx.store.put({
        cloud: "azure",
        id: `${zone.id}/A/${recordSetName}`,
        type: recordSetToken,
        name: recordSetName,
        scope: zone.id,
        body: {
          fqdn: `${fqdn}.`,
          ttl: 10,
          aRecords: ipAddresses.map((ipv4Address) => ({ ipv4Address })),
          metadata: { creator: `created by private endpoint ${endpoint?.name}`, privateEndpoint: endpointId },
        },
      });
      return { fqdn, ipAddresses, provisioningState: "Succeeded", recordSetName, recordType: "A", ttl: 10 };
    });
}

/**
 * Azure keeps no account of whose a record set is: a second endpoint for a name writes over the first one's,
 * and whichever group goes first takes the record set along.
 */
function removeRecords(ctx: CallContext, group: CloudObject): void {
  for (const config of bodiesAt(group.body, "privateDnsZoneConfigs")) {
    for (const record of bodiesAt(config, "recordSets")) {
      ctx.store.remove("azure", `${textAt(config, "privateDnsZoneId")}/A/${textAt(record, "recordSetName")}`);
    }
  }
}
