/**
 * `GET /sandbox/access?principal=NAME`: what a principal can do, by itself and through its groups, as the
 * clouds would answer it: role assignments, Unity Catalog grants, permission lists.
 */

import { roleAssignmentToken } from "../azure/role-assignment.ts";
import { armError } from "../cloud-error.ts";
import { grantToken } from "../databricks/grant.ts";
import { permissionsToken } from "../databricks/permissions-store.ts";
import { describe } from "../describe.ts";
import { groupToken, servicePrincipalToken, userToken } from "../entra/directory.ts";
import { bodiesAt, textAt, textsAt } from "../json.ts";
import type { CloudObject, Store } from "../store.ts";
import type { Answer, HttpCall } from "./route.ts";

export function getAccess({ context, query }: HttpCall): Answer {
  const { store } = context;
  const asked = query.get("principal") ?? "";
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
  return { status: 200, body: { value } };
}

function principalNamed(store: Store, name: string): CloudObject | undefined {
  const wanted = name.toLowerCase();
  const everybody = [userToken, groupToken, servicePrincipalToken].flatMap((token) => store.ofType(token));
  return everybody.find((each) =>
    [each.name, textAt(each.body, "userPrincipalName"), objectIdOf(each)].some(
      (text) => text.toLowerCase() === wanted,
    ),
  );
}

const objectIdOf = (principal: CloudObject): string => principal.id.split("/").at(-1) ?? "";

/** Groups that hold the principal, and the groups that hold those. */
function groupsOf(store: Store, principal: CloudObject): readonly CloudObject[] {
  const found = new Set<CloudObject>();
  const all = store.ofType(groupToken);
  for (let frontier = [principal]; frontier.length > 0; ) {
    const ids = new Set(frontier.map(objectIdOf));
    frontier = all.filter(
      (group) => !found.has(group) && textsAt(group.body, "members").some((id) => ids.has(id)),
    );
    for (const group of frontier) found.add(group);
  }
  return [...found];
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
