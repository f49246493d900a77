/** Forgets old results of probes and old alerts. What is to be kept is few, so each call begins with the oldest. */
import type { MetadataStore } from "../../store.ts";
import { laterBy, lock, type Transaction } from "./connection.ts";

export async function pruneHistory(
  transaction: Transaction,
  { olderThanMs, keep, limit }: Parameters<MetadataStore["pruneHistory"]>[0],
): Promise<number> {
  await lock(transaction, "pruning");
  const which = { before: laterBy(transaction.now, -olderThanMs), keep, limit };
  return (await transaction.run(deleteOldProbes, which)) + (await transaction.run(deleteOldAlerts, which));
}

/** Behind as many newer rows as are kept, whatever their age. */
const behindKept = (table: string): string =>
  `number <= (SELECT number FROM ${table} ORDER BY number DESC OFFSET @keep ROWS FETCH NEXT 1 ROWS ONLY)`;

const deleteOldProbes = `DELETE FROM Probe_Results WHERE number IN (SELECT TOP (@limit) number FROM Probe_Results
  WHERE is_latest = 0 AND at < @before AND ${behindKept("Probe_Results")} ORDER BY at, number)`;
const deleteOldAlerts = `DELETE FROM Alert_Events WHERE number IN (SELECT TOP (@limit) number FROM Alert_Events
  WHERE changed_at < @before AND ${behindKept("Alert_Events")} ORDER BY changed_at, number)`;
