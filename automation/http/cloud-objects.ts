/** The objects that entries become, each with a sentence as a person would name it. */
import type { EntryItem } from "../../metadata-schema/contributions.ts";
import type { AclObjectType, PrincipalSpec, StackSpec } from "../../metadata-schema/desired-state.ts";
import {
  clusterPolicyName,
  databricksJobName,
  pipelineName,
  servingEndpointName,
} from "../../program/layout/names.ts";
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
      const { addressSpace, ownGroup } = item.platform;
      const platform = `platform of environment ${owner.environment} (network ${addressSpace})`;
      const group = ownGroup && named(owner, "group", `Entra group ${ownGroup.displayName}`);
      return [named(owner, "platform", platform), ...(group ? [group] : [])];
    }
    case "workspace":
      return [
        named(owner, "workspace", `warehouse and way into the lake of environment ${owner.environment}`),
      ];
    case "runtime": {
      const { name, type } = item.runtime;
      return [named(owner, `runtime|${name}`, `${type} integration runtime ${name}`)];
    }
    case "endpoint": {
      const { name, targetId, groupId } = item.endpoint;
      const sentence = `private endpoint ${name} to ${groupId} of ${lastOf(targetId)}`;
      return [named(owner, `endpoint|${name}`, sentence, targetId)];
    }
    case "range": {
      const service = owner.stack.endsWith("-sql") ? "SQL server" : "Databricks workspace";
      const sentence = `IP range ${item.range} allowed on the ${service} of ${owner.environment}`;
      return [named(owner, `range|${item.range}`, sentence, item.range.replace(/\/32$/, ""))];
    }
    case "job": {
      const { jobId, name, online } = item.job;
      const what = online
        ? `serving endpoint ${servingEndpointName(jobId)}`
        : `Databricks job ${databricksJobName(jobId, name)}`;
      return [named(owner, "job", `${what} in ${owner.environment}`, name)];
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
    case "pipeline": {
      const jobId = jobIdOf(owner.stack);
      const { source, runtime, trigger } = item.pipeline;
      const from = source === null ? "" : ` from ${source.name}`;
      const when = trigger === null ? "no trigger" : trigger.started ? "trigger started" : "trigger stopped";
      const sentence = `pipeline ${pipelineName(jobId)}${from} by ${runtime}, ${when}`;
      return [named(owner, "pipeline", sentence, `job-${jobId}`)];
    }
    case "alert": {
      const { metric, operator, threshold } = item.alert;
      const sentence = `alert on ${metric} ${operator} ${threshold} of job-${jobIdOf(owner.stack)}`;
      return [named(owner, `alert|${metric}|${operator}`, sentence)];
    }
    case "exception":
      return []; // it lets others in and is nothing in a cloud
    default:
      return accessObjects(owner, item);
  }
}

type AccessItem = Extract<
  EntryItem,
  { kind: "role-assignment" | "unity-grant" | "access-control" | "workspace-member" }
>;

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
    case "workspace-member":
      return [named(owner, "member", `membership in the workspace of ${owner.environment} to ${who}`, whoIs)];
    case "access-control": {
      const { objectType, accessControl } = item;
      const { name, level } = accessControl;
      const jobId = jobIdOf(owner.stack);
      const on = aclWords(objectType, owner, jobId);
      const sentence = `${level} on ${on} to ${name}`;
      return [
        named(
          owner,
          `acl|${objectType}|${name}|${level}`,
          sentence,
          ...(objectType === "warehouse" ? [] : [`job-${jobId}`, clusterPolicyName(jobId)]),
        ),
      ];
    }
    default:
      return item satisfies never;
  }
}

const jobIdOf = (stack: string): number => Number(/-(-?\d+)$/.exec(stack)?.[1] ?? 0);

/** A permission list's object as a person would name it. */
function aclWords(type: AclObjectType, { environment }: Owner, jobId: number): string {
  const job = `job-${environment}-${jobId}`;
  switch (type) {
    case "job":
      return `job ${job}`;
    case "cluster-policy":
      return `cluster policy of ${job}`;
    case "interactive-policy":
      return `interactive policy of ${job}`;
    case "instance-pool":
      return `instance pool of ${job}`;
    case "experiment":
      return `experiment of ${job}`;
    case "serving-endpoint":
      return `serving endpoint of ${job}`;
    case "warehouse":
      return `SQL warehouse of ${environment}`;
    default:
      return type satisfies never;
  }
}

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
    case "workspace":
      return [{ kind: "workspace", factoryClientId: spec.factoryClientId }];
    case "runtimes":
      return spec.runtimes.map((runtime) => ({ kind: "runtime", runtime }));
    case "network":
      return spec.endpoints.map((endpoint) => ({ kind: "endpoint", endpoint }));
    case "firewall":
      return [...(spec.service === "databricks" ? [spec.serviceAddress] : []), ...spec.ranges].map(
        (range) => ({
          kind: "range",
          range,
        }),
      );
    case "job":
      return [
        { kind: "job", job: spec },
        { kind: "cluster", cluster: spec.cluster },
        ...spec.secrets.map((secret) => ({ kind: "secret", secret }) as const),
        ...(spec.pipeline === null ? [] : [{ kind: "pipeline", pipeline: spec.pipeline } as const]),
        ...spec.alerts.map((alert) => ({ kind: "alert", alert, driftWarehouseId: null }) as const),
      ];
    case "access":
      return [
        ...(spec.workspaceMember ? [{ kind: "workspace-member" } as const] : []),
        ...spec.roleAssignments.map(
          (roleAssignment) => ({ kind: "role-assignment", roleAssignment }) as const,
        ),
        ...spec.unityGrants.map((unityGrant) => ({ kind: "unity-grant", unityGrant }) as const),
      ];
    case "acl":
      return spec.objects.flatMap(({ type, accessControls }) =>
        accessControls.map(
          (accessControl) => ({ kind: "access-control", objectType: type, accessControl }) as const,
        ),
      );
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
    const { objectType, accessControl } = item;
    const list = applied.objects.find(({ type }) => type === objectType)?.accessControls ?? [];
    return list.some(
      ({ principal, name, level }) =>
        principal === accessControl.principal &&
        name.toLowerCase() === accessControl.name.toLowerCase() &&
        levelRank(objectType, level) >= levelRank(objectType, accessControl.level),
    );
  }
  if (applied?.kind === "job" && (item.kind === "cluster" || item.kind === "pipeline"))
    return objectsOfSpec(applied).some(({ sentence }) => sentence === object.sentence);
  return objectsOfSpec(applied).some(({ id }) => id === object.id);
}
