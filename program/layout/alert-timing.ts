/** Which windows and frequencies Azure Monitor takes: it refuses minutes that are not on its lists. */
import type { AlertSpec } from "../../metadata-schema/desired-state.ts";

/** The one metric that Azure counts itself, on the factory; jobs report all others. */
export const pipelineFailures = "pipeline_failures";

/** What watches a metric: a query over reported values, or a rule on a metric of Azure's own. */
export type AlertKind = "log" | "metric";
export const alertKind = (metric: string): AlertKind => (metric === pipelineFailures ? "metric" : "log");

// A log rule's window list is what its API answers with when refused ("Supported granularities are: …"). Rules that run
// every minute are left out: Azure takes them only for queries that it can rewrite, and refuses others on creation.
const hour = 60;
const day = 24 * hour;
const upToSixHours = [5, 10, 15, 30, 45, hour, 2 * hour, 3 * hour, 4 * hour, 5 * hour, 6 * hour];
const allowed: Readonly<Record<AlertKind, { frequency: readonly number[]; window: readonly number[] }>> = {
  log: { frequency: [...upToSixHours, day], window: [...upToSixHours, day, 2 * day] },
  metric: {
    frequency: [1, 5, 15, 30, hour],
    window: [1, 5, 15, 30, hour, 6 * hour, 12 * hour, day],
  },
};

export type AlertTiming =
  | {
      readonly status: "planned";
      readonly kind: AlertKind;
      /** ISO 8601 durations */
      readonly evaluationFrequency: string;
      readonly windowSize: string;
    }
  | { readonly status: "refused"; readonly reason: string };

/** Azure's own spelling: whole days, else whole hours, else minutes. */
function isoDuration(minutes: number): string {
  if (minutes % day === 0) return `P${minutes / day}D`;
  return minutes % hour === 0 ? `PT${minutes / hour}H` : `PT${minutes}M`;
}

/** How an alert is timed; or why Azure would refuse it, naming the column and what to write. */
export function alertTiming(
  alert: Pick<AlertSpec, "metric" | "frequencyMinutes" | "windowMinutes">,
): AlertTiming {
  const kind = alertKind(alert.metric);
  const { frequency, window } = allowed[kind];
  const refused = (column: string, value: number, list: readonly number[]): AlertTiming => ({
    status: "refused",
    reason: `${column} ${value}: Azure takes for ${alert.metric} only ${list.join(", ")}; write one of these`,
  });
  const { frequencyMinutes, windowMinutes } = alert;
  if (!frequency.includes(frequencyMinutes)) {
    return refused("frequency_minutes", frequencyMinutes, frequency);
  }
  if (!window.includes(windowMinutes)) return refused("window_minutes", windowMinutes, window);
  if (windowMinutes < frequencyMinutes) {
    return {
      status: "refused",
      reason:
        `window_minutes ${windowMinutes} is less than frequency_minutes ${frequencyMinutes}: what is reported between ` +
        "two windows would never be looked at; widen the window or look more often",
    };
  }
  return {
    status: "planned",
    kind,
    evaluationFrequency: isoDuration(frequencyMinutes),
    windowSize: isoDuration(windowMinutes),
  };
}
