/**
 * Forgets old runs. Most old runs of a quiet store are ones to keep, the newest of their stacks, and would be
 * looked at again and again: so each call looks at a piece of them, in the order of their ends, and remembers
 * where it stopped. After the last it begins with the first.
 */
import type { MetadataStore } from "../../store.ts";
import { integer, laterBy, type Row, type Transaction, text, textOrNull } from "./connection.ts";

type Which = Parameters<MetadataStore["pruneRuns"]>[0];

/** Runs looked at for each that may be deleted in one call. */
const lookedAtPerRun = 10;

const beforeNow = (transaction: Transaction, { olderThanMs }: Which): string =>
  laterBy(transaction.now, -olderThanMs);

export const selectOldestRun =
  "SELECT 1 FROM Runs INDEXED BY Runs_ended WHERE ended_at IS NOT NULL AND ended_at < ? LIMIT 1";
export const selectOldestEmptyRequest =
  "SELECT 1 FROM Requests INDEXED BY Requests_empty WHERE run_count = 0 AND created_at < ? LIMIT 1";

/** Asked before pruneRuns, so that a store without old runs takes no write lock. */
export function isAnythingOld(transaction: Transaction, which: Which): boolean {
  const before = beforeNow(transaction, which);
  return [selectOldestRun, selectOldestEmptyRequest].some(
    (sql) => transaction.get(sql, before) !== undefined,
  );
}

/** The run after which as many newer ones of its stack exist as are kept: it may go. ?5: how many are kept. */
const hasNewerRuns = `(SELECT n.number FROM Runs AS n INDEXED BY Runs_stack
    WHERE n.stack = r.stack AND n.number >= r.number ORDER BY n.number LIMIT 1 OFFSET ?5) IS NOT NULL`;

export const selectEndedRuns = `
  SELECT r.number, r.ended_at, r.request_id,
    NOT EXISTS (SELECT 1 FROM Stacks AS s WHERE s.stack = r.stack
      AND r.run_id IN (s.lease_run_id, s.last_run_id, s.last_success_run_id))
    AND NOT EXISTS (SELECT 1 FROM Runs AS o
      WHERE o.request_id = r.request_id AND o.status IN ('queued', 'running'))
    AND ${hasNewerRuns} AS is_prunable
  FROM Runs AS r INDEXED BY Runs_ended
  WHERE r.ended_at IS NOT NULL AND (r.ended_at, r.number) > (?1, ?2) AND r.ended_at < ?3
  ORDER BY r.ended_at, r.number LIMIT ?4`;

export function pruneRuns(transaction: Transaction, which: Which): number {
  const before = beforeNow(transaction, which);
  const rows = nextEndedRuns(transaction, which, before);
  const pruned: Row[] = [];
  let last: Row | undefined;
  for (const row of rows) {
    if (pruned.length === which.limit) break;
    last = row;
    if (integer(row, "is_prunable") === 1) pruned.push(row);
  }
  const isAtEnd = last === rows.at(-1) && rows.length < which.limit * lookedAtPerRun;
  rememberPlace(transaction, isAtEnd ? undefined : last);
  deleteRuns(transaction, pruned);
  transaction.run("DELETE FROM Requests WHERE run_count = 0 AND created_at < ?", before);
  return pruned.length;
}

function nextEndedRuns(transaction: Transaction, which: Which, before: string): readonly Row[] {
  const place = transaction.get(
    "SELECT coalesce(pruned_to_at, '') AS at, coalesce(pruned_to_number, 0) AS number FROM Service_State",
  );
  return transaction.all(
    selectEndedRuns,
    text(place ?? {}, "at"),
    integer(place ?? {}, "number"),
    before,
    which.limit * lookedAtPerRun,
    which.keepPerStack,
  );
}

function rememberPlace(transaction: Transaction, row: Row | undefined): void {
  transaction.run(
    "UPDATE Service_State SET pruned_to_at = ?, pruned_to_number = ?",
    row === undefined ? null : text(row, "ended_at"),
    row === undefined ? null : integer(row, "number"),
  );
}

/** Their steps go with them. */
function deleteRuns(transaction: Transaction, rows: readonly Row[]): void {
  for (const row of rows) transaction.run("DELETE FROM Runs WHERE number = ?", integer(row, "number"));
  for (const request of new Set(rows.map((row) => textOrNull(row, "request_id"))))
    transaction.run(
      `UPDATE Requests SET run_count = (SELECT count(*) FROM Runs WHERE request_id = ?1)
       WHERE request_id = ?1`,
      request,
    );
}
