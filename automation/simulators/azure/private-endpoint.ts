/**
 * Private endpoints: an address from the subnet, a network interface, and a connection object on the target.
 *
 * The connection's states are Azure's: Approved (asked for by somebody who may approve), Pending (asked for
 * manually), Rejected, and Disconnected (the target or the connection is gone). Only Approved carries traffic.
 */
import { armError } from "../cloud-error.ts";
import { type Body, bodiesAt, equal, textAt, textsAt } from "../json.ts";
import type { CallContext, InputFault, ResourceType } from "../resource-type.ts";
import type { CloudObject } from "../store.ts";
import { type ArmCall, armType, regionName, requireReference } from "./arm-type.ts";
import { connectionObjects, connectionsOf, leadsTo, putConnection } from "./connections.ts";
import { formatAddress, parseAddress, parseCidr } from "./ipv4.ts";
import { askedConnection, privateLinkTargets } from "./private-link.ts";
import { sameId, subnetPrefixes, subnetToken } from "./virtual-network.ts";

export const privateEndpointToken = "azure-native:network:PrivateEndpoint";
export const networkInterfaceToken = "azure-native:network:NetworkInterface";

/** Azure keeps the network address, the gateway, two for DNS, and the broadcast address. */
const reservedAtStart = 4;
const reservedAtEnd = 1;

export const privateEndpoint: ResourceType = armType({
  token: privateEndpointToken,
  armType: "Microsoft.Network/privateEndpoints",
  path: "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.Network/privateEndpoints/{privateEndpointName}",
  required: ["subnet.id"],
  replaceOn: ["subnet", "location", "customNetworkInterfaceName"],
  outputsOnly: ["privateLinkServiceConnectionState", "customDnsConfigs", "networkInterfaces", "id", "type"],
  takes: { create: 60, update: 30, delete: 30 },
  // a workspace is Updating while an endpoint to it is made or removed
  holds: (_id, inputs) =>
    [textAt(askedConnection(inputs)?.connection, "privateLinkServiceId")].filter((id) =>
      /\/Microsoft\.Databricks\/workspaces\//i.test(id),
    ),
  check: (inputs): InputFault[] =>
    askedConnection(inputs)
      ? []
      : [
          {
            property: "privateLinkServiceConnections",
            reason:
              "one of privateLinkServiceConnections and manualPrivateLinkServiceConnections is required",
          },
        ],
  build: (call) => (call.before ? keepConnection(call, call.before) : connect(call)),
  view: liveState,
  release: (ctx, endpoint) => {
    for (const nic of nicsOf(ctx, endpoint.id)) ctx.store.remove("azure", nic.id);
    for (const connection of connectionsOf(ctx, endpoint.id)) ctx.store.remove("azure", connection.id);
  },
});

function connect(call: ArmCall): Body {
  const { ctx, inputs } = call;
  const subnet = requireReference(call, textAt(inputs, "subnet.id"), [subnetToken]);
  requireSameRegion(call, subnet);
  const asked = askedConnection(inputs);
  const connection = asked?.connection ?? {};
  const target = requireReference(
    call,
    textAt(connection, "privateLinkServiceId"),
    Object.keys(privateLinkTargets),
  );
  const { rule, groupId } = admitGroupId(call, target, connection);
  admitBrowserLogin(call, target, groupId);
  const address = takeAddress(ctx, subnet, call.name);
  const fqdns = rule.fqdns(target);
  const nic = putInterface(call, { subnet, address, fqdns });
  const isManual = asked?.list === "manualPrivateLinkServiceConnections";
  putConnection(ctx, target, {
    endpointId: call.id,
    name: `${call.name}.${crypto.randomUUID()}`,
    groupId,
    status: isManual ? "Pending" : "Approved",
    description: isManual ? textAt(connection, "requestMessage") : "Auto-approved",
  });
  return {
    networkInterfaces: [{ id: nic }],
    customDnsConfigs: fqdns.map((fqdn) => ({ fqdn, ipAddresses: [address] })),
  };
}

export function admitGroupId(call: ArmCall, target: CloudObject, connection: Body) {
  const subResources = privateLinkTargets[target.type]?.subResources ?? {};
  const groupIds = textsAt(connection, "groupIds");
  const [groupId = ""] = groupIds;
  const rule = subResources[groupId];
  if (rule && groupIds.length === 1) return { rule, groupId };
  throw armError(
    400,
    "InvalidPrivateLinkServiceGroupId",
    `Private endpoint ${call.name} asks ${target.id} for group ids [${groupIds.join(", ")}]; exactly one of [${Object.keys(subResources).join(", ")}] is supported.`,
  );
}

/** Browser sign-in is shared by a region's workspaces, and needs a workspace that is reached privately already. */
function admitBrowserLogin({ ctx, name }: ArmCall, target: CloudObject, groupId: string): void {
  if (groupId !== "browser_authentication") return;
  const region = regionName(textAt(target.body, "location"));
  if (!connectionObjects(ctx, target.id).some((connection) => leadsTo(connection, "databricks_ui_api"))) {
    throw armError(
      400,
      "BrowserAuthenticationNeedsUiApi",
      `Private endpoint ${name} asks workspace ${target.name} for browser_authentication, which needs a private endpoint for databricks_ui_api on that workspace first.`,
    );
  }
  const other = ctx.store
    .ofType(target.type)
    .filter((workspace) => regionName(textAt(workspace.body, "location")) === region)
    .flatMap((workspace) => connectionObjects(ctx, workspace.id))
    .find((connection) => leadsTo(connection, groupId));
  if (!other) return;
  throw armError(
    409,
    "BrowserAuthenticationAlreadyExists",
    `Private endpoint ${name} asks for browser_authentication, which region ${region} has already: ${textAt(other.body, "privateEndpoint.id")}. One serves all workspaces of a region.`,
  );
}

/** Azure refuses to lead an existing endpoint elsewhere: it has to be replaced. */
function keepConnection(call: ArmCall, before: CloudObject): Body {
  const facts = (body: Body): Body => {
    const connection = askedConnection(body)?.connection ?? {};
    return {
      target: textAt(connection, "privateLinkServiceId").toLowerCase(),
      groupIds: textsAt(connection, "groupIds"),
    };
  };
  if (!equal(facts(before.body), facts(call.inputs))) {
    throw armError(
      400,
      "CannotChangePrivateLinkConnectionOnPrivateEndpoint",
      `Cannot change the private link service id or the group ids of private endpoint ${call.id}. Delete it and create it again.`,
    );
  }
  return {
    networkInterfaces: before.body.networkInterfaces ?? [],
    customDnsConfigs: before.body.customDnsConfigs ?? [],
  };
}

function requireSameRegion(call: ArmCall, subnet: CloudObject): void {
  const networkId = subnet.id.replace(/\/subnets\/[^/]+$/i, "");
  const region = textAt(call.ctx.store.get("azure", networkId)?.body, "location");
  if (regionName(region) === regionName(textAt(call.inputs, "location"))) return;
  throw armError(
    400,
    "InvalidResourceReference",
    `Resource ${subnet.id} referenced by resource ${call.id} is in region '${region}'. Please make sure that both resources are in the same region.`,
  );
}

function takeAddress(ctx: CallContext, subnet: CloudObject, endpointName: string): string {
  const taken = new Set(
    ctx.store
      .ofType(networkInterfaceToken)
      .flatMap((nic) => bodiesAt(nic.body, "ipConfigurations"))
      .filter((configuration) => sameId(textAt(configuration, "subnet.id"), subnet.id))
      .map((configuration) => parseAddress(textAt(configuration, "privateIPAddress"))),
  );
  const [prefix = ""] = subnetPrefixes(subnet.body);
  const range = parseCidr(prefix);
  if (range) {
    for (let at = range.first + reservedAtStart; at <= range.last - reservedAtEnd; at += 1) {
      if (!taken.has(at)) return formatAddress(at);
    }
  }
  throw armError(
    400,
    "SubnetIsFull",
    `Subnet ${subnet.name} with address prefix ${prefix} does not have enough capacity for 1 IP addresses of private endpoint ${endpointName}.`,
  );
}

function putInterface(
  call: ArmCall,
  {
    subnet,
    address,
    fqdns,
  }: { readonly subnet: CloudObject; readonly address: string; readonly fqdns: string[] },
): string {
  const name = textAt(call.inputs, "customNetworkInterfaceName") || `${call.name}.nic.${crypto.randomUUID()}`;
  const group = call.id.replace(/\/privateEndpoints\/[^/]+$/i, "");
  const id = `${group}/networkInterfaces/${name}`;
  call.ctx.store.put({
    cloud: "azure",
    id,
    type: networkInterfaceToken,
    name,
    scope: subnet.id,
    body: {
      location: call.inputs.location ?? "",
      privateEndpoint: { id: call.id },
      ipConfigurations: [
        {
          name: `privateEndpointIpConfig.${crypto.randomUUID()}`,
          privateIPAddress: address,
          privateIPAllocationMethod: "Dynamic",
          subnet: { id: subnet.id },
          privateLinkConnectionProperties: { fqdns },
        },
      ],
    },
  });
  return id;
}

const nicsOf = (ctx: CallContext, endpointId: string): CloudObject[] =>
  ctx.store
    .ofType(networkInterfaceToken)
    .filter((nic) => sameId(textAt(nic.body, "privateEndpoint.id"), endpointId));

/** The endpoint shows the state that its connection has on the target now. */
function liveState(ctx: CallContext, endpoint: CloudObject): Body {
  const asked = askedConnection(endpoint.body);
  if (!asked) return {};
  const [connection] = connectionsOf(ctx, endpoint.id);
  const target = ctx.store.get("azure", textAt(asked.connection, "privateLinkServiceId"));
  const state =
    connection && target
      ? (connection.body.privateLinkServiceConnectionState ?? {})
      : {
          status: "Disconnected",
          description: "The connection was removed on the target.",
          actionsRequired: "None",
        };
  return { [asked.list]: [{ ...asked.connection, privateLinkServiceConnectionState: state }] };
}
