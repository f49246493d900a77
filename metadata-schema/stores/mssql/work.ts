/** What could start now. */
import { laneDelayMs, type MetadataStore, type WorkItem } from "../../store.ts";
import { instant, nowText, passOver, type Row, type Transaction, text } from "./connection.ts";
import { isPaused } from "./pauses.ts";
import { runFrom, selectRun } from "./runs.ts";
import { getStackRow, stackFrom } from "./stacks.ts";

/** Another stack's applied spec refers to stack `s`. */
const isReferredTo = `EXISTS (SELECT 1 FROM Stack_References AS r
  WHERE r.referenced_stack = s.stack AND r.source = N'' AND r.stack <> s.stack)`;

/** A stack that must not exist has no reversed hash; the specs themselves are too large for an index. */
const isToDestroy = "s.desired_hash_reversed IS NULL";

const isFree = `(s.lease_run_id IS NULL OR s.lease_expires_at <= ${nowText})`;

const mayStart = `s.rank_at IS NOT NULL AND s.next_attempt_at IS NOT NULL AND s.next_attempt_at <= ${nowText}
  AND ${isFree} AND NOT (${isToDestroy} AND ${isReferredTo}) AND NOT ${isPaused}`;

export const selectDueStacks = `SELECT TOP (@limit) s.stack, s.rank_at FROM Stacks AS s ${passOver}
WHERE ${mayStart} ORDER BY s.rank_at`;

export const selectUrgentDueStacks = `SELECT TOP (@limit) s.stack, s.rank_at FROM Stacks AS s ${passOver}
WHERE s.lane = 'urgent' AND ${mayStart} ORDER BY s.rank_at`;

const queuedColumns = `q.stack, q.run_id, q.number, DATEADD(second, CASE s.lane
    WHEN 'urgent' THEN ${laneDelayMs.urgent / 1000} WHEN 'normal' THEN ${laneDelayMs.normal / 1000}
    ELSE ${laneDelayMs.upgrade / 1000} END, q.queued_at) AS rank_at`;

/** A queued run does not wait for the next attempt: somebody asked for it. */
const mayRun = `q.status = 'queued' AND ${isFree}
  AND NOT (q.kind IN ('update', 'destroy') AND (${isToDestroy} OR q.kind = 'destroy') AND ${isReferredTo})
  AND NOT ${isPaused}`;

export const selectQueuedRuns = `SELECT TOP (@limit) ${queuedColumns}
FROM Runs AS q ${passOver} JOIN Stacks AS s ${passOver} ON s.stack = q.stack
WHERE ${mayRun} ORDER BY rank_at, q.number`;

/** Within one lane the delay is the same for all, so the order of queuing is the order of rank. */
export const selectUrgentQueuedRuns = `SELECT TOP (@limit) ${queuedColumns}
FROM Runs AS q ${passOver} JOIN Stacks AS s ${passOver} ON s.stack = q.stack
WHERE q.lane = 'urgent' AND ${mayRun} ORDER BY q.queued_at, q.number`;

const workOfAllLanes = `${selectQueuedRuns};\n${selectDueStacks}`;
const workOfLane = { urgent: `${selectUrgentQueuedRuns};\n${selectUrgentDueStacks}` } as const;

export async function listWork(
  transaction: Transaction,
  limit: number,
  lane?: Parameters<MetadataStore["listWork"]>[1],
): Promise<readonly WorkItem[]> {
  const lists = await transaction.lists(lane === undefined ? workOfAllLanes : workOfLane[lane], { limit });
  const ranked = lists
    .flat()
    .map((row) => ({ row, rankAt: instant(row, "rank_at") }))
    // A stable sort: of equal rank, what somebody asked for comes first.
    .sort((a, b) => (a.rankAt < b.rankAt ? -1 : a.rankAt > b.rankAt ? 1 : 0))
    .slice(0, limit);
  const work = await Promise.all(ranked.map(({ row }) => workItem(transaction, row)));
  return work.filter((item) => item !== null);
}

/** null: it went away since it was listed. */
async function workItem(transaction: Transaction, row: Row): Promise<WorkItem | null> {
  const stack = await getStackRow(transaction, text(row, "stack"));
  if (stack === undefined) return null;
  if (typeof row.run_id !== "string") return { stack: stackFrom(stack), queued: null };
  const run = await transaction.get(selectRun, { runId: row.run_id });
  return run === undefined ? null : { stack: stackFrom(stack), queued: runFrom(run) };
}

export const selectHeldDestroys = `
SELECT h.stack, h.held_by FROM (SELECT s.stack, (SELECT MIN(r.stack) FROM Stack_References AS r
    WHERE r.referenced_stack = s.stack AND r.source = N'' AND r.stack <> s.stack) AS held_by
  FROM Stacks AS s WHERE ${isToDestroy}) AS h
WHERE h.held_by IS NOT NULL ORDER BY h.stack`;

export const listHeldDestroys = async (transaction: Transaction) =>
  (await transaction.all(selectHeldDestroys)).map((row) => ({
    stack: text(row, "stack"),
    heldBy: text(row, "held_by"),
  }));

/** Whether a stack must wait with its end for another stack that still uses it. */
export const isHeld = async (transaction: Transaction, stack: string): Promise<boolean> =>
  (await transaction.get(selectHeld, { stack })) !== undefined;
const selectHeld = `SELECT s.stack FROM Stacks AS s WHERE s.stack = @stack AND ${isReferredTo}`;
