/**
 * What may pass the edges of the environment's subnets, as rules of network security groups.
 */
import type { SecurityGroupRole } from "./names.ts";

export interface SecurityRule {
  readonly name: string;
  /** lower ones are asked first */
  readonly priority: number;
  readonly direction: "Inbound" | "Outbound";
  readonly access: "Allow" | "Deny";
  readonly protocol: "Tcp" | "*";
  readonly sourceAddressPrefix: string;
  readonly sourcePortRange: "*";
  /** an address range, or Azure's word for the addresses of a service */
  readonly destinationAddressPrefix: string;
  /** one port, range or "*" */
  readonly destinationPortRange?: string;
  readonly destinationPortRanges?: readonly string[];
}

/** The last that a rule of ours can have: Azure's own defaults follow, which let all of the VNet and the internet pass. */
const lastPriority = 4096;

const denyAllElse = (direction: SecurityRule["direction"]): SecurityRule => ({
  name: `DenyAllElse${direction}`,
  priority: lastPriority,
  direction,
  access: "Deny",
  protocol: "*",
  sourceAddressPrefix: "*",
  sourcePortRange: "*",
  destinationAddressPrefix: "*",
  destinationPortRange: "*",
});

/**
 * What may reach a private endpoint: web traffic, SQL, and the ports of the Databricks control plane that
 * Microsoft names for security groups on the subnet of its endpoint ("Enable Azure Private Link back-end
 * and front-end connections").
 */
const endpointPorts = ["443", "1433", "3306", "6666", "8443-8451"];

const endpointRules: readonly SecurityRule[] = [
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
  denyAllElse("Inbound"),
];

const outbound = (name: string, priority: number, service: string, port: string): SecurityRule => ({
  name,
  priority,
  direction: "Outbound",
  access: "Allow",
  protocol: "Tcp",
  sourceAddressPrefix: "VirtualNetwork",
  sourcePortRange: "*",
  destinationAddressPrefix: service,
  destinationPortRange: port,
});

const amongNodes = (direction: SecurityRule["direction"], priority: number): SecurityRule => ({
  name: databricksRule(`worker-to-worker-${direction.toLowerCase()}`),
  priority,
  direction,
  access: "Allow",
  protocol: "*",
  sourceAddressPrefix: "VirtualNetwork",
  sourcePortRange: "*",
  destinationAddressPrefix: "VirtualNetwork",
  destinationPortRange: "*",
});

const databricksRule = (what: string): string => `Microsoft.Databricks-workspaces_UseOnly_databricks-${what}`;

/**
 * Databricks writes its rules into this group by itself and lets nobody take them out or narrow them: a list
 * without them is refused (ConflictWithNetworkIntentPolicy). So they are here, with its names and ranges. Its
 * rule for the control plane is not among them: nodes reach that by private endpoint (NoAzureDatabricksRules).
 */
const databricksRules: readonly SecurityRule[] = [
  amongNodes("Inbound", 100),
  outbound(databricksRule("worker-to-sql"), 101, "Sql", "3306"),
  outbound(databricksRule("worker-to-storage"), 102, "Storage", "443"),
  amongNodes("Outbound", 103),
  outbound(databricksRule("worker-to-eventhub"), 104, "EventHub", "9093"),
  // Ours: jobs sign in, fetch what Databricks serves from its front door, and post their metrics.
  outbound("AllowEntra", 200, "AzureActiveDirectory", "443"),
  outbound("AllowFrontDoor", 201, "AzureFrontDoor.Frontend", "443"),
  outbound("AllowMonitor", 202, "AzureMonitor", "443"),
  denyAllElse("Inbound"),
  denyAllElse("Outbound"),
];

export const securityRules = {
  "private-endpoints": endpointRules,
  databricks: databricksRules,
} as const satisfies Record<SecurityGroupRole, readonly SecurityRule[]>;
