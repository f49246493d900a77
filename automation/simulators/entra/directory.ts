/** Who is who in the simulated directory. */
import { textAt } from "../json.ts";
import type { CloudObject, Store } from "../store.ts";

export const userToken = "azuread:index/user:User";
export const groupToken = "azuread:index/group:Group";
export const servicePrincipalToken = "azuread:index/servicePrincipal:ServicePrincipal";

const kinds = [
  { folder: "groups", kind: "Group" },
  { folder: "users", kind: "User" },
  { folder: "servicePrincipals", kind: "ServicePrincipal" },
] as const;
export type PrincipalKind = (typeof kinds)[number]["kind"];

export function principalKind(store: Store, objectId: string): PrincipalKind | undefined {
  return kinds.find(({ folder }) => store.get("entra", `/${folder}/${objectId}`))?.kind;
}

export function principalOf(store: Store, objectId: string): CloudObject | undefined {
  for (const { folder } of kinds) {
    const found = store.get("entra", `/${folder}/${objectId}`);
    if (found) return found;
  }
  return undefined;
}

export const groupsNamed = (store: Store, displayName: string): CloudObject[] =>
  store.ofType(groupToken, displayName);

export const userNamed = (store: Store, userPrincipalName: string): CloudObject | undefined =>
  store
    .ofType(userToken)
    .find((user) => textAt(user.body, "userPrincipalName").toLowerCase() === userPrincipalName.toLowerCase());

export const applicationWith = (store: Store, clientId: string): CloudObject | undefined =>
  store
    .ofType(servicePrincipalToken)
    .find((principal) => textAt(principal.body, "clientId").toLowerCase() === clientId.toLowerCase());
