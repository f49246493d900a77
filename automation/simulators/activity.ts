/**
 * Azure's activity log: who changed what, when, and with what result. Changes through the provider, over ARM
 * and by a person in the portal are all in it; reads are not.
 */
import { onActivity } from "./azure/activity-alerts.ts";
import { armTypeOf } from "./azure/arm-type.ts";
import type { CallContext } from "./resource-type.ts";
import type { Store } from "./store.ts";

export interface ActivityEntry {
  readonly caller: string;
  /** `Microsoft.Network/privateEndpoints/write` */
  readonly operation: string;
  readonly resourceId: string;
  readonly correlationId: string;
  readonly status: "Succeeded" | "Failed";
  /** words of a refusal */
  readonly message: string | null;
}

export interface ActivityEvent extends ActivityEntry {
  readonly seq: number;
  readonly at: string;
}

// some 8 MB; a roll-out of 300 jobs makes about 3,000 events
export const newestActivityKept = 20_000;

/** What a change is called in the log. */
export function operationOn(resourceId: string, verb: "write" | "delete" | `${string}/action`): string {
  const isGroup = !/\/providers\//i.test(resourceId);
  return `${isGroup ? "Microsoft.Resources/subscriptions/resourceGroups" : armTypeOf(resourceId)}/${verb}`;
}

export function recordActivity(ctx: CallContext, entry: ActivityEntry): void {
  const { store } = ctx;
  const at = new Date().toISOString();
  const [row] = store.all(
    `insert into activity (at, caller, operation, resource_id, correlation_id, status, message)
     values (?, ?, ?, ?, ?, ?, ?) returning seq`,
    at,
    entry.caller,
    entry.operation,
    entry.resourceId,
    entry.correlationId,
    entry.status,
    entry.message,
  );
  store.run("delete from activity where seq <= ?", Number(row?.seq) - newestActivityKept);
  onActivity(ctx, {
    eventTimestamp: at,
    category: "Administrative",
    operationName: entry.operation,
    status: entry.status,
    caller: entry.caller,
    resourceId: entry.resourceId,
    level: entry.status === "Failed" ? "Error" : "Informational",
    correlationId: entry.correlationId,
  });
}

export interface ActivityQuery {
  /** seq of the last event known */
  readonly after?: number;
  /** ISO times, both included */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** Oldest first. */
export function listActivity(store: Store, { after = 0, from, to }: ActivityQuery = {}): ActivityEvent[] {
  return store
    .all(
      `select * from activity where seq > ?1 and (?2 is null or at >= ?2) and (?3 is null or at <= ?3)
       order by seq`,
      after,
      from ?? null,
      to ?? null,
    )
    .map((row) => ({
      seq: Number(row.seq),
      at: String(row.at),
      caller: String(row.caller),
      operation: String(row.operation),
      resourceId: String(row.resource_id),
      correlationId: String(row.correlation_id),
      status: String(row.status) as ActivityEvent["status"],
      message: row.message === null ? null : String(row.message),
    }));
}
