/** What keeps ARM from touching a resource: locks, deny assignments, and operations that are still under way. */
import { armError } from "../cloud-error.ts";
import { textAt } from "../json.ts";
import type { CallContext } from "../resource-type.ts";
import type { CloudObject } from "../store.ts";

export const lockToken = "azure-native:authorization:ManagementLockByScope";
const lockPart = "/providers/Microsoft.Authorization/locks/";

/** A lock forbids deletes, or (ReadOnly) every write too, on its scope and on all below. */
export function refuseLocked(ctx: CallContext, id: string, verb: "write" | "delete"): void {
  const lower = id.toLowerCase();
  const found = ctx.store.ofType(lockToken).find((lock) => {
    const scope = lock.id.slice(0, lock.id.toLowerCase().lastIndexOf(lockPart.toLowerCase())).toLowerCase();
    const covers = lower === scope || lower.startsWith(`${scope}/`);
    // what holds a locked thing can't go either
    const holds = verb === "delete" && scope.startsWith(`${lower}/`);
    return (covers || holds) && (verb === "delete" || textAt(lock.body, "level") === "ReadOnly");
  });
  if (!found) return;
  throw armError(
    409,
    "ScopeLocked",
    `The scope '${id}' cannot perform ${verb} operation because following scope(s) are locked: '${found.id}'. Please remove the lock and try again.`,
  );
}

const groupOf = (id: string): string => /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+/i.exec(id)?.[0] ?? "";

/** Azure guards a workspace's managed group, and all in it, by a deny assignment for as long as the workspace lives. */
export function refuseDenied(ctx: CallContext, id: string, verb: "write" | "delete"): void {
  const group = ctx.store.get("azure", groupOf(id));
  const owner = textAt(group?.body, "managedBy");
  if (!owner || !ctx.store.get("azure", owner)) return;
  throw armError(
    403,
    "DenyAssignmentAuthorizationFailed",
    `The client has permission to ${verb} ${id}, but access is denied because of the deny assignment of ${owner}. ${verb === "delete" ? "Delete the workspace instead." : "Only the workspace changes what is in its managed resource group."}`,
  );
}

/** How a type says that its object is busy. */
export interface BusyWords {
  readonly status: number;
  readonly code: string;
  say(id: string): string;
}

const usualWords: BusyWords = {
  status: 409,
  code: "AnotherOperationInProgress",
  say: (id) =>
    `Another operation on this or dependent resource is in progress. To retrieve status of the operation use uri: ${id}.`,
};

/** Refuses a write on anything that is held. */
export function refuseBusy(ctx: CallContext, ids: readonly string[], words: BusyWords = usualWords): void {
  const busy = ids.find((id) => ctx.underWay.stateOf(id));
  if (busy) throw armError(words.status, words.code, words.say(busy));
}

/** Deletes things whose order nobody states: what is refused for another's sake is tried again once that is gone. */
export function removeAll(
  ctx: CallContext,
  objects: readonly CloudObject[],
  remove: (object: CloudObject) => void,
) {
  let left = objects;
  while (left.length > 0) {
    let firstFault: unknown;
    const blocked = left.filter((object) => {
      if (!ctx.store.get(object.cloud, object.id)) return false;
      try {
        ctx.store.attempt(() => remove(object));
        return false;
      } catch (fault) {
        firstFault ??= fault;
        return true;
      }
    });
    if (blocked.length === left.length) throw firstFault;
    left = blocked;
  }
}
