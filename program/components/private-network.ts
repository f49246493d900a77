import { NetworkSecurityGroup } from "@pulumi/azure-native/network/networkSecurityGroup.js";
import { Subnet, type SubnetArgs } from "@pulumi/azure-native/network/subnet.js";
import { VirtualNetwork } from "@pulumi/azure-native/network/virtualNetwork.js";
import { ComponentResource, type ComponentResourceOptions, type Resource, RunError } from "@pulumi/pulumi";
import type { EnvironmentFacts } from "../../metadata-schema/desired-state.ts";
import { planAddresses } from "../layout/address-plan.ts";
import {
  armPlace,
  existingSubnets,
  natGatewayId,
  type SecurityGroupRole,
  type SubnetRole,
  securityGroupId,
  securityGroupName,
  subnetName,
  subnetRoles,
  virtualNetworkId,
  virtualNetworkName,
} from "../layout/names.ts";
import { securityRules } from "../layout/security-rules.ts";
import { natGateway } from "./nat-gateway.ts";
import { environmentTags } from "./tags.ts";

const groupOf = (role: SubnetRole): SecurityGroupRole =>
  role === "private-endpoints" ? "private-endpoints" : "databricks";

/**
 * The environment's VNet: one subnet for private endpoints, two that Databricks fills with cluster nodes and
 * whose one way out is a NAT gateway. Whatever the environment names is left as it is; the rest is made.
 */
export class PrivateNetwork extends ComponentResource {
  readonly #environment: EnvironmentFacts;

  /** @param args.stack for messages */
  constructor(
    name: string,
    args: {
      readonly stack: string;
      readonly environment: EnvironmentFacts;
      readonly addressSpace: string;
    },
    opts: ComponentResourceOptions,
  ) {
    super("rowgate:components:PrivateNetwork", name, {}, opts);
    this.#environment = args.environment;
    const { existing } = args.environment;
    const roles = ownSubnets(args.environment);
    const groups = [...new Set(roles.map(groupOf))];
    const before: Resource[] = groups.map((role) => this.#securityGroup(role));
    if (existing.virtual_network === undefined) before.push(this.#network(args.addressSpace));
    if (existing.nat_gateway === undefined && groups.includes("databricks")) {
      before.push(natGateway(args.environment, { parent: this }));
    }
    if (roles.length > 0) this.#subnets(roles, addressPlan(args), before);
    this.registerOutputs();
  }

  #place() {
    return { resourceGroupName: this.#environment.resourceGroup, location: this.#environment.location };
  }

  #network(addressSpace: string): VirtualNetwork {
    return new VirtualNetwork(
      "virtual-network",
      {
        ...this.#place(),
        virtualNetworkName: virtualNetworkName(this.#environment),
        addressSpace: { addressPrefixes: [addressSpace] },
        tags: environmentTags(this.#environment),
      },
      { parent: this },
    );
  }

  #securityGroup(role: SecurityGroupRole): NetworkSecurityGroup {
    return new NetworkSecurityGroup(
      `security-group-${role}`,
      {
        ...this.#place(),
        networkSecurityGroupName: securityGroupName(this.#environment, role),
        securityRules: securityRules[role].map(({ destinationPortRanges, ...rule }) => ({
          ...rule,
          ...(destinationPortRanges === undefined
            ? {}
            : { destinationPortRanges: [...destinationPortRanges] }),
        })),
        tags: environmentTags(this.#environment),
      },
      { parent: this },
    );
  }

  /** Two subnets of one VNet written at once conflict (429 RetryableErrorDueToAnotherOperation): a chain. */
  #subnets(
    roles: readonly SubnetRole[],
    cidrs: Readonly<Record<SubnetRole, string>>,
    before: readonly Resource[],
  ): void {
    let dependsOn = [...before];
    for (const role of roles) {
      dependsOn = [
        new Subnet(`subnet-${role}`, this.#subnetArgs(role, cidrs[role]), { parent: this, dependsOn }),
      ];
    }
  }

  #subnetArgs(role: SubnetRole, addressPrefix: string): SubnetArgs {
    const network = armPlace(virtualNetworkId(this.#environment));
    return {
      resourceGroupName: network.resourceGroup,
      virtualNetworkName: network.name,
      subnetName: subnetName(role),
      addressPrefix,
      networkSecurityGroup: { id: securityGroupId(this.#environment, groupOf(role)) },
      // Azure takes it only when the subnet is made.
      defaultOutboundAccess: false,
      ...(role === "private-endpoints"
        ? { privateEndpointNetworkPolicies: "NetworkSecurityGroupEnabled" }
        : {
            delegations: [{ name: "databricks", serviceName: "Microsoft.Databricks/workspaces" }],
            natGateway: { id: natGatewayId(this.#environment) },
          }),
    };
  }
}

/** Subnets to make: a workspace that exists brings its own. */
function ownSubnets({ existing }: EnvironmentFacts): readonly SubnetRole[] {
  const needed: readonly SubnetRole[] =
    existing.workspace === undefined ? subnetRoles : ["private-endpoints"];
  return needed.filter((role) => existing[existingSubnets[role]] === undefined);
}

function addressPlan(args: {
  readonly stack: string;
  readonly environment: EnvironmentFacts;
  readonly addressSpace: string;
}): Readonly<Record<SubnetRole, string>> {
  const { subscriptionId } = armPlace(virtualNetworkId(args.environment));
  // A security group or NAT gateway serves subnets of its own subscription only.
  if (subscriptionId.toLowerCase() !== args.environment.subscriptionId.toLowerCase()) {
    throw new RunError(
      `Stack ${args.stack}: virtual network ${virtualNetworkId(args.environment)} is in another subscription, ` +
        "where no subnets can be made for this environment. Make them there and name each in existing_resources: " +
        `${Object.values(existingSubnets).join(", ")}.`,
    );
  }
  const plan = planAddresses(args.addressSpace);
  if (plan.status === "refused") throw new RunError(`Stack ${args.stack}, address space: ${plan.reason}`);
  return plan.subnets;
}
