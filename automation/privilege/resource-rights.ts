/**
 * What the service does to a resource that an environment takes over, and so the least it must be allowed there.
 * Inside the environment's own resource group Contributor covers all of it.
 */
import type { EnvironmentFacts, ExistingResource } from "../../metadata-schema/desired-state.ts";
import { grantableRoles } from "../../program/layout/azure-roles.ts";
import { customRoleId, customRoles, resourceGroupId } from "../../program/layout/names.ts";

export interface ResourceRights {
  readonly actions: readonly string[];
  /** completes "needed because the service …" */
  readonly why: string;
}

/** Looking at a target's private endpoint connections, and approving the factory's. */
const approval = (type: string): readonly string[] => [
  `${type}/privateEndpointConnections/read`,
  `${type}/privateEndpointConnections/write`,
  `${type}/privateEndpointConnectionsApproval/action`,
];
const network = "Microsoft.Network";
const joinSubnet = [
  `${network}/virtualNetworks/read`,
  `${network}/virtualNetworks/subnets/read`,
  `${network}/virtualNetworks/subnets/join/action`,
];
const factory = "Microsoft.DataFactory/factories";
const storage = "Microsoft.Storage/storageAccounts";
const sql = "Microsoft.Sql/servers";
const logs = "Microsoft.OperationalInsights/workspaces";

const ofFactory = [
  "credentials",
  "datasets",
  "integrationRuntimes",
  "linkedServices",
  "managedVirtualNetworks",
];
const ofJobs = ["pipelines", "triggers"];

/** @returns null: the service only names the resource, or its right there is a role of Azure's, see `connectorRole` */
export function rightsOn(resource: ExistingResource, facts: EnvironmentFacts): ResourceRights {
  const { existing } = facts;
  switch (resource) {
    case "virtual_network":
      return {
        actions: [
          `${network}/virtualNetworks/read`,
          // Linking a private DNS zone asks for it on the network.
          ...(existing.private_dns_zones === undefined ? [`${network}/virtualNetworks/join/action`] : []),
          ...(makesSubnets(facts)
            ? [
                ...joinSubnet,
                `${network}/virtualNetworks/subnets/write`,
                `${network}/virtualNetworks/subnets/delete`,
              ]
            : []),
        ].filter(isFirst),
        why: [
          "looks whether it is there",
          ...(existing.private_dns_zones === undefined ? ["links the environment's DNS zones to it"] : []),
          ...(makesSubnets(facts) ? ["makes the subnets that the environment does not name"] : []),
        ].join(", "),
      };
    case "private_endpoint_subnet":
      return { actions: joinSubnet, why: "puts private endpoints into it" };
    case "databricks_host_subnet":
    case "databricks_container_subnet":
      return {
        // Databricks writes its network intent policy into the subnet as whoever makes the workspace.
        actions:
          existing.workspace === undefined
            ? [...joinSubnet, `${network}/virtualNetworks/subnets/write`]
            : joinSubnet.slice(0, 2),
        why: "makes the Databricks workspace with its machines in it",
      };
    case "nat_gateway":
      return {
        actions: [`${network}/natGateways/read`, `${network}/natGateways/join/action`],
        why: "leads the subnets that it makes out through it",
      };
    case "private_dns_zones":
      return {
        actions: [
          `${network}/privateDnsZones/read`,
          `${network}/privateDnsZones/join/action`,
          `${network}/privateDnsZones/virtualNetworkLinks/read`,
        ],
        why: "writes the addresses of private endpoints into its zones, by zone groups",
      };
    case "key_vault":
      return {
        actions: [
          "Microsoft.KeyVault/vaults/read",
          "Microsoft.KeyVault/vaults/secrets/read",
          ...approval("Microsoft.KeyVault/vaults"),
        ],
        why: "checks that secrets exist, without their values, and approves the factory's endpoint",
      };
    case "lake":
      return {
        actions: [
          `${storage}/read`,
          `${storage}/blobServices/read`,
          `${storage}/blobServices/containers/read`,
          `${storage}/blobServices/containers/write`,
          `${storage}/blobServices/containers/delete`,
          `${storage}/encryptionScopes/read`,
          `${storage}/encryptionScopes/write`,
          ...approval(storage),
        ],
        why: "makes a container and an encryption scope for each job, and reads and writes no data",
      };
    case "sql_server":
      return {
        actions: [
          `${sql}/read`,
          ...["read", "write", "delete"].map((verb) => `${sql}/firewallRules/${verb}`),
          ...(existing.metadata_database === undefined
            ? ["read", "write", "delete"].map((verb) => `${sql}/databases/${verb}`)
            : []),
          ...approval(sql),
        ],
        why: "keeps its list of callers, and approves the factory's endpoint",
      };
    case "metadata_database":
      return { actions: [`${sql}/databases/read`], why: "looks whether it is there" };
    case "workspace":
      return {
        actions: ["Microsoft.Databricks/workspaces/read", ...approval("Microsoft.Databricks/workspaces")],
        why: "reads its address and leads private endpoints to it; what it does inside is Databricks' to allow",
      };
    case "access_connector":
      return {
        actions: ["Microsoft.Databricks/accessConnectors/read"],
        why: "reads whose identity Unity Catalog has",
      };
    case "factory":
      return {
        actions: [
          `${factory}/read`,
          ...[...ofFactory, ...ofJobs].map((child) => `${factory}/${child}/*`),
          ...approval(factory),
        ],
        why: "makes runtimes, linked services, pipelines and triggers in it, and leaves the factory itself alone",
      };
    case "log_analytics":
      return {
        actions: [
          `${logs}/read`,
          `${logs}/query/read`,
          `${logs}/query/*/read`,
          ...["read", "write", "delete"].map((verb) => `${logs}/tables/${verb}`),
        ],
        why: "makes the table of metrics in it, and asks it in alert rules",
      };
    case "action_group":
      return { actions: ["Microsoft.Insights/actionGroups/read"], why: "names it in alert rules" };
    default:
      return resource satisfies never;
  }
}

const isFirst = (value: string, index: number, all: readonly string[]): boolean =>
  all.indexOf(value) === index;

/** Whether subnets are made in the virtual network: a workspace that exists brings its own two. */
function makesSubnets({ existing }: EnvironmentFacts): boolean {
  const ofWorkspace = existing.workspace === undefined;
  return (
    existing.private_endpoint_subnet === undefined ||
    (ofWorkspace &&
      (existing.databricks_host_subnet === undefined || existing.databricks_container_subnet === undefined))
  );
}

/** Resources that the environment takes over and Contributor on its group does not cover; sorted by word. */
export function outside(
  facts: EnvironmentFacts,
): readonly { readonly resource: ExistingResource; readonly id: string }[] {
  const group = `${resourceGroupId(facts).toLowerCase()}/`;
  return Object.entries(facts.existing)
    .map(([resource, id]) => ({ resource: resource as ExistingResource, id }))
    .filter(({ id }) => !`${id.toLowerCase()}/`.startsWith(group))
    .sort((a, b) => (a.resource < b.resource ? -1 : 1));
}

/** Every role that rows, and the workload identities made for them, can lead to in this environment: GUIDs. */
export const grantedRoleIds = (factoryId: string): readonly string[] =>
  [
    ...Object.values(grantableRoles).map(({ id }) => id),
    ...Object.keys(customRoles).map((role) => customRoleId(role as keyof typeof customRoles, factoryId)),
  ].sort();

const children: Partial<Record<ExistingResource, readonly string[]>> = {
  key_vault: ["", "/secrets/any"],
  lake: ["", "/blobServices/default/containers/any"],
  factory: [""],
  log_analytics: ["/tables/any"],
};

/** Those of them that can be assigned on a resource or in it; none: the service assigns no roles there. */
export function grantedRoleIdsOn(resource: ExistingResource, id: string): readonly string[] {
  const scopes = (children[resource] ?? []).map((child) => `${id}${child}`);
  const builtIn = Object.values(grantableRoles)
    .filter(({ scope }) => scopes.some((each) => scope.pattern.test(each)))
    .map((role) => role.id);
  const custom =
    resource === "factory"
      ? Object.keys(customRoles).map((role) => customRoleId(role as keyof typeof customRoles, id))
      : [];
  return [...builtIn, ...custom].sort();
}
