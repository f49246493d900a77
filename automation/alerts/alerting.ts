/** What a job's open alerts come to: its condition Alerting. */
import type { AlertRecord, ConditionInput } from "../../metadata-schema/store.ts";

/** @param open the alerts of the job that have fired and not resolved, newest first */
export function alertingCondition(jobId: number, open: readonly AlertRecord[]): ConditionInput {
  const type = "Alerting";
  const [newest, ...others] = open;
  if (newest === undefined) {
    const message = "Every alert of it that fired is resolved.";
    return { type, status: "False", reason: "AlertsResolved", message };
  }
  const said = newest.description ?? `Alert rule ${newest.ruleId} has fired`;
  const { value } = newest.essentials;
  const measured = typeof value === "number" && newest.essentials.kind === "value" ? ` (${value})` : "";
  const more = others.length === 0 ? "" : ` ${others.length} more are open.`;
  return {
    type,
    status: "True",
    reason: reasonOf(newest),
    message: `${said}${measured}, since ${newest.firedAt}.${more} Look at the job's last runs; it resolves by itself once its metric is well. \`npx rowgate get alerts --job ${jobId}\` lists what fired.`,
  };
}

function reasonOf({ essentials: { kind, operator } }: AlertRecord): string {
  if (kind === "missing") return "MetricMissing";
  if (typeof operator === "string" && operator.startsWith("LessThan")) return "MetricBelowThreshold";
  if (typeof operator === "string" && operator.startsWith("GreaterThan")) return "MetricAboveThreshold";
  return "AlertFired";
}
