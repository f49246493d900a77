import { PrivateDnsZoneGroup } from "@pulumi/azure-native/network/privateDnsZoneGroup.js";
import { PrivateEndpoint } from "@pulumi/azure-native/network/privateEndpoint.js";
import { all, ComponentResource, type ComponentResourceOptions, type Output, RunError } from "@pulumi/pulumi";
import type {
  EnvironmentFacts,
  NetworkService,
  PrivateEndpointSpec,
} from "../../metadata-schema/desired-state.ts";
import { isPrivateEndpointName, privateDnsZoneId, subnetId } from "../layout/names.ts";
import type { PrivateEndpointOutput } from "../outputs.ts";
import { environmentTags } from "./tags.ts";

/** Azure refuses to change these (CannotChangePrivateLinkConnectionOnPrivateEndpoint); azure-native doesn't know. */
const fixedAtCreation = [
  "privateLinkServiceConnections[*].groupIds",
  "privateLinkServiceConnections[*].privateLinkServiceId",
];

/** One private endpoint, and its address in the service's private zone. */
export class PrivateLink extends ComponentResource {
  readonly facts: Output<PrivateEndpointOutput>;

  constructor(
    name: string,
    args: {
      readonly environment: EnvironmentFacts;
      readonly service: NetworkService;
      readonly endpoint: PrivateEndpointSpec;
    },
    opts: ComponentResourceOptions,
  ) {
    super("rowgate:components:PrivateLink", name, {}, opts);
    const { environment, service, endpoint } = args;
    if (!isPrivateEndpointName(endpoint.name)) {
      throw new RunError(
        `"${endpoint.name}" can't name a private endpoint: a name has 2 to 64 letters, digits, "_", "." and "-", ` +
          'begins with a letter or digit and ends with one or with "_".',
      );
    }
    const privateEndpoint = new PrivateEndpoint(
      name,
      {
        resourceGroupName: environment.resourceGroup,
        location: environment.location,
        privateEndpointName: endpoint.name,
        customNetworkInterfaceName: `nic-${endpoint.name}`,
        // The id alone: other fields of the subnet would be compared too, and replace the endpoint.
        subnet: { id: subnetId(environment, "private-endpoints") },
        privateLinkServiceConnections: [
          { name: endpoint.name, privateLinkServiceId: endpoint.targetId, groupIds: [endpoint.groupId] },
        ],
        tags: environmentTags(environment),
      },
      // The new one has the old one's name, so the old one has to go first; the engine's own order would fail.
      { parent: this, replaceOnChanges: fixedAtCreation, deleteBeforeReplace: true },
    );
    const zoneGroup = new PrivateDnsZoneGroup(
      name,
      {
        resourceGroupName: environment.resourceGroup,
        // From the endpoint itself, not from the spec: when the endpoint is replaced, the group goes with it, and
        // only an input that depends on the endpoint tells the engine to make it again.
        privateEndpointName: privateEndpoint.id.apply((id) => id.split("/").at(-1) ?? endpoint.name),
        privateDnsZoneGroupName: "default",
        privateDnsZoneConfigs: [{ name: service, privateDnsZoneId: privateDnsZoneId(environment, service) }],
      },
      { parent: this },
    );
    this.facts = factsOf(privateEndpoint, zoneGroup, service, endpoint.groupId);
    this.registerOutputs();
  }
}

const factsOf = (
  endpoint: PrivateEndpoint,
  zoneGroup: PrivateDnsZoneGroup,
  service: NetworkService,
  groupId: string,
): Output<PrivateEndpointOutput> =>
  all([endpoint.id, endpoint.privateLinkServiceConnections, zoneGroup.privateDnsZoneConfigs]).apply(
    ([id, connections, zones]) => ({
      id,
      service,
      group_id: groupId,
      status: connections?.[0]?.privateLinkServiceConnectionState?.status ?? "Unknown",
      ip_addresses: (zones ?? [])
        .flatMap((zone) => zone.recordSets ?? [])
        .flatMap((record) => record.ipAddresses ?? []),
    }),
  );
