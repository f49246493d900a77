/**
 * Admitted contributions of one stack → its spec. Pure, and the order of contributions does not matter:
 * two rows that ask for the same thing make one object.
 */
import type { EntryItem, OutputReference, StackBase } from "../../metadata-schema/contributions.ts";
import {
  type AccessControlSpec,
  type AclObjectType,
  type AclSpec,
  aclObjectTypes,
  type GuardrailException,
  type PrivateEndpointSpec,
  type RoleAssignmentSpec,
  type StackKind,
  type StackSpec,
  type UnityGrantSpec,
} from "../../metadata-schema/desired-state.ts";
import type { StackToMerge } from "../../metadata-schema/store.ts";
import { partsOfStackName } from "../../program/layout/names.ts";
import { levelRank } from "../../program/layout/role-matrix.ts";
import { withoutSecondDuty } from "./duties.ts";

export interface Merged {
  readonly kind: StackKind;
  readonly environment: string;
  /** null: nothing is asked of the stack any more, it must not exist */
  readonly spec: StackSpec | null;
  readonly references: readonly OutputReference[];
}

/** A stack to which nothing is admitted must not exist. */
export function merge({ stack, contributions }: StackToMerge): Merged {
  const items = contributions.flatMap((each) => each.admitted.map((entry) => entry.item));
  const base = contributions.findLast((each) => each.base !== null)?.base ?? null;
  const spec = base === null ? null : specOf(stack, base, items);
  const references = spec === null ? [] : uniqueReferences(contributions.flatMap((each) => each.references));
  return { ...partsOfStackName(stack), spec, references };
}

function uniqueReferences(references: readonly OutputReference[]): readonly OutputReference[] {
  return byKey(references, ({ stack, output }) => `${stack}|${output}`);
}

/** One of each key, in the order of the keys; of equal keys the one that sorts first. */
function byKey<T>(items: readonly T[], keyOf: (item: T) => string): readonly T[] {
  const sorted = items.toSorted(
    (a, b) => compare(keyOf(a), keyOf(b)) || compare(JSON.stringify(a), JSON.stringify(b)),
  );
  return sorted.filter((item, index) => index === 0 || keyOf(item) !== keyOf(sorted[index - 1] as T));
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function pick<K extends EntryItem["kind"]>(items: readonly EntryItem[], kind: K) {
  return items.filter((item): item is Extract<EntryItem, { kind: K }> => item.kind === kind);
}

function specOf(stack: string, base: StackBase, items: readonly EntryItem[]): StackSpec | null {
  if (items.length === 0) return null;
  switch (base.kind) {
    case "platform": {
      const [item] = pick(items, "platform");
      return item === undefined ? null : { ...base, kind: "platform", stack, ...item.platform };
    }
    case "workspace": {
      const [item] = pick(items, "workspace");
      return item === undefined ? null : { ...base, stack, factoryClientId: item.factoryClientId };
    }
    case "runtimes": {
      const runtimes = pick(items, "runtime").map((item) => item.runtime);
      return {
        ...base,
        kind: "runtimes",
        stack,
        runtimes: byKey(runtimes, ({ name }) => name.toLowerCase()),
      };
    }
    case "network": {
      const endpoints = pick(items, "endpoint").map((item): PrivateEndpointSpec => item.endpoint);
      return { ...base, stack, endpoints: byKey(endpoints, (endpoint) => endpoint.name.toLowerCase()) };
    }
    case "firewall": {
      const ranges = byKey(
        pick(items, "range").map((item) => item.range),
        (range) => range,
      );
      return { ...base, stack, ranges, ...exceptionsOf(items) };
    }
    case "job":
      return jobSpec(stack, base, items);
    case "access":
      return withoutSecondDuty({
        ...base,
        stack,
        workspaceMember: pick(items, "workspace-member").length > 0,
        roleAssignments: roleAssignments(pick(items, "role-assignment").map((item) => item.roleAssignment)),
        unityGrants: unityGrants(pick(items, "unity-grant").map((item) => item.unityGrant)),
        ...exceptionsOf(items),
      });
    case "acl": {
      const { objectIds, ...rest } = base;
      return { ...rest, stack, objects: objectAcls(objectIds, pick(items, "access-control")) };
    }
    default:
      return base satisfies never;
  }
}

/** A job without a good Jobs row or a good cluster has nothing yet. */
function jobSpec(
  stack: string,
  base: Extract<StackBase, { kind: "job" }>,
  items: readonly EntryItem[],
): StackSpec | null {
  const [job] = pick(items, "job");
  const [cluster] = pick(items, "cluster");
  if (job === undefined || cluster === undefined) return null;
  const secrets = pick(items, "secret").map((item) => item.secret);
  const alerts = pick(items, "alert");
  const [pipeline] = pick(items, "pipeline");
  return {
    ...base,
    stack,
    ...job.job,
    cluster: cluster.cluster,
    secrets: byKey(secrets, (secret) => `${secret.vaultId}|${secret.secretName}`.toLowerCase()),
    pipeline: pipeline?.pipeline ?? null,
    alerts: byKey(
      alerts.map((item) => item.alert),
      ({ metric, operator }) => `${metric}|${operator}`.toLowerCase(),
    ),
    driftWarehouseId: alerts.find((item) => item.driftWarehouseId !== null)?.driftWarehouseId ?? null,
    ...exceptionsOf(items),
  };
}

/** Left out where there are none: specs without exceptions stay what they were. */
function exceptionsOf(items: readonly EntryItem[]): { readonly exceptions?: readonly GuardrailException[] } {
  const all = pick(items, "exception").map((item) => item.exception);
  return all.length === 0
    ? {}
    : { exceptions: byKey(all, ({ guardrail, subject }) => `${guardrail}|${subject}`) };
}

const roleAssignments = (all: readonly RoleAssignmentSpec[]): readonly RoleAssignmentSpec[] =>
  byKey(all, ({ scope, roleId }) => `${scope}|${roleId}`.toLowerCase());

function unityGrants(all: readonly UnityGrantSpec[]): readonly UnityGrantSpec[] {
  const keyOf = (grant: UnityGrantSpec): string => `${grant.securable}|${grant.name}`.toLowerCase();
  const privileges = new Map<string, Set<string>>();
  for (const grant of all) {
    const key = keyOf(grant);
    privileges.set(key, new Set([...(privileges.get(key) ?? []), ...grant.privileges]));
  }
  return byKey(all, keyOf).map((grant) => ({
    ...grant,
    privileges: [...(privileges.get(keyOf(grant)) ?? [])].toSorted(compare),
  }));
}

function objectAcls(
  ids: Readonly<Partial<Record<AclObjectType, string>>>,
  all: readonly Extract<EntryItem, { kind: "access-control" }>[],
): AclSpec["objects"] {
  return aclObjectTypes.flatMap((type) => {
    const id = ids[type];
    const own = all.filter((item) => item.objectType === type).map((item) => item.accessControl);
    return id === undefined || own.length === 0
      ? []
      : [{ type, id, accessControls: accessControls(type, own) }];
  });
}

function accessControls(
  type: AclObjectType,
  all: readonly AccessControlSpec[],
): readonly AccessControlSpec[] {
  // A directory's names have no case.
  const keyOf = ({ principal, name }: AccessControlSpec): string => `${principal}|${name}`.toLowerCase();
  // Highest first of each principal.
  const ranked = all.toSorted((a, b) => levelRank(type, b.level) - levelRank(type, a.level));
  const highest = new Map<string, string>();
  for (const each of ranked) if (!highest.has(keyOf(each))) highest.set(keyOf(each), each.level);
  return byKey(
    all.map((each) => ({ ...each, level: highest.get(keyOf(each)) ?? each.level })),
    keyOf,
  );
}
