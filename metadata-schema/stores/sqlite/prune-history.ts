/** Forgets old results of probes and old alerts. What is to be kept is few, so each call begins with the oldest. */
import type { MetadataStore } from "../../store.ts";
import { laterBy, type Transaction } from "./connection.ts";

type Which = Parameters<MetadataStore["pruneHistory"]>[0];

/** Behind as many newer rows as are kept, whatever their age. ?1: from before when, ?2: kept, ?3: at most. */
const behindKept = (table: string): string =>
  `number <= (SELECT number FROM ${table} ORDER BY number DESC LIMIT 1 OFFSET ?2)`;

export const selectOldProbes = `SELECT number FROM Probe_Results INDEXED BY Probe_Results_old
  WHERE is_latest = 0 AND at < ?1 AND ${behindKept("Probe_Results")} ORDER BY at, number LIMIT ?3`;
export const selectOldAlerts = `SELECT number FROM Alert_Events INDEXED BY Alert_Events_changed
  WHERE changed_at < ?1 AND ${behindKept("Alert_Events")} ORDER BY changed_at, number LIMIT ?3`;

/** Asked before pruneHistory, so that a store without old ones takes no write lock. */
export const isHistoryOld = (transaction: Transaction, { olderThanMs, keep }: Which): boolean =>
  [selectOldProbes, selectOldAlerts].some(
    (sql) => transaction.get(sql, laterBy(transaction.now, -olderThanMs), keep, 1) !== undefined,
  );

export function pruneHistory(transaction: Transaction, { olderThanMs, keep, limit }: Which): number {
  const before = laterBy(transaction.now, -olderThanMs);
  const [probes, alerts] = [
    `DELETE FROM Probe_Results WHERE number IN (${selectOldProbes})`,
    `DELETE FROM Alert_Events WHERE number IN (${selectOldAlerts})`,
  ];
  return transaction.run(probes, before, keep, limit) + transaction.run(alerts, before, keep, limit);
}
