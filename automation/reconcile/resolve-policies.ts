/** Access_Policies rows → access and acl entries. */
import type { Entry } from "../../metadata-schema/contributions.ts";
import type { AclObjectType, PrincipalSpec } from "../../metadata-schema/desired-state.ts";
import type { AccessPolicyRow, RowRef } from "../../metadata-schema/rows.ts";
import { rowName } from "../../metadata-schema/rows.ts";
import { accessStack, aclStack, jobStack } from "../../program/layout/names.ts";
import { type Grant, grantsFor, isRole } from "../../program/layout/role-matrix.ts";
import { judge } from "../../program/policies/judge.ts";
import type { JobContext } from "./job-context.ts";
import {
  blocked,
  good,
  isAddressedByName,
  type PlacedEntry,
  type Refusal,
  type RowOutcome,
  refused,
  type Target,
  waiting,
} from "./outcome.ts";

/** The output of a job stack that names the object an acl is for. */
export const objectIdOutput = {
  job: "databricks_job_id",
  "cluster-policy": "cluster_policy_id",
} as const satisfies Record<AclObjectType, string>;

/** A row that has expired asks for nothing; null. */
export function resolvePolicy(policy: AccessPolicyRow, context: JobContext): RowOutcome | null {
  const row: RowRef = { table: "Access_Policies", key: String(policy.policy_id) };
  const asks = policyAsks(policy, { environment: context.environmentName, model: context.model });
  const expiry = expiryOf(policy.expires_at);
  if (expiry === "unreadable") return refused(row, badExpiry(row, policy.expires_at ?? ""), asks);
  if (expiry !== null && expiry <= context.nowMs) return null;
  const refusal = refusedPermission(policy, row, context);
  if (refusal !== null) return refused(row, refusal, asks);
  const principal = principalOf(policy, row, context);
  if (principal.status === "refused") {
    const { refusal: reason, keepsNamed } = principal;
    return refused(row, reason, (entry) => asks(entry) && (keepsNamed || !isAddressedByName(entry)));
  }
  const placed = policy.permissions.flatMap((permission) =>
    place(policy, row, permission, principal.principal, context),
  );
  return good(row, placed);
}

// With a zone, or nobody knows when it is; Date.parse alone takes almost anything.
const instant = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/;

/** Milliseconds since 1970 of an expiry; null: none. */
export function expiryOf(value: string | null): number | null | "unreadable" {
  if (value === null) return null;
  const expiry = instant.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(expiry) ? "unreadable" : expiry;
}

/** Permissions that mean the model: for these another model is another wish. */
const modelPermissions: ReadonlySet<string> = new Set(["read_model", "discover_model"]);

const wordsOf = (environment: string, group: string, permission: string, model: string): string =>
  [environment, group, permission, ...(modelPermissions.has(permission) ? [model] : [])].join("|");

/**
 * What a policy asks for now. `environment` or `model` null: nobody knows it at the moment (no such
 * environment), and it is not held against an entry.
 */
export function policyAsks(
  policy: AccessPolicyRow,
  { environment, model }: { environment: string | null; model: string | null },
): (entry: Entry) => boolean {
  const wantedModel = policy.model ?? model;
  return ({ ask }) => {
    const [askedEnvironment = "", group, permission = "", askedModel = ""] = ask.split("|");
    return (
      (environment === null || askedEnvironment === environment) &&
      group === policy.entra_id_group &&
      policy.permissions.includes(permission) &&
      (wantedModel === null || !modelPermissions.has(permission) || askedModel === wantedModel)
    );
  };
}

const modelOf = (policy: AccessPolicyRow, context: JobContext): string => policy.model ?? context.model;

const askOf = (policy: AccessPolicyRow, permission: string, context: JobContext): string =>
  wordsOf(context.environmentName, policy.entra_id_group, permission, modelOf(policy, context));

const badExpiry = (row: RowRef, value: string): Refusal =>
  blocked(
    "InvalidExpiry",
    `${rowName(row)}, expires_at: "${value}" is not an instant. Write it like 2027-01-31T17:00:00Z.`,
  );

function grants(policy: AccessPolicyRow, permission: string, context: JobContext) {
  return grantsFor(permission, {
    environment: context.facts,
    jobId: context.jobId,
    model: modelOf(policy, context),
    vaultId: context.vault.id,
    catalog: context.environment.catalog_name,
    schema: context.environment.schema_name,
  });
}

/** Why permissions of the row cannot be given, each told once, under the reason of the first; null: all can. */
function refusedPermission(policy: AccessPolicyRow, row: RowRef, context: JobContext): Refusal | null {
  const faults = policy.permissions.flatMap((permission) => permissionFaults(policy, permission, context));
  const [first] = faults;
  if (first === undefined) return null;
  const told = [...Map.groupBy(faults, ({ field }) => field)].map(
    ([field, all]) => `${field}: ${[...new Set(all.map(({ message }) => message))].join(" ")}`,
  );
  return blocked(first.reason, `${rowName(row)}, ${told.join(" ")}`);
}

interface PermissionFault {
  readonly field: "role" | "permissions";
  readonly reason: string;
  readonly message: string;
}

function permissionFaults(
  policy: AccessPolicyRow,
  permission: string,
  context: JobContext,
): readonly PermissionFault[] {
  const field = "permissions";
  const verdicts = judge({ kind: "permission", role: policy.role, permission });
  if (verdicts.length > 0)
    return verdicts.map(({ guardrail, message, fix }) => {
      const isOfRole = guardrail === "permission-in-role" && !isRole(policy.role);
      return { field: isOfRole ? "role" : field, reason: guardrail, message: `${message} ${fix}` };
    });
  const result = grants(policy, permission, context);
  if (result.status === "unknown")
    return [{ field, reason: "known-permission", message: `"${permission}" is unknown.` }];
  if (result.status === "unavailable")
    return [{ field, reason: "PermissionUnavailable", message: `${result.reason}.` }];
  return result.grants.flatMap((grant) => {
    if (grant.kind !== "role-assignment") return [];
    const { scope, roleId } = grant;
    return judge({ kind: "role-assignment", scope, roleId, principalType: "Group" }).map(
      ({ guardrail, message, fix }) => ({ field, reason: guardrail, message: `${message} ${fix}` }),
    );
  });
}

type PrincipalResult =
  | { readonly status: "known"; readonly principal: PrincipalSpec }
  /** `keepsNamed` false: what the row holds by the group's name goes, as the name may mean somebody else by now */
  | { readonly status: "refused"; readonly refusal: Refusal; readonly keepsNamed: boolean };

function principalOf(policy: AccessPolicyRow, row: RowRef, context: JobContext): PrincipalResult {
  const displayName = policy.entra_id_group;
  const where = `${rowName(row)}, entra_id_group: `;
  const recorded = context.recordedId(row, displayName);
  const answer = context.answers.of({ kind: "group", name: displayName });
  const waits = (reason: string, text: string, keepsNamed: boolean): PrincipalResult => ({
    status: "refused",
    refusal: waiting(reason, `${where}${text}`),
    keepsNamed,
  });
  switch (answer.status) {
    case "found":
      if (recorded !== null && recorded !== answer.objectId) {
        const message =
          `${where}"${displayName}" was object ${recorded} when this row was first resolved and is object ` +
          `${answer.objectId} now. Check which one is meant; delete and insert the row to accept the new one.`;
        return { status: "refused", refusal: blocked("GroupChanged", message), keepsNamed: false };
      }
      context.record(row, displayName, answer.objectId);
      return { status: "known", principal: { type: "Group", objectId: answer.objectId, displayName } };
    case "missing": {
      const text = `no Entra group is named "${displayName}". Create it or mend the name; it is looked up again.`;
      return waits("GroupNotFound", text, false);
    }
    case "ambiguous": {
      const text = `${answer.objectIds.length} Entra groups are named "${displayName}". Rename one; it is looked up again.`;
      return waits("GroupNotUnique", text, true);
    }
    case "unavailable":
      return waits(
        "DirectoryUnavailable",
        `"${displayName}" could not be looked up: ${answer.message}.`,
        true,
      );
    default:
      return answer satisfies never;
  }
}

function place(
  policy: AccessPolicyRow,
  row: RowRef,
  permission: string,
  principal: PrincipalSpec,
  context: JobContext,
): readonly PlacedEntry[] {
  const result = grants(policy, permission, context);
  if (result.status !== "granted") return [];
  const ask = askOf(policy, permission, context);
  return result.grants.map((grant) => placeGrant(grant, { row, ask, principal, context }));
}

function placeGrant(
  grant: Grant,
  {
    row,
    ask,
    principal,
    context,
  }: { row: RowRef; ask: string; principal: PrincipalSpec; context: JobContext },
): PlacedEntry {
  switch (grant.kind) {
    case "role-assignment": {
      const { kind, ...roleAssignment } = grant;
      return {
        target: accessTarget(principal, context),
        entry: { row, ask, item: { kind, roleAssignment } },
      };
    }
    case "unity-grant": {
      const { kind, ...unityGrant } = grant;
      return { target: accessTarget(principal, context), entry: { row, ask, item: { kind, unityGrant } } };
    }
    case "object-permission": {
      const item = { kind: "access-control", groupName: principal.displayName, level: grant.level } as const;
      return { target: aclTarget(grant.objectType, context), entry: { row, ask, item } };
    }
    default:
      return grant satisfies never;
  }
}

function accessTarget(principal: PrincipalSpec, context: JobContext): Target {
  const { facts, workspace } = context;
  return {
    stack: accessStack(facts.name, principal.objectId),
    kind: "access",
    base: workspace === null ? null : { kind: "access", environment: facts, workspace, principal },
    references: context.workspaceReferences,
  };
}

function aclTarget(type: AclObjectType, context: JobContext): Target {
  const { facts, workspace } = context;
  const owner = { stack: jobStack(facts.name, context.jobId), output: objectIdOutput[type] };
  const id = context.output(owner);
  const known = workspace !== null && typeof id === "string";
  return {
    stack: aclStack(facts.name, type, context.jobId),
    kind: "acl",
    base: known ? { kind: "acl", environment: facts, workspace, object: { type, id } } : null,
    references: [...context.workspaceReferences, owner],
  };
}
