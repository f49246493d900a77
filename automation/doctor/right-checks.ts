/** Whether the service may do in an environment what it has to; held-checks.ts asks whether that is all. */
import type { ArmClient } from "../azure/arm-client.ts";
import type { BootstrapFacts, ServicePrincipalFacts } from "../privilege/bootstrap-facts.ts";
import type { BootstrapPlan, RoleAssignmentNeed } from "../privilege/bootstrap-plan.ts";
import { allows, readPermissions } from "../privilege/read-assignments.ts";
import type { Area, Finding } from "./finding.ts";
import { plannedRights } from "./planned-rights.ts";

export interface EnvironmentCheck {
  readonly area: Area;
  readonly arm: ArmClient;
  readonly facts: BootstrapFacts;
  readonly cloud: "sandbox" | "azure";
  /** null: there is no token that says who the service is */
  readonly service: ServicePrincipalFacts | null;
  /** for that service */
  readonly plan: BootstrapPlan;
  /** of all environments: they may share a subscription, and what they take over */
  readonly planned: readonly RoleAssignmentNeed[];
}

export const bootstrap = ({ facts }: EnvironmentCheck): string =>
  `Run \`npx rowgate bootstrap ${facts.environment.name}\` as somebody who may assign roles there.`;

export async function rightFindings(check: EnvironmentCheck): Promise<readonly Finding[]> {
  const rights = new Map(plannedRights(check.plan));
  const takenOver = Object.entries(check.facts.environment.existing)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([resource, id]) => {
      const actions = rights.get(id) ?? [];
      rights.delete(id);
      return existingFinding(check, `taken over: ${resource}`, id, actions);
    });
  const places = [...rights].map(([scope, actions]) =>
    mayDo(
      check,
      scope === check.plan.resourceGroup.id ? "rights on the resource group" : `rights on ${scope}`,
      scope,
      actions,
    ),
  );
  return Promise.all([...places, ...takenOver]);
}

/** With either of them the service could give itself anything. */
const guarded = [
  "Microsoft.Authorization/roleDefinitions/write",
  "Microsoft.Authorization/roleAssignments/write",
];

async function mayDo(
  check: EnvironmentCheck,
  name: string,
  scope: string,
  actions: readonly string[],
): Promise<Finding> {
  const { area, arm, cloud, service } = check;
  const read = await readPermissions(arm, scope);
  if (read.status === "unread") {
    const isMade = cloud === "sandbox" && (await arm.get(scope)).status === "missing";
    return isMade
      ? area.unchecked(name, "the first run makes it; nobody has to be allowed that in the sandbox")
      : area.fault(name, read.message, bootstrap(check));
  }
  // A whole kind of child is asked for by one of its writes.
  const lacking = actions.filter((action) => !allows(read.permissions, action.replaceAll("*", "write")));
  if (lacking.length > 0) return area.fault(name, `not allowed: ${lacking.join(", ")}`, bootstrap(check));
  const beyond = guarded.filter((action) => allows(read.permissions, action) && !actions.includes(action));
  // Nobody has to be kept from anything in the sandbox.
  if (cloud === "azure" && beyond.length > 0)
    return area.fault(
      name,
      `allowed, and not given by bootstrap: ${beyond.join(", ")}`,
      `Find the role with \`az role assignment list --assignee ${service?.objectId ?? "OBJECT_ID"} --scope ${scope} --include-inherited --include-groups\`, and remove it.`,
    );
  return area.ok(name, `all ${actions.length} actions that count`);
}

/** @param actions none: it is in the environment's own group, whose rights are asked for as a whole */
async function existingFinding(
  check: EnvironmentCheck,
  name: string,
  id: string,
  actions: readonly string[],
): Promise<Finding> {
  const answer = await check.arm.get(id);
  if (answer.status === "missing")
    return check.area.fault(name, `there is no ${id}`, "Correct the environment's row, or make it there.");
  if (answer.status !== "ok") return check.area.fault(name, answer.message, bootstrap(check));
  return actions.length === 0 ? check.area.ok(name, id) : mayDo(check, name, id, actions);
}

/** What bootstrap leaves to a person, and no call from here can ask for. */
export function manualFindings({ area, cloud, plan }: EnvironmentCheck): readonly Finding[] {
  return plan.manual.flatMap(({ where, what, lines }) => {
    switch (where) {
      case "Unity Catalog":
      case "metadata database":
        return [
          area.unchecked(
            `${where}: ${what}`,
            cloud === "sandbox" ? "nobody has to be allowed that in the sandbox" : `run: ${lines.join(" ")}`,
          ),
        ];
      // Asked of the workspace, and told by the run itself.
      case "Databricks":
      case "first run":
        return [];
      default:
        return where satisfies never;
    }
  });
}
