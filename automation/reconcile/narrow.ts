/**
 * What is left of an applied spec when only its removals are carried out. Pure.
 *
 * The engine deletes after it has created everything, so one addition that a cloud refuses would keep every
 * removal of the same spec from happening. The narrowed spec adds nothing and so has nothing to be refused.
 */
import { canonicalJson } from "../../metadata-schema/canonical-json.ts";
import type { StackSpec } from "../../metadata-schema/desired-state.ts";
import { levelRank } from "../../program/layout/role-matrix.ts";

/**
 * `applied` less what `desired` no longer asks for; null: that is nothing, or `desired` adds nothing to it, or
 * the kind gives nobody access.
 */
export function narrowed(applied: StackSpec | null, desired: StackSpec | null): StackSpec | null {
  if (applied === null || desired === null) return null;
  const left = intersection(applied, desired);
  if (left === null) return null;
  const text = canonicalJson(left);
  return text === canonicalJson(applied) || text === canonicalJson(desired) ? null : left;
}

function intersection(applied: StackSpec, desired: StackSpec): StackSpec | null {
  if (applied.kind === "access" && desired.kind === "access") {
    const roles = new Set(desired.roleAssignments.map(({ scope, roleId }) => `${scope}|${roleId}`));
    const privileges = new Map(
      desired.unityGrants.map((grant) => [`${grant.securable}|${grant.name}`, grant.privileges]),
    );
    const grants = applied.unityGrants.map((grant) => {
      const wanted = privileges.get(`${grant.securable}|${grant.name}`) ?? [];
      return { ...grant, privileges: grant.privileges.filter((privilege) => wanted.includes(privilege)) };
    });
    return {
      ...applied,
      roleAssignments: applied.roleAssignments.filter(({ scope, roleId }) => roles.has(`${scope}|${roleId}`)),
      unityGrants: grants.filter((grant) => grant.privileges.length > 0),
    };
  }
  if (applied.kind === "acl" && desired.kind === "acl") {
    if (applied.object.id !== desired.object.id) return null;
    const { type } = applied.object;
    const levels = new Map(desired.accessControls.map(({ groupName, level }) => [groupName, level]));
    const accessControls = applied.accessControls.flatMap(({ groupName, level }) => {
      const wanted = levels.get(groupName);
      if (wanted === undefined) return [];
      return [{ groupName, level: levelRank(type, wanted) < levelRank(type, level) ? wanted : level }];
    });
    return { ...applied, accessControls };
  }
  if (applied.kind === "firewall" && desired.kind === "firewall") {
    return { ...applied, ranges: applied.ranges.filter((range) => desired.ranges.includes(range)) };
  }
  if (applied.kind === "network" && desired.kind === "network") {
    const wanted = new Set(desired.endpoints.map((endpoint) => canonicalJson(endpoint)));
    return {
      ...applied,
      endpoints: applied.endpoints.filter((endpoint) => wanted.has(canonicalJson(endpoint))),
    };
  }
  if (applied.kind === "job" && desired.kind === "job") {
    const wanted = new Set(desired.secrets.map((secret) => canonicalJson(secret)));
    return { ...applied, secrets: applied.secrets.filter((secret) => wanted.has(canonicalJson(secret))) };
  }
  return null;
}
