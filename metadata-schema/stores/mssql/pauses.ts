/** Subscriptions that Azure throttles: none of their work starts for a while, on any replica. */
import type { MetadataStore, SubscriptionPause } from "../../store.ts";
import { instant, laterBy, lock, nowText, type Transaction, text } from "./connection.ts";

/** Azure takes a GUID in either case; ids are stored and compared in lower case. */
export const subscriptionKey = (subscriptionId: string): string => subscriptionId.toLowerCase();

/** Stack `s` belongs to a paused subscription. */
export const isPaused = `EXISTS (SELECT 1 FROM Subscription_Pauses AS p
  WHERE p.subscription_id = s.subscription_id AND p.until > ${nowText})`;

export async function pauseSubscription(
  transaction: Transaction,
  subscriptionId: string,
  { forMs, reason }: Parameters<MetadataStore["pauseSubscription"]>[1],
): Promise<void> {
  // One lock for all: each call deletes what has ended, whichever subscription's it is.
  await lock(transaction, "pauses");
  await transaction.run(upsertPause, {
    subscription: subscriptionKey(subscriptionId),
    until: laterBy(transaction.now, forMs),
    reason,
  });
}
// A row that is left after the first statement belongs to a pause that still lasts.
const upsertPause = `DELETE FROM Subscription_Pauses WHERE until <= @now;
UPDATE Subscription_Pauses SET until = @until, reason = @reason
WHERE subscription_id = @subscription AND until < @until;
INSERT INTO Subscription_Pauses (subscription_id, until, reason, since) SELECT @subscription, @until, @reason, @now
WHERE NOT EXISTS (SELECT 1 FROM Subscription_Pauses WHERE subscription_id = @subscription)`;

export const listPauses = async (transaction: Transaction): Promise<readonly SubscriptionPause[]> =>
  (await transaction.all(selectPauses)).map((row) => ({
    subscriptionId: text(row, "subscription_id"),
    until: instant(row, "until"),
    reason: text(row, "reason"),
    since: instant(row, "since"),
  }));
const selectPauses = `SELECT subscription_id, until, reason, since FROM Subscription_Pauses
WHERE until > ${nowText} ORDER BY subscription_id`;

export const isSubscriptionPaused = async (
  transaction: Transaction,
  subscription: string | null,
): Promise<boolean> =>
  subscription !== null && (await transaction.get(selectPause, { subscription })) !== undefined;
const selectPause = `SELECT until FROM Subscription_Pauses
WHERE subscription_id = @subscription AND until > @now`;
