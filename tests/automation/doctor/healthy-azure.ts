/** An Azure where everything is as bootstrap leaves it, of which a test changes one thing. */
import type { TestContext } from "node:test";
import type { Finding } from "../../../automation/doctor/finding.ts";
import { environmentFindings } from "../../../automation/doctor/run-doctor.ts";
import { planBootstrap } from "../../../automation/privilege/bootstrap-plan.ts";
import { deniedRoles } from "../../../program/layout/azure-roles.ts";
import { virtualNetworkId } from "../../../program/layout/names.ts";
import { type ScriptedAnswer, type ScriptedCall, scriptedAzure } from "../../support/scripted-azure.ts";
import { servicePrincipal, subscriptionId, takenOver } from "../privilege/facts.ts";

export const facts = { ...takenOver, serviceUrl: "https://rowgate.contoso.example" };
export const plan = planBootstrap(takenOver, servicePrincipal);
export const { objectId } = servicePrincipal;

export type Answer = (call: ScriptedCall) => ScriptedAnswer | null;

export const ok = (body: unknown): ScriptedAnswer => ({ status: 200, body });
export const list = (...value: readonly unknown[]): ScriptedAnswer => ok({ value });

export const contributor = {
  actions: ["*"],
  notActions: ["Microsoft.Authorization/*/Delete", "Microsoft.Authorization/*/Write"],
};
const delegate = {
  actions: [
    "Microsoft.Authorization/roleAssignments/write",
    "Microsoft.Authorization/roleAssignments/delete",
    "*/read",
  ],
  notActions: [],
};

const kinds = [
  "accessConnectors",
  "dataCollectionRules",
  "factories",
  "natGateways",
  "privateEndpoints",
  "scheduledQueryRules",
  "servers",
  "storageAccounts",
  "userAssignedIdentities",
  "vaults",
  "virtualNetworks",
  "workspaces",
];

/** Assignments as the plan wants them, on one scope. */
export const assignmentsOn = (scope: string) =>
  plan.roleAssignments
    .filter((need) => need.scope.toLowerCase() === scope.toLowerCase())
    .map((need) => ({
      name: need.name,
      properties: {
        scope: need.scope,
        principalId: objectId,
        roleDefinitionId: `/subscriptions/${subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${need.roleId}`,
        ...(need.condition === null ? {} : { condition: need.condition }),
      },
    }));

const builtIn: Readonly<Record<string, readonly [name: string, ...actions: readonly string[]]>> = {
  [deniedRoles.owner.id]: ["Owner", "*"],
  [deniedRoles.userAccessAdministrator.id]: [
    "User Access Administrator",
    "*/read",
    "Microsoft.Authorization/*",
  ],
  [deniedRoles.rbacAdministrator.id]: ["Role Based Access Control Administrator", ...delegate.actions],
  "00482a5a-887f-4fb3-b363-3b7fe8e74483": ["Key Vault Administrator", "Microsoft.KeyVault/*"],
};

function definitionOf(roleId: string): ScriptedAnswer | null {
  const own = plan.roleDefinitions.find(({ id }) => id === roleId);
  const [roleName, ...actions] = own === undefined ? (builtIn[roleId] ?? [""]) : [own.name, ...own.actions];
  return roleName === "" ? null : ok({ properties: { roleName, permissions: [{ actions }] } });
}

/** An Azure where everything is as bootstrap leaves it. */
const healthy: Answer = ({ path }) => {
  const authorization = /^(.*)\/providers\/Microsoft\.Authorization\/(\w+)$/.exec(path);
  if (authorization?.[2] === "permissions") {
    const scope = authorization[1] ?? "";
    const roles = plan.roleAssignments.filter((need) => need.scope === scope);
    const own = plan.roleDefinitions.filter(({ id }) => roles.some(({ roleId }) => roleId === id));
    return list(
      ...(roles.some(({ roleId }) => roleId === deniedRoles.contributor.id) ? [contributor] : []),
      ...(roles.some(({ condition }) => condition !== null) ? [delegate] : []),
      ...own.map(({ actions }) => ({ actions, notActions: [] })),
    );
  }
  if (authorization?.[2] === "roleAssignments") return list(...assignmentsOn(authorization[1] ?? ""));
  const roleId = /\/providers\/Microsoft\.Authorization\/roleDefinitions\/([^/]+)$/.exec(path)?.[1];
  if (roleId !== undefined) return definitionOf(roleId);
  if (/^\/subscriptions\/[^/]+\/providers\/[\w.]+$/.test(path))
    return ok({
      registrationState: "Registered",
      resourceTypes: kinds.map((resourceType) => ({ resourceType, locations: ["West Europe", "East US"] })),
    });
  if (path.endsWith("/virtualNetworkLinks"))
    return list({
      properties: { virtualNetwork: { id: virtualNetworkId(takenOver.environment).toUpperCase() } },
    });
  if (path.endsWith("/workspaces/ml"))
    return ok({ properties: { workspaceUrl: "adb-1.azuredatabricks.net" } });
  if (path.includes("/databricks/adb-1."))
    return ok({ groups: [{ display: "users" }, { display: "admins" }] });
  return ok({ location: "eastus" });
};

export async function look(
  t: TestContext,
  answer: Answer,
  asked = facts,
  others: readonly (typeof facts)[] = [],
): Promise<readonly Finding[]> {
  const { access } = await scriptedAzure(t, (call) => answer(call) ?? healthy(call));
  return environmentFindings(asked, {
    access,
    cloud: "azure",
    service: servicePrincipal,
    environments: [asked, ...others],
  });
}

export const faults = (findings: readonly Finding[]): readonly string[] =>
  findings.flatMap((each) => (each.status === "fault" ? [`${each.check}: ${each.message} ${each.fix}`] : []));
