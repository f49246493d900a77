/** Access_Policies rows → access and acl entries. */
import type { Entry, OutputReference } from "../../metadata-schema/contributions.ts";
import type { GuardrailException, PrincipalSpec } from "../../metadata-schema/desired-state.ts";
import type { AccessPolicyRow, RowRef } from "../../metadata-schema/rows.ts";
import { rowName } from "../../metadata-schema/rows.ts";
import { accessStack } from "../../program/layout/names.ts";
import { type Grant, grantsFor, isRole } from "../../program/layout/role-matrix.ts";
import type { Piece, Verdict } from "../../program/policies/pieces.ts";
import { aclEntry } from "./acl-target.ts";
import { expiryOf } from "./expiry.ts";
import { withExceptions } from "./guard.ts";
import {
  accessBase,
  firstMissingLast,
  type JobContext,
  ownOutput,
  platformOutput,
  textOutput,
} from "./job-context.ts";
import { modelFault } from "./model-names.ts";
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

/** A row that has expired asks for nothing; null. */
export function resolvePolicy(policy: AccessPolicyRow, context: JobContext): RowOutcome | null {
  const row: RowRef = { table: "Access_Policies", key: String(policy.policy_id) };
  const asks = policyAsks(policy, { environment: context.environmentName, model: context.model });
  const expiry = expiryOf(policy.expires_at);
  if (expiry === "unreadable") return refused(row, badExpiry(row, policy.expires_at ?? ""), asks);
  if (expiry !== null && expiry <= context.nowMs) return null;
  const judged = policy.permissions.map((permission) => judgePermission(policy, permission, context));
  const refusal = refusedPermission(row, judged) ?? refusedModel(policy, row, context);
  if (refusal !== null) return refused(row, refusal, asks);
  const principal = principalOf(policy, row, context);
  if (principal.status === "refused") {
    const { refusal: reason, keepsNamed } = principal;
    return refused(row, reason, (entry) => asks(entry) && (keepsNamed || !isAddressedByName(entry)));
  }
  const placed = judged.flatMap((permission) => place(policy, row, permission, principal.principal, context));
  return good(row, placed);
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
    online: context.online,
    model: modelOf(policy, context),
    catalog: context.environment.catalog_name,
    schema: context.environment.schema_name,
  });
}

/** Only a permission that means a model needs it to be there. */
function refusedModel(policy: AccessPolicyRow, row: RowRef, context: JobContext): Refusal | null {
  if (!policy.permissions.some((permission) => modelPermissions.has(permission))) return null;
  const fault = modelFault(modelOf(policy, context), context);
  const field = policy.model === null ? "permissions: the job's model" : "model:";
  return fault === null ? null : { ...fault, message: `${rowName(row)}, ${field} ${fault.message}` };
}

/** Why permissions of the row cannot be given, each told once, under the reason of the first; null: all can. */
function refusedPermission(row: RowRef, judged: readonly JudgedPermission[]): Refusal | null {
  const faults = judged.flatMap((permission) => permission.faults);
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

interface JudgedPermission {
  readonly permission: string;
  readonly faults: readonly PermissionFault[];
  /** what it becomes; none while it is at fault */
  readonly grants: readonly { readonly grant: Grant; readonly exceptions: readonly GuardrailException[] }[];
}

function judgePermission(policy: AccessPolicyRow, permission: string, context: JobContext): JudgedPermission {
  const { guard } = context;
  const refuse = (...faults: readonly PermissionFault[]): JudgedPermission => ({
    permission,
    faults,
    grants: [],
  });
  const field = "permissions";
  const faultOf = ({ guardrail, reason, message, fix }: Verdict): PermissionFault => {
    const isOfRole = guardrail === "permission-in-role" && !isRole(policy.role);
    return { field: isOfRole ? "role" : field, reason, message: `${message} ${fix}` };
  };
  const asked = guard.judge([
    { kind: "permission", role: policy.role, permission },
    ...duties(policy, permission, context),
  ]);
  if (asked.verdicts.length > 0) return refuse(...asked.verdicts.map(faultOf));
  const result = grants(policy, permission, context);
  if (result.status === "unknown")
    return refuse({ field, reason: "UnknownPermission", message: `"${permission}" is unknown.` });
  if (result.status === "unavailable")
    return refuse({ field, reason: "PermissionUnavailable", message: `${result.reason}.` });
  const judged = result.grants.map((grant) => ({ grant, ...guard.judge([pieceOf(grant, context)]) }));
  const verdicts = judged.flatMap((each) => each.verdicts);
  if (verdicts.length > 0) return refuse(...verdicts.map(faultOf));
  const grantsOf = judged.map(({ grant, exceptions }) => ({
    grant,
    exceptions: [...asked.exceptions, ...exceptions],
  }));
  return { permission, faults: [], grants: grantsOf };
}

/** Whoever may run a pipeline may keep that: it is the right to change it that comes too much. */
function duties(policy: AccessPolicyRow, permission: string, context: JobContext): readonly Piece[] {
  if (permission !== "edit_pipeline") return [];
  const { production } = context.environment;
  const principal = policy.entra_id_group;
  return [{ kind: "duties", production, principal, permissions: context.permissionsOf(principal) }];
}

function pieceOf(grant: Grant, { jobId }: JobContext): Piece {
  switch (grant.kind) {
    case "role-assignment": {
      const { scope, roleId } = grant;
      return { kind: "role-assignment", scope, roleId, principalType: "Group" };
    }
    case "unity-grant":
      return grant;
    case "object-permission": {
      const object = `the ${grant.objectType} of job ${jobId}`;
      return { kind: "object-permission", object, principal: "group", level: grant.level };
    }
    default:
      return grant satisfies never;
  }
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
      const text = `no Entra group is named "${displayName}". Create it, or mend the name; people are named by a group that they are in. It is looked up again.`;
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
  { permission, grants: judged }: JudgedPermission,
  principal: PrincipalSpec,
  context: JobContext,
): readonly PlacedEntry[] {
  const ask = askOf(policy, permission, context);
  const model = modelOf(policy, context);
  const usesOwnModel = modelPermissions.has(permission) && context.isOwnModel(model);
  const needs = usesOwnModel ? [ownOutput(context, "model_full_name")] : [];
  const placed = judged.flatMap(({ grant, exceptions }) =>
    withExceptions(placeGrant(grant, { row, ask, principal, needs, context }), exceptions),
  );
  const isInWorkspace = judged.some(({ grant }) => grant.kind !== "role-assignment");
  if (!isInWorkspace) return placed;
  const member: Entry = { row, ask, item: { kind: "workspace-member" } };
  return [{ target: accessTarget(principal, context, []), entry: member }, ...placed];
}

interface Placing {
  readonly row: RowRef;
  readonly ask: string;
  readonly principal: PrincipalSpec;
  /** outputs that must be there first */
  readonly needs: readonly OutputReference[];
  readonly context: JobContext;
}

function placeGrant(grant: Grant, { row, ask, principal, needs, context }: Placing): PlacedEntry {
  switch (grant.kind) {
    case "role-assignment": {
      const { kind, ...roleAssignment } = grant;
      return {
        target: accessTarget(principal, context, []),
        entry: { row, ask, item: { kind, roleAssignment } },
      };
    }
    case "unity-grant": {
      const { kind, ...unityGrant } = grant;
      const target = accessTarget(principal, context, grant.securable === "model" ? needs : []);
      return { target, entry: { row, ask, item: { kind, unityGrant } } };
    }
    case "object-permission": {
      const { objectType, level } = grant;
      const accessControl = { principal: "group", name: principal.displayName, level } as const;
      const item = { kind: "access-control", objectType, accessControl } as const;
      return aclEntry({ row, ask, item }, objectType, context);
    }
    default:
      return grant satisfies never;
  }
}

function accessTarget(
  principal: PrincipalSpec,
  context: JobContext,
  needs: readonly OutputReference[],
): Target {
  const { environmentName, workspace } = context;
  const isKnown = workspace !== null && needs.every((each) => textOutput(context, each) !== null);
  return {
    stack: accessStack(environmentName, principal.objectId),
    kind: "access",
    base: isKnown ? accessBase(workspace, principal, context) : null,
    references: firstMissingLast(context, [platformOutput(context, "workspace_url"), ...needs]),
  };
}
