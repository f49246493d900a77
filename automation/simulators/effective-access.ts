/**
 * What somebody can do in the clouds, computed from their state alone: role assignments, Unity Catalog
 * grants, permission lists, membership of groups and workspaces. Nothing of it knows rows or programs, so
 * that it can be compared with what rows say.
 */
import type { AccessAtom, Holder } from "./access-atom.ts";
import { effectiveAzure } from "./azure/effective-azure.ts";
import { effectiveGrants } from "./databricks/effective-grants.ts";
import { effectiveLists } from "./databricks/effective-lists.ts";
import { everybody } from "./databricks/principals.ts";
import { groupToken, principalOf } from "./entra/directory.ts";
import { groupsOf, objectIdOf } from "./entra/membership.ts";
import { textAt } from "./json.ts";
import type { CloudObject, Store } from "./store.ts";

/** Everything that a principal of the directory can do, each atom once for every way it comes by. */
export function whatCan(store: Store, principalObjectId: string): AccessAtom[] {
  const self = principalOf(store, principalObjectId);
  if (!self) return [];
  const holders = [
    holderOf(self, null),
    ...groupsOf(store, self).map((group) => holderOf(group, group.name)),
    { objectId: "", name: everybody, field: "groupName" as const, through: everybody },
  ];
  const named = holders.filter(({ name }) => name !== "");
  const atoms = [
    ...effectiveAzure(store, holders),
    ...effectiveGrants(store, named),
    ...effectiveLists(store, named),
  ];
  return [...new Map(atoms.map((atom) => [JSON.stringify(atom), atom])).values()];
}

function holderOf(principal: CloudObject, through: string | null): Holder {
  const objectId = objectIdOf(principal);
  if (principal.type === groupToken) return { objectId, name: principal.name, field: "groupName", through };
  const application = textAt(principal.body, "clientId");
  if (application) return { objectId, name: application, field: "servicePrincipalName", through };
  return { objectId, name: textAt(principal.body, "userPrincipalName"), field: "userName", through };
}
