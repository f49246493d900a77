/** The objects that entries become, each with a sentence as a person would name it. */
import type { EntryItem } from "../../metadata-schema/contributions.ts";
import type { AclObjectType, PrincipalSpec, StackSpec } from "../../metadata-schema/desired-state.ts";
import { clusterPolicyName, databricksJobName } from "../../program/layout/names.ts";
import { levelRank } from "../../program/layout/role-matrix.ts";

export interface NamedObject {
  /** one text an object: the same grant asked for by several rows has one */
  readonly id: string;
  readonly sentence: string;
  /** other words that people find it by */
  readonly also: readonly string[];
}

/** What a stack says of its entries that is not in them. */
export interface Owner {
  readonly stack: string;
  readonly environment: string;
  /** of an access stack */
  readonly principal: PrincipalSpec | null;
}

const lastOf = (id: string): string => id.split("/").at(-1) ?? id;
const named = (owner: Owner, key: string, sentence: string, ...also: string[]): NamedObject => ({
  id: `${owner.stack}|${key}`.toLowerCase(),
  sentence,
  also: [owner.stack, owner.environment, ...also],
});

export function objectsOf(owner: Owner, item: EntryItem): readonly NamedObject[] {
  switch (item.kind) {
    case "platform": {
      const { addressSpace, vault, ownGroup } = item.platform;
      const vaultName = vault.mode === "own" ? vault.name : lastOf(vault.id);
      const platform = `platform of environment ${owner.environment} (network ${addressSpace}, vault ${vaultName})`;
      const group = ownGroup && named(owner, "group", `Entra group ${ownGroup.displayName}`);
      return [named(owner, "platform", platform), ...(group ? [group] : [])];
    }
    case "endpoint": {
      const { name, targetId, groupId } = item.endpoint;
      const sentence = `private endpoint ${name} to ${groupId} of ${lastOf(targetId)}`;
      return [named(owner, `endpoint|${name}`, sentence, targetId)];
    }
    case "range": {
      const sentence = `IP range ${item.range} allowed on the Databricks workspace of ${owner.environment}`;
      return [named(owner, `range|${item.range}`, sentence, item.range.replace(/\/32$/, ""))];
    }
    case "job": {
      const { jobId, name } = item.job;
      return [
        named(owner, "job", `Databricks job ${databricksJobName(jobId, name)} in ${owner.environment}`, name),
      ];
    }
    case "cluster": {
      const { nodeType, minWorkers, maxWorkers, sparkVersion } = item.cluster;
      const size = `${nodeType}, ${minWorkers} to ${maxWorkers} workers, ${sparkVersion}`;
      const jobId = jobIdOf(owner.stack);
      return [
        named(owner, "cluster", `cluster policy ${clusterPolicyName(jobId)} (${size})`, `job-${jobId}`),
      ];
    }
    case "secret": {
      const { vaultId, secretName } = item.secret;
      const sentence = `read of secret ${secretName} in vault ${lastOf(vaultId)} by job-${jobIdOf(owner.stack)}`;
      return [named(owner, `secret|${vaultId}|${secretName}`, sentence, vaultId)];
    }
    default:
      return accessObjects(owner, item);
  }
}

type AccessItem = Extract<EntryItem, { kind: "role-assignment" | "unity-grant" | "access-control" }>;

function accessObjects(owner: Owner, item: AccessItem): readonly NamedObject[] {
  const { principal } = owner;
  const who = principal?.displayName ?? "";
  const whoIs = principal?.objectId ?? "";
  switch (item.kind) {
    case "role-assignment": {
      const { scope, roleId, roleName } = item.roleAssignment;
      const sentence = `${roleName} on ${shortScope(scope)} to ${who}`;
      return [named(owner, `role|${scope}|${roleId}`, sentence, scope, whoIs, roleId)];
    }
    case "unity-grant": {
      const { securable, name, privileges } = item.unityGrant;
      return privileges.map((privilege) =>
        named(
          owner,
          `grant|${securable}|${name}|${privilege}`,
          `${privilege} on ${securable} ${name} to ${who}`,
          whoIs,
        ),
      );
    }
    case "access-control": {
      const { groupName, level } = item;
      const { type, jobId } = aclObjectOf(owner.stack);
      const jobName = `job-${owner.environment}-${jobId}`;
      const sentence = `${level} on ${type === "job" ? "job" : "cluster policy of"} ${jobName} to ${groupName}`;
      return [named(owner, `acl|${groupName}|${level}`, sentence, `job-${jobId}`, clusterPolicyName(jobId))];
    }
    default:
      return item satisfies never;
  }
}

const jobIdOf = (stack: string): number => Number(/-(-?\d+)$/.exec(stack)?.[1] ?? 0);

const aclObjectOf = (stack: string): { type: AclObjectType; jobId: number } => ({
  type: stack.includes("-cluster-policy-") ? "cluster-policy" : "job",
  jobId: jobIdOf(stack),
});

/** `ml-vault/secrets/token` says enough. */
function shortScope(scope: string): string {
  const parts = scope.split("/providers/").at(-1)?.split("/") ?? [];
  return parts.length > 2 ? parts.slice(2).join("/") : lastOf(scope);
}

/** A merged spec as the entries it was merged from. */
function itemsOf(spec: StackSpec): readonly EntryItem[] {
  switch (spec.kind) {
    case "platform":
      return [{ kind: "platform", platform: spec }];
    case "network":
      return spec.endpoints.map((endpoint) => ({ kind: "endpoint", endpoint }));
    case "firewall":
      return [spec.serviceAddress, ...spec.ranges].map((range) => ({ kind: "range", range }));
    case "job":
      return [
        { kind: "job", job: spec },
        { kind: "cluster", cluster: spec.cluster },
        ...spec.secrets.map((secret) => ({ kind: "secret", secret }) as const),
      ];
    case "access":
      return [
        ...spec.roleAssignments.map(
          (roleAssignment) => ({ kind: "role-assignment", roleAssignment }) as const,
        ),
        ...spec.unityGrants.map((unityGrant) => ({ kind: "unity-grant", unityGrant }) as const),
      ];
    case "acl":
      return spec.accessControls.map((each) => ({ kind: "access-control", ...each }));
    default:
      return spec satisfies never;
  }
}

export const principalOf = (spec: StackSpec | null): PrincipalSpec | null =>
  spec?.kind === "access" ? spec.principal : null;

/** Everything that a spec holds; null: nothing. */
export function objectsOfSpec(spec: StackSpec | null): readonly NamedObject[] {
  if (spec === null) return [];
  const owner = { stack: spec.stack, environment: spec.environment.name, principal: principalOf(spec) };
  return itemsOf(spec).flatMap((item) => objectsOf(owner, item));
}

/** Whether the clouds hold what an entry asks for: a principal has one level an object, which includes the lower. */
export function isHeld(applied: StackSpec | null, item: EntryItem, object: NamedObject): boolean {
  if (applied?.kind === "acl" && item.kind === "access-control") {
    const { type } = applied.object;
    return applied.accessControls.some(
      ({ groupName, level }) =>
        groupName.toLowerCase() === item.groupName.toLowerCase() &&
        levelRank(type, level) >= levelRank(type, item.level),
    );
  }
  if (applied?.kind === "job" && item.kind === "cluster")
    return objectsOfSpec(applied).some(({ sentence }) => sentence === object.sentence);
  return objectsOfSpec(applied).some(({ id }) => id === object.id);
}
