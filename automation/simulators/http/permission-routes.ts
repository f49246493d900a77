/** What the caller may do on a scope, as Azure's permissions API tells it. */
import { azureActionsOf } from "../azure/effective-actions.ts";
import { roleAssignmentToken } from "../azure/role-definitions.ts";
import { armError } from "../cloud-error.ts";
import { type Body, textAt } from "../json.ts";
import type { CallContext } from "../resource-type.ts";
import type { Route } from "./route.ts";

export const permissionRoutes: readonly Route[] = [
  {
    method: "GET",
    lookup: "azure-native",
    path: /^(\/subscriptions\/.+)\/providers\/Microsoft\.Authorization\/permissions$/i,
    handle: ({ context, params: [scope = ""] }) => {
      requireScope(context, scope);
      return { status: 200, body: { value: permissionsOf(context, scope) } };
    },
  },
];

/**
 * The caller is the tenant's deployer. It owns the subscription, as long as nobody gives it a role: then it has what
 * its roles say. The simulated clouds carry out its calls in either case.
 */
function permissionsOf({ store, tenant }: CallContext, scope: string): readonly Body[] {
  const isAssigned = store
    .ofType(roleAssignmentToken)
    .some(({ body }) => textAt(body, "principalId").toLowerCase() === tenant.deployerId.toLowerCase());
  if (!isAssigned) return [{ actions: ["*"], notActions: [], dataActions: [], notDataActions: [] }];
  return azureActionsOf(store, [tenant.deployerId], scope).grants.map(
    ({ actions, notActions, dataActions, notDataActions, condition }) => ({
      actions: [...actions],
      notActions: [...notActions],
      dataActions: [...dataActions],
      notDataActions: [...notDataActions],
      ...(condition === null ? {} : { condition, conditionVersion: "2.0" }),
    }),
  );
}

function requireScope({ store, tenant }: CallContext, scope: string): void {
  if (scope.toLowerCase() === `/subscriptions/${tenant.subscriptionId}`.toLowerCase()) return;
  if (store.get("azure", scope)) return;
  throw armError(404, "ResourceNotFound", `The Resource '${scope}' was not found.`);
}
