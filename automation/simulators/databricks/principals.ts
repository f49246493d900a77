/** Principals of the Databricks account: groups by display name, users by name, service principals by application id. */
import { createHash } from "node:crypto";
import { plainError } from "../cloud-error.ts";
import { groupsNamed, userNamed } from "../entra/directory.ts";
import { textAt } from "../json.ts";
import type { CallContext } from "../resource-type.ts";
import type { Store } from "../store.ts";
import { databricksPrincipalToken } from "./workspace-type.ts";

/** The group that everybody of the account is in. */
export const everybody = "account users";

export const isRegistered = (store: Store, applicationId: string): boolean =>
  store
    .ofType(databricksPrincipalToken)
    .some((found) => textAt(found.body, "applicationId").toLowerCase() === applicationId.toLowerCase());

/** Whom Unity Catalog knows by this name. */
export function requireDatabricksPrincipal(ctx: CallContext, principal: string): void {
  const { store, tenant } = ctx;
  const groups = groupsNamed(store, principal).length;
  const known =
    groups === 1 ||
    principal === everybody ||
    principal === tenant.deployerId ||
    isRegistered(store, principal) ||
    userNamed(store, principal) !== undefined;
  if (known) return;
  const fault =
    groups > 1
      ? `Principal name ${principal} is ambiguous: ${groups} groups have it.`
      : `Could not find principal with name ${principal}.`;
  throw plainError(404, "PRINCIPAL_DOES_NOT_EXIST", fault);
}

/**
 * The number that the account gives a principal, the same in all of its workspaces. Made from what names the
 * principal for good: a group's or user's object id, a service principal's application id.
 */
export function accountPrincipalId(key: string): string {
  const hash = createHash("sha256").update(key.toLowerCase()).digest();
  // 15 digits, so that a double holds it
  return String(100_000_000_000_000n + (hash.readBigUInt64BE() % 900_000_000_000_000n));
}
