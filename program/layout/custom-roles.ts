/** The Azure roles of our own, each defined for one factory: no built-in role does so little. */
import type { EnvironmentFacts } from "../../metadata-schema/desired-state.ts";
import { customRoleRules } from "./azure-roles.ts";
import { armPlace, type CustomRole, customRoleId, customRoles, factoryId } from "./names.ts";

export interface CustomRoleDefinition {
  /** GUID */
  readonly id: string;
  /** unique in the tenant */
  readonly name: string;
  readonly description: string;
  /** where it can be assigned, and where it is defined */
  readonly scope: string;
  readonly actions: readonly string[];
}

const words = {
  pipelineOperator: "Runs the pipelines, and changes nothing, of",
  pipelineEditor: "Changes the pipelines, and nothing else, of",
} as const satisfies Record<CustomRole, string>;

export const customRoleNames = Object.keys(customRoles) as readonly CustomRole[]; // its own keys

export function customRoleDefinition(environment: EnvironmentFacts, role: CustomRole): CustomRoleDefinition {
  const factory = armPlace(factoryId(environment));
  return {
    id: customRoleId(role, factoryId(environment)),
    // Unique in the tenant, as the factory's name is in all of Azure.
    name: `${customRoles[role]} ${factory.name}`,
    description: `${words[role]} ${factory.name}`,
    scope: `/subscriptions/${factory.subscriptionId}/resourceGroups/${factory.resourceGroup}`,
    actions: customRoleRules[role].actions,
  };
}
