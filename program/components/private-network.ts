import { NetworkSecurityGroup } from "@pulumi/azure-native/network/networkSecurityGroup.js";
import { Subnet, type SubnetArgs } from "@pulumi/azure-native/network/subnet.js";
import { VirtualNetwork } from "@pulumi/azure-native/network/virtualNetwork.js";
import { ComponentResource, type ComponentResourceOptions, type Resource } from "@pulumi/pulumi";
import type { EnvironmentFacts } from "../../metadata-schema/desired-state.ts";
import {
  type SecurityGroupRole,
  type SubnetRole,
  securityGroupId,
  securityGroupName,
  subnetName,
  virtualNetworkName,
} from "../layout/names.ts";
import { environmentTags } from "./tags.ts";

/**
 * What may reach a private endpoint: web traffic, and the ports of the Databricks control plane that
 * Microsoft names for security groups on the subnet of its endpoint ("Enable Azure Private Link back-end
 * and front-end connections").
 */
const endpointPorts = ["443", "3306", "6666", "8443-8451"];

const endpointRules = [
  {
    name: "AllowEndpointPortsFromVirtualNetwork",
    priority: 100,
    direction: "Inbound",
    access: "Allow",
    protocol: "Tcp",
    sourceAddressPrefix: "VirtualNetwork",
    sourcePortRange: "*",
    destinationAddressPrefix: "VirtualNetwork",
    destinationPortRanges: endpointPorts,
  },
  {
    name: "DenyAllElseInbound",
    // The last that a rule of ours can have: Azure's own defaults follow, and would let all of the VNet in.
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

/** The environment's VNet: one subnet for private endpoints, two that Databricks fills with cluster nodes. */
export class PrivateNetwork extends ComponentResource {
  readonly subnets: readonly Subnet[];
  readonly #environment: EnvironmentFacts;

  /** @param args.subnets CIDR of each subnet, from the address plan */
  constructor(
    name: string,
    args: {
      readonly environment: EnvironmentFacts;
      readonly addressSpace: string;
      readonly subnets: Readonly<Record<SubnetRole, string>>;
    },
    opts: ComponentResourceOptions,
  ) {
    super("rowgate:components:PrivateNetwork", name, {}, opts);
    this.#environment = args.environment;
    const groups = [
      this.#securityGroup("private-endpoints", { securityRules: endpointRules }),
      // No rules of ours: Databricks writes its own into this group, and they would look like drift.
      this.#securityGroup("databricks", {}),
    ];
    const network = new VirtualNetwork(
      "virtual-network",
      {
        ...this.#place(),
        virtualNetworkName: virtualNetworkName(args.environment),
        addressSpace: { addressPrefixes: [args.addressSpace] },
        tags: environmentTags(args.environment),
      },
      { parent: this },
    );
    // Two subnets of one VNet written at once conflict (429 RetryableErrorDueToAnotherOperation): a chain.
    const endpoints = this.#subnet("private-endpoints", args.subnets, [network, ...groups]);
    const host = this.#subnet("databricks-host", args.subnets, [endpoints]);
    const container = this.#subnet("databricks-container", args.subnets, [host]);
    this.subnets = [endpoints, host, container];
    this.registerOutputs();
  }

  #place() {
    return { resourceGroupName: this.#environment.resourceGroup, location: this.#environment.location };
  }

  #securityGroup(
    role: SecurityGroupRole,
    rules: { securityRules?: typeof endpointRules },
  ): NetworkSecurityGroup {
    return new NetworkSecurityGroup(
      `security-group-${role}`,
      {
        ...this.#place(),
        networkSecurityGroupName: securityGroupName(this.#environment, role),
        tags: environmentTags(this.#environment),
        ...rules,
      },
      { parent: this },
    );
  }

  #subnet(role: SubnetRole, cidrs: Readonly<Record<SubnetRole, string>>, dependsOn: Resource[]): Subnet {
    const group: SecurityGroupRole = role === "private-endpoints" ? role : "databricks";
    const args: SubnetArgs = {
      resourceGroupName: this.#environment.resourceGroup,
      virtualNetworkName: virtualNetworkName(this.#environment),
      subnetName: subnetName(role),
      addressPrefix: cidrs[role],
      networkSecurityGroup: { id: securityGroupId(this.#environment, group) },
      // Azure takes it only when the subnet is made.
      defaultOutboundAccess: false,
      ...(role === "private-endpoints"
        ? { privateEndpointNetworkPolicies: "NetworkSecurityGroupEnabled" }
        : { delegations: [{ name: "databricks", serviceName: "Microsoft.Databricks/workspaces" }] }),
    };
    return new Subnet(`subnet-${role}`, args, { parent: this, dependsOn });
  }
}
