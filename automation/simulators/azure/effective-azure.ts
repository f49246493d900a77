/** Role assignments as atoms: one an action pattern, on every scope at which the principal holds anything. */
import type { AccessAtom, Holder } from "../access-atom.ts";
import { textAt } from "../json.ts";
import type { Store } from "../store.ts";
import { azureActionsOf } from "./effective-actions.ts";
import { roleAssignmentToken } from "./role-definitions.ts";

export function effectiveAzure(store: Store, holders: readonly Holder[]): AccessAtom[] {
  const ids = holders.map(({ objectId }) => objectId).filter((id) => id !== "");
  const isOurs = (id: string): boolean => ids.some((own) => own.toLowerCase() === id.toLowerCase());
  const scopes = store
    .ofType(roleAssignmentToken)
    .filter(({ body }) => isOurs(textAt(body, "principalId")))
    .map(({ body }) => textAt(body, "scope"));
  return [...new Set(scopes)].flatMap((scope) =>
    azureActionsOf(store, ids, scope).grants.flatMap((grant): AccessAtom[] => {
      const at = textAt(store.get("azure", grant.assignmentId)?.body, "scope");
      const through =
        holders.find(({ objectId }) => objectId.toLowerCase() === grant.principalId.toLowerCase())?.through ??
        null;
      const atom = (pattern: string, except: readonly string[]): AccessAtom => ({
        action: `azure:${pattern}${except.length > 0 ? ` except ${except.join(", ")}` : ""}`,
        object: scope,
        at,
        through,
      });
      const said = [
        ...grant.actions.map((action) => atom(action, grant.notActions)),
        ...grant.dataActions.map((action) => atom(action, grant.notDataActions)),
      ];
      // a role whose definition nobody wrote down here is still told
      return said.length > 0 ? said : [atom(`role ${grant.roleName}`, [])];
    }),
  );
}
