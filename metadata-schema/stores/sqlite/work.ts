/** What could start now. */
import { laneDelayMs, type MetadataStore, type WorkItem } from "../../store.ts";
import { type Transaction, text } from "./connection.ts";
import { isPaused } from "./pauses.ts";
import { runFrom, selectRun } from "./runs.ts";
import { getStackRow, stackFrom } from "./stacks.ts";

/** Another stack's applied spec refers to stack `s`. */
const isReferredTo = `EXISTS (SELECT 1 FROM Stack_References AS r
  WHERE r.referenced_stack = s.stack AND r.source = '' AND r.stack <> s.stack)`;

const isFree = "(s.lease_run_id IS NULL OR s.lease_expires_at <= ?1)";

const mayStart = `s.rank_at IS NOT NULL AND s.next_attempt_at <= ?1 AND ${isFree}
    AND NOT (s.desired_spec IS NULL AND ${isReferredTo}) AND NOT ${isPaused}`;

export const selectDueStacks = `
  SELECT s.stack, s.rank_at FROM Stacks AS s INDEXED BY Stacks_due
  WHERE ${mayStart} ORDER BY s.rank_at LIMIT ?2`;

export const selectUrgentDueStacks = `
  SELECT s.stack, s.rank_at FROM Stacks AS s INDEXED BY Stacks_due_urgent
  WHERE s.lane = 'urgent' AND ${mayStart} ORDER BY s.rank_at LIMIT ?2`;

const queuedColumns = `q.stack, q.run_id, strftime('%Y-%m-%dT%H:%M:%fZ', q.queued_at, CASE s.lane
    WHEN 'urgent' THEN '+${laneDelayMs.urgent / 1000} seconds'
    WHEN 'normal' THEN '+${laneDelayMs.normal / 1000} seconds'
    ELSE '+${laneDelayMs.upgrade / 1000} seconds' END) AS rank_at`;

/** A queued run does not wait for the next attempt: somebody asked for it. */
const mayRun = `q.status = 'queued' AND ${isFree}
    AND NOT (q.kind IN ('update', 'destroy') AND (s.desired_spec IS NULL OR q.kind = 'destroy') AND ${isReferredTo})
    AND NOT ${isPaused}`;

export const selectQueuedRuns = `
  SELECT ${queuedColumns}
  FROM Runs AS q INDEXED BY Runs_queued CROSS JOIN Stacks AS s ON s.stack = q.stack
  WHERE ${mayRun} ORDER BY rank_at, q.number LIMIT ?2`;

/** Within one lane the delay is the same for all, so the order of queuing is the order of rank. */
export const selectUrgentQueuedRuns = `
  SELECT ${queuedColumns}
  FROM Runs AS q INDEXED BY Runs_queued_urgent CROSS JOIN Stacks AS s ON s.stack = q.stack
  WHERE q.lane = 'urgent' AND ${mayRun} ORDER BY q.queued_at, q.number LIMIT ?2`;

const workOfAllLanes = [selectQueuedRuns, selectDueStacks];
const workOfLane = { urgent: [selectUrgentQueuedRuns, selectUrgentDueStacks] } as const;

export function listWork(
  transaction: Transaction,
  limit: number,
  lane?: Parameters<MetadataStore["listWork"]>[1],
): readonly WorkItem[] {
  const ranked = (lane === undefined ? workOfAllLanes : workOfLane[lane])
    .flatMap((sql) => transaction.all(sql, transaction.now, limit))
    .map((row) => ({ row, rankAt: text(row, "rank_at") }))
    // A stable sort: of equal rank, what somebody asked for comes first.
    .sort((a, b) => (a.rankAt < b.rankAt ? -1 : a.rankAt > b.rankAt ? 1 : 0));
  return ranked.slice(0, limit).map(({ row }) => {
    const runId = row.run_id;
    return {
      stack: stackFrom(getStackRow(transaction, text(row, "stack")) ?? {}),
      queued: typeof runId === "string" ? runFrom(transaction.get(selectRun, runId) ?? {}) : null,
    };
  });
}

export const selectHeldDestroys = `
  SELECT s.stack, (SELECT min(r.stack) FROM Stack_References AS r
    WHERE r.referenced_stack = s.stack AND r.source = '' AND r.stack <> s.stack) AS held_by
  FROM Stacks AS s INDEXED BY Stacks_to_destroy
  WHERE s.desired_spec IS NULL AND held_by IS NOT NULL ORDER BY s.stack`;

export const listHeldDestroys = (transaction: Transaction) =>
  transaction
    .all(selectHeldDestroys)
    .map((row) => ({ stack: text(row, "stack"), heldBy: text(row, "held_by") }));

/** Whether a stack must wait with its end for another stack that still uses it. */
export const isHeld = (transaction: Transaction, stack: string): boolean =>
  transaction.get(`SELECT 1 FROM Stacks AS s WHERE s.stack = ? AND ${isReferredTo}`, stack) !== undefined;
