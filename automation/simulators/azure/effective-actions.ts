/** What role assignments come to: the actions that somebody may take on a scope. */
import { textAt } from "../json.ts";
import { readSettings } from "../settings.ts";
import type { Store } from "../store.ts";
import { findRole, isWithin, roleAssignmentToken } from "./role-definitions.ts";
import type { RolePermission } from "./role-permission.ts";

/** One assignment that counts. */
export interface ActionGrant extends RolePermission {
  readonly assignmentId: string;
  readonly principalId: string;
  readonly roleName: string;
  /** ABAC condition, which is not evaluated: it may narrow what is allowed */
  readonly condition: string | null;
}

export interface AllowedActions {
  readonly grants: readonly ActionGrant[];
  /** patterns that are granted, without those that a notAction of the same role takes away whole */
  readonly actions: readonly string[];
  readonly dataActions: readonly string[];
  /** whether one action (`Microsoft.KeyVault/vaults/read`) is allowed */
  allows(action: string): boolean;
  /** the same for data: `Microsoft.KeyVault/vaults/secrets/getSecret/action` */
  allowsData(action: string): boolean;
}

/**
 * What these principals (somebody and the groups that hold them) may do on a scope, by assignments on it or
 * above it. An assignment counts once it is `rbacLagSeconds` old, as Azure's data planes learn of it late.
 */
export function azureActionsOf(
  store: Store,
  principalObjectIds: readonly string[],
  scope: string,
): AllowedActions {
  const principals = new Set(principalObjectIds.map((id) => id.toLowerCase()));
  const oldEnough = Date.now() - readSettings(store).rbacLagSeconds * 1000;
  const grants = store
    .ofType(roleAssignmentToken)
    .filter(({ body }) => principals.has(textAt(body, "principalId").toLowerCase()))
    .filter(({ body }) => isWithin(scope, textAt(body, "scope")))
    .filter(({ createdAt }) => Date.parse(createdAt) <= oldEnough)
    .flatMap(({ id, body }): ActionGrant[] => {
      const role = findRole(store, textAt(body, "roleDefinitionId"));
      return (role?.permissions ?? []).map((permission) => ({
        ...permission,
        assignmentId: id,
        principalId: textAt(body, "principalId"),
        roleName: role?.name ?? "",
        condition: textAt(body, "condition") || null,
      }));
    });
  const matchesAny = (patterns: readonly string[], action: string): boolean =>
    patterns.some((pattern) => actionMatches(pattern, action));
  const left = (granted: readonly string[], taken: readonly string[]): string[] =>
    granted.filter((pattern) => !matchesAny(taken, pattern));
  return {
    grants,
    actions: [...new Set(grants.flatMap(({ actions, notActions }) => left(actions, notActions)))],
    dataActions: [
      ...new Set(grants.flatMap(({ dataActions, notDataActions }) => left(dataActions, notDataActions))),
    ],
    allows: (action) =>
      grants.some(
        ({ actions, notActions }) => matchesAny(actions, action) && !matchesAny(notActions, action),
      ),
    allowsData: (action) =>
      grants.some(
        ({ dataActions, notDataActions }) =>
          matchesAny(dataActions, action) && !matchesAny(notDataActions, action),
      ),
  };
}

/** `*` stands for any text, slashes too; case means nothing. */
export function actionMatches(pattern: string, action: string): boolean {
  const escaped = pattern.split("*").map((part) => part.replaceAll(/[.\\+?^$(){}|[\]]/g, "\\$&"));
  return new RegExp(`^${escaped.join(".*")}$`, "i").test(action);
}
