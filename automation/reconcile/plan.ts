/** What to do with a stack that could start now, and why. Pure. */
import type { StackSpec } from "../../metadata-schema/desired-state.ts";
import type { Lane, WorkItem } from "../../metadata-schema/store.ts";

export type Plan =
  | { readonly kind: "none"; readonly reason: "in-sync" | "must-not-exist" }
  | {
      readonly kind: "update";
      readonly reason: "first-run" | "spec-changed" | "unfinished-run" | "requested";
      readonly refresh: boolean;
    }
  | { readonly kind: "destroy"; readonly reason: "not-wanted" }
  | { readonly kind: "preview" | "refresh" | "adoptable"; readonly reason: "requested" };

export function planOf({ stack, queued }: WorkItem): Plan {
  const absent = stack.desired.spec === null;
  if (queued !== null) {
    if (absent) return { kind: "none", reason: "must-not-exist" };
    if (queued.kind === "preview" || queued.kind === "refresh" || queued.kind === "adoptable")
      return { kind: queued.kind, reason: "requested" };
    return { kind: "update", reason: "requested", refresh: true };
  }
  if (stack.desired.hash === stack.appliedHash) return { kind: "none", reason: "in-sync" };
  if (absent) return { kind: "destroy", reason: "not-wanted" };
  if (stack.appliedHash !== null) return { kind: "update", reason: "spec-changed", refresh: false };
  // An update may have reached its cloud although its answer was lost: after a revert only a look finds it.
  return stack.wasApplied
    ? { kind: "update", reason: "unfinished-run", refresh: true }
    : { kind: "update", reason: "first-run", refresh: stack.attempts > 0 };
}

/** The lane for a change from one spec to another. Taking access away is urgent by default. */
export function laneOf(before: StackSpec | null, after: StackSpec | null, urgent: boolean): Lane {
  return urgent || removesAccess(before, after) ? "urgent" : "normal";
}

export function removesAccess(before: StackSpec | null, after: StackSpec | null): boolean {
  const now = new Set(accessWords(after));
  return accessWords(before).some((word) => !now.has(word));
}

/** Each thing a spec lets somebody do, as one text. */
function accessWords(spec: StackSpec | null): readonly string[] {
  switch (spec?.kind) {
    case "access":
      return [
        ...(spec.workspaceMember ? ["workspace-member"] : []),
        ...spec.roleAssignments.map(({ scope, roleId }) => `${scope}|${roleId}`),
        ...spec.unityGrants.flatMap(({ securable, name, privileges }) =>
          privileges.map((privilege) => `${securable}|${name}|${privilege}`),
        ),
      ];
    case "acl":
      return spec.objects.flatMap(({ type, accessControls }) =>
        accessControls.map(({ principal, name, level }) => `${type}|${principal}|${name}|${level}`),
      );
    case "firewall":
      return spec.ranges;
    case "platform":
      return spec.ownGroup?.memberObjectIds ?? [];
    case "job":
      return [
        ...spec.secrets.map(({ vaultId, secretName }) => `${vaultId}|${secretName}`),
        ...(spec.federation === null ? [] : [`${spec.federation.issuer}|${spec.federation.subject}`]),
      ];
    default:
      return [];
  }
}
