/** The queue in numbers, for metrics. */
import { type Lane, laneDelayMs, type QueueFacts } from "../../store.ts";
import { instantOrNull, integer, type Transaction, text } from "./connection.ts";

/** From the index alone: specs are not read. A stack with a lease counts as running and not here. */
const selectFacts = `
SELECT lane, COUNT(CASE WHEN next_attempt_at <= @now THEN 1 END) AS due,
  MIN(CASE WHEN next_attempt_at <= @now THEN due_at END) AS oldest_due_at,
  COUNT(CASE WHEN next_attempt_at > @now THEN 1 END) AS waiting,
  COUNT(CASE WHEN next_attempt_at IS NULL THEN 1 END) AS given_up
FROM Stacks WHERE due_at IS NOT NULL AND lease_run_id IS NULL GROUP BY lane;
SELECT COUNT(*) AS running, MIN(r.started_at) AS oldest
FROM Stacks AS s JOIN Runs AS r ON r.run_id = s.lease_run_id WHERE s.lease_run_id IS NOT NULL;
SELECT COUNT(*) AS queued FROM Runs WHERE status = 'queued'`;

export async function queueFacts(transaction: Transaction): Promise<QueueFacts> {
  const [rows = [], leases = [], queued = []] = await transaction.lists(selectFacts);
  const sum = (column: string) => rows.reduce((total, row) => total + integer(row, column), 0);
  return {
    lanes: (Object.keys(laneDelayMs) as Lane[]).map((lane) => {
      const row = rows.find((each) => text(each, "lane") === lane);
      if (row === undefined) return { lane, due: 0, oldestDueAt: null };
      return { lane, due: integer(row, "due"), oldestDueAt: instantOrNull(row, "oldest_due_at") };
    }),
    waitingForRetry: sum("waiting"),
    givenUp: sum("given_up"),
    running: integer(leases[0] ?? {}, "running"),
    queued: integer(queued[0] ?? {}, "queued"),
    oldestLeaseStartedAt: instantOrNull(leases[0] ?? {}, "oldest"),
  };
}
