/**
 * Whether the service holds no more than bootstrap gives: on the environment's group and wherever it may assign roles,
 * above those places and in them. Elsewhere it may not read who holds what.
 */
import { judgeCondition, readAssignmentCondition } from "../privilege/assignment-condition.ts";
import type { RoleAssignmentNeed } from "../privilege/bootstrap-plan.ts";
import {
  allows,
  type HeldAssignment,
  type HeldRole,
  listAssignments,
  readRole,
} from "../privilege/read-assignments.ts";
import { type Finding, sandboxOnly } from "./finding.ts";
import { bootstrap, type EnvironmentCheck } from "./right-checks.ts";

const conditionCheck = "may give only the roles of the permission map";
const excessCheck = "holds no more than bootstrap gives";

export async function heldFindings(check: EnvironmentCheck): Promise<readonly Finding[]> {
  const { area, arm, cloud, service, plan } = check;
  const unchecked = (why: string): readonly Finding[] => [
    area.unchecked(conditionCheck, why),
    area.unchecked(excessCheck, why),
  ];
  if (cloud === "sandbox") return unchecked(sandboxOnly);
  if (service === null) return unchecked("there is no token that says who the service is");
  const { objectId } = service;
  const needs = plan.roleAssignments.filter(({ condition }) => condition !== null);
  const places = await Promise.all(
    needs.map(async (need) => ({ need, held: await listAssignments(arm, need.scope, objectId) })),
  );
  const all = new Map<string, { readonly place: string; readonly held: HeldAssignment }>();
  const findings: Finding[] = [];
  for (const { need, held } of places) {
    if (held.status === "unread") {
      findings.push(...unchecked(`on ${need.scope}: ${held.message}`));
      continue;
    }
    const fault = faultOf(need, held.assignments, objectId);
    findings.push(
      fault === null
        ? area.ok(conditionCheck, `on ${need.scope}`)
        : area.fault(conditionCheck, `on ${need.scope}: ${fault}`, bootstrap(check)),
    );
    for (const each of held.assignments)
      all.set(`${each.scope}|${each.name}`.toLowerCase(), { place: need.scope, held: each });
  }
  const excess = await Promise.all([...all.values()].map(({ place, held }) => excessOf(check, place, held)));
  return [
    ...findings,
    ...excess.flat(),
    ...(excess.flat().length === 0 && all.size > 0
      ? [area.ok(excessCheck, `${all.size} assignments, all of them in the plan`)]
      : []),
  ];
}

const sameText = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

/** @param place where it was found, and where its role can be read */
async function excessOf(
  check: EnvironmentCheck,
  place: string,
  held: HeldAssignment,
): Promise<readonly Finding[]> {
  const { area, arm, plan, planned } = check;
  const isPlanned = planned.some(
    ({ scope, roleId }) => sameText(scope, held.scope) && sameText(roleId, held.roleId),
  );
  const defined = plan.roleDefinitions.find(({ id }) => sameText(id, held.roleId));
  // What Azure's own roles do is the same everywhere; their conditions are judged besides.
  if (isPlanned && defined === undefined) return [];
  const read = await readRole(arm, place, held.roleId);
  if (!isPlanned) return [excess(check, held, read.status === "read" ? read.role : null)];
  if (read.status === "unread") return [area.unchecked(excessCheck, read.message)];
  const given = new Set(defined?.actions.map((action) => action.toLowerCase()));
  const more = [...read.role.permissions.flatMap(({ actions }) => actions), ...read.role.dataActions].filter(
    (action) => !given.has(action.toLowerCase()),
  );
  return more.length === 0
    ? []
    : [
        area.fault(
          excessCheck,
          `the role ${read.role.name} (assignment ${held.name} on ${held.scope}) also allows ${more.join(", ")}`,
          bootstrap(check),
        ),
      ];
}

/** @param role null: nobody here may read it */
function excess(
  { area, service }: EnvironmentCheck,
  { name, scope, roleId, principalId, condition }: HeldAssignment,
  role: HeldRole | null,
): Finding {
  const may = (action: string): boolean => role !== null && allows(role.permissions, action);
  const worst = [
    ...(may("Microsoft.Authorization/roleDefinitions/write") ? ["define roles"] : []),
    ...(may("Microsoft.Authorization/roleAssignments/write") && condition === null
      ? ["assign any role"]
      : []),
  ];
  const id = `${scope === "/" ? "" : scope}/providers/Microsoft.Authorization/roleAssignments/${name}`;
  return area.fault(
    excessCheck,
    `${role?.name ?? `role ${roleId}`} on ${scope} (assignment ${name}) is not in bootstrap's plan${worst.length === 0 ? "" : `: with it the service can ${worst.join(" and ")}`}`,
    sameText(principalId, service?.objectId ?? "")
      ? `Remove it: \`az role assignment delete --ids ${id}\`.`
      : `Take the service out of the group ${principalId}, which holds it.`,
  );
}

/** Null: what is held on the scope itself is what is needed. What is held above it is in no plan. */
function faultOf(need: RoleAssignmentNeed, held: readonly HeldAssignment[], objectId: string): string | null {
  const wanted = readAssignmentCondition(need.condition ?? "")?.write.roleIds ?? [];
  const faults = held
    .filter(({ scope, roleId }) => roleId === need.roleId && sameText(scope, need.scope))
    .map((assignment) => faultOfCondition(assignment, wanted, objectId));
  const wide = faults.find((fault) => fault?.kind === "wide");
  if (wide) return wide.message;
  if (faults.some((fault) => fault === null)) return null;
  return faults[0]?.message ?? `${need.roleName} is not assigned`;
}

function faultOfCondition(
  { name, condition }: HeldAssignment,
  wanted: readonly string[],
  objectId: string,
): { readonly kind: "wide" | "narrow"; readonly message: string } | null {
  if (condition === null) return { kind: "wide", message: `assignment ${name} has no condition` };
  const limits = readAssignmentCondition(condition);
  if (limits === null)
    return {
      kind: "wide",
      message: `the condition of assignment ${name} has another form; nobody can tell what it allows`,
    };
  const { wider, missing } = judgeCondition(limits, wanted, objectId);
  if (wider.length > 0)
    return { kind: "wide", message: `assignment ${name} also allows ${wider.join(", ")}` };
  return missing.length > 0
    ? { kind: "narrow", message: `assignment ${name} does not allow ${missing.join(", ")}` }
    : null;
}
