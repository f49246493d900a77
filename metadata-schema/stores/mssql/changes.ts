/**
 * Which subjects were touched and are not resolved yet. The triggers of the schema write most entries.
 *
 * An edit only adds entries. Those that readChanges has seen are dropped but for the newest of each subject;
 * an entry of a transaction that commits later is never among them, whatever its seq, so no edit is lost.
 */
import { parseSubjectKey, type Subject } from "../../contributions.ts";
import type { Change } from "../../store.ts";
import { integer, lockText, nowText, passOver, type Transaction, text } from "./connection.ts";

/** Entries that an open transaction holds are passed over: they are not committed. */
export const selectChanges = `
SELECT TOP (@limit) MAX(seq) AS seq, COUNT(*) AS entries, job_id FROM Job_Changes ${passOver}
GROUP BY job_id ORDER BY MAX(seq);
SELECT TOP (@limit) MAX(seq) AS seq, COUNT(*) AS entries, environment FROM Environment_Changes ${passOver}
GROUP BY environment ORDER BY MAX(seq)`;

export const deleteOlderEntries = `
DELETE o FROM Job_Changes AS o ${passOver} JOIN Job_Changes AS n ${passOver}
  ON n.job_id = o.job_id AND n.seq > o.seq WHERE n.seq <= @newest;
DELETE o FROM Environment_Changes AS o ${passOver} JOIN Environment_Changes AS n ${passOver}
  ON n.environment = o.environment AND n.seq > o.seq WHERE n.seq <= @newest`;

export async function readChanges(transaction: Transaction, limit: number): Promise<readonly Change[]> {
  const [jobs = [], environments = []] = await transaction.lists(selectChanges, { limit });
  const found = [
    ...jobs.map((row) => ({
      subject: { kind: "job", jobId: integer(row, "job_id") } as const,
      seq: integer(row, "seq"),
      entries: integer(row, "entries"),
    })),
    ...environments.map((row) => ({
      subject: { kind: "environment", name: text(row, "environment") } as const,
      seq: integer(row, "seq"),
      entries: integer(row, "entries"),
    })),
  ].sort((a, b) => a.seq - b.seq);
  if (found.some(({ entries }) => entries > 1))
    await transaction.run(deleteOlderEntries, { newest: found.at(-1)?.seq ?? 0 });
  return found.slice(0, limit).map(({ subject, seq }) => ({ subject, seq }));
}

export async function touch(transaction: Transaction, subjects: readonly Subject[]): Promise<void> {
  if (subjects.length === 0) return;
  const jobs = subjects.flatMap((subject) => (subject.kind === "job" ? [subject.jobId] : []));
  const environments = subjects.flatMap((subject) => (subject.kind === "environment" ? [subject.name] : []));
  await transaction.run(insertTouches, {
    jobs: JSON.stringify([...new Set(jobs)]),
    environments: JSON.stringify([...new Set(environments)]),
  });
}
const insertTouches = `
INSERT INTO Job_Changes (job_id) SELECT CAST(value AS int) FROM OPENJSON(@jobs);
INSERT INTO Environment_Changes (environment) SELECT value FROM OPENJSON(@environments)`;

/** Locks the subject; then the newest change of it that waits to be resolved. It waits for nobody's open edit. */
export async function lockSubject(transaction: Transaction, subject: string): Promise<number | null> {
  const parsed = parseSubjectKey(subject);
  const row =
    parsed.kind === "job"
      ? await transaction.get(selectPendingJob, { resource: `subject:${subject}`, jobId: parsed.jobId })
      : await transaction.get(selectPendingEnvironment, {
          resource: `subject:${subject}`,
          name: parsed.name,
        });
  return row === undefined || row.seq === null ? null : integer(row, "seq");
}
const selectPendingJob = `${lockText("resource")}
SELECT MAX(seq) AS seq FROM Job_Changes ${passOver} WHERE job_id = @jobId`;
const selectPendingEnvironment = `${lockText("resource")}
SELECT MAX(seq) AS seq FROM Environment_Changes ${passOver} WHERE environment = @name`;

/** Those of the jobs that have a change which waits to be resolved. */
export async function pendingJobs(
  transaction: Transaction,
  jobIds: readonly number[],
): Promise<ReadonlySet<number>> {
  const rows = await transaction.all(selectPendingJobs, { jobIds: JSON.stringify(jobIds) });
  return new Set(rows.map((row) => integer(row, "job_id")));
}
export const selectPendingJobs = `SELECT DISTINCT c.job_id FROM Job_Changes AS c
WHERE c.job_id IN (SELECT CAST(value AS int) FROM OPENJSON(@jobIds))`;

export async function forgetChange(transaction: Transaction, subject: Subject, seq: number): Promise<void> {
  if (subject.kind === "job") await transaction.run(deleteJobChange, { seq, jobId: subject.jobId });
  else await transaction.run(deleteEnvironmentChange, { seq, name: subject.name });
}
const deleteJobChange = "DELETE FROM Job_Changes WHERE seq = @seq AND job_id = @jobId";
const deleteEnvironmentChange = "DELETE FROM Environment_Changes WHERE seq = @seq AND environment = @name";

// ---- wake-ups

export const selectDueWakeups = `SELECT subject FROM Wakeups WHERE wake_at <= ${nowText}`;

/** Asked before wake, so that an idle poll writes nothing. */
export const isWakeupDue = async (transaction: Transaction): Promise<boolean> =>
  (await transaction.get(selectDueWakeups)) !== undefined;

export async function wake(transaction: Transaction): Promise<number> {
  const rows = await transaction.all(takeDueWakeups);
  await touch(
    transaction,
    rows.map((row) => parseSubjectKey(text(row, "subject"))),
  );
  return rows.length;
}
const takeDueWakeups = "DELETE FROM Wakeups OUTPUT deleted.subject WHERE wake_at <= @now";

export async function setWakeup(
  transaction: Transaction,
  subject: string,
  wakeAt: string | null,
): Promise<void> {
  await transaction.run(replaceWakeup, { subject, wakeAt: wakeAt === null ? null : instantOf(wakeAt) });
}
const replaceWakeup = `DELETE FROM Wakeups WHERE subject = @subject;
IF @wakeAt IS NOT NULL INSERT INTO Wakeups (subject, wake_at) VALUES (@subject, @wakeAt)`;

/** Throws a RangeError on a text that is no instant. */
function instantOf(text: string): Date {
  return new Date(new Date(text).toISOString());
}
