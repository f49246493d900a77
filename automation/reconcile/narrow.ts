/**
 * What is left of an applied spec when only its removals are carried out. Pure.
 *
 * The engine deletes after it has created everything, so one addition that a cloud refuses would keep every
 * removal of the same spec from happening. The narrowed spec adds nothing and so has nothing to be refused.
 */
import { canonicalJson } from "../../metadata-schema/canonical-json.ts";
import type {
  AccessControlSpec,
  AccessSpec,
  AclSpec,
  FirewallSpec,
  ObjectAclSpec,
  StackSpec,
} from "../../metadata-schema/desired-state.ts";
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
    const left = {
      ...applied,
      workspaceMember: applied.workspaceMember && desired.workspaceMember,
      roleAssignments: applied.roleAssignments.filter(({ scope, roleId }) => roles.has(`${scope}|${roleId}`)),
      unityGrants: grants.filter((grant) => grant.privileges.length > 0),
    };
    return withSharedExceptions(left, desired);
  }
  if (applied.kind === "acl" && desired.kind === "acl") {
    return { ...applied, objects: applied.objects.flatMap((object) => lowered(object, desired)) };
  }
  if (applied.kind === "firewall" && desired.kind === "firewall") {
    const ranges = applied.ranges.filter((range) => desired.ranges.includes(range));
    return withSharedExceptions({ ...applied, ranges }, desired);
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
    // A pipeline that goes takes its trigger with it; one that changes stays as it was.
    const pipeline = desired.pipeline === null ? null : applied.pipeline;
    const secrets = applied.secrets.filter((secret) => wanted.has(canonicalJson(secret)));
    const federation =
      canonicalJson(applied.federation) === canonicalJson(desired.federation) ? applied.federation : null;
    // The cluster stays as it was, and so what it broke by exception.
    return { ...applied, secrets, pipeline, federation };
  }
  return null;
}

/** What stays of both is let in by the exceptions of both. */
function withSharedExceptions<T extends AccessSpec | FirewallSpec>(left: T, desired: T): T {
  const { exceptions = [], ...rest } = left;
  const shared = exceptions.filter((each) =>
    desired.exceptions?.some(
      ({ guardrail, subject }) => guardrail === each.guardrail && subject === each.subject,
    ),
  );
  return (shared.length === 0 ? rest : { ...rest, exceptions: shared }) as T; // T less what is optional in it
}

/** An object's list with what `desired` gives at most; nothing of an object that has another id by now. */
function lowered(object: ObjectAclSpec, desired: AclSpec): readonly ObjectAclSpec[] {
  const { type, id } = object;
  const wanted = desired.objects.find((other) => other.type === type && other.id === id);
  const keyOf = ({ principal, name }: AccessControlSpec): string => `${principal}|${name}`.toLowerCase();
  const levels = new Map(wanted?.accessControls.map((each) => [keyOf(each), each.level]));
  const accessControls = object.accessControls.flatMap((each) => {
    const level = levels.get(keyOf(each));
    if (level === undefined) return [];
    return [{ ...each, level: levelRank(type, level) < levelRank(type, each.level) ? level : each.level }];
  });
  return accessControls.length === 0 ? [] : [{ type, id, accessControls }];
}
