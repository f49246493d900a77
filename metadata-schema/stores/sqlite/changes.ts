/** Which subjects were touched and are not resolved yet. The triggers of the schema write most entries. */
import { parseSubjectKey, type Subject } from "../../contributions.ts";
import type { Change } from "../../store.ts";
import { integer, type Transaction, text } from "./connection.ts";

export function readChanges(transaction: Transaction, limit: number): readonly Change[] {
  const jobs = transaction.all(selectJobChanges, limit).map(
    (row): Change => ({
      subject: { kind: "job", jobId: integer(row, "job_id") },
      seq: integer(row, "seq"),
    }),
  );
  const environments = transaction.all(selectEnvironmentChanges, limit).map(
    (row): Change => ({
      subject: { kind: "environment", name: text(row, "environment") },
      seq: integer(row, "seq"),
    }),
  );
  return [...jobs, ...environments].sort((a, b) => a.seq - b.seq).slice(0, limit);
}
export const selectJobChanges = "SELECT seq, job_id FROM Job_Changes ORDER BY seq LIMIT ?";
export const selectEnvironmentChanges =
  "SELECT seq, environment FROM Environment_Changes ORDER BY seq LIMIT ?";

export function touch(transaction: Transaction, subjects: readonly Subject[]): void {
  for (const subject of subjects) {
    if (subject.kind === "job")
      transaction.run("INSERT INTO Touched_Jobs (job_id) VALUES (?)", subject.jobId);
    else transaction.run("INSERT INTO Touched_Environments (environment) VALUES (?)", subject.name);
  }
}

/** The change of a subject that waits to be resolved. */
export function pendingSeq(transaction: Transaction, subject: Subject): number | null {
  const row =
    subject.kind === "job"
      ? transaction.get("SELECT seq FROM Job_Changes WHERE job_id = ?", subject.jobId)
      : transaction.get("SELECT seq FROM Environment_Changes WHERE environment = ?", subject.name);
  return row === undefined ? null : integer(row, "seq");
}

/** Those of the jobs that have a change which waits to be resolved. */
export const pendingJobs = (transaction: Transaction, jobIds: readonly number[]): ReadonlySet<number> =>
  new Set(transaction.all(selectPendingJobs, JSON.stringify(jobIds)).map((row) => integer(row, "job_id")));
export const selectPendingJobs =
  "SELECT job_id FROM Job_Changes WHERE job_id IN (SELECT value FROM json_each(?))";

export function forgetChange(transaction: Transaction, subject: Subject, seq: number): void {
  if (subject.kind === "job")
    transaction.run("DELETE FROM Job_Changes WHERE seq = ? AND job_id = ?", seq, subject.jobId);
  else
    transaction.run("DELETE FROM Environment_Changes WHERE seq = ? AND environment = ?", seq, subject.name);
}

/** A new number of the sequence that changes have, for something that is not a change of a subject. */
export function nextSeq(transaction: Transaction): number {
  const row = transaction.get("UPDATE Service_State SET change_seq = change_seq + 1 RETURNING change_seq");
  return integer(row ?? {}, "change_seq");
}

// ---- wake-ups

export const selectDueWakeups = "SELECT subject FROM Wakeups WHERE wake_at <= ?";

/** Asked before wake, so that an idle poll takes no write lock. */
export const isWakeupDue = (transaction: Transaction): boolean =>
  transaction.get(`${selectDueWakeups} LIMIT 1`, transaction.now) !== undefined;

export function wake(transaction: Transaction): number {
  const subjects = transaction
    .all(selectDueWakeups, transaction.now)
    .map((row) => parseSubjectKey(text(row, "subject")));
  touch(transaction, subjects);
  transaction.run("DELETE FROM Wakeups WHERE wake_at <= ?", transaction.now);
  return subjects.length;
}

export function setWakeup(transaction: Transaction, subject: string, wakeAt: string | null): void {
  if (wakeAt === null) {
    transaction.run("DELETE FROM Wakeups WHERE subject = ?", subject);
    return;
  }
  // Text compares like time only in this one form. An instant that is none raises a RangeError here.
  transaction.run(
    `INSERT INTO Wakeups (subject, wake_at) VALUES (?, ?)
     ON CONFLICT (subject) DO UPDATE SET wake_at = excluded.wake_at`,
    subject,
    new Date(wakeAt).toISOString(),
  );
}
