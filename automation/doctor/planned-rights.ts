/** What the service has to be allowed, read out of bootstrap's plan: doctor asks for all that bootstrap gives. */
import { deniedRoles } from "../../program/layout/azure-roles.ts";
import type { BootstrapPlan, RoleAssignmentNeed } from "../privilege/bootstrap-plan.ts";

/** One of each kind that the program makes in the environment's group; Contributor has them all. */
const groupActions = [
  "Microsoft.Databricks/accessConnectors/write",
  "Microsoft.Databricks/workspaces/write",
  "Microsoft.DataFactory/factories/write",
  "Microsoft.Insights/actionGroups/write",
  "Microsoft.Insights/dataCollectionRules/write",
  "Microsoft.Insights/scheduledQueryRules/write",
  "Microsoft.KeyVault/vaults/write",
  "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action",
  "Microsoft.ManagedIdentity/userAssignedIdentities/write",
  "Microsoft.Network/privateDnsZones/write",
  "Microsoft.Network/privateEndpoints/write",
  "Microsoft.Network/virtualNetworks/write",
  "Microsoft.OperationalInsights/workspaces/write",
  "Microsoft.Sql/servers/write",
  "Microsoft.Storage/storageAccounts/write",
];
const delegation = [
  "Microsoft.Authorization/roleAssignments/write",
  "Microsoft.Authorization/roleAssignments/delete",
];

/** Scope, as the plan writes it, to actions. */
export function plannedRights(plan: BootstrapPlan): ReadonlyMap<string, readonly string[]> {
  const rights = new Map<string, readonly string[]>();
  for (const need of plan.roleAssignments)
    rights.set(need.scope, [...new Set([...(rights.get(need.scope) ?? []), ...actionsOf(need, plan)])]);
  return rights;
}

function actionsOf({ roleId, roleName, scope }: RoleAssignmentNeed, plan: BootstrapPlan): readonly string[] {
  const own = plan.roleDefinitions.find(({ id }) => id === roleId);
  if (own !== undefined) return own.actions;
  if (roleId === deniedRoles.rbacAdministrator.id) return delegation;
  if (roleId !== deniedRoles.contributor.id)
    throw new Error(`doctor does not know what ${roleName} lets the service do: say it in planned-rights.ts`);
  return scope === plan.resourceGroup.id
    ? groupActions
    : ["read", "write", "delete"].map((verb) => `${typeOf(scope)}/${verb}`);
}

/** E.g. `Microsoft.Sql/servers/databases` of a database's id. */
function typeOf(id: string): string {
  const [namespace = "", ...path] = (id.split("/providers/").at(-1) ?? "").split("/");
  return [namespace, ...path.filter((_, index) => index % 2 === 0)].join("/");
}
