/** Whether a principal holds an Azure role on a resource: itself or through groups, there or on what holds it. */
import { groupToken } from "../entra/directory.ts";
import { textAt, textsAt } from "../json.ts";
import type { Store } from "../store.ts";
import { roleAssignmentToken, roleGuid } from "./role-definitions.ts";

export function holdsRole(
  store: Store,
  { principal, role, resource }: { principal: string; role: string; resource: string },
): boolean {
  const holders = withGroups(store, principal);
  const at = `${resource.toLowerCase()}/`;
  return store.ofType(roleAssignmentToken).some(({ body }) => {
    const scope = textAt(body, "scope").toLowerCase();
    return (
      holders.has(textAt(body, "principalId").toLowerCase()) &&
      roleGuid(textAt(body, "roleDefinitionId")) === role &&
      at.startsWith(`${scope}/`)
    );
  });
}

function withGroups(store: Store, principal: string): ReadonlySet<string> {
  const holders = new Set([principal.toLowerCase()]);
  const groups = store.ofType(groupToken);
  for (let before = 0; before < holders.size; ) {
    before = holders.size;
    for (const group of groups) {
      const members = textsAt(group.body, "members");
      if (members.some((member) => holders.has(member.toLowerCase()))) {
        holders.add(textAt(group.body, "objectId").toLowerCase());
      }
    }
  }
  return holders;
}
