/** A small private network in a real process of the simulated clouds, and probes that look at it. */
import type { TestContext } from "node:test";
import { createArmClient } from "../../../automation/azure/arm-client.ts";
import { systemClock } from "../../../automation/clock.ts";
import type { NetworkView } from "../../../automation/probes/network-view.ts";
import { type ProbeResult, probeEndpoint } from "../../../automation/probes/probe-endpoint.ts";
import type { ProbeRequest } from "../../../automation/probes/probe-layer.ts";
import { createSandboxNetworkView } from "../../../automation/probes/sandbox-view.ts";
import { request } from "../simulators/support/clouds.ts";
import { openProcessHome } from "../simulators/support/process.ts";
import { type Properties, ProviderClient, type Resource } from "../simulators/support/provider-client.ts";
import { subscription, tenantId } from "../simulators/support/seed.ts";
import {
  endpointInputs,
  endpointType,
  linkType,
  makeGroup,
  makeNetwork,
  makeSubnet,
  makeWorkspace,
  resourceGroupName,
  securityGroupType,
  vaultType,
  zoneGroupType,
  zoneType,
} from "../simulators/support/world.ts";

export interface PrivateWorld {
  readonly azure: ProviderClient;
  readonly view: NetworkView;
  readonly securityGroup: Resource;
  readonly vault: PrivateService;
  readonly workspace: PrivateService;
  readonly sql: PrivateService;
  /** ends the simulated clouds */
  stop(): Promise<void>;
  /** changes an object behind the engine's back; makes it where it is missing */
  portal(id: string, properties: Properties, type?: string): Promise<void>;
  probe(service: PrivateService, how?: Partial<ProbeRequest>): Promise<ProbeResult>;
  /** ARM id of the subnet that the workload is in */
  readonly workloadSubnet: string;
}

/** One service with its endpoint, zone and link. */
export interface PrivateService {
  readonly targetId: string;
  readonly endpoint: Resource;
  readonly link: Resource;
  readonly zoneGroup: Resource;
  readonly address: string;
  readonly recordId: string;
  readonly connectionId: string;
  readonly request: ProbeRequest;
}

const groupId = `${subscription}/resourceGroups/${resourceGroupName}`;

/** Everything else is closed: the rules that the program gives the subnet of its endpoints. */
export const securityRules = (ports: readonly string[]): Properties[] => [
  {
    name: "AllowEndpointPorts",
    priority: 100,
    direction: "Inbound",
    access: "Allow",
    protocol: "Tcp",
    sourceAddressPrefix: "VirtualNetwork",
    sourcePortRange: "*",
    destinationAddressPrefix: "VirtualNetwork",
    destinationPortRanges: [...ports],
  },
  {
    name: "DenyAllElse",
    priority: 4096,
    direction: "Inbound",
    access: "Deny",
    protocol: "*",
    sourceAddressPrefix: "*",
    sourcePortRange: "*",
    destinationAddressPrefix: "*",
    destinationPortRange: "*",
  },
];

export async function openPrivateWorld(test: TestContext): Promise<PrivateWorld> {
  const home = await openProcessHome(test);
  const clouds = await home.start();
  const { grpcPort, httpPort } = clouds;
  const azure = new ProviderClient(grpcPort);
  test.after(() => azure.close());
  const url = async () => `http://127.0.0.1:${httpPort}`;
  const portal = async (id: string, properties: Properties, type?: string): Promise<void> => {
    const body = { properties, ...(type === undefined ? {} : { type }) };
    const answer = await request(httpPort, "PUT", `/sandbox/objects/${encodeURIComponent(id)}`, body);
    if (answer.status >= 300) throw new Error(JSON.stringify(answer.body));
  };
  const { network, endpoints, workload, securityGroup } = await makePlace(azure);
  const connect = (service: ServicePlan) => connectService(azure, { network, endpoints, service, httpPort });
  const vault = await connect(await makeVault(azure));
  const workspace = await connect(await makeDatabricks(azure));
  const sql = await connect(await makeServer(portal));
  const view = createSandboxNetworkView({ url });
  const arm = createArmClient({ url });
  return {
    azure,
    view,
    securityGroup,
    vault,
    workspace,
    sql,
    stop: async () => {
      clouds.signal("SIGTERM");
      await clouds.ended;
    },
    portal,
    workloadSubnet: workload.id,
    // nothing answers where a packet is dropped: a test need not wait for as long as a person would
    probe: (service, how = {}) =>
      probeEndpoint(
        { ...service.request, fromSubnetId: workload.id, ...how },
        { view, arm, clock: systemClock, deadlinesMs: { tcp: 2_000 } },
      ),
  };
}

async function makePlace(azure: ProviderClient) {
  await makeGroup(azure);
  const network = await makeNetwork(azure);
  const securityGroup = await azure.create(securityGroupType, {
    resourceGroupName,
    networkSecurityGroupName: "nsg",
    securityRules: securityRules(["443", "1433"]),
  });
  const endpoints = await makeSubnet(azure, {
    addressPrefix: "10.0.0.0/26",
    networkSecurityGroup: { id: securityGroup.id },
    privateEndpointNetworkPolicies: "NetworkSecurityGroupEnabled",
  });
  const workload = await makeSubnet(azure, {
    subnetName: "workload",
    addressPrefix: "10.0.1.0/26",
    defaultOutboundAccess: false,
  });
  return { network, endpoints, workload, securityGroup };
}

interface ServicePlan {
  readonly service: ProbeRequest["service"];
  readonly targetId: string;
  readonly groupId: string;
  readonly zone: string;
  readonly fqdn: string;
  readonly port: number;
}

async function makeVault(azure: ProviderClient): Promise<ServicePlan> {
  const vault = await azure.create(vaultType, {
    resourceGroupName,
    vaultName: "kv-private",
    properties: { tenantId, sku: { family: "A", name: "standard" }, publicNetworkAccess: "disabled" },
  });
  return {
    service: "keyvault",
    targetId: vault.id,
    groupId: "vault",
    zone: "privatelink.vaultcore.azure.net",
    fqdn: "kv-private.vault.azure.net",
    port: 443,
  };
}

async function makeDatabricks(azure: ProviderClient): Promise<ServicePlan> {
  const workspace = await makeWorkspace(azure);
  return {
    service: "databricks",
    targetId: workspace.id,
    groupId: "databricks_ui_api",
    zone: "privatelink.azuredatabricks.net",
    fqdn: workspace.outputs.workspaceUrl,
    port: 443,
  };
}

async function makeServer(portal: PrivateWorld["portal"]): Promise<ServicePlan> {
  const targetId = `${groupId}/providers/Microsoft.Sql/servers/sql-private`;
  await portal(targetId, { location: "eastus", publicNetworkAccess: "Disabled" }, "azure-native:sql:Server");
  return {
    service: "sql",
    targetId,
    groupId: "sqlServer",
    zone: "privatelink.database.windows.net",
    fqdn: "sql-private.database.windows.net",
    port: 1433,
  };
}

async function connectService(
  azure: ProviderClient,
  at: {
    readonly network: Resource;
    readonly endpoints: Resource;
    readonly service: ServicePlan;
    readonly httpPort: number;
  },
): Promise<PrivateService> {
  const { service, targetId, groupId: subResource, zone: zoneName, fqdn, port } = at.service;
  const privateEndpointName = `pe-${service}`;
  const endpoint = await azure.create(
    endpointType,
    endpointInputs(at.endpoints, targetId, {
      privateEndpointName,
      privateLinkServiceConnections: [{ name: "c", privateLinkServiceId: targetId, groupIds: [subResource] }],
    }),
  );
  const zone = await azure.create(zoneType, {
    resourceGroupName,
    privateZoneName: zoneName,
    location: "Global",
  });
  const link = await azure.create(linkType, {
    resourceGroupName,
    privateZoneName: zoneName,
    virtualNetworkLinkName: "link",
    location: "Global",
    registrationEnabled: false,
    virtualNetwork: { id: at.network.id },
  });
  const zoneGroup = await azure.create(zoneGroupType, {
    resourceGroupName,
    privateEndpointName,
    privateDnsZoneGroupName: "default",
    privateDnsZoneConfigs: [{ name: "z", privateDnsZoneId: zone.id }],
  });
  const [record] = zoneGroup.outputs.privateDnsZoneConfigs[0].recordSets;
  return {
    targetId,
    endpoint,
    link,
    zoneGroup,
    address: record.ipAddresses[0],
    recordId: `${zone.id}/A/${record.recordSetName}`,
    connectionId: await connectionOf(at.httpPort, targetId, privateEndpointName),
    request: { endpointId: endpoint.id, service, fqdn, port },
  };
}

/** The connection has a made-up name, which begins with its endpoint's. */
async function connectionOf(httpPort: number, targetId: string, endpointName: string): Promise<string> {
  const { body } = await request(httpPort, "GET", "/sandbox/objects?cloud=azure");
  const found = body.value.find(({ id }: { id: string }) =>
    id.startsWith(`${targetId}/privateEndpointConnections/${endpointName}.`),
  );
  return found.id;
}
