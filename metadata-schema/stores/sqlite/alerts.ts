/** Alerts that fired, as the clouds told them. Fired -> Resolved. */
import type { AlertEvent, AlertRecord, AlertState, MetadataStore } from "../../store.ts";
import { integer, integerOrNull, json, type Row, type Transaction, text, textOrNull } from "./connection.ts";

export function recordAlert(transaction: Transaction, event: AlertEvent): void {
  transaction.run(
    `INSERT INTO Alert_Events (alert_id, rule_id, job_id, metric, severity, state, fired_at, resolved_at, description,
       essentials, changed_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (alert_id) DO UPDATE SET rule_id = excluded.rule_id, job_id = excluded.job_id,
       metric = excluded.metric, severity = excluded.severity, state = excluded.state,
       resolved_at = excluded.resolved_at, description = excluded.description, essentials = excluded.essentials,
       changed_at = excluded.changed_at
     WHERE state = 'Fired' OR excluded.state = 'Resolved'`,
    event.alertId,
    event.ruleId,
    event.jobId,
    event.metric,
    event.severity,
    event.state,
    instantOf(event.firedAt),
    event.resolvedAt === null ? null : instantOf(event.resolvedAt),
    event.description,
    JSON.stringify(event.essentials),
    transaction.now,
  );
}

/** Throws a RangeError on a text that is no instant. */
const instantOf = (text: string): string => new Date(text).toISOString();

export function listAlerts(
  transaction: Transaction,
  { jobId, state, before, limit }: Parameters<MetadataStore["listAlerts"]>[0],
): readonly AlertRecord[] {
  const sql = selectAlerts({
    job: jobId !== undefined,
    state: state !== undefined,
    before: before !== undefined,
  });
  const given = [jobId, state, before].filter((each) => each !== undefined);
  return transaction.all(sql, ...given, limit).map(alertFrom);
}

/** A job has few alerts; half of all may be in one state. */
export const selectAlerts = (by: {
  readonly job: boolean;
  readonly state: boolean;
  readonly before: boolean;
}): string => {
  const conditions = [
    ...(by.job ? ["job_id = ?"] : []),
    ...(by.state ? [by.job ? "+state = ?" : "state = ?"] : []),
    ...(by.before ? ["number < ?"] : []),
  ];
  const where = conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")} `;
  return `SELECT * FROM Alert_Events ${where}ORDER BY number DESC LIMIT ?`;
};

const alertFrom = (row: Row): AlertRecord => ({
  number: integer(row, "number"),
  alertId: text(row, "alert_id"),
  ruleId: text(row, "rule_id"),
  jobId: integerOrNull(row, "job_id"),
  metric: textOrNull(row, "metric"),
  severity: integer(row, "severity"),
  state: text(row, "state") as AlertState, // the table takes no other
  firedAt: text(row, "fired_at"),
  resolvedAt: textOrNull(row, "resolved_at"),
  description: textOrNull(row, "description"),
  essentials: json(row, "essentials"),
});
