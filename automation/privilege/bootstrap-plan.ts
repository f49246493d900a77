/** The least that the service needs in one environment, as a plan. Pure: bootstrap tells or applies it, doctor checks it. */
import { v5 as uuidV5 } from "uuid";
import type { EnvironmentFacts, ExistingResource } from "../../metadata-schema/desired-state.ts";
import { deniedRoles } from "../../program/layout/azure-roles.ts";
import {
  type CustomRoleDefinition,
  customRoleDefinition,
  customRoleNames,
} from "../../program/layout/custom-roles.ts";
import {
  accessConnectorId,
  type CustomRole,
  factoryId,
  resourceGroupId,
  roleAssignmentName,
} from "../../program/layout/names.ts";
import { assignmentCondition } from "./assignment-condition.ts";
import type { BootstrapFacts, ServicePrincipalFacts } from "./bootstrap-facts.ts";
import { type ManualNeed, manualNeeds } from "./manual-needs.ts";
import { grantedRoleIds, grantedRoleIdsOn, outside, rightsOn } from "./resource-rights.ts";

export interface RoleDefinitionNeed extends CustomRoleDefinition {
  readonly why: string;
}

export interface RoleAssignmentNeed {
  /** GUID that it is made under */
  readonly name: string;
  readonly scope: string;
  readonly roleId: string;
  readonly roleName: string;
  /** null: none */
  readonly condition: string | null;
  readonly why: string;
}

export interface GraphPermissionNeed {
  readonly name: string;
  /** GUID of Microsoft Graph's app role */
  readonly id: string;
  readonly why: string;
}

export interface BootstrapPlan {
  readonly environment: string;
  readonly tenantId: string;
  readonly subscriptionId: string;
  readonly principal: ServicePrincipalFacts;
  readonly resourceGroup: { readonly id: string; readonly location: string };
  /** namespaces that must be registered in the subscription */
  readonly resourceProviders: readonly string[];
  readonly roleDefinitions: readonly RoleDefinitionNeed[];
  readonly roleAssignments: readonly RoleAssignmentNeed[];
  readonly graphPermissions: readonly GraphPermissionNeed[];
  readonly manual: readonly ManualNeed[];
}

/** Of everything that the program makes, and of the alerts that it is told of. */
export const resourceProviders = [
  "Microsoft.AlertsManagement",
  "Microsoft.DataFactory",
  "Microsoft.Databricks",
  "Microsoft.Insights",
  "Microsoft.KeyVault",
  "Microsoft.ManagedIdentity",
  "Microsoft.Network",
  "Microsoft.OperationalInsights",
  "Microsoft.Sql",
  "Microsoft.Storage",
] as const;

export const graphPermissions = {
  readGroups: { name: "Group.Read.All", id: "5b567255-7703-4780-807c-7be8301ae99b" },
  readUsers: { name: "User.Read.All", id: "df021288-bdef-4463-88db-98f22de89214" },
  writeGroups: { name: "Group.ReadWrite.All", id: "62a82d76-70ea-41e2-9197-370581804d09" },
} as const;

const customRoleReasons: Readonly<Record<CustomRole, string>> = {
  pipelineOperator: "rows with run_pipeline become this role",
  pipelineEditor:
    "rows with edit_pipeline become this role, where a row of Guardrail_Exceptions lets them; guardrail pipeline-write refuses all others",
};

/** Namespace of the GUIDs of roles that bootstrap defines. */
const roleSpace = "3d6a1d43-7b0e-4f0a-9a55-6a4f6cf7b1d2";
const alertsRead = "Microsoft.AlertsManagement/alerts/read";

export function planBootstrap(facts: BootstrapFacts, principal: ServicePrincipalFacts): BootstrapPlan {
  const { environment } = facts;
  const rights = outsideRights(environment);
  const subscription = `/subscriptions/${environment.subscriptionId}`;
  const alerts = facts.toldOfAlerts ? [alertsReader(subscription)] : [];
  const own = [...rights.map(({ definition }) => definition), ...alerts];
  return {
    environment: environment.name,
    tenantId: environment.tenantId,
    subscriptionId: environment.subscriptionId,
    principal,
    resourceGroup: { id: resourceGroupId(environment), location: environment.location },
    resourceProviders,
    roleDefinitions: [
      ...customRoleNames.map((role) => ({
        ...customRoleDefinition(environment, role),
        why: `${customRoleReasons[role]}; the service must not be able to define roles itself, or it could give this one more`,
      })),
      ...own,
    ],
    roleAssignments: [
      ...groupAssignments(environment, principal.objectId),
      ...rights.map(({ definition, id }) => ({ scope: id, role: definition, why: definition.why })),
      ...connectorAssignment(environment),
      ...delegations(environment, principal.objectId),
      ...alerts.map((role) => ({ scope: subscription, role, why: role.why })),
    ].map((need) => assignment(need, principal)),
    graphPermissions: graphNeeds(facts),
    manual: manualNeeds(facts, principal),
  };
}

interface AssignmentSketch {
  readonly scope: string;
  readonly role: { readonly id: string; readonly name: string };
  readonly condition?: string;
  readonly why: string;
}

const assignment = (
  { scope, role, condition, why }: AssignmentSketch,
  { objectId }: ServicePrincipalFacts,
): RoleAssignmentNeed => ({
  name: roleAssignmentName(scope, objectId, role.id),
  scope,
  roleId: role.id,
  roleName: role.name,
  condition: condition ?? null,
  why,
});

/** On the environment's own group. */
function groupAssignments(environment: EnvironmentFacts, serviceId: string): readonly AssignmentSketch[] {
  const scope = resourceGroupId(environment);
  return [
    {
      scope,
      role: deniedRoles.contributor,
      why: "the service makes, changes and deletes everything of the environment in this group, the Databricks workspace included, whose admin it is by that",
    },
    {
      scope,
      role: deniedRoles.rbacAdministrator,
      condition: assignmentCondition(grantedRoleIds(factoryId(environment)), serviceId),
      why: "the service gives groups and workload identities the roles that rows lead to: these roles, to groups and service principals other than itself, and no others",
    },
  ];
}

/** Roles that rows can lead to on what is taken over: on each resource those that fit it. */
function delegations(environment: EnvironmentFacts, serviceId: string): readonly AssignmentSketch[] {
  return outside(environment).flatMap(({ resource, id }) => {
    const roleIds = grantedRoleIdsOn(resource, id);
    if (roleIds.length === 0) return [];
    return [
      {
        scope: id,
        role: deniedRoles.rbacAdministrator,
        condition: assignmentCondition(roleIds, serviceId),
        why: `rows lead to roles on this ${words(resource)}, which is outside the environment's group: these, to others than the service itself, and no others`,
      },
    ];
  });
}

/** One role a resource: assignable where that resource is, and nowhere else. */
function outsideRights(environment: EnvironmentFacts) {
  // Contributor, which Databricks asks for on a connector, covers what would be here.
  const others = outside(environment).filter(({ resource }) => resource !== "access_connector");
  return others.map(({ resource, id }) => {
    const { actions, why } = rightsOn(resource, environment);
    const guid = uuidV5(`${environment.name}|${resource}|${id}`.toLowerCase(), roleSpace);
    const definition: RoleDefinitionNeed = {
      id: guid,
      name: `Rowgate ${environment.name} ${words(resource)} ${guid.slice(0, 8)}`,
      description: `What Rowgate does to the ${words(resource)} that environment ${environment.name} takes over`,
      scope: groupOf(id),
      actions,
      why: `the service ${why}`,
    };
    return { id, definition };
  });
}

const words = (resource: ExistingResource): string =>
  resource.replaceAll("_", " ").replace(/\b(dns|sql)\b/, (word) => word.toUpperCase());

/** Where a role for a resource is defined: its resource group. */
const groupOf = (id: string): string => id.split("/").slice(0, 5).join("/");

/** Databricks lets nobody else name a connector in a storage credential. */
function connectorAssignment(environment: EnvironmentFacts): readonly AssignmentSketch[] {
  const isOutside = outside(environment).some(({ resource }) => resource === "access_connector");
  return isOutside
    ? [
        {
          scope: accessConnectorId(environment),
          role: deniedRoles.contributor,
          why: "Databricks asks for Contributor on an access connector of whoever makes a storage credential with it",
        },
      ]
    : [];
}

function alertsReader(subscription: string): RoleDefinitionNeed {
  const id = uuidV5(`alerts|${subscription}`.toLowerCase(), roleSpace);
  return {
    id,
    name: `Rowgate alerts ${id.slice(0, 8)}`,
    description: "Reads fired alerts and nothing else",
    scope: subscription,
    actions: [alertsRead],
    why: "the service asks Azure whether an alert that it was told of has really fired; alerts belong to the subscription",
  };
}

function graphNeeds({ ownGroup, ownGroupMembers }: BootstrapFacts): readonly GraphPermissionNeed[] {
  return [
    { ...graphPermissions.readGroups, why: "rows name Entra groups; the service looks their ids up" },
    ...(ownGroupMembers
      ? [
          {
            ...graphPermissions.readUsers,
            why: "own_group_members names people; the service looks their ids up",
          },
        ]
      : []),
    ...(ownGroup
      ? [
          {
            ...graphPermissions.writeGroups,
            why: "own_group makes a group and keeps its members; Microsoft Graph has no narrower permission for both. Without own_group it is not needed",
          },
        ]
      : []),
  ];
}
