/** Subscriptions that Azure throttles: none of their work starts for a while, on any replica. */
import type { MetadataStore, SubscriptionPause } from "../../store.ts";
import { laterBy, type Transaction, text } from "./connection.ts";

/** Azure takes a GUID in either case; ids are stored and compared in lower case. */
export const subscriptionKey = (subscriptionId: string): string => subscriptionId.toLowerCase();

/**
 * Stack `s` belongs to a paused subscription; ?1 is the time. Whether there is any pause is asked once a
 * statement: while there is none, no stack's subscription is read, which is stored behind its specs.
 */
export const isPaused = `(EXISTS (SELECT 1 FROM Subscription_Pauses AS any_pause WHERE any_pause.until > ?1)
      AND EXISTS (SELECT 1 FROM Subscription_Pauses AS p
        WHERE p.subscription_id = s.subscription_id AND p.until > ?1))`;

export function pauseSubscription(
  transaction: Transaction,
  subscriptionId: string,
  { forMs, reason }: Parameters<MetadataStore["pauseSubscription"]>[1],
): void {
  // A row that is left belongs to a pause that still lasts.
  transaction.run("DELETE FROM Subscription_Pauses WHERE until <= ?", transaction.now);
  transaction.run(
    `INSERT INTO Subscription_Pauses (subscription_id, until, reason, since) VALUES (?, ?, ?, ?)
     ON CONFLICT (subscription_id) DO UPDATE SET until = excluded.until, reason = excluded.reason
     WHERE excluded.until > until`,
    subscriptionKey(subscriptionId),
    laterBy(transaction.now, forMs),
    reason,
    transaction.now,
  );
}

export const listPauses = (transaction: Transaction): readonly SubscriptionPause[] =>
  transaction
    .all("SELECT * FROM Subscription_Pauses WHERE until > ? ORDER BY subscription_id", transaction.now)
    .map((row) => ({
      subscriptionId: text(row, "subscription_id"),
      until: text(row, "until"),
      reason: text(row, "reason"),
      since: text(row, "since"),
    }));

export const isSubscriptionPaused = (transaction: Transaction, subscription: string | null): boolean =>
  transaction.get(
    "SELECT 1 FROM Subscription_Pauses WHERE subscription_id = ? AND until > ?",
    subscription,
    transaction.now,
  ) !== undefined;
