/** The queue in numbers, for metrics. */
import { type Lane, laneDelayMs, type QueueFacts } from "../../store.ts";
import { integer, type Transaction, text, textOrNull } from "./connection.ts";

/** From the index alone: specs are not read. A stack with a lease counts as running and not here. */
export const selectLaneFacts = `
  SELECT lane, count(*) FILTER (WHERE next_attempt_at <= ?1) AS due,
    min(due_at) FILTER (WHERE next_attempt_at <= ?1) AS oldest_due_at,
    count(*) FILTER (WHERE next_attempt_at > ?1) AS waiting,
    count(*) FILTER (WHERE next_attempt_at IS NULL) AS given_up
  FROM Stacks INDEXED BY Stacks_queue WHERE due_at IS NOT NULL AND lease_run_id IS NULL GROUP BY lane`;

export const selectLeaseFacts = `
  SELECT count(*) AS running, min(r.started_at) AS oldest
  FROM Stacks AS s INDEXED BY Stacks_leased CROSS JOIN Runs AS r ON r.run_id = s.lease_run_id
  WHERE s.lease_run_id IS NOT NULL`;

export const selectQueuedCount =
  "SELECT count(*) AS queued FROM Runs INDEXED BY Runs_queued WHERE status = 'queued'";

export function queueFacts(transaction: Transaction): QueueFacts {
  const rows = transaction.all(selectLaneFacts, transaction.now);
  const leases = transaction.get(selectLeaseFacts) ?? {};
  const sum = (column: string) => rows.reduce((total, row) => total + integer(row, column), 0);
  return {
    lanes: (Object.keys(laneDelayMs) as Lane[]).map((lane) => {
      const row = rows.find((each) => text(each, "lane") === lane);
      if (row === undefined) return { lane, due: 0, oldestDueAt: null };
      return { lane, due: integer(row, "due"), oldestDueAt: textOrNull(row, "oldest_due_at") };
    }),
    waitingForRetry: sum("waiting"),
    givenUp: sum("given_up"),
    running: integer(leases, "running"),
    queued: integer(transaction.get(selectQueuedCount) ?? {}, "queued"),
    oldestLeaseStartedAt: textOrNull(leases, "oldest"),
  };
}
