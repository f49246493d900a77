import { RoleDefinition } from "@pulumi/azure-native/authorization/roleDefinition.js";
import type { CustomResourceOptions } from "@pulumi/pulumi";
import type { EnvironmentFacts } from "../../metadata-schema/desired-state.ts";
import { customRoleDefinition } from "../layout/custom-roles.ts";
import type { CustomRole } from "../layout/names.ts";

const resourceNames = {
  pipelineOperator: "pipeline-operator",
  pipelineEditor: "pipeline-editor",
} as const satisfies Record<CustomRole, string>;

/** An Azure role of our own, for the environment's factory; nobody holds it before a row asks for it. */
export const customRole = (
  environment: EnvironmentFacts,
  role: CustomRole,
  opts: CustomResourceOptions,
): RoleDefinition => {
  const { id, name, description, scope, actions } = customRoleDefinition(environment, role);
  return new RoleDefinition(
    resourceNames[role],
    {
      scope,
      roleDefinitionId: id,
      roleName: name,
      roleType: "CustomRole",
      description,
      assignableScopes: [scope],
      permissions: [{ actions: [...actions], notActions: [], dataActions: [], notDataActions: [] }],
    },
    opts,
  );
};
