/** What of a bootstrap plan goes to Azure Resource Manager, and where. */
import { conditionVersion } from "./assignment-condition.ts";
import type { BootstrapPlan } from "./bootstrap-plan.ts";

/** Microsoft Graph's own application, the same in every tenant. */
export const graphApplication = "00000003-0000-0000-c000-000000000000";

/** API version of role definitions, role assignments and permissions */
export const authorizationVersion = "2022-04-01";

type Definition = BootstrapPlan["roleDefinitions"][number];
type Assignment = BootstrapPlan["roleAssignments"][number];

export const roleDefinitionPath = ({ scope, id }: Pick<Definition, "scope" | "id">): string =>
  `${scope}/providers/Microsoft.Authorization/roleDefinitions/${id}`;

export const roleAssignmentPath = ({ scope, name }: Pick<Assignment, "scope" | "name">): string =>
  `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`;

/** As Azure Resource Manager takes it. */
export const roleDefinitionBody = ({ name, description, scope, actions }: Definition) => ({
  properties: {
    roleName: name,
    type: "CustomRole",
    description,
    assignableScopes: [scope],
    permissions: [{ actions, notActions: [], dataActions: [], notDataActions: [] }],
  },
});

export const roleAssignmentBody = (
  { principal }: Pick<BootstrapPlan, "principal">,
  { scope, roleId, condition, why }: Assignment,
) => ({
  properties: {
    roleDefinitionId: `/subscriptions/${scope.split("/")[2]}/providers/Microsoft.Authorization/roleDefinitions/${roleId}`,
    principalId: principal.objectId,
    principalType: "ServicePrincipal",
    // Azure takes 1,024 characters.
    description: `Rowgate: ${why}`.slice(0, 1024),
    ...(condition === null ? {} : { condition, conditionVersion }),
  },
});
