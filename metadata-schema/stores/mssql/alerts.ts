/** Alerts that fired, as the clouds told them. Fired -> Resolved. */
import type { AlertEvent, AlertRecord, AlertState, MetadataStore } from "../../store.ts";
import {
  instant,
  instantOrNull,
  integer,
  integerOrNull,
  json,
  type Row,
  type Transaction,
  text,
  textOrNull,
} from "./connection.ts";

/** Of two that tell a new alert at once, one finds its id taken, and is tried again. */
export async function recordAlert(transaction: Transaction, event: AlertEvent): Promise<void> {
  await transaction.run(upsertAlert, {
    alertId: event.alertId,
    ruleId: event.ruleId,
    jobId: event.jobId,
    metric: event.metric,
    severity: event.severity,
    state: event.state,
    firedAt: instantOf(event.firedAt),
    resolvedAt: event.resolvedAt === null ? null : instantOf(event.resolvedAt),
    description: event.description,
    essentials: JSON.stringify(event.essentials),
  });
}
const upsertAlert = `UPDATE Alert_Events SET rule_id = @ruleId, job_id = @jobId, metric = @metric, severity = @severity,
  state = @state, resolved_at = @resolvedAt, description = @description, essentials = @essentials, changed_at = @now
WHERE alert_id = @alertId AND (state = 'Fired' OR @state = 'Resolved');
INSERT INTO Alert_Events (alert_id, rule_id, job_id, metric, severity, state, fired_at, resolved_at, description,
  essentials, changed_at)
SELECT @alertId, @ruleId, @jobId, @metric, @severity, @state, @firedAt, @resolvedAt, @description, @essentials, @now
WHERE NOT EXISTS (SELECT 1 FROM Alert_Events WHERE alert_id = @alertId)`;

/** Throws a RangeError on a text that is no instant. */
function instantOf(text: string): Date {
  return new Date(new Date(text).toISOString());
}

export async function listAlerts(
  transaction: Transaction,
  { jobId, state, before, limit }: Parameters<MetadataStore["listAlerts"]>[0],
): Promise<readonly AlertRecord[]> {
  const by = {
    ...(jobId === undefined ? {} : { jobId }),
    ...(state === undefined ? {} : { state }),
    ...(before === undefined ? {} : { before }),
  };
  const given = Object.keys(by) as (keyof typeof conditions)[]; // its own keys
  const where = given.length === 0 ? "" : `WHERE ${given.map((each) => conditions[each]).join(" AND ")} `;
  const sql = `SELECT TOP (@limit) * FROM Alert_Events ${where}ORDER BY number DESC`;
  return (await transaction.all(sql, { ...by, limit })).map(alertFrom);
}
const conditions = { jobId: "job_id = @jobId", state: "state = @state", before: "number < @before" } as const;

const alertFrom = (row: Row): AlertRecord => ({
  number: integer(row, "number"),
  alertId: text(row, "alert_id"),
  ruleId: text(row, "rule_id"),
  jobId: integerOrNull(row, "job_id"),
  metric: textOrNull(row, "metric"),
  severity: integer(row, "severity"),
  state: text(row, "state") as AlertState, // the table takes no other
  firedAt: instant(row, "fired_at"),
  resolvedAt: instantOrNull(row, "resolved_at"),
  description: textOrNull(row, "description"),
  essentials: json(row, "essentials"),
});
