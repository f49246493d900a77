/** A bootstrap plan for people. */
import type { BootstrapPlan } from "./bootstrap-plan.ts";
import type { ManualNeed } from "./manual-needs.ts";

/** Everything in the order in which it is done, each with its reason. */
export function bootstrapText(plan: BootstrapPlan): string {
  const { principal, resourceGroup } = plan;
  return [
    `What Rowgate needs for environment ${plan.environment}, as ${principal.displayName ?? principal.objectId}, and no more:`,
    section("Azure", [
      `the resource group ${resourceGroup.id} in ${resourceGroup.location}`,
      `resource providers registered in subscription ${plan.subscriptionId}: ${plan.resourceProviders.join(", ")}`,
    ]),
    section(
      "Roles to define",
      plan.roleDefinitions.flatMap(({ name, scope, actions, why }) => [
        `${name}, assignable in ${scope}`,
        ...actions.map((action) => `    ${action}`),
        `    because ${why}`,
      ]),
    ),
    section(
      "Roles to assign",
      plan.roleAssignments.flatMap(({ roleName, scope, condition, why }) => [
        `${roleName} on ${scope}`,
        ...(condition === null ? [] : [`    under the condition ${condition}`]),
        `    because ${why}`,
      ]),
    ),
    section(
      "Application permissions of Microsoft Graph",
      plan.graphPermissions.flatMap(({ name, why }) => [name, `    because ${why}`]),
    ),
    section("By hand", plan.manual.flatMap(manualLines)),
  ].join("\n\n");
}

const section = (title: string, lines: readonly string[]): string =>
  [title, ...lines.map((line) => `  ${line}`)].join("\n");

const manualLines = ({ where, what, why, lines }: ManualNeed): readonly string[] => [
  `${where}: ${what}`,
  `    because ${why}`,
  ...lines.map((line) => `    ${line}`),
];
