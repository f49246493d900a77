/**
 * Forgets old runs. Most old runs of a quiet store are ones to keep, the newest of their stacks, and would be
 * looked at again and again: so each call looks at a piece of them, in the order of their ends, and remembers
 * where it stopped. After the last it begins with the first.
 */
import type { MetadataStore } from "../../store.ts";
import {
  bit,
  instant,
  instantOrNull,
  integer,
  integerOrNull,
  laterBy,
  lock,
  type Row,
  type Transaction,
  textOrNull,
} from "./connection.ts";

type Which = Parameters<MetadataStore["pruneRuns"]>[0];

/** Runs looked at for each that may be deleted in one call. */
const lookedAtPerRun = 10;

/** As many newer runs of its stack exist as are kept: it may go. */
const hasNewerRuns = `EXISTS (SELECT n.number FROM Runs AS n WHERE n.stack = r.stack AND n.number >= r.number
    ORDER BY n.number OFFSET @keep ROWS FETCH NEXT 1 ROWS ONLY)`;

const selectEndedRuns = `
SELECT TOP (@most) r.number, r.ended_at, r.request_id, CAST(CASE WHEN
    NOT EXISTS (SELECT 1 FROM Stacks AS s WHERE s.stack = r.stack
      AND r.run_id IN (s.lease_run_id, s.last_run_id, s.last_success_run_id))
    AND NOT EXISTS (SELECT 1 FROM Runs AS o WHERE o.request_id = r.request_id AND o.status IN ('queued', 'running'))
    AND ${hasNewerRuns} THEN 1 ELSE 0 END AS bit) AS is_prunable
FROM Runs AS r
WHERE r.ended_at IS NOT NULL AND r.ended_at >= @fromAt AND (r.ended_at > @fromAt OR r.number > @fromNumber)
  AND r.ended_at < @before
ORDER BY r.ended_at, r.number`;

export async function pruneRuns(transaction: Transaction, which: Which): Promise<number> {
  await lock(transaction, "pruning");
  const before = laterBy(transaction.now, -which.olderThanMs);
  const most = which.limit * lookedAtPerRun;
  const rows = await transaction.all(selectEndedRuns, {
    ...(await placeFrom(transaction)),
    before,
    most,
    keep: which.keepPerStack,
  });
  const pruned: Row[] = [];
  let last: Row | undefined;
  for (const row of rows) {
    if (pruned.length === which.limit) break;
    last = row;
    if (bit(row, "is_prunable")) pruned.push(row);
  }
  const isAtEnd = last === rows.at(-1) && rows.length < most;
  await rememberPlace(transaction, isAtEnd ? undefined : last);
  if (pruned.length > 0) await deleteRuns(transaction, pruned);
  await transaction.run(deleteEmptyRequests, { before });
  return pruned.length;
}
const deleteEmptyRequests = "DELETE FROM Requests WHERE run_count = 0 AND created_at < @before";

/** From the first run on where no place is remembered: none ended before 1970. */
async function placeFrom(transaction: Transaction) {
  const row = (await transaction.get(selectPlace)) ?? {};
  return {
    fromAt: new Date(instantOrNull(row, "pruned_to_at") ?? 0),
    fromNumber: integerOrNull(row, "pruned_to_number") ?? 0,
  };
}
const selectPlace = "SELECT pruned_to_at, pruned_to_number FROM Service_State";

async function rememberPlace(transaction: Transaction, row: Row | undefined): Promise<void> {
  if (row === undefined) await transaction.run(forgetPlace);
  else
    await transaction.run(setPlace, {
      at: new Date(instant(row, "ended_at")),
      number: integer(row, "number"),
    });
}
const setPlace = "UPDATE Service_State SET pruned_to_at = @at, pruned_to_number = @number";
const forgetPlace = `UPDATE Service_State SET pruned_to_at = NULL, pruned_to_number = NULL
WHERE pruned_to_at IS NOT NULL`;

/** Their steps go with them. */
async function deleteRuns(transaction: Transaction, rows: readonly Row[]): Promise<void> {
  const requests = new Set(rows.map((row) => textOrNull(row, "request_id")).filter((id) => id !== null));
  await transaction.run(deleteNumbered, {
    numbers: JSON.stringify(rows.map((row) => integer(row, "number"))),
    requests: JSON.stringify([...requests]),
  });
}
const deleteNumbered = `DELETE FROM Runs WHERE number IN (SELECT CAST(value AS bigint) FROM OPENJSON(@numbers));
UPDATE Requests SET run_count = (SELECT COUNT(*) FROM Runs AS r WHERE r.request_id = Requests.request_id)
WHERE request_id IN (SELECT value COLLATE Latin1_General_100_BIN2 FROM OPENJSON(@requests))`;
