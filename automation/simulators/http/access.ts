/**
 * `GET /sandbox/access?principal=NAME`: what a principal can do, by itself and through its groups, as the
 * clouds would answer it: role assignments, Unity Catalog grants, permission lists. `value` are the objects
 * that say so, `can` is what they come to. Without a principal: what everybody can do, in the words of rows.
 */

import { accessInWords } from "../access-in-words.ts";
import { roleAssignmentToken } from "../azure/role-definitions.ts";
import { armError } from "../cloud-error.ts";
import { grantToken } from "../databricks/metastore.ts";
import { permissionsToken } from "../databricks/permissions-store.ts";
import { describe } from "../describe.ts";
import { whatCan } from "../effective-access.ts";
import { groupToken, servicePrincipalToken, userToken } from "../entra/directory.ts";
import { groupsOf, objectIdOf } from "../entra/membership.ts";
import { bodiesAt, textAt } from "../json.ts";
import type { CloudObject, Store } from "../store.ts";
import type { Answer, HttpCall } from "./route.ts";

export function getAccess({ context, query }: HttpCall): Answer {
  const { store, tenant } = context;
  const asked = query.get("principal");
  if (asked === null) return { status: 200, body: accessInWords(store, tenant) };
  const self = principalNamed(store, asked);
  if (self === undefined)
    throw armError(404, "PrincipalNotFound", `Nobody in the directory is named '${asked}'.`);
  const holders = [self, ...groupsOf(store, self)];
  const value = holders.flatMap((holder) =>
    held(store, holder).map((object) => ({
      id: object.id,
      type: object.type,
      what: describe(store, object),
      through: holder === self ? null : holder.name,
    })),
  );
  return { status: 200, body: { value, can: whatCan(store, objectIdOf(self)) } };
}

function principalNamed(store: Store, name: string): CloudObject | undefined {
  const wanted = name.toLowerCase();
  const everybody = [userToken, groupToken, servicePrincipalToken].flatMap((token) => store.ofType(token));
  return everybody.find((each) =>
    [each.name, textAt(each.body, "userPrincipalName"), textAt(each.body, "clientId"), objectIdOf(each)].some(
      (text) => text.toLowerCase() === wanted,
    ),
  );
}

/** Objects that give this principal something, membership aside. */
function held(store: Store, principal: CloudObject): readonly CloudObject[] {
  const id = objectIdOf(principal).toLowerCase();
  const names = new Set([
    principal.name,
    textAt(principal.body, "userPrincipalName"),
    textAt(principal.body, "clientId"),
  ]);
  const isNamed = (text: string): boolean => text !== "" && names.has(text);
  return [
    ...store
      .ofType(roleAssignmentToken)
      .filter(({ body }) => textAt(body, "principalId").toLowerCase() === id),
    ...store.ofType(grantToken).filter(({ body }) => isNamed(textAt(body, "principal"))),
    ...store
      .ofType(permissionsToken)
      .filter(({ body }) =>
        bodiesAt(body, "accessControls").some((entry) =>
          ["groupName", "userName", "servicePrincipalName"].some((key) => isNamed(textAt(entry, key))),
        ),
      ),
  ];
}
